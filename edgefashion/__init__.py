"""EdgeFashion: garment photos in, a pruned int8 TensorFlow Lite model out, run offline where clothes are.

Importing this package loads nothing heavy: the public names are imported when they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgefashion.runtime.classifier import Classifier
    from edgefashion.runtime.prediction import Prediction

__version__ = "0.1.0"
__all__ = ["Classifier", "Prediction", "__version__"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name == "Classifier":
        from edgefashion.runtime.classifier import Classifier

        return Classifier
    if name == "Prediction":
        from edgefashion.runtime.prediction import Prediction

        return Prediction
    raise AttributeError(f"module 'edgefashion' has no attribute {name!r}.")


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
