package org.edgefashion.speech;

import android.app.Activity;
import android.speech.tts.TextToSpeech;
import android.speech.tts.UtteranceProgressListener;
import android.speech.tts.Voice;
import java.util.Locale;

/**
 * Android's text-to-speech, for one speaker in a thread of its own.
 *
 * <p>Called by mobile_app/android_speech.py. The engine is another app; it is asked for voices only that need no network.
 */
public final class Speech extends UtteranceProgressListener implements TextToSpeech.OnInitListener {
    private static final int STARTING = 1; // neither SUCCESS nor ERROR

    private final Activity activity;
    private TextToSpeech engine;
    private int status;
    private int number;
    private boolean speaking;
    private String reason = "";

    /** Starts nothing yet. */
    public Speech(Activity activity) {
        this.activity = activity;
    }

    /** Says a text, and waits for its end; returns "", or why nothing is heard: "engine" or "language". */
    public synchronized String say(String text, String language, long milliseconds) throws InterruptedException {
        long end = System.nanoTime() + milliseconds * 1_000_000;
        if (engine == null) {
            status = STARTING;
            activity.runOnUiThread(this::start);
            while (status == STARTING && waited(end)) {}
        }
        if (status != TextToSpeech.SUCCESS) {
            return giveUp();
        }
        if (!speaks(language)) {
            return "language";
        }
        number++;
        reason = "";
        speaking = true;
        if (engine.speak(text, TextToSpeech.QUEUE_FLUSH, null, String.valueOf(number)) != TextToSpeech.SUCCESS) {
            return giveUp();
        }
        while (speaking && waited(end)) {}
        if (speaking) {
            engine.stop();
        }
        return reason;
    }

    /** Waits for news; false when it is too late. */
    private boolean waited(long end) throws InterruptedException {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left > 0) {
            wait(left);
        }
        return left > 0;
    }

    private synchronized void start() {
        engine = new TextToSpeech(activity, this);
        engine.setOnUtteranceProgressListener(this);
    }

    @Override
    public synchronized void onInit(int result) {
        status = result;
        notifyAll();
    }

    /** Lets go of an engine that does not answer; the next text asks for a new one. */
    private String giveUp() {
        if (engine != null) {
            engine.shutdown();
        }
        engine = null;
        return "engine";
    }

    private boolean speaks(String language) {
        if (engine.setLanguage(Locale.forLanguageTag(language)) < TextToSpeech.LANG_AVAILABLE) {
            return false;
        }
        Voice voice = engine.getVoice(); // old engines name none
        return voice == null
            || !voice.isNetworkConnectionRequired()
                && !voice.getFeatures().contains(TextToSpeech.Engine.KEY_FEATURE_NOT_INSTALLED);
    }

    private synchronized void ended(String utterance, String why) {
        if (utterance.equals(String.valueOf(number))) {
            speaking = false;
            reason = why;
            notifyAll();
        }
    }

    @Override
    public void onStart(String utterance) {}

    @Override
    public void onDone(String utterance) {
        ended(utterance, "");
    }

    @Override
    public void onStop(String utterance, boolean interrupted) {
        ended(utterance, "");
    }

    @Override
    @Deprecated
    public void onError(String utterance) {
        ended(utterance, "engine");
    }
}
