"""Probabilities of every picture by a regression that never saw a picture of the same contributor."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Row
from edgefashion.errors import DataError, MissingExtraError
from edgefashion.evaluation.checks import Floats, Indices

FOLDS = 5
DIMENSIONS = 128
"""Principal components that are kept: more of them find fewer exchanged labels (benchmarks/, suite labels)."""
STRENGTH = 0.01
"""Inverse of the regularisation (scikit-learn's C). Strong, so that single wrong labels aren't learnt."""
ITERATIONS = 300


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold probabilities of n pictures.

    Attributes:
        rows: The pictures.
        labels: The k labels, those that the rows have.
        given: int64 (n,), index of each row's label.
        probabilities: float64 (n, k); rows sum to 1.
        judged: bool (n,); False where nobody else had the given label, so that it couldn't be expected.
        folds: Into how many parts the contributors were divided.
    """

    rows: tuple[Row, ...]
    labels: tuple[str, ...]
    given: Indices
    probabilities: Floats
    judged: npt.NDArray[np.bool_]
    folds: int


def out_of_fold(
    values: npt.ArrayLike,
    rows: Sequence[Row],
    folds: int = FOLDS,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> OutOfFold:
    """Fits a multinomial logistic regression on all contributors but a fold's, and applies it to that fold.

    Args:
        values: Embeddings, shape (n, d), finite.
        rows: n pictures; their `type` and `group` are used.
        folds: At least 2, at most as many as there are groups.
        seed: Another seed deals the contributors out in another way.
        progress: Called with 1 after each fold.

    Raises:
        DataError: Wrong shapes, NaN, too few labels, pictures or groups.
        MissingExtraError: scikit-learn is missing.
    """
    embeddings = np.asarray(values, dtype=np.float64)
    if embeddings.ndim != 2 or len(embeddings) != len(rows) or not embeddings.size:
        raise DataError(f"Every picture needs an embedding: {len(rows)} pictures, received shape {embeddings.shape}.")
    broken = int(np.count_nonzero(~np.isfinite(embeddings).all(axis=1)))
    if broken:
        raise DataError(f"Embeddings must be finite. Received: {broken} of {len(rows)} rows with NaN or infinity.")
    labels = tuple(sorted({row.type for row in rows}))
    given = np.array([labels.index(row.type) for row in rows], dtype=np.int64)
    groups = np.unique([row.group for row in rows], return_inverse=True)[1]
    most = max(Counter(given.tolist()).values())
    if len(labels) < 2:
        raise DataError(f"Cross-validation needs pictures under two labels; received only '{labels[0]}'.")
    if not 2 <= folds <= min(int(groups.max()) + 1, most):
        raise DataError(
            f"{folds} folds need at least {max(folds, 2)} contributors (groups), and {max(folds, 2)} pictures of some "
            f"label; received {int(groups.max()) + 1} groups and at most {most} pictures of a label: choose fewer "
            "--folds, or add pictures by other people."
        )
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedGroupKFold
    except ImportError as error:
        raise MissingExtraError("labels", "Cross-validation") from error
    features = principal_components(embeddings)
    probabilities = np.zeros((len(rows), len(labels)))
    judged = np.zeros(len(rows), dtype=np.bool_)
    with warnings.catch_warnings():
        # A label with fewer pictures than folds is what `judged` is for; a fit stopped early is good enough to rank by.
        warnings.simplefilter("ignore")
        parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(features, given, groups)
        for fitted, held in parts:
            known = np.unique(given[fitted])
            if len(known) > 1 and len(held):
                regression = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS).fit(features[fitted], given[fitted])
                probabilities[np.ix_(held, known)] = regression.predict_proba(features[held])
                judged[held] = np.isin(given[held], known)
            if progress is not None:
                progress(1)
    return OutOfFold(tuple(rows), labels, given, probabilities, judged, folds)


def principal_components(embeddings: Floats, dimensions: int = DIMENSIONS) -> Floats:
    """Evens out embeddings and keeps their principal components, without a look at any label.

    Signed square roots and unit length first, which keeps single strong channels from deciding (F. Perronnin, J.
    Sanchez and T. Mensink, "Improving the Fisher kernel for large-scale image classification", ECCV 2010).

    Args:
        embeddings: float64 (n, d), finite.
        dimensions: Components to keep, at most d.

    Returns:
        float64 (n, min(dimensions, d)), the mean over the components of the mean square is 1 (0 where all pictures are
        the same).
    """
    rooted = np.sign(embeddings) * np.sqrt(np.abs(embeddings))
    length = np.linalg.norm(rooted, axis=1, keepdims=True)
    even = np.divide(rooted, length, out=np.zeros_like(rooted), where=length > 0)
    even -= even.mean(axis=0)
    _, directions = np.linalg.eigh(even.T @ even)
    kept: Floats = even @ directions[:, ::-1][:, :dimensions]
    scale = float(np.sqrt((kept**2).mean()))
    return kept / scale if scale > 0 else kept
