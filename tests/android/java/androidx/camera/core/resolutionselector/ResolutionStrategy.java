package androidx.camera.core.resolutionselector;

import android.util.Size;

public final class ResolutionStrategy {
    public static final int FALLBACK_RULE_CLOSEST_LOWER_THEN_HIGHER = 4;
    final Size size;

    public ResolutionStrategy(Size boundSize, int fallbackRule) {
        size = boundSize;
    }

    public Size getBoundSize() {
        return size;
    }
}
