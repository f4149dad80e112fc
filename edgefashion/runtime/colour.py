"""Which colours a garment has, measured from its pixels: "navy 70 %, white 20 %". numpy and Pillow, no network.

Three steps on a picture of 48 × 48 pixels, in CIELAB (CIE 15:2004, D65): group the pixels into a few colours; weigh
each group by how much more of it lies in the middle than along the border; name every pixel by thirteen regions of
CIELAB (`colour_names.py`). "multi" is no colour of a pixel and never told here.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgefashion.runtime.colour_names import COLOUR_NAMES, REGIONS
from edgefashion.runtime.garment_box import Box, find_box

SIDE = 48
GROUPS = 8
ROUNDS = 6
BORDER = 0.9
"""Pixels at least so far from the centre are border, as a share of the way to the edge."""
MIDDLE, REACH = 0.5, 0.6
"""Widths of the two bell curves around the centre, as shares of the way to the edge: what counts as the middle of the
picture, and where a garment is looked for."""
SMALLEST, MOST = 0.1, 3
"""Colours below this share are not told, and never more than so many."""

Floats = NDArray[np.float32]

_STEPS = np.arange(256) / 255
_LINEAR = np.where(_STEPS <= 0.04045, _STEPS / 12.92, ((_STEPS + 0.055) / 1.055) ** 2.4).astype(np.float32)
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
_FROM_LINEAR = (_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
_REGIONS = np.array(REGIONS, dtype=np.float32).T
_AWAY = abs(np.arange(SIDE) - (SIDE - 1) / 2) / ((SIDE - 1) / 2)
_SQUARED = (_AWAY[:, None] ** 2 + _AWAY[None, :] ** 2).ravel()
_IS_BORDER = (np.maximum(_AWAY[:, None], _AWAY[None, :]) > BORDER).ravel()
_IN_MIDDLE = np.exp(-0.5 * _SQUARED / MIDDLE**2)
_WITHIN_REACH = np.exp(-0.5 * _SQUARED / REACH**2)


def measure(picture: NDArray[np.uint8]) -> tuple[NDArray[np.float64], Box | None]:
    """Tell which colours the garment in the middle of a picture has, and where it lies, in one go.

    Args:
        picture: As of `measure_colours`.

    Returns:
        As of `colour_shares`, and of `garment_box.find_box`.
    """
    lab = small_lab(picture)
    likely = garment_likelihood(lab)
    return _shares(lab, _weights(likely)), find_box(likely.reshape(SIDE, SIDE))


def measure_colours(picture: NDArray[np.uint8]) -> tuple[tuple[str, float], ...]:
    """Tell which colours the garment in the middle of a picture has.

    Args:
        picture: uint8 (height, width, 3) RGB, 0–255, of any size; the whole picture without added margins.

    Returns:
        Colour names with their shares of the garment, 0–1, largest first: at least one, at most `MOST`, and besides the
        first none below `SMALLEST`.
    """
    return told(colour_shares(picture))


def colour_shares(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Give the share of every colour of a picture as of `measure_colours`: float64 (13,), sum 1, by `COLOUR_NAMES`."""
    lab = small_lab(picture)
    return _shares(lab, garment_weights(lab))


def told(shares: NDArray[np.float64]) -> tuple[tuple[str, float], ...]:
    """Name the shares (13,) of `colour_shares` that are told, as `measure_colours` does."""
    order = np.argsort(-shares, kind="stable")[:MOST]
    named = [(COLOUR_NAMES[index], min(1.0, float(shares[index]))) for index in order]
    return (named[0], *(item for item in named[1:] if item[1] >= SMALLEST))


def small_lab(picture: NDArray[np.uint8]) -> Floats:
    """Reduce uint8 (height, width, 3) RGB to 48 × 48 and convert it: float32 (2304, 3), L* 0–100, a* and b*."""
    small = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BOX)).reshape(-1, 3)
    ratio = _LINEAR[small] @ _FROM_LINEAR
    root = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + np.float32(4 / 29))
    x, y, z = root.T
    lab: Floats = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)
    return lab


def garment_weights(lab: Floats) -> NDArray[np.float64]:
    """Weigh pixels by how likely they are garment: float64 (2304,), sum 1.

    A pixel counts by its `garment_likelihood`, squared, and by its distance from the centre.

    Args:
        lab: As `small_lab`.
    """
    return _weights(garment_likelihood(lab))


def garment_likelihood(lab: Floats) -> NDArray[np.float64]:
    """Tell of every pixel how far its colour belongs to the middle rather than to the border: float64 (2304,), 0–1.

    That of a group of pixels of one colour: its share of the middle against its share of the border. Lightness counts
    less than hue, because of shadows.

    Args:
        lab: As `small_lab`.
    """
    points = lab * np.array([0.7, 1, 1], np.float32)
    group = _groups(points)
    inside = np.bincount(group, _IN_MIDDLE, GROUPS) / _IN_MIDDLE.sum()
    outside = np.bincount(group, _IS_BORDER, GROUPS) / _IS_BORDER.sum()
    likely: NDArray[np.float64] = (inside / np.maximum(inside + outside, 1e-9))[group]
    return likely


def features(lab: Floats) -> Floats:
    """The numbers in which the regions are linear: float32 (n, 12) from L*, a*, b* and chroma, and their products."""
    lightness, a, b = lab[:, 0] / 50 - 1, lab[:, 1] / 30, lab[:, 2] / 30
    chroma = np.hypot(a, b)
    columns = (
        np.ones_like(a), lightness, a, b, lightness**2, a**2, b**2, lightness * a, lightness * b, a * b, chroma,
        chroma * lightness,
    )  # fmt: skip
    table: Floats = np.stack(columns, axis=1)
    return table


def _weights(likely: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = likely**2 * _WITHIN_REACH
    result: NDArray[np.float64] = weights / weights.sum()
    return result


def _shares(lab: Floats, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    name = (features(lab) @ _REGIONS).argmax(axis=1)
    return np.bincount(name, weights, len(COLOUR_NAMES)).astype(np.float64)


def _groups(points: Floats) -> NDArray[np.intp]:
    """Group points (n, 3) by k-means, deterministically: it starts from points far from each other. Gives (n,)."""
    axes = np.ascontiguousarray(points.T)  # numpy is faster along the long side
    distance = ((axes - axes.mean(axis=1, keepdims=True)) ** 2).sum(axis=0)
    centres = np.empty((GROUPS, 3), np.float32)
    for number in range(GROUPS):
        centres[number] = axes[:, distance.argmax()]
        distance = np.minimum(distance, ((axes - centres[number][:, None]) ** 2).sum(axis=0))
    for _ in range(ROUNDS):
        group: NDArray[np.intp] = ((centres**2).sum(axis=1)[:, None] - 2 * (centres @ axes)).argmin(axis=0)
        counts = np.bincount(group, minlength=GROUPS)
        sums = np.stack([np.bincount(group, axis, GROUPS) for axis in axes], axis=1)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres).astype(np.float32)
    return group
