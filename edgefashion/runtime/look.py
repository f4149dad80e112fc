"""What of a picture the network is shown: all of it, or only the garment where that is small in it.

A garment that fills a tenth of a phone's picture is a few pixels of the network's input. Where it lies is measured
anyway (`garment_box.py`), so a small one is shown alone, with a margin; nothing else is run for it.

A picture that leaves the network unsure is looked at twice more, mirrored: the garment close up, and all of the
picture. What it says on average is right more often than what it said first (docs/garment-experiments.md).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgefashion.runtime.card import InputRule
from edgefashion.runtime.colour import measure
from edgefashion.runtime.garment_box import Box
from edgefashion.runtime.image import prepare

MARGIN = 0.2
"""How far beyond the box the part reaches on each side, as a share of the box's width and height."""
SMALL = 0.85
"""A part of less than this share of the picture's area is looked at alone; a larger one would show hardly more."""
CLOSE_UP = 0.12
"""As `MARGIN`, of the part that is shown when a picture is looked at again, whatever its size."""
UNSURE = 0.7
"""Where no label is this probable, the picture is looked at again: about every fifth photo of a garment."""
GARMENTS = "garment"
"""Taxonomy of the models whose pictures are photos of garments: in these, colours and the garment's box are found."""


@dataclass(frozen=True)
class Look:
    """A picture as a model looks at it.

    Attributes:
        picture: uint8 (height, width, 3), RGB, 0–255: the network's input.
        shares: float64 (13,), sum 1: the share of every colour of `colour_names.COLOUR_NAMES`, measured from the whole
            picture; None for a model that measures nothing.
        box: Where the garment lies in the whole picture; None where nothing was measured or found.
        whole: As `picture`, of all of the picture; None where it can't be looked at again.
        part: What of the whole picture `picture` shows; None for all of it.
    """

    picture: NDArray[np.uint8]
    shares: NDArray[np.float64] | None = None
    box: Box | None = None
    whole: NDArray[np.uint8] | None = None
    part: Box | None = None


def look(image: Any, rule: InputRule, taxonomy: str) -> Look:
    """Make the network's input of a picture, and measure what it is made by; the picture is decoded once.

    Args:
        image: As `image.prepare`.
        rule: Of the model's card.
        taxonomy: Name of the model's taxonomy.

    Raises:
        ImageError: As `image.prepare`.
    """
    if taxonomy != GARMENTS:
        return Look(prepare(image, rule.height, rule.width, rule.resize))
    shares, box, whole, part = None, None, None, None

    def choose(stretched: NDArray[np.uint8]) -> Box | None:
        nonlocal shares, box, whole, part
        whole = stretched if rule.resize == "stretch" else None
        shares, box = measure(stretched)
        part = closer(box)
        return part

    return Look(prepare(image, rule.height, rule.width, rule.resize, choose), shares, box, whole, part)


def again(seen: Look) -> tuple[NDArray[np.uint8], ...]:
    """Give further pictures of what was looked at, to ask the network again: mirrored, the garment close up and all.

    Args:
        seen: What `look` made.

    Returns:
        Two uint8 arrays of the shape of `seen.picture`; none for a model of other things, for one whose pictures are
        not stretched, and for a `Look` that was not made by `look`.
    """
    if seen.whole is None:
        return ()
    height, width = seen.picture.shape[:2]
    close = seen.picture
    if seen.box is not None:
        part = _inside(_widened(seen.box, CLOSE_UP), seen.part or (0.0, 0.0, 1.0, 1.0))
        close = prepare(seen.picture, height, width, "stretch", lambda _: part)
    return close[:, ::-1].copy(), seen.whole[:, ::-1].copy()


def unsure(probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell of which pictures the types' probabilities (..., n) ask for another look: bool (...)."""
    reached: NDArray[np.bool_] = probabilities.max(axis=-1) >= UNSURE
    return np.logical_not(reached)  # so that what is no number asks for it too


def closer(box: Box | None) -> Box | None:
    """Give the part of the picture that is shown alone: the box with its margin; None for all of the picture."""
    if box is None:
        return None
    left, top, right, bottom = part = _widened(box, MARGIN)
    return part if (right - left) * (bottom - top) < SMALL else None


def _widened(box: Box, margin: float) -> Box:
    """Give a box with a margin, as far as the picture reaches."""
    across, down = margin * (box[2] - box[0]), margin * (box[3] - box[1])
    return max(0.0, box[0] - across), max(0.0, box[1] - down), min(1.0, box[2] + across), min(1.0, box[3] + down)


def _inside(box: Box, part: Box) -> Box:
    """Give a box of the whole picture as one of a part of it."""
    width, height = part[2] - part[0], part[3] - part[1]
    left, top, right, bottom = (
        (box[0] - part[0]) / width, (box[1] - part[1]) / height, (box[2] - part[0]) / width, (box[3] - part[1]) / height
    )  # fmt: skip
    return max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)
