package android.graphics;

import java.awt.image.BufferedImage;
import java.io.IOException;

public class BitmapFactory {
    public static class Options {
        public boolean inJustDecodeBounds;
        public int inSampleSize;
        public int outWidth;
        public int outHeight;
    }

    public static Bitmap decodeFile(String path, Options options) {
        try {
            BufferedImage image = Bitmap.read(path);
            options.outWidth = image.getWidth();
            options.outHeight = image.getHeight();
            return options.inJustDecodeBounds ? null : Bitmap.reduced(image, options.inSampleSize);
        } catch (IOException error) {
            options.outWidth = options.outHeight = -1;
            return null;
        }
    }
}
