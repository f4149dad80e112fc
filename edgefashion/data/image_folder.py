"""A folder of folders, one per label: FOLDER/label/picture, or FOLDER/label/group/picture.

Where the folders at the top are train, validation and test, each with label folders, the splits are taken as given.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.split import split_of
from edgefashion.errors import DataError

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
SPLIT_FOLDERS = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
"""Folder names that state a split."""
VALIDATION_SHARE = 0.2


def open_folder(folder: str | os.PathLike[str]) -> Manifest:
    """Opens a folder of folders. The labels are the folders' names, sorted.

    The group is the folder inside the label's folder where there is one, else the picture's own name without its
    ending. The split is `split_of` of the group, unless the folders state it. Hidden files are passed over; files
    that are no picture by their name are counted in `notes`. Pictures are not opened.

    Raises:
        DataError: The folder is missing or unreadable, or holds no label folder with a picture.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise DataError(f"'{folder}' is not a folder; a source must be a folder with one sub-folder per label.")
    tops = _folders(root)
    skipped: Counter[str] = Counter()
    rows: list[Row] = []
    given = bool(tops) and all(name.lower() in SPLIT_FOLDERS for name in tops)
    if given:
        for top in tops:
            for label in _folders(root / top):
                rows += _rows(root, f"{top}/{label}", label, SPLIT_FOLDERS[top.lower()], skipped)
            skipped["loose"] += _loose(root / top)
    else:
        for label in tops:
            rows += _rows(root, label, label, None, skipped)
    skipped["loose"] += _loose(root)
    if not rows:
        raise DataError(
            f"'{folder}' holds no picture in a label folder; expected FOLDER/label/picture with an ending such as "
            f"{', '.join(PICTURE_SUFFIXES[:4])}; received {len(tops)} sub-folders and {skipped.total()} other files: "
            "put the pictures into sub-folders named by what they show."
        )
    return Manifest(
        root.resolve().name or "folder",
        tuple(rows),
        tuple(sorted({row.type for row in rows})),
        root,
        notes=tuple(_notes(rows, tops, skipped, given)),
    )


def _rows(root: Path, place: str, label: str, split: str | None, skipped: Counter[str]) -> Iterator[Row]:
    """Yields the rows of one label's folder, in the order of their paths."""
    for relative in _files(root / place):
        if not relative.lower().endswith(PICTURE_SUFFIXES):
            skipped["not a picture"] += 1
            continue
        parts = relative.split("/")
        path = f"{place}/{relative}"
        if not path.isprintable() and any(ord(character) < 32 for character in path):
            skipped["control characters in the name"] += 1
            continue
        # Numbered names (0001.jpg) recur in every label folder: where the splits are given, they are no group.
        alone = Path(parts[-1]).stem if split is None else path
        group = parts[0] if len(parts) > 1 else alone
        yield Row(path, label, group, split or split_of(group, validation=VALIDATION_SHARE))


def _files(folder: Path) -> Iterator[str]:
    """Yields the visible files below the folder, sorted, as relative paths with "/"; linked folders are not entered."""
    found = []
    for place, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [(Path(place) / name).relative_to(folder).as_posix() for name in files if not name.startswith(".")]
    yield from sorted(found)


def _folders(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        _refuse(error)
        return []


def _loose(folder: Path) -> int:
    """Counts the visible files that lie beside the label folders and therefore have no label."""
    return sum(1 for entry in os.scandir(folder) if not entry.is_dir() and not entry.name.startswith("."))


def _refuse(error: OSError) -> None:
    raise DataError(f"Can't read the folder '{error.filename}': {error.strerror or error}.") from error


def _notes(rows: list[Row], tops: list[str], skipped: Counter[str], given: bool) -> Iterator[str]:
    if skipped["not a picture"]:
        yield f"{skipped['not a picture']:,} files skipped: no picture by their name"
    if skipped["control characters in the name"]:
        yield f"{skipped['control characters in the name']:,} files skipped: control characters in the name"
    if skipped["loose"]:
        yield f"{skipped['loose']:,} files skipped: they lie beside the label folders"
    counts = Counter(row.type for row in rows)
    empty = [] if given else [label for label in tops if not counts[label]]
    if empty:
        yield f"label folders without a picture left out: {', '.join(empty[:10])}"
