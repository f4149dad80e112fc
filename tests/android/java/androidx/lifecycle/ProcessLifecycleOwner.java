package androidx.lifecycle;

public final class ProcessLifecycleOwner implements LifecycleOwner {
    private static final ProcessLifecycleOwner ONLY = new ProcessLifecycleOwner();

    public static LifecycleOwner get() {
        return ONLY;
    }
}
