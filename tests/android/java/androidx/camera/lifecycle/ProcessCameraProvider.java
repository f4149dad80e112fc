package androidx.camera.lifecycle;

import android.app.Activity;
import android.content.Context;
import androidx.camera.core.Camera;
import androidx.camera.core.CameraInfoUnavailableException;
import androidx.camera.core.CameraSelector;
import androidx.camera.core.ImageAnalysis;
import androidx.camera.core.UseCase;
import androidx.lifecycle.LifecycleOwner;
import com.google.common.util.concurrent.ListenableFuture;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/** A phone with a camera at the back and none at the front. */
public final class ProcessCameraProvider {
    private static final ProcessCameraProvider ONLY = new ProcessCameraProvider();

    /** Read and set by the test. */
    public static volatile boolean taken;
    public static volatile boolean silent;

    private final Set<ImageAnalysis> bound = ConcurrentHashMap.newKeySet();

    private static final class Ready extends CompletableFuture<ProcessCameraProvider>
            implements ListenableFuture<ProcessCameraProvider> {
        @Override
        public void addListener(Runnable listener, Executor executor) {
            executor.execute(listener);
        }
    }

    private ProcessCameraProvider() {
        Thread sensor = new Thread(() -> {
            while (true) {
                if (!silent) {
                    bound.forEach(ImageAnalysis::sensed);
                }
                try {
                    Thread.sleep(5);
                } catch (InterruptedException stop) {
                    return;
                }
            }
        });
        sensor.setDaemon(true);
        sensor.start();
    }

    public static ListenableFuture<ProcessCameraProvider> getInstance(Context context) {
        Ready future = new Ready();
        future.complete(ONLY);
        return future;
    }

    public static int inUse() {
        return ONLY.bound.size();
    }

    public boolean hasCamera(CameraSelector selector) throws CameraInfoUnavailableException {
        return selector == CameraSelector.DEFAULT_BACK_CAMERA;
    }

    public Camera bindToLifecycle(LifecycleOwner owner, CameraSelector selector, UseCase... useCases) {
        Activity.assertMain();
        if (taken) {
            throw new IllegalArgumentException("the camera is in use by a call");
        }
        for (UseCase useCase : useCases) {
            bound.add((ImageAnalysis) useCase);
        }
        return null;
    }

    public void unbind(UseCase... useCases) {
        Activity.assertMain();
        for (UseCase useCase : useCases) {
            bound.remove(useCase);
        }
    }
}
