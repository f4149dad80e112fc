package android.content;

import android.net.Uri;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

public class Intent {
    public static final String ACTION_GET_CONTENT = "android.intent.action.GET_CONTENT";
    public static final String ACTION_CREATE_DOCUMENT = "android.intent.action.CREATE_DOCUMENT";
    public static final String CATEGORY_OPENABLE = "android.intent.category.OPENABLE";
    public static final String EXTRA_TITLE = "android.intent.extra.TITLE";

    private final Map<String, String> extras = new HashMap<>();
    private final Set<String> categories = new HashSet<>();
    private final String action;
    private String type;
    private Uri data;

    public Intent(String action) {
        this.action = action;
    }

    public Intent setType(String type) {
        this.type = type;
        return this;
    }

    public Intent addCategory(String category) {
        categories.add(category);
        return this;
    }

    public Intent putExtra(String name, String value) {
        extras.put(name, value);
        return this;
    }

    public Intent setData(Uri data) {
        this.data = data;
        return this;
    }

    public Uri getData() {
        return data;
    }

    /** What a test sees: "ACTION TYPE TITLE". */
    @Override
    public String toString() {
        if (!categories.contains(CATEGORY_OPENABLE)) {
            return "without CATEGORY_OPENABLE things may be chosen that can't be opened";
        }
        return action.replaceFirst(".*\\.", "") + " " + type + " " + extras.getOrDefault(EXTRA_TITLE, "-");
    }
}
