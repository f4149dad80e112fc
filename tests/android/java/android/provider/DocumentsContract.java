package android.provider;

import android.content.ContentResolver;
import android.net.Uri;
import java.io.FileNotFoundException;

public final class DocumentsContract {
    public static boolean deleteDocument(ContentResolver resolver, Uri uri) throws FileNotFoundException {
        resolver.delete(uri);
        return true;
    }
}
