"""Refuses scores and class indices that no metric can be computed from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgefashion.errors import DataError

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def check_probabilities(probabilities: npt.ArrayLike) -> Floats:
    """Checks scores and returns them as float64.

    Args:
        probabilities: Shape (n, k), n >= 1, k >= 1, values 0 to 1. Rows needn't sum to exactly 1: an int8 softmax is
            rounded to steps of 1/256.

    Returns:
        float64 array of the same shape.

    Raises:
        DataError: Empty, of another shape, not numbers, not finite, negative or above 1.
    """
    try:
        values = np.asarray(probabilities, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"Scores must be an array of numbers of shape (n, k). Received: {error}.") from error
    if values.ndim != 2:
        raise DataError(f"Scores must have shape (pictures, classes). Received: shape {values.shape}.")
    if values.size == 0:
        raise DataError(f"Scores are needed for at least one picture and one class. Received: shape {values.shape}.")
    broken = int(np.count_nonzero(~np.isfinite(values).all(axis=1)))
    if broken:
        raise DataError(f"Scores must be finite. Received: {broken} of {len(values)} rows with NaN or infinity.")
    if values.min() < 0 or values.max() > 1 + 1e-3:
        raise DataError(
            f"Scores must be probabilities from 0 to 1. Received: {values.min():.4g} to {values.max():.4g}; "
            "apply softmax to logits first."
        )
    return values


def check_indices(values: npt.ArrayLike, classes: int, what: str = "truth") -> Indices:
    """Checks class indices and returns them as int64.

    Args:
        values: Shape (n,), n >= 1, integers 0 to classes - 1.
        classes: Number of classes k.
        what: Name for the error message.

    Raises:
        DataError: Empty, of another shape, not integers or out of range.
    """
    indices = np.asarray(values)
    if indices.ndim != 1 or indices.size == 0:
        raise DataError(f"The {what} must be at least one class index, shape (n,). Received: shape {indices.shape}.")
    if not np.issubdtype(indices.dtype, np.integer):
        raise DataError(f"The {what} must be integer class indices. Received: {indices.dtype}.")
    if int(indices.min()) < 0 or int(indices.max()) >= classes:
        raise DataError(
            f"The {what} must lie from 0 to {classes - 1}. Received: {int(indices.min())} to {int(indices.max())}."
        )
    return indices.astype(np.int64)
