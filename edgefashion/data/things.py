"""Things that are no garments, for the answer "not sure": cut-out pictures, each laid on a floor (`cutout`).

The drawings of the Debian package openclipart-png are in the public domain; any other folder of PNG files with
transparency will do. Folders and files whose names speak of clothes, and folders of signs and plain shapes,
are left out.
"""

import hashlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgefashion.data.cutout import laid, read_cutout
from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.split import split_of
from edgefashion.errors import DataError
from edgefashion.taxonomy import NO_GARMENT

DEBIAN_FOLDER = Path("/usr/share/openclipart/png")
DEBIAN_LICENCE = "public domain"
PER_FOLDER = 100
"""Pictures taken of one folder at most, so that no kind of thing outweighs the others."""
VIEWS = 3
"""Floors that every thing is seen on."""
VALIDATION_SHARE = 0.2
NOT_THINGS = frozenset((
    "people", "clothing", "clothes", "symbols", "signs", "signs_and_symbols", "shapes", "special", "unsorted",
    "seasonal", "holiday", "party", "icons", "buttons", "folders", "aiga-symbols", "roadsigns", "cards",
    "examples", "duplicates",
))  # fmt: skip
"""Folders that are left out."""
THINGS = frozenset(("bodypart", "smilies"))
"""Folders inside these that are taken all the same: hands and faces are no garments."""
GARMENTS = frozenset((
    "hat", "hats", "cap", "helmet", "crown", "shoe", "shoes", "boot", "boots", "slipper", "sandal", "sneaker",
    "sock", "socks", "stocking", "shirt", "tshirt", "blouse", "dress", "skirt", "pants", "trousers", "jeans",
    "shorts", "jacket", "coat", "sweater", "hoodie", "glove", "gloves", "mitten", "scarf", "tie", "belt", "bag",
    "purse", "handbag", "costume", "uniform", "suit", "santa", "man", "woman", "boy", "girl", "people", "person",
))  # fmt: skip
"""Words in a file's name: what bears one may show a garment."""
INSTEAD = "install the Debian package (apt-get install openclipart-png), or name a folder of PNG files: things:FOLDER"


def open_things(folder: str | None) -> Manifest:
    """Opens things on made-up floors; the only label is `NO_GARMENT`.

    Args:
        folder: Holds PNG files, in folders of any depth; None takes the Debian package's.

    Raises:
        DataError: There is no such folder, or nothing in it is a picture of a thing.
    """
    root = Path(folder).expanduser() if folder else DEBIAN_FOLDER
    if not root.is_dir():
        raise DataError(f"There is no folder '{root}': {INSTEAD}.")
    kinds: dict[str, list[str]] = {}
    for path in root.rglob("*.png"):
        place = path.relative_to(root)
        words, folders = set(re.split(r"[^a-z]+", place.stem.lower())), set(place.parts[:-1])
        if not GARMENTS & words and (THINGS & folders or not NOT_THINGS & folders):
            kinds.setdefault(place.parent.as_posix(), []).append(place.as_posix())
    rows = []
    for _, paths in sorted(kinds.items()):
        chosen = sorted(paths, key=lambda path: hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest())
        for name in sorted(chosen[:PER_FOLDER]):
            split = split_of(name, VALIDATION_SHARE)
            rows += [Row(f"{name}#{view}", NO_GARMENT, name, split) for view in range(VIEWS)]
    if not rows:
        raise DataError(f"'{root}' holds no picture of a thing: {INSTEAD}.")
    licence = "" if folder else DEBIAN_LICENCE

    def make(row: Row) -> NDArray[np.uint8]:
        return laid(read_cutout(root / row.group), row.path)

    return Manifest("things", tuple(rows), (NO_GARMENT,), root, licence=licence, make=make)
