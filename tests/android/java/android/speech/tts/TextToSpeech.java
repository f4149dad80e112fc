package android.speech.tts;

import android.app.Activity;
import android.content.Context;
import android.os.Bundle;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** An engine that is bound later, in the main thread, and speaks until a test says "done", "failed" or "stopped". */
public class TextToSpeech {
    public static final int SUCCESS = 0;
    public static final int ERROR = -1;
    public static final int QUEUE_FLUSH = 0;
    public static final int LANG_AVAILABLE = 0;
    public static final int LANG_MISSING_DATA = -1;
    public static final int LANG_NOT_SUPPORTED = -2;

    public interface OnInitListener {
        void onInit(int status);
    }

    public static class Engine {
        public static final String KEY_FEATURE_NOT_INSTALLED = "notInstalled";
    }

    /** "fine", "none" (told while it is made, as Android does), "broken" or "silent" (it never starts). */
    public static volatile String engine = "fine";
    public static volatile int running;
    /** What it says, as "LANGUAGE TEXT", and how each text ends. */
    public static volatile BlockingQueue<String> said = new LinkedBlockingQueue<>();
    public static volatile BlockingQueue<String> ends = new LinkedBlockingQueue<>();

    private volatile UtteranceProgressListener listener;
    private volatile String language;
    private volatile String speaking;
    private volatile boolean bound;

    public TextToSpeech(Context context, OnInitListener onInit) {
        Activity.assertMain();
        running++;
        if (engine.equals("none")) {
            onInit.onInit(ERROR);
        } else if (!engine.equals("silent")) {
            Activity.MAIN.execute(() -> {
                bound = engine.equals("fine");
                onInit.onInit(bound ? SUCCESS : ERROR);
            });
        }
    }

    public int setOnUtteranceProgressListener(UtteranceProgressListener listener) {
        this.listener = listener;
        return SUCCESS;
    }

    public int setLanguage(Locale locale) {
        language = locale.getLanguage();
        if (!bound) {
            return LANG_NOT_SUPPORTED;
        }
        return language.equals("th") ? LANG_MISSING_DATA : LANG_AVAILABLE;
    }

    /** French needs the network, Vietnamese is still to be downloaded, Spanish is of an old engine. */
    public Voice getVoice() {
        return language.equals("es") ? null : new Voice(language.equals("fr"), !language.equals("vi"));
    }

    public int speak(CharSequence text, int queueMode, Bundle parameters, String utteranceId) {
        if (!bound || !engine.equals("fine")) {
            return ERROR;
        }
        speaking = utteranceId;
        said.add(language + " " + text);
        BlockingQueue<String> end = ends;
        Thread voice = new Thread(() -> finish(utteranceId, end), "voice");
        voice.setDaemon(true);
        voice.start();
        return SUCCESS;
    }

    private void finish(String utteranceId, BlockingQueue<String> ends) {
        try {
            String end = ends.take();
            if (end.equals("failed")) {
                listener.onError(utteranceId, -8);
            } else if (end.equals("stopped")) {
                listener.onStop(utteranceId, true);
            } else {
                listener.onDone(utteranceId);
            }
        } catch (InterruptedException error) {
            throw new IllegalStateException(error);
        }
    }

    public int stop() {
        if (speaking != null) {
            said.add("stopped");
        }
        return SUCCESS;
    }

    public void shutdown() {
        running--;
    }
}
