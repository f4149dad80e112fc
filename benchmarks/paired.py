"""Two answers to the same pictures: who is right where the other is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Paired:
    """Discordant pictures and McNemar's exact two-sided p.

    Source: Q. McNemar, Psychometrika 12 (1947), pp. 153-157; the exact form is a binomial test with share 1/2.
    """

    only_first: int
    only_second: int
    p: float


def paired(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> Paired:
    """Compares who was right, both bool (n,) on the same pictures in the same order."""
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    n, least = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(n, k) for k in range(least + 1)) / 2**n
    return Paired(only_first, only_second, min(1.0, 2 * tail))
