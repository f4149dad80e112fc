"""Pictures that show no garment, for the answer "not sure": streets and heads out of the street photos.

The masks of clothing-co-parsing (Apache-2.0) say of every pixel what it is. Squares without any labelled pixel are
street, sky, wall and floor; the boxes of hair, where nobody wears a hat, are heads.
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.split import split_of
from edgefashion.data.worn import LICENCE, SALT, VALIDATION_SHARE, read_boxes
from edgefashion.errors import DataError
from edgefashion.taxonomy import NO_GARMENT

STREETS = 3
"""Squares wanted from one photo."""
TRIES = 40
SIDES = (110, 280)
"""Smallest and largest side of a square, in pixels of a photo 550 pixels wide."""
MIN_HEAD = 50
ON_THE_HEAD = ("hat",)


def open_others(folder: str | None) -> Manifest:
    """Opens squares of street and boxes of heads; the only label is `NO_GARMENT`.

    All cuts of one photo lie on one side of the split, the same as in the source `worn`.

    Args:
        folder: Holds garments.csv, photos/ and masks/.

    Raises:
        DataError: A part is missing or damaged.
    """
    root, records = read_boxes(folder, "others")
    covered = {record["image"] for record in records if record["tag"] in ON_THE_HEAD}
    boxes: dict[str, list[tuple[int, int, int, int]]] = {record["image"]: [] for record in records}
    for record in records:
        x0, y0, x1, y1 = (int(record[column]) for column in ("x0", "y0", "x1", "y1"))
        if record["tag"] == "hair" and record["image"] not in covered and MIN_HEAD <= y1 - y0 <= 2 * (x1 - x0):
            boxes[record["image"]].append((x0, y0, x1, y1))
    rows = []
    for image, found in boxes.items():
        mask = _mask(root / "masks" / f"{Path(image).stem}.png")
        split = split_of(image, validation=VALIDATION_SHARE, salt=SALT)
        texts = [" ".join(map(str, box)) for box in (*found, *empty_squares(mask, image))]
        rows += [Row(f"photos/{image}", NO_GARMENT, image, split, box=text) for text in texts]
    return Manifest("others", tuple(rows), (NO_GARMENT,), root, licence=LICENCE)


def empty_squares(mask: NDArray[np.uint8], name: str) -> list[tuple[int, int, int, int]]:
    """Finds squares without a labelled pixel, at places and of sizes that depend on the name only.

    Args:
        mask: uint8 (height, width); 0 where nothing is labelled.
        name: Of the photo.

    Returns:
        Up to `STREETS` boxes (x0, y0, x1, y1), in pixels, that overlap by no more than half.
    """
    random = np.random.default_rng(list(hashlib.sha256(name.encode()).digest()[:8]))
    height, width = mask.shape
    labelled = np.zeros((height + 1, width + 1), np.int64)  # integral image (Crow 1984)
    labelled[1:, 1:] = (mask > 0).cumsum(0).cumsum(1)
    found: list[tuple[int, int, int, int]] = []
    for _ in range(TRIES):
        side = int(random.integers(SIDES[0], SIDES[1] + 1))
        if len(found) == STREETS or side > min(height, width):
            continue
        x0, y0 = int(random.integers(0, width - side + 1)), int(random.integers(0, height - side + 1))
        x1, y1 = x0 + side, y0 + side
        inside = labelled[y1, x1] - labelled[y0, x1] - labelled[y1, x0] + labelled[y0, x0]
        if not inside and all(_shared((x0, y0, x1, y1), other) <= 0.5 * side**2 for other in found):
            found.append((x0, y0, x1, y1))
    return found


def _shared(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> int:
    """Pixels that two boxes share."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0, wide) * max(0, high)


def _mask(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("L") if picture.mode != "P" else picture, dtype=np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"Can't read the mask '{path}': {error}.") from error
