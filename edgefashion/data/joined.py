"""Several sources as one manifest: the first one whole, of the others what may train."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError


def joined(first: Manifest, extra: Sequence[Manifest]) -> Manifest:
    """Adds the training pictures of further sources to a manifest; who is judged, and by what, stays as it was.

    Args:
        first: Every row of it stays.
        extra: Only their split "train" is taken.

    Returns:
        One manifest. Labels that only `extra` has come last. Paths are relative to the folder that all share, so the
        digest is the same wherever that folder lies.

    Raises:
        DataError: Pictures of one of them are arrays or made, an extra source has no training picture, or the
            labels of one are a mapping's and those of another aren't.
    """
    parts = [first, *(manifest.select("train") for manifest in extra)]
    for part in parts:
        if part.arrays is not None or part.root is None or part.make is not None:
            raise DataError(f"'{part.name}' can't be joined with other sources: its pictures are no plain files.")
        if part.mapping != first.mapping:
            raise DataError(f"'{part.name}' and '{first.name}' can't be joined: their labels are of different sets.")
        if not part.rows:
            raise DataError(f"'{part.name}' has no training picture to add to '{first.name}'.")
    roots = [Path(os.path.abspath(part.root or "")) for part in parts]
    shared = Path(os.path.commonpath(roots))
    rows: list[Row] = []
    for part, root in zip(parts, roots, strict=True):
        rows += [replace(row, path=_moved(row.path, root, shared)) for row in part.rows]
    return Manifest(
        name=" + ".join(part.name for part in parts),
        rows=tuple(rows),
        labels=tuple(dict.fromkeys(label for part in parts for label in part.labels)),
        root=shared,
        mapping=first.mapping,
        notes=tuple(note for part in parts for note in part.notes),
        licence=", ".join(dict.fromkeys(part.licence for part in parts if part.licence)),
    )


def _moved(path: str, root: Path, shared: Path) -> str:
    """A row's path, relative to another folder above; an absolute one stays."""
    return path if Path(path).is_absolute() else (root.relative_to(shared) / path).as_posix()
