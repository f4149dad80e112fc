package android.graphics;

import android.os.Build;
import android.util.Size;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;

/** There from Android 9 on. */
public final class ImageDecoder {
    public static final int ALLOCATOR_SOFTWARE = 1;

    public static class ImageInfo {
        private final Size size;

        ImageInfo(Size size) {
            this.size = size;
        }

        public Size getSize() {
            return size;
        }
    }

    public static class Source {
        private final File file;

        Source(File file) {
            this.file = file;
        }
    }

    public interface OnHeaderDecodedListener {
        void onHeaderDecoded(ImageDecoder decoder, ImageInfo info, Source source);
    }

    private int allocator;
    private int factor = 1;

    public static Source createSource(File file) {
        if (Build.VERSION.SDK_INT < 28) {
            throw new NoClassDefFoundError("android.graphics.ImageDecoder");
        }
        return new Source(file);
    }

    public static Bitmap decodeBitmap(Source source, OnHeaderDecodedListener listener) throws IOException {
        BufferedImage image = Bitmap.read(source.file.getPath());
        ImageDecoder decoder = new ImageDecoder();
        listener.onHeaderDecoded(decoder, new ImageInfo(new Size(image.getWidth(), image.getHeight())), source);
        if (decoder.allocator != ALLOCATOR_SOFTWARE) {
            throw new IllegalStateException("unable to compress(): a hardware bitmap's pixels can't be read");
        }
        return Bitmap.reduced(image, decoder.factor);
    }

    public void setAllocator(int wished) {
        allocator = wished;
    }

    public void setTargetSampleSize(int sampleSize) {
        factor = sampleSize;
    }
}
