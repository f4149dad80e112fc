"""Garments beside the things of `things`, seen as those are, so that nobody learns floors and styles instead of things.

`cut`: the garments of the street photos, cut out along their hand-made masks and laid on made-up floors. `drawn`: drawn
garments, whose pictures follow from their names.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgefashion.data.cutout import SIDE, laid, read_cutout
from edgefashion.data.drawn import DRAWN_TYPES, draw_garment
from edgefashion.data.manifest import Manifest, Row, parse_box
from edgefashion.data.split import split_of
from edgefashion.data.worn import LICENCE, MIN_SIDE, SALT, VALIDATION_SHARE, read_boxes
from edgefashion.errors import DataError, ImageError
from edgefashion.taxonomy import Taxonomy

LEAST_FILLED = 0.4
"""Share of its box that a garment's pixels fill; of one that fills less, hands, hair and bags have left scraps."""
SEEDS = 100
"""Drawn garments of every type."""
FIRST_SEED = 1000
"""Far from those of the examples, which are to stay unseen."""


def open_cut(folder: str | None) -> Manifest:
    """Opens the garments of the street photos, without what is round them; the split is that of the source `worn`.

    Args:
        folder: Holds garments.csv, photos/ and masks/.

    Raises:
        DataError: A part is missing or damaged.
    """
    root, records = read_boxes(folder, "cut")
    types = Taxonomy.load("garment").types
    rows = []
    for record in records:
        name, box = record["type"].lower(), tuple(int(record[column]) for column in ("x0", "y0", "x1", "y1"))
        width, height = box[2] - box[0], box[3] - box[1]
        pixels = record["pixels"]
        filled = pixels.isascii() and pixels.isdigit() and int(pixels) >= LEAST_FILLED * width * height
        if name in types and min(width, height) >= MIN_SIDE and filled:
            image, text = record["image"], " ".join(map(str, box))
            split = split_of(image, validation=VALIDATION_SHARE, salt=SALT)
            rows.append(Row(f"photos/{image}", name, image, split, box=text))
    if not rows:
        raise DataError(f"'{root}' holds no garment of a known type.")

    def make(row: Row) -> NDArray[np.uint8]:
        box = parse_box(row.box)
        mask = _read(root / "masks" / f"{Path(row.group).stem}.png")
        photo = read_cutout(root / row.path).crop(box)
        photo.putalpha(Image.fromarray(_inside(mask, box, row.path)))
        return laid(photo, f"{row.path} {row.box}")

    return Manifest("cut", tuple(dict.fromkeys(rows)), types, root, licence=LICENCE, make=make)


def _inside(mask: NDArray[np.uint8], box: tuple[int, int, int, int], name: str) -> NDArray[np.uint8]:
    """Gives 255 where the garment is whose pixels fill just this box, else 0: uint8, of the box's size.

    Raises:
        ImageError: There is none.
    """
    x0, y0, x1, y1 = box
    for tag in np.unique(mask[y0:y1, x0:x1]):
        lines, columns = np.flatnonzero((mask == tag).any(1)), np.flatnonzero((mask == tag).any(0))
        if tag and (columns[0], lines[0], columns[-1] + 1, lines[-1] + 1) == box:
            return np.asarray((mask[y0:y1, x0:x1] == tag) * np.uint8(255), dtype=np.uint8)
    raise ImageError(f"{name}: its mask has nothing that fills the box {x0} {y0} {x1} {y1}.")


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            return np.asarray(picture if picture.mode == "P" else picture.convert("L"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path}: can't be read: {error}.") from error


def open_drawn(folder: str | None) -> Manifest:
    """Opens drawn garments, `SEEDS` of every type.

    Args:
        folder: Must be None: nothing is read.

    Raises:
        DataError: A folder was named.
    """
    if folder:
        raise DataError(f"The source 'drawn' takes no folder; received '{folder}'.")
    rows = []
    for kind in DRAWN_TYPES:
        for seed in range(FIRST_SEED, FIRST_SEED + SEEDS):
            name = f"{kind} {seed}"
            rows.append(Row(name, kind, name, split_of(name)))
    return Manifest("drawn", tuple(rows), Taxonomy.load("garment").types, None, make=_draw)


def _draw(row: Row) -> NDArray[np.uint8]:
    return np.asarray(draw_garment(row.type, int(row.path.rpartition(" ")[2]), SIDE))
