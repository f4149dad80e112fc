package android.app;

import android.content.Context;
import android.content.pm.PackageManager;
import android.view.Display;
import android.view.WindowManager;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An activity with a main thread, and a person who answers when asked for a permission. */
public class Activity extends Context {
    public static final ExecutorService MAIN = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "main thread of Android");
        thread.setDaemon(true);
        return thread;
    });
    public static volatile boolean granted;
    public static volatile boolean willAllow;
    public static volatile int asked;

    public int checkSelfPermission(String permission) {
        boolean camera = permission.equals("android.permission.CAMERA");
        return camera && granted ? PackageManager.PERMISSION_GRANTED : PackageManager.PERMISSION_DENIED;
    }

    public final void requestPermissions(String[] permissions, int requestCode) {
        asked++;
        granted = willAllow && permissions.length == 1 && permissions[0].equals("android.permission.CAMERA");
    }

    public final void runOnUiThread(Runnable action) {
        MAIN.execute(action);
    }

    public WindowManager getWindowManager() {
        return Display::new;
    }

    public static void assertMain() {
        if (!Thread.currentThread().getName().equals("main thread of Android")) {
            throw new IllegalStateException("Not in application's main thread");
        }
    }
}
