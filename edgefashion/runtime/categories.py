"""The likeliest type of the likeliest category.

Where a network is torn, a type of one category may be ahead of every single type of another that is likelier as a
whole: 0.3 dress before 0.28 t-shirt and 0.25 long sleeve. The category is wrong less often if it is told by the sums,
and then the type has to be one of it (docs/garment-experiments.md, "The likelier category").
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edgefashion.taxonomy import NO_GARMENT

Real = TypeVar("Real", bound=np.floating)

NONE = -1
"""Number of a label that stands in no category that can be an answer."""


def category_numbers(labels: Sequence[str], categories: Mapping[str, Sequence[str]]) -> NDArray[np.int64]:
    """Return the number of the category that each label stands in: int64 (n,).

    Args:
        labels: Of a model, in its order.
        categories: Category → its types, of the model's taxonomy.

    Returns:
        Places in `categories`; `NONE` for `NO_GARMENT`, which is never an answer, and for a label without a category.
    """
    place = {name: at for at, types in enumerate(categories.values()) for name in types if name != NO_GARMENT}
    return np.array([place.get(label, NONE) for label in labels], np.int64)


def within_likeliest(probabilities: NDArray[Real], numbers: NDArray[np.int64]) -> NDArray[Real]:
    """Make the best type one of the category with the largest sum: where it isn't, it changes places with that.

    Args:
        probabilities: Float (..., n), 0–1.
        numbers: As `category_numbers` returns.

    Returns:
        As `probabilities`: the same numbers, two of them exchanged where the best type stood in another category than
        the likeliest. Of equal sums or types the first counts. Rows that hold a NaN, and all rows where fewer than two
        categories have labels, come back as they are.
    """
    told = np.unique(numbers[numbers != NONE])
    if len(told) < 2:
        return probabilities
    rows = probabilities.reshape(-1, probabilities.shape[-1]).copy()
    every = np.arange(len(rows))
    sums = rows @ (numbers[:, None] == told).astype(rows.dtype)
    likeliest = told[sums.argmax(axis=1)]
    best = np.where(numbers == NONE, -1.0, rows).argmax(axis=1)
    chosen = np.where(numbers == likeliest[:, None], rows, -1.0).argmax(axis=1)
    chosen = np.where(np.isnan(rows).any(axis=1), best, chosen)
    rows[every, best], rows[every, chosen] = rows[every, chosen], rows[every, best]
    return rows.reshape(probabilities.shape)
