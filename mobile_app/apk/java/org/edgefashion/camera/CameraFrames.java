package org.edgefashion.camera;

import android.app.Activity;
import android.content.pm.PackageManager;
import android.util.Size;
import androidx.camera.core.CameraSelector;
import androidx.camera.core.ImageAnalysis;
import androidx.camera.core.ImageProxy;
import androidx.camera.core.resolutionselector.ResolutionSelector;
import androidx.camera.core.resolutionselector.ResolutionStrategy;
import androidx.camera.lifecycle.ProcessCameraProvider;
import androidx.core.content.ContextCompat;
import androidx.lifecycle.ProcessLifecycleOwner;
import com.google.common.util.concurrent.ListenableFuture;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The newest picture of one camera, through CameraX, for one reader in a thread of its own.
 *
 * <p>Called by edgefashion/camera/android.py. CameraX works in Android's main thread and hands pictures out in its own;
 * none of them ever waits for Python.
 */
public final class CameraFrames implements ImageAnalysis.Analyzer {
    /** A picture, never changed: RGBA, rows of `stride` bytes, to be turned clockwise by `rotation` degrees. */
    public static final class Picture {
        public final byte[] pixels;
        public final int width;
        public final int height;
        public final int stride;
        public final int rotation;
        public final int number;

        Picture(byte[] pixels, int width, int height, int stride, int rotation, int number) {
            this.pixels = pixels;
            this.width = width;
            this.height = height;
            this.stride = stride;
            this.rotation = rotation;
            this.number = number;
        }
    }

    private static final String PERMISSION = "android.permission.CAMERA";

    private final Activity activity;
    private final CameraSelector selector;
    private final Size size;
    private final ExecutorService executor = Executors.newSingleThreadExecutor();
    private ProcessCameraProvider provider;
    private ImageAnalysis analysis;
    private Picture newest;
    private String problem = "";
    private boolean closed;

    /** The camera at the front or the back, and the size of picture to ask it for; opens nothing yet. */
    public CameraFrames(Activity activity, boolean front, int width, int height) {
        this.activity = activity;
        this.selector = front ? CameraSelector.DEFAULT_FRONT_CAMERA : CameraSelector.DEFAULT_BACK_CAMERA;
        this.size = new Size(width, height);
    }

    /** Whether the person allows this app to use the camera. */
    public static boolean allowed(Activity activity) {
        return activity.checkSelfPermission(PERMISSION) == PackageManager.PERMISSION_GRANTED;
    }

    /** Lets Android ask the person; the answer shows in `allowed`. */
    public static void ask(Activity activity) {
        activity.runOnUiThread(() -> activity.requestPermissions(new String[] {PERMISSION}, 1));
    }

    /** Begins; pictures, or a problem, follow. */
    public void open() {
        ListenableFuture<ProcessCameraProvider> future = ProcessCameraProvider.getInstance(activity);
        future.addListener(() -> bind(future), ContextCompat.getMainExecutor(activity));
    }

    private synchronized void bind(ListenableFuture<ProcessCameraProvider> future) {
        if (closed) {
            return;
        }
        try {
            provider = future.get();
            if (!provider.hasCamera(selector)) {
                tell("there is no such camera");
                return;
            }
            ResolutionStrategy strategy =
                new ResolutionStrategy(size, ResolutionStrategy.FALLBACK_RULE_CLOSEST_LOWER_THEN_HIGHER);
            analysis = new ImageAnalysis.Builder()
                .setResolutionSelector(new ResolutionSelector.Builder().setResolutionStrategy(strategy).build())
                .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
                .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
                .build();
            analysis.setAnalyzer(executor, this);
            provider.bindToLifecycle(ProcessLifecycleOwner.get(), selector, analysis);
        } catch (Exception error) {
            tell(String.valueOf(error.getMessage()));
        }
    }

    @Override
    public void analyze(ImageProxy image) {
        try {
            ImageProxy.PlaneProxy plane = image.getPlanes()[0];
            ByteBuffer buffer = plane.getBuffer();
            buffer.rewind();
            int stride = plane.getRowStride();
            byte[] pixels = new byte[image.getHeight() * stride]; // the last row may come without its padding
            buffer.get(pixels, 0, Math.min(buffer.remaining(), pixels.length));
            int rotation = image.getImageInfo().getRotationDegrees();
            synchronized (this) {
                int number = newest == null ? 1 : newest.number + 1;
                newest = new Picture(pixels, image.getWidth(), image.getHeight(), stride, rotation, number);
                analysis.setTargetRotation(activity.getWindowManager().getDefaultDisplay().getRotation());
                notifyAll();
            }
        } catch (RuntimeException error) {
            tell(String.valueOf(error.getMessage()));
        } finally {
            image.close();
        }
    }

    /** The newest picture if its number is above `after`; waits for one, and returns null if none comes in time. */
    public synchronized Picture next(int after, long milliseconds) throws InterruptedException {
        long end = System.nanoTime() + milliseconds * 1_000_000;
        while ((newest == null || newest.number <= after) && problem.isEmpty() && !closed) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                break;
            }
            wait(left);
        }
        return newest != null && newest.number > after ? newest : null;
    }

    /** Why there are no pictures; "" while they come. */
    public synchronized String problem() {
        return problem;
    }

    /** Gives the camera back. */
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        activity.runOnUiThread(this::unbind);
    }

    private synchronized void unbind() {
        if (analysis != null) {
            analysis.clearAnalyzer();
            provider.unbind(analysis);
        }
        executor.shutdown(); // last, for CameraX may be handing it a picture
    }

    private synchronized void tell(String text) {
        problem = text;
        notifyAll();
    }
}
