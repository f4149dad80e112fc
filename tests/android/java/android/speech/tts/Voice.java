package android.speech.tts;

import java.util.Collections;
import java.util.Set;

public class Voice {
    private final boolean network;
    private final Set<String> features;

    Voice(boolean network, boolean installed) {
        this.network = network;
        features = installed ? Collections.emptySet() : Collections.singleton("notInstalled");
    }

    public boolean isNetworkConnectionRequired() {
        return network;
    }

    public Set<String> getFeatures() {
        return features;
    }
}
