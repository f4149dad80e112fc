package androidx.camera.core;

import android.util.Size;
import androidx.camera.core.resolutionselector.ResolutionSelector;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;

/** Hands out a picture of four quarters, red, green, blue and black, lying on its side as a phone's sensor does. */
public final class ImageAnalysis extends UseCase {
    public static final int STRATEGY_KEEP_ONLY_LATEST = 0;
    public static final int OUTPUT_IMAGE_FORMAT_RGBA_8888 = 2;
    static final int WIDTH = 64;
    static final int HEIGHT = 48;
    static final int STRIDE = 4 * WIDTH + 64;
    private static final int[] COLOURS = {0xFF0000, 0x00FF00, 0x0000FF, 0x000000};

    /** Read by the test. */
    public static volatile int unclosed;
    public static volatile int targetRotation = -1;
    public static volatile Size size;

    public interface Analyzer {
        void analyze(ImageProxy image);

        default Size getDefaultTargetResolution() {
            return null;
        }
    }

    public static final class Builder {
        private int format;
        private int strategy = 1;

        public Builder setResolutionSelector(ResolutionSelector selector) {
            size = selector.getResolutionStrategy().getBoundSize();
            return this;
        }

        public Builder setOutputImageFormat(int format) {
            this.format = format;
            return this;
        }

        public Builder setBackpressureStrategy(int strategy) {
            this.strategy = strategy;
            return this;
        }

        public ImageAnalysis build() {
            if (format != OUTPUT_IMAGE_FORMAT_RGBA_8888 || strategy != STRATEGY_KEEP_ONLY_LATEST) {
                throw new IllegalArgumentException("the stand-in gives RGBA, and the newest only");
            }
            return new ImageAnalysis();
        }
    }

    private Executor executor;
    private Analyzer analyzer;

    public void setAnalyzer(Executor executor, Analyzer analyzer) {
        this.executor = executor;
        this.analyzer = analyzer;
    }

    public void clearAnalyzer() {
        analyzer = null;
    }

    public void setTargetRotation(int rotation) {
        targetRotation = rotation;
    }

    /** Called by the provider for each picture of the sensor. */
    public void sensed() {
        Analyzer present = analyzer;
        if (present == null || unclosed > 0) {
            return;
        }
        unclosed++;
        executor.execute(() -> present.analyze(new Picture()));
    }

    private static final class Picture implements ImageProxy, ImageProxy.PlaneProxy {
        @Override
        public void close() {
            unclosed--;
        }

        @Override
        public int getHeight() {
            return HEIGHT;
        }

        @Override
        public int getWidth() {
            return WIDTH;
        }

        @Override
        public PlaneProxy[] getPlanes() {
            return new PlaneProxy[] {this};
        }

        @Override
        public ImageInfo getImageInfo() {
            return () -> 90;
        }

        @Override
        public int getRowStride() {
            return STRIDE;
        }

        @Override
        public int getPixelStride() {
            return 4;
        }

        /** Rows with padding behind them, but none behind the last, and read to the end already. */
        @Override
        public ByteBuffer getBuffer() {
            ByteBuffer buffer = ByteBuffer.allocateDirect(STRIDE * (HEIGHT - 1) + 4 * WIDTH);
            for (int at = 0; at < buffer.capacity(); at++) {
                int row = at / STRIDE;
                int column = at % STRIDE / 4;
                int colour = COLOURS[(row < HEIGHT / 2 ? 0 : 2) + (column < WIDTH / 2 ? 0 : 1)];
                int channel = at % 4;
                buffer.put((byte) (column >= WIDTH ? 7 : channel == 3 ? 255 : colour >> (16 - 8 * channel)));
            }
            return buffer;
        }
    }
}
