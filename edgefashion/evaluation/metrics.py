"""The numbers that judge a classifier, each with its uncertainty and its source.

Everything works on plain numpy arrays. `truth` and `predicted` are integer class indices of shape (n,), in the range
0 to k - 1; `probabilities` has shape (n, k), one row a picture, values 0 to 1. What isn't so raises DataError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgefashion.errors import DataError
from edgefashion.evaluation.checks import Floats, Indices, check_indices, check_probabilities

Z_95 = 1.959963984540054
"""The standard normal's 97.5 % point: half of 5 % lies above it."""

BOOTSTRAP_CELLS = 4_000_000
"""Numbers held at once while resampling: 32 MB of int64."""

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class ClassScore:
    """One class's scores.

    Attributes:
        label: The class's name.
        precision: Of the pictures called this, the share that are; 0 where none was called this.
        recall: Of the pictures that are this, the share called so; 0 where there is none.
        f1: Harmonic mean of the two; 0 where both are 0.
        support: Pictures that are this.
        predicted: Pictures called this.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


def wilson_interval(correct: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a share.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927),
    pp. 209-212; recommended over the plain normal interval by Brown, Cai and DasGupta, Statistical Science 16 (2001).

    Args:
        correct: Successes, 0 to n.
        n: Trials, at least 1. They are taken to be independent.
        z: Normal quantile; the default gives 95 %.

    Returns:
        Lower and upper bound, 0 to 1; correct / n lies between them.

    Raises:
        DataError: n < 1 or correct outside 0 to n.
    """
    if n < 1 or not 0 <= correct <= n:
        raise DataError(f"An interval needs 0 <= correct <= n and n >= 1. Received: correct={correct}, n={n}.")
    share = correct / n
    scale = 1 + z * z / n
    centre = share + z * z / (2 * n)
    half = z * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    lower = 0.0 if correct == 0 else max(0.0, (centre - half) / scale)
    upper = 1.0 if correct == n else min(1.0, (centre + half) / scale)
    return min(lower, share), max(upper, share)


def top_k_correct(probabilities: npt.ArrayLike, truth: npt.ArrayLike, k: int) -> int:
    """Counts the pictures whose true class is among the k best.

    Equal scores (common in int8) go to the lower class index, as in argmax.

    Args:
        probabilities: Shape (n, classes), 0 to 1.
        truth: Class indices, shape (n,).
        k: At least 1; more than the number of classes counts every picture.

    Raises:
        DataError: Wrong shapes or values, or k < 1.
    """
    scores = check_probabilities(probabilities)
    right = check_indices(truth, scores.shape[1])
    if len(right) != len(scores):
        raise DataError(f"Scores and truth must be equally long. Received: {len(scores)} and {len(right)}.")
    if k < 1:
        raise DataError(f"Top-k needs k of at least 1. Received: {k}.")
    own = scores[np.arange(len(right)), right][:, None]
    before = np.arange(scores.shape[1])[None, :] < right[:, None]
    rank = np.count_nonzero((scores > own) | ((scores == own) & before), axis=1)
    return int(np.count_nonzero(rank < k))


def top_k_accuracy(probabilities: npt.ArrayLike, truth: npt.ArrayLike, k: int = 1) -> float:
    """The share of pictures whose true class is among the k best; see `top_k_correct` for arguments and errors."""
    return top_k_correct(probabilities, truth, k) / len(np.asarray(truth))


def confusion_matrix(truth: npt.ArrayLike, predicted: npt.ArrayLike, classes: int) -> Indices:
    """Counts pictures by true and predicted class.

    Args:
        truth: Class indices, shape (n,).
        predicted: Class indices, shape (n,).
        classes: Number of classes k.

    Returns:
        int64 array (k, k): row = true class, column = predicted class; its sum is n.

    Raises:
        DataError: Wrong shapes, lengths or indices.
    """
    rows, columns = check_indices(truth, classes), check_indices(predicted, classes, "prediction")
    if len(rows) != len(columns):
        raise DataError(f"Truth and prediction must be equally long. Received: {len(rows)} and {len(columns)}.")
    return np.bincount(rows * classes + columns, minlength=classes * classes).reshape(classes, classes)


def _f1(hits: Floats, predicted: Floats, support: Floats) -> Floats:
    """F1 = 2 hits / (predicted + support), 0 where both are 0; any equal shapes."""
    total = predicted + support
    scores: Floats = np.divide(2 * hits, total, out=np.zeros_like(total), where=total > 0)
    return scores


def per_class(confusion: npt.ArrayLike, labels: Sequence[str]) -> tuple[ClassScore, ...]:
    """Precision, recall, F1 and support of every class.

    Args:
        confusion: Counts (k, k), row = truth; see `confusion_matrix`.
        labels: The k names.

    Raises:
        DataError: The matrix isn't square with a row for each label.
    """
    matrix = np.asarray(confusion, dtype=np.float64)
    if matrix.shape != (len(labels), len(labels)):
        raise DataError(f"A confusion matrix of {len(labels)} labels must be square. Received: shape {matrix.shape}.")
    hits, predicted, support = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    recall = np.divide(hits, support, out=np.zeros_like(hits), where=support > 0)
    f1 = _f1(hits, predicted, support)
    return tuple(
        ClassScore(label, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]), int(predicted[i]))
        for i, label in enumerate(labels)
    )


