package org.edgefashion.files;

import android.content.Intent;
import android.net.Uri;
import android.provider.DocumentsContract;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.atomic.AtomicInteger;
import org.kivy.android.PythonActivity;

/**
 * One of Android's own screens for files, and what the person chose there. It needs no permission: the choice is one.
 *
 * <p>Called by mobile_app/android_files.py, in threads that may wait for a person; Android's main thread never waits.
 */
public final class FileDialog implements PythonActivity.ActivityResultListener {
    private static final AtomicInteger NUMBERS = new AtomicInteger(1000);

    private final PythonActivity activity;
    private final int number = NUMBERS.incrementAndGet();
    private Uri chosen;
    private String problem = "";
    private boolean answered;

    private FileDialog(PythonActivity activity) {
        this.activity = activity;
    }

    /** Lets the person choose a picture, and copies at most so many bytes of it to a file of ours; null for no choice. */
    public static String picture(PythonActivity activity, long most) throws IOException, InterruptedException {
        Uri chosen = new FileDialog(activity).ask(new Intent(Intent.ACTION_GET_CONTENT).setType("image/*"));
        if (chosen == null) {
            return null;
        }
        File file = File.createTempFile("picture", null, activity.getCacheDir());
        try {
            copy(activity.getContentResolver().openInputStream(chosen), new FileOutputStream(file), most);
        } catch (IOException | RuntimeException error) {
            file.delete();
            throw error;
        }
        return file.getPath();
    }

    /** Lets the person choose where a file of ours is kept, and copies it there; false for no choice. */
    public static boolean keep(PythonActivity activity, String path, String type)
            throws IOException, InterruptedException {
        File file = new File(path);
        Intent wish = new Intent(Intent.ACTION_CREATE_DOCUMENT).setType(type);
        Uri chosen = new FileDialog(activity).ask(wish.putExtra(Intent.EXTRA_TITLE, file.getName()));
        if (chosen == null) {
            return false;
        }
        try {
            OutputStream target = activity.getContentResolver().openOutputStream(chosen, "wt"); // also over a longer one
            copy(new FileInputStream(file), target, Long.MAX_VALUE);
        } catch (IOException | RuntimeException error) {
            discard(activity, chosen);
            throw error;
        }
        return true;
    }

    /** Half a file is none; not every app that keeps files lets us take it back. */
    private static void discard(PythonActivity activity, Uri half) {
        try {
            DocumentsContract.deleteDocument(activity.getContentResolver(), half);
        } catch (IOException | RuntimeException error) {
            // What went wrong before is what is told.
        }
    }

    /** Shows a screen and waits for the answer; null if the person went back. */
    private Uri ask(Intent wish) throws IOException, InterruptedException {
        activity.runOnUiThread(() -> show(wish.addCategory(Intent.CATEGORY_OPENABLE)));
        synchronized (this) {
            while (!answered) {
                wait();
            }
        }
        activity.runOnUiThread(() -> activity.unregisterActivityResultListener(this));
        if (!problem.isEmpty()) {
            throw new IOException(problem);
        }
        return chosen;
    }

    private void show(Intent wish) {
        activity.registerActivityResultListener(this);
        try {
            activity.startActivityForResult(wish, number);
        } catch (RuntimeException error) { // above all that no app answers to it
            answer(null, String.valueOf(error.getMessage()));
        }
    }

    @Override
    public void onActivityResult(int requestCode, int resultCode, Intent data) {
        if (requestCode == number) {
            answer(resultCode == PythonActivity.RESULT_OK && data != null ? data.getData() : null, "");
        }
    }

    private synchronized void answer(Uri uri, String reason) {
        chosen = uri;
        problem = reason;
        answered = true;
        notifyAll();
    }

    private static void copy(InputStream source, OutputStream target, long most) throws IOException {
        try (InputStream in = source; OutputStream out = target) {
            if (in == null || out == null) {
                throw new IOException("the app that keeps it does not answer");
            }
            byte[] bytes = new byte[1 << 16];
            long copied = 0;
            for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
                copied += read;
                if (copied > most) {
                    throw new IOException("it is larger than " + most + " bytes");
                }
                out.write(bytes, 0, read);
            }
        }
    }
}
