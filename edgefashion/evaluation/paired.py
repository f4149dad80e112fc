"""Two answers to the same pictures: is the difference more than chance?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from edgefashion.errors import DataError
from edgefashion.evaluation.checks import Floats, Indices, check_indices
from edgefashion.evaluation.metrics import BOOTSTRAP_CELLS, group_counts, macro_f1_of_counts

RESAMPLES = 2000
LEVEL = 0.95


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """McNemar's exact test: the chance of so uneven a split of the disagreements, if both were equally good.

    Pictures that both have right or both have wrong say nothing. Each of the others is a toss of a coin; the p-value is
    two-sided, from the binomial distribution, without an approximation. It takes pictures to be independent.

    Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947), pp. 153-157.

    Args:
        only_first: Pictures that only the first has right, 0 or more.
        only_second: Pictures that only the second has right, 0 or more.

    Returns:
        The p-value, above 0 and at most 1; 1 where there is no such picture.

    Raises:
        DataError: A negative count.

    >>> mcnemar_exact(1, 6)
    0.125
    """
    if only_first < 0 or only_second < 0:
        raise DataError(f"McNemar's test needs counts of 0 or more. Received: {only_first} and {only_second}.")
    n, term, total = only_first + only_second, 1, 0
    for k in range(min(only_first, only_second) + 1):
        total += term
        term = term * (n - k) // (k + 1)
    return min(1.0, float(2 * total / 2**n))


def mean_interval(
    values: npt.ArrayLike, groups: Sequence[str] | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """A 95 % bootstrap percentile interval of a mean, whole groups drawn with replacement; see `group_draws`.

    Args:
        values: Shape (n,), n >= 1, finite; for a difference of two accuracies 1, 0 or -1 a picture.
        groups: n names of contributors; None draws single pictures.
        resamples: Number of draws, at least 1.
        seed: The same seed gives the same interval.

    Raises:
        DataError: Wrong shape, length, values or resamples.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or not numbers.size or not np.isfinite(numbers).all():
        raise DataError(f"A mean needs finite numbers of shape (n,), n >= 1. Received: shape {numbers.shape}.")
    member, count = group_members(len(numbers), groups)
    units = np.stack([np.bincount(member, numbers, count), np.bincount(member, minlength=count)], axis=1)
    sums = np.concatenate([draws @ units for draws in group_draws(count, resamples, seed)])
    return _percentiles(sums[:, 0] / sums[:, 1])


def macro_f1_change_interval(
    truth: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    classes: int,
    groups: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """A 95 % paired bootstrap percentile interval of macro-F1 of the second minus macro-F1 of the first.

    Both are computed on the same draw, so that what makes a draw hard for both cancels out.

    Args:
        truth, first, second: Class indices, shape (n,).
        classes: Number of classes k.
        groups: n names of contributors; None draws single pictures.
        resamples: Number of draws, at least 1.
        seed: The same seed gives the same interval.

    Raises:
        DataError: Wrong shapes, lengths, indices or resamples.
    """
    rows = check_indices(truth, classes)
    member, count = group_members(len(rows), groups)
    units = []
    for values in (first, second):
        columns = check_indices(values, classes, "prediction")
        if len(columns) != len(rows):
            raise DataError(f"Truth and prediction must be equally long. Received: {len(rows)} and {len(columns)}.")
        units.append(group_counts(rows, columns, member, count, classes))
    changes = [
        macro_f1_of_counts(*np.split(draws @ units[1], 3, axis=1))
        - macro_f1_of_counts(*np.split(draws @ units[0], 3, axis=1))
        for draws in group_draws(count, resamples, seed)
    ]
    return _percentiles(np.concatenate(changes))


def group_members(n: int, groups: Sequence[str] | None) -> tuple[Indices, int]:
    """Gives the index of each picture's group, int64 (n,), and the number of groups; fewer than two: single pictures.

    Raises:
        DataError: Not one group a picture.
    """
    if groups is not None and len(groups) != n:
        raise DataError(f"Every picture needs a group. Received: {n} pictures and {len(groups)} groups.")
    names, member = np.unique(np.asarray(groups if groups is not None else [""] * n, dtype=str), return_inverse=True)
    return (member.astype(np.int64), len(names)) if len(names) >= 2 else (np.arange(n), n)


def group_draws(count: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yields how often each of `count` groups is drawn: float64 (some, count), `resamples` rows in all.

    Source: C. A. Field and A. H. Welsh, "Bootstrapping clustered data", JRSS B 69 (2007), pp. 369-390.

    Raises:
        DataError: resamples < 1.
    """
    if resamples < 1:
        raise DataError(f"A bootstrap needs resamples >= 1. Received: {resamples}.")
    random = np.random.default_rng(seed)
    block = max(1, BOOTSTRAP_CELLS // count)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        yield random.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)


def _percentiles(values: Floats) -> tuple[float, float]:
    lower, upper = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(lower), float(upper)
