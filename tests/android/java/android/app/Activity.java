package android.app;

import android.content.ActivityNotFoundException;
import android.content.ContentResolver;
import android.content.Context;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.net.Uri;
import android.view.Display;
import android.view.WindowManager;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;

/** An activity with a main thread, and a person who answers when asked for a permission, or for a file. */
public class Activity extends Context {
    public static final ExecutorService MAIN = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "main thread of Android");
        thread.setDaemon(true);
        return thread;
    });
    public static volatile boolean granted;
    public static volatile boolean willAllow;
    public static volatile int asked;
    public static final int RESULT_OK = -1;
    public static final int RESULT_CANCELED = 0;
    /** What the person chooses on the next screens: a content: address, "back", or "nothing" for no such screen. */
    public static final BlockingQueue<String> choices = new LinkedBlockingQueue<>();
    /** What the screens were to be for. */
    public static final BlockingQueue<String> screens = new LinkedBlockingQueue<>();

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

    public void startActivityForResult(Intent intent, int requestCode) {
        assertMain();
        if ("nothing".equals(choices.peek())) {
            choices.remove();
            throw new ActivityNotFoundException("No Activity found to handle " + intent);
        }
        screens.add(intent.toString());
        Thread person = new Thread(() -> choose(requestCode), "person");
        person.setDaemon(true);
        person.start();
    }

    private void choose(int requestCode) {
        try {
            String choice = choices.take();
            if (choice.equals("back")) {
                MAIN.execute(() -> onActivityResult(requestCode, RESULT_CANCELED, null));
                return;
            }
            Uri uri = Uri.parse(choice);
            ContentResolver.grant(uri);
            MAIN.execute(() -> onActivityResult(requestCode, RESULT_OK, new Intent("answer").setData(uri)));
        } catch (InterruptedException error) {
            throw new IllegalStateException(error);
        }
    }

    protected void onActivityResult(int requestCode, int resultCode, Intent data) {}

    public WindowManager getWindowManager() {
        return Display::new;
    }

    public static void assertMain() {
        if (!Thread.currentThread().getName().equals("main thread of Android")) {
            throw new IllegalStateException("Not in application's main thread");
        }
    }
}
