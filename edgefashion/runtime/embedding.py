"""A garment's place among others: one unit vector a picture, near to those of the same kind, colour and pattern.

The vector joins the square roots of what the network's heads say and of the measured colours. The scalar product of two
such roots is the Bhattacharyya coefficient of the two distributions (A. Bhattacharyya, 1943; Hellinger's distance is
made of it): 1 if they are equal, 0 if they share nothing. So a scalar product of two embeddings is a weighted mean of
how far type, colour, pattern and detail agree, in the words that the staff use; no second file and no further run of a
network is needed.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edgefashion.runtime.card import TYPE_HEAD
from edgefashion.runtime.prediction import COLOUR, COLOURS

WEIGHTS: Mapping[str, float] = {TYPE_HEAD: 4.0, COLOUR: 2.0, COLOURS: 2.0, "pattern": 2.0, "detail": 1.0}
"""How much each part's agreement counts; 1 for any other head."""


def join(parts: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float32]:
    """Make a picture's embedding of what was said about it.

    Args:
        parts: Head name, or `COLOURS`, to probabilities or shares of shape (n,), 0–1; at least one part. Always the
            same parts in the same order: vectors of other models can't be compared.

    Returns:
        float32 (d,), d the sum of all n, 0–1, of length 1; the scalar product of two is 0–1. Where a part says nothing
        at all, all of its values count alike.

    Raises:
        ValueError: There is no part.
    """
    if not parts:
        raise ValueError("An embedding needs at least one part.")
    roots = []
    for name, said in parts.items():
        share = np.nan_to_num(np.clip(said, 0.0, 1.0).astype(np.float64), nan=0.0)
        total = share.sum()
        share = share / total if total > 0 else np.full(share.shape, 1 / share.size)
        roots.append(np.sqrt(WEIGHTS.get(name, 1.0) * share))
    joined = np.concatenate(roots)
    vector: NDArray[np.float32] = (joined / np.linalg.norm(joined)).astype(np.float32)
    return vector
