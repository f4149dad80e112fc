"""Garments on other floors: what lies round a garment is exchanged for the floor of another training photo.

Few people took the training photos, each in front of one or two walls and floors, and a network learns those too. A map
of what stands out in each photo (`data/saliency.py`) cuts the garment out; its largest empty rectangle is its floor
(copy and paste: Dwibedi et al. 2017, arXiv 1708.01642).
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from edgefashion.data.manifest import Row
from edgefashion.data.saliency import CELLS
from edgefashion.errors import DataError
from edgefashion.training.pipeline import Pictures, as_rgb

Bytes = npt.NDArray[np.uint8]

LEAST_CONTRAST = 0.2
"""Difference between what stands out and what doesn't, 0–1, below which a map tells nothing."""
LEAST_SHARE, MOST_SHARE = 0.08, 0.85
"""Of a photo that its garment takes: with less or more the map is not believed."""
EMPTY = 0.12
"""What stands out less than this is floor."""
LEAST_SIDE = 0.18
"""Of a floor's shorter side, as a share of the photo's."""


@dataclass(frozen=True)
class Floors:
    """What is needed to lay the garments of some pictures on other floors.

    Attributes:
        masks: uint8 (n, rows, columns), 255 where the garment is; of a picture that stays as it is 255 everywhere.
        floors: uint8 (m, height, width, 3), of the pictures' size.
    """

    masks: Bytes
    floors: Bytes

    def lay(self, images: Bytes, index: npt.NDArray[np.int64], share: float, seed: tuple[int, int]) -> Bytes:
        """Lays a batch of pictures on other floors, some of them.

        Args:
            images: uint8 (batch, height, width, 3).
            index: (batch,), which pictures of all they are.
            share: probability that a picture gets another floor, 0-1.
            seed: the same seed chooses the same floors.

        Returns:
            uint8, same shape.
        """
        random = np.random.default_rng([*seed, 0xF1])
        chosen = (random.random(len(images)) < share) & (self.masks[index].min(axis=(1, 2)) < 255)
        floors = random.integers(len(self.floors), size=len(images))
        sides = random.integers(4, size=len(images))
        laid = images.copy()
        height, width = images.shape[1:3]
        for place in np.flatnonzero(chosen):
            floor = self.floors[floors[place]]
            floor = floor[:: 1 - 2 * (sides[place] & 1), :: 1 - (sides[place] & 2)]
            mask = Image.fromarray(self.masks[index[place]]).resize((width, height), Image.Resampling.BILINEAR)
            part = np.asarray(mask, np.float32)[..., None] / 255.0
            laid[place] = np.rint(part * images[place] + (1.0 - part) * floor)
        return laid


def cut(salience: Bytes) -> Bytes | None:
    """Turns a map of what stands out into a mask.

    Args:
        salience: uint8 (rows, columns), 255 where something stands out most.

    Returns:
        uint8, same shape, 255 where the garment is; None where the map does not tell.
    """
    values = salience.astype(np.float32) / 255.0
    low, high = np.quantile(values, (0.05, 0.95))
    if high - low < LEAST_CONTRAST:
        return None
    # Soft edges: half-way between floor and garment lies the outline.
    part = np.clip(((values - low) / (high - low) - 0.5) * 3.0 + 0.5, 0.0, 1.0)
    if not LEAST_SHARE < part.mean() < MOST_SHARE:
        return None
    return np.rint(part * 255.0).astype(np.uint8)


def floor_of(picture: Bytes, mask: Bytes) -> Bytes | None:
    """Fills a picture with the floor that is seen in it: its largest empty rectangle, mirrored on all sides.

    Args:
        picture: uint8 (height, width, 3).
        mask: as `cut` gives it.

    Returns:
        uint8 (height, width, 3); None where there is no floor to be seen.
    """
    height, width = picture.shape[:2]
    top, left, bottom, right = _largest_rectangle(mask < EMPTY * 255.0)
    if min((bottom - top) / mask.shape[0], (right - left) / mask.shape[1]) < LEAST_SIDE:
        return None
    step_y, step_x = height / mask.shape[0], width / mask.shape[1]
    part = picture[round(top * step_y) : round(bottom * step_y), round(left * step_x) : round(right * step_x)]
    missing = [(0, max(0, side - have)) for side, have in zip((height, width), part.shape[:2], strict=True)]
    return np.pad(part, (*missing, (0, 0)), mode="symmetric")[:height, :width]


def _largest_rectangle(empty: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """The rectangle of the largest area in which all is True: top, left, bottom, right, the last two exclusive."""
    best, area = (0, 0, 0, 0), 0
    heights = np.zeros(empty.shape[1] + 1, np.int64)
    for row, line in enumerate(empty):
        heights[:-1] = np.where(line, heights[:-1] + 1, 0)
        open_: list[tuple[int, int]] = []  # start and height of the rectangles that may still grow
        for column, height in enumerate(heights.tolist()):
            start = column
            while open_ and open_[-1][1] >= height:
                start, tall = open_.pop()
                if tall * (column - start) > area:
                    best, area = (row + 1 - tall, start, row + 1, column), tall * (column - start)
            open_.append((start, height))
    return best


def find_floors(
    pictures: Pictures,
    rows: Collection[Row],
    salience: Callable[[Bytes], Bytes],
    kept: Path,
    advance: Callable[[int], None] = lambda _: None,
) -> Floors:
    """Cuts the garments out of training pictures, and finds the floors that they lie on.

    Args:
        pictures: all training pictures.
        rows: of those that show one garment each; the others stay as they are.
        salience: tells what stands out, as `Saliency` does.
        kept: file of the masks, for a run that goes on; written here. One of other pictures is not believed.
        advance: called with 1 after each of `rows`.

    Raises:
        DataError: Not one floor is to be seen.
    """
    wanted = set(rows)
    names = hashlib.sha256(repr([row for row in pictures.rows if row in wanted]).encode()).hexdigest()
    masks = _read(kept, names, len(pictures.rows))
    fresh = masks is None
    masks = np.full((len(pictures.rows), CELLS, CELLS), 255, np.uint8) if masks is None else masks
    floors = []
    for place, row in enumerate(pictures.rows):
        if row not in wanted:
            continue
        picture = as_rgb(pictures.images[place : place + 1])[0]
        mask = cut(salience(picture)) if fresh else masks[place]
        if mask is not None and mask.min() < 255:
            masks[place] = mask
            floor = floor_of(picture, mask)
            floors += [] if floor is None else [floor]
        advance(1)
    if not floors:
        raise DataError("'augment.floor' needs photos with a floor to be seen in them; none has one.")
    if fresh:
        kept.parent.mkdir(parents=True, exist_ok=True)
        temporary = kept.with_name(f".{kept.name}.{os.getpid()}.npz")
        try:
            np.savez_compressed(temporary, masks=masks, names=names)
            os.replace(temporary, kept)
        finally:
            temporary.unlink(missing_ok=True)
    return Floors(masks, np.stack(floors))


def _read(kept: Path, names: str, count: int) -> Bytes | None:
    """The masks of an earlier start of the same run; None where there are none, or damaged, or other pictures' ones."""
    try:
        with kept.open("rb") as stream, np.load(stream, allow_pickle=False) as saved:
            masks, of = saved["masks"], str(saved["names"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    return masks if of == names and masks.shape == (count, CELLS, CELLS) and masks.dtype == np.uint8 else None
