"""Which files of a folder are pictures."""

import os
from pathlib import Path

from edgefashion.errors import ImageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".avif")
"""Files with these endings are taken from a folder; a file that is named itself may end in anything."""


def pictures_in(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the picture files of a folder in order of name, without its subfolders.

    Raises:
        ImageError: There are none.
    """
    files = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise ImageError(f"{os.fspath(folder)}: no pictures in this folder. Known endings: {', '.join(SUFFIXES)}.")
    return files
