package android.content;

import android.net.Uri;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Opens what a person has chosen, and nothing else: content://KIND/PATH, where the kind says how it goes wrong. */
public class ContentResolver {
    private static final Set<String> GRANTED = ConcurrentHashMap.newKeySet();

    public static void grant(Uri uri) {
        GRANTED.add(uri.toString());
    }

    public final InputStream openInputStream(Uri uri) throws FileNotFoundException {
        String path = path(uri);
        switch (kind(uri)) {
            case "gone":
                throw new FileNotFoundException("open failed: ENOENT (No such file or directory)");
            case "crashed":
                return null;
            case "torn":
                return new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw new IOException("the connection was closed");
                    }
                };
            case "endless":
                return new InputStream() {
                    @Override
                    public int read() {
                        return 0;
                    }

                    @Override
                    public int read(byte[] bytes, int offset, int length) {
                        return length;
                    }
                };
            default:
                return new FileInputStream(path);
        }
    }

    public final OutputStream openOutputStream(Uri uri, String mode) throws FileNotFoundException {
        if (!mode.equals("wt")) {
            throw new IllegalArgumentException("what was longer before would keep its end: " + mode);
        }
        FileOutputStream file = new FileOutputStream(path(uri));
        if (!kind(uri).equals("full")) {
            return file;
        }
        return new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                file.write(value);
                throw new IOException("No space left on device");
            }

            @Override
            public void close() throws IOException {
                file.close();
            }
        };
    }

    public final void delete(Uri uri) {
        new File(path(uri)).delete();
    }

    private static String kind(Uri uri) {
        return uri.toString().replaceFirst("content://(\\w+)/.*", "$1");
    }

    private static String path(Uri uri) {
        if (!GRANTED.contains(uri.toString())) {
            throw new SecurityException("Permission Denial: " + uri);
        }
        return uri.toString().replaceFirst("content://\\w+/", "/");
    }
}
