"""Every kind of source that `--data` and `data check` accept, in one table."""

from collections.abc import Callable
from pathlib import Path

from edgefashion.data.clothing import open_clothing, open_clothing_ten, open_clothing_ten_checked
from edgefashion.data.fashion_mnist import open_fashion_mnist
from edgefashion.data.image_folder import open_folder
from edgefashion.data.made_garments import open_cut, open_drawn
from edgefashion.data.manifest import Manifest, read_manifest
from edgefashion.data.others import open_others
from edgefashion.data.things import open_things
from edgefashion.data.worn import open_worn
from edgefashion.errors import DataError

SOURCES: dict[str, Callable[[str | None], Manifest]] = {
    "clothing": open_clothing,
    "clothing-ten": open_clothing_ten,
    "clothing-ten-checked": open_clothing_ten_checked,
    "cut": open_cut,
    "drawn": open_drawn,
    "fashion-mnist": open_fashion_mnist,
    "others": open_others,
    "things": open_things,
    "worn": open_worn,
}
"""Named sources: NAME or NAME:FOLDER."""

ACCEPTED = (
    "a folder with one sub-folder per label, a manifest .csv, clothing:FOLDER, clothing-ten:FOLDER, "
    "clothing-ten-checked:FOLDER, worn:FOLDER, others:FOLDER, cut:FOLDER, things, things:FOLDER, drawn or fashion-mnist"
)


def open_source(spec: str) -> Manifest:
    """Opens a source; a folder that bears the name of a source is meant when written as ./NAME.

    Args:
        spec: A folder of folders, a manifest .csv, or an entry of `SOURCES` as NAME or NAME:FOLDER.

    Raises:
        DataError: No such source, or it can't be read.
    """
    name, _, folder = spec.partition(":")
    if name in SOURCES:
        return SOURCES[name](folder or None)
    path = Path(spec).expanduser()
    if path.is_dir():
        return open_folder(path)
    if path.suffix.lower() == ".csv":
        return read_manifest(path)
    raise DataError(f"A source must be {ACCEPTED}; received '{spec}', which is none of these or is not there.")
