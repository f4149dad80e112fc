"""Where in a picture the garment lies, told from how likely each pixel's colour is the garment's. numpy, no network."""

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""Left, top, right and lower edge, as shares of the picture's width and height, 0–1 from its upper left corner."""

LIKELY = 0.5
"""A pixel whose surroundings (3 × 3) are on average at least so likely counts as garment."""
EDGE = 0.12
"""A line or column with fewer garment pixels than this share of the fullest one's is beyond the garment's edge."""
MIDDLE = 0.25
"""Width of the bell curve around the centre in which the garment is looked for, as a share of the side."""
ROUNDS = 2


def find_box(likely: NDArray[np.float64]) -> Box | None:
    """Find the box of what is likely garment around the middle of a picture.

    Lines, then columns, are followed from the fullest one near the middle outwards until hardly anything likely is left
    on them; then again, inside of what was found.

    Args:
        likely: Shape (n, n), 0–1: of each pixel of a square picture how likely it is garment.

    Returns:
        The box; None where nothing near the middle is likely.
    """
    padded = np.pad(likely, 1, "edge")
    lines = padded[:-2] + padded[1:-1] + padded[2:]
    garment = lines[:, :-2] + lines[:, 1:-1] + lines[:, 2:] > 9 * LIKELY
    count = len(garment)
    near = np.exp(-0.5 * ((np.arange(count) - (count - 1) / 2) / (MIDDLE * count)) ** 2)
    left, right, top, bottom = 0, count, 0, count
    for _ in range(ROUNDS):
        if (rows := _stretch(garment[:, left:right].sum(axis=1), near)) is None:
            return None
        top, bottom = rows
        if (columns := _stretch(garment[top:bottom].sum(axis=0), near)) is None:
            return None
        left, right = columns
    return left / count, top / count, right / count, bottom / count


def _stretch(counts: NDArray[np.int_], near: NDArray[np.float64]) -> tuple[int, int] | None:
    """Follow counts from the fullest near the middle to both sides: first place, and the one after the last."""
    start = int((counts * near).argmax())
    empty = np.flatnonzero(counts < max(1.0, EDGE * counts.max()))
    if start in empty:
        return None
    before, after = empty[empty < start], empty[empty > start]
    return (int(before[-1]) + 1 if len(before) else 0, int(after[0]) if len(after) else len(counts))
