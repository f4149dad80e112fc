"""A linear classifier on frozen features: what quick transfer learning trains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def kept_features(path: Path, compute: Callable[[], Floats]) -> Floats:
    """Features from a file, or computed and kept there: the slow half of the work survives a stop."""
    if not path.exists():
        found = compute()
        np.save(path.with_name(f".{path.name}"), found)
        path.with_name(f".{path.name}").replace(path)
    loaded: Floats = np.load(path, allow_pickle=False)
    return loaded


def linear_head(features: Floats, truth: npt.NDArray[np.int64], classes: int) -> tuple[Floats, Floats]:
    """Fits multinomial logistic regression.

    Args:
        features: float32 (n, d).
        truth: int64 (n,), at least three different classes.
        classes: Number of classes k; one without a picture never wins.

    Returns:
        Kernel float32 (d, k) and bias float32 (k,).
    """
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=0.02, max_iter=300).fit(features, truth)
    kernel, bias = np.zeros((features.shape[1], classes), np.float32), np.full(classes, -20.0, np.float32)
    kernel[:, fitted.classes_], bias[fitted.classes_] = fitted.coef_.T, fitted.intercept_
    return kernel, bias
