package android.content;

import java.io.File;

public abstract class Context {
    public ContentResolver getContentResolver() {
        return new ContentResolver();
    }

    public File getCacheDir() {
        return new File(System.getProperty("stub.cache"));
    }
}
