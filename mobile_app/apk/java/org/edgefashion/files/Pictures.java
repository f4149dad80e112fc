package org.edgefashion.files;

import android.graphics.Bitmap;
import android.graphics.BitmapFactory;
import android.graphics.ImageDecoder;
import android.os.Build;
import android.util.Size;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Pictures in formats that only Android reads here: WebP, from Android 9 on HEIC, and from 12 on AVIF. The Pillow that
 * python-for-android builds knows none of them.
 *
 * <p>Called by mobile_app/android_files.py.
 */
public final class Pictures {
    private Pictures() {}

    /**
     * Writes a picture file as a PNG beside it: upright, its longer side at least so many pixels and less than twice as
     * many where it was longer; returns the new file, or null for what Android can't read either or has too many pixels.
     */
    public static String png(String path, int longest, long most) {
        File png = new File(path + ".png");
        try {
            Bitmap bitmap = Build.VERSION.SDK_INT >= 28 ? Decoder.read(path, longest, most) : readOld(path, longest, most);
            if (bitmap == null) {
                return null;
            }
            try (OutputStream out = new FileOutputStream(png)) {
                if (bitmap.compress(Bitmap.CompressFormat.PNG, 100, out)) {
                    return png.getPath();
                }
            } finally {
                bitmap.recycle();
            }
        } catch (IOException | RuntimeException | OutOfMemoryError error) {
            // As for null: Pillow's reason is told.
        }
        png.delete();
        return null;
    }

    /** Before Android 9; turns nothing upright. */
    private static Bitmap readOld(String path, int longest, long most) {
        BitmapFactory.Options options = new BitmapFactory.Options();
        options.inJustDecodeBounds = true;
        BitmapFactory.decodeFile(path, options);
        if (options.outWidth <= 0 || options.outHeight <= 0) {
            return null;
        }
        options.inJustDecodeBounds = false;
        options.inSampleSize = reduction(options.outWidth, options.outHeight, longest, most);
        return BitmapFactory.decodeFile(path, options);
    }

    /** By which power of two a picture is made smaller. */
    private static int reduction(int width, int height, int longest, long most) {
        if ((long) width * height > most) {
            throw new IllegalArgumentException("too many pixels");
        }
        int factor = 1;
        while (Math.max(width, height) / (2 * factor) >= longest) {
            factor *= 2;
        }
        return factor;
    }

    /** A class of its own, because an older Android knows nothing of what it names. */
    private static final class Decoder {
        static Bitmap read(String path, int longest, long most) throws IOException {
            return ImageDecoder.decodeBitmap(
                    ImageDecoder.createSource(new File(path)),
                    (decoder, info, source) -> {
                        Size size = info.getSize();
                        decoder.setAllocator(ImageDecoder.ALLOCATOR_SOFTWARE); // its pixels are read afterwards
                        decoder.setTargetSampleSize(reduction(size.getWidth(), size.getHeight(), longest, most));
                    });
        }
    }
}
