package android.graphics;

import java.awt.image.BufferedImage;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import javax.imageio.ImageIO;

/** A picture out of a stand-in for WebP: a PNG behind a WebP file's first twelve bytes, which no Pillow reads. */
public final class Bitmap {
    public enum CompressFormat {
        JPEG,
        PNG,
        WEBP
    }

    /** Pictures that are not given back yet. */
    public static int inUse;

    private final BufferedImage image;

    private Bitmap(BufferedImage image) {
        this.image = image;
        inUse++;
    }

    static BufferedImage read(String path) throws IOException {
        try (InputStream file = new FileInputStream(new File(path))) {
            if (file.skip(12) != 12) {
                throw new IOException("Failed to create image decoder with message 'unimplemented'");
            }
            BufferedImage image = ImageIO.read(file);
            if (image == null) {
                throw new IOException("Failed to create image decoder with message 'unimplemented'");
            }
            return image;
        }
    }

    /** Every so many pixels one, in both directions. */
    static Bitmap reduced(BufferedImage whole, int factor) {
        BufferedImage small =
                new BufferedImage(whole.getWidth() / factor, whole.getHeight() / factor, BufferedImage.TYPE_INT_ARGB);
        for (int y = 0; y < small.getHeight(); y++) {
            for (int x = 0; x < small.getWidth(); x++) {
                small.setRGB(x, y, whole.getRGB(x * factor, y * factor));
            }
        }
        return new Bitmap(small);
    }

    public boolean compress(CompressFormat format, int quality, OutputStream stream) {
        try {
            return ImageIO.write(image, format.name(), stream);
        } catch (IOException error) {
            return false;
        }
    }

    public void recycle() {
        inUse--;
    }
}
