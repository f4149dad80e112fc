"""What of a picture the network is shown: all of it, or only the garment where that is small in it.

A garment that fills a tenth of a phone's picture is a few pixels of the network's input. Where it lies is measured
anyway (`garment_box.py`), so a small one is shown alone, with a margin; nothing else is run for it.
"""

from collections.abc import Callable
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
    """

    picture: NDArray[np.uint8]
    shares: NDArray[np.float64] | None = None
    box: Box | None = None


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
    shares, box = None, None

    def choose(whole: NDArray[np.uint8]) -> Box | None:
        nonlocal shares, box
        shares, box = measure(whole)
        return closer(box)

    return Look(prepare(image, rule.height, rule.width, rule.resize, choose), shares, box)


def chooser(taxonomy: str) -> Callable[[NDArray[np.uint8]], Box | None] | None:
    """Give what `image.prepare` needs to show pictures as a model of that taxonomy is shown them."""
    return (lambda whole: closer(measure(whole)[1])) if taxonomy == GARMENTS else None


def closer(box: Box | None) -> Box | None:
    """Give the part of the picture that is shown alone: the box with its margin; None for all of the picture."""
    if box is None:
        return None
    across, down = MARGIN * (box[2] - box[0]), MARGIN * (box[3] - box[1])
    left, top = max(0.0, box[0] - across), max(0.0, box[1] - down)
    right, bottom = min(1.0, box[2] + across), min(1.0, box[3] + down)
    return (left, top, right, bottom) if (right - left) * (bottom - top) < SMALL else None
