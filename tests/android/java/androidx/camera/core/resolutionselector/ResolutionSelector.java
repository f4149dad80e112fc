package androidx.camera.core.resolutionselector;

public final class ResolutionSelector {
    final ResolutionStrategy strategy;

    private ResolutionSelector(ResolutionStrategy strategy) {
        this.strategy = strategy;
    }

    public ResolutionStrategy getResolutionStrategy() {
        return strategy;
    }

    public static final class Builder {
        private ResolutionStrategy strategy;

        public Builder setResolutionStrategy(ResolutionStrategy strategy) {
            this.strategy = strategy;
            return this;
        }

        public ResolutionSelector build() {
            return new ResolutionSelector(strategy);
        }
    }
}