def macro_f1_of_counts(hits: Floats, predicted: Floats, support: Floats) -> Floats:
    """Mean F1 over the last axis, over classes with support; arrays (…, k) to (…)."""
    present = support > 0
    mean: Floats = np.sum(_f1(hits, predicted, support) * present, axis=-1) / np.maximum(present.sum(axis=-1), 1)
    return mean


def group_counts(rows: Indices, columns: Indices, member: Indices, groups: int, classes: int) -> Floats:
    """Counts what F1 is made of, group by group, so that a bootstrap only has to add groups up.

    Args:
        rows: True classes, int64 (n,), 0 to classes - 1.
        columns: Predicted classes, the same.
        member: Group of each picture, int64 (n,), 0 to groups - 1.
        groups: Number of groups.
        classes: Number of classes k.

    Returns:
        float64 (groups, 3 k): hits, predicted and support of each class.
    """
    units = np.zeros((groups, 3 * classes))
    np.add.at(units, (member, columns), rows == columns)
    np.add.at(units, (member, classes + columns), 1)
    np.add.at(units, (member, 2 * classes + rows), 1)
    return units


def macro_f1(truth: npt.ArrayLike, predicted: npt.ArrayLike, classes: int) -> float:
    """The unweighted mean of F1 over the classes with support.

    A class that no picture belongs to is left out: it can't be found, and its false alarms already cost the others
    their recall. (scikit-learn's f1_score gives the same number with labels=np.unique(truth), average="macro".)

    Args:
        truth: Class indices, shape (n,).
        predicted: Class indices, shape (n,).
        classes: Number of classes k.

    Raises:
        DataError: Wrong shapes, lengths or indices.
    """
    matrix = confusion_matrix(truth, predicted, classes).astype(np.float64)
    return float(macro_f1_of_counts(np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)))


def macro_f1_interval(
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    classes: int,
    groups: Sequence[str] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """A bootstrap percentile interval of macro-F1.

    Whole groups are drawn with replacement where there are at least two of them, because the pictures of one
    contributor resemble each other; otherwise single pictures. With a handful of groups the interval is too narrow.

    Source: B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13; the cluster form:
    C. A. Field and A. H. Welsh, "Bootstrapping clustered data", JRSS B 69 (2007), pp. 369-390.

    Args:
        truth: Class indices, shape (n,).
        predicted: Class indices, shape (n,).
        classes: Number of classes k.
        groups: n names of contributors; None draws single pictures.
        resamples: Number of draws, at least 1.
        seed: The same seed gives the same interval.
        level: Confidence, between 0 and 1.

    Returns:
        Lower and upper bound, 0 to 1.

    Raises:
        DataError: Wrong shapes, lengths, indices, resamples or level.
    """
    matrix = confusion_matrix(truth, predicted, classes)
    if resamples < 1 or not 0 < level < 1:
        raise DataError(f"A bootstrap needs resamples >= 1 and 0 < level < 1. Received: {resamples}, {level}.")
    random = np.random.default_rng(seed)
    n = int(matrix.sum())
    if groups is not None and len(groups) != n:
        raise DataError(f"Every picture needs a group. Received: {n} pictures and {len(groups)} groups.")
    names, member = np.unique(np.asarray(groups if groups is not None else [""] * n, dtype=str), return_inverse=True)
    if len(names) >= 2:
        rows, columns = np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
        units = group_counts(rows, columns, member, len(names), classes)
        draws, shares = len(names), np.full(len(names), 1 / len(names))
    else:  # Drawing n pictures is drawing n times from the cells of the confusion matrix.
        cells = np.flatnonzero(matrix)
        rows, columns = np.divmod(cells, classes)
        units = group_counts(rows, columns, np.arange(len(cells)), len(cells), classes)
        draws, shares = n, matrix.ravel()[cells] / n
    block = max(1, BOOTSTRAP_CELLS // len(shares))
    values = np.empty(resamples)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        sums = random.multinomial(draws, shares, size=size).astype(np.float64) @ units
        values[start : start + size] = macro_f1_of_counts(*np.split(sums, 3, axis=1))
    lower, upper = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)


def confidence_bins(confidence: Floats, bins: int) -> Indices:
    """The equal-width bin of every confidence: above its lower edge and up to its upper one.

    Args:
        confidence: Shape (n,), 0 to 1.
        bins: Number of bins, at least 1.

    Returns:
        int64 (n,), 0 to bins - 1.
    """
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def expected_calibration_error(
    probabilities: npt.ArrayLike, truth: npt.ArrayLike, bins: int = CALIBRATION_BINS
) -> float:
    """How far confidence is from accuracy: the mean gap over equal-width bins, weighted by pictures.

    Source: C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017,
    equation 3, with their 15 bins; a bin holds confidences above its lower edge and up to its upper one.

    Args:
        probabilities: Shape (n, k), 0 to 1; a row's largest value is its confidence.
        truth: Class indices, shape (n,).
        bins: Number of bins, at least 1.

    Returns:
        0 (confidence equals accuracy in every bin) to 1.

    Raises:
        DataError: Wrong shapes or values, or bins < 1.
    """
    scores = check_probabilities(probabilities)
    right = check_indices(truth, scores.shape[1])
    if len(right) != len(scores) or bins < 1:
        raise DataError(f"Needs equally many scores and truths, bins >= 1: {len(scores)}, {len(right)}, {bins}.")
    confidence = np.minimum(scores.max(axis=1), 1.0)
    correct = scores.argmax(axis=1) == right
    index = confidence_bins(confidence, bins)
    gap = np.bincount(index, weights=correct - confidence, minlength=bins)
    return min(1.0, float(np.abs(gap).sum() / len(right)))
