package org.kivy.android;

import android.app.Activity;
import android.content.Intent;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What we use of python-for-android's activity; test_package.py compares it with the real one. */
public class PythonActivity extends Activity {
    public static PythonActivity mActivity = new PythonActivity();

    public interface ActivityResultListener {
        void onActivityResult(int requestCode, int resultCode, Intent data);
    }

    private List<ActivityResultListener> activityResultListeners = null;

    public void registerActivityResultListener(ActivityResultListener listener) {
        assertMain();
        if (activityResultListeners == null) {
            activityResultListeners = Collections.synchronizedList(new ArrayList<ActivityResultListener>());
        }
        activityResultListeners.add(listener);
    }

    public void unregisterActivityResultListener(ActivityResultListener listener) {
        assertMain();
        activityResultListeners.remove(listener);
    }

    @Override
    protected void onActivityResult(int requestCode, int resultCode, Intent intent) {
        for (ActivityResultListener listener : activityResultListeners) {
            listener.onActivityResult(requestCode, resultCode, intent);
        }
    }

    public int listeners() {
        return activityResultListeners == null ? 0 : activityResultListeners.size();
    }
}
