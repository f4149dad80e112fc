"""Scans leave the device only here: as files in the app's folder, or where the user puts them, when asked for."""

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from edgefashion.store.store import Store


def export_scans(store: Store, folder: Path) -> tuple[Path, ...]:
    """Write all scans as CSV and as JSON, under names with the date; nothing is overwritten.

    Returns:
        The files.

    Raises:
        StoreError: The store can't be read.
        OSError: The folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = f"{datetime.now():%Y-%m-%d-%H%M%S}"
    writers: dict[str, tuple[str, Callable[[Any], int]]] = {
        "csv": ("utf-8-sig", store.write_csv),  # with the mark by which spreadsheets know UTF-8
        "json": ("utf-8", store.write_json),
    }
    paths = []
    for ending, (encoding, write) in writers.items():
        path = free_name(folder / f"scans-{stamp}.{ending}")
        draft = path.with_suffix(f".{ending}.part")
        try:
            with draft.open("w", encoding=encoding, newline="") as stream:
                write(stream)
            os.replace(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)  # half a file is none, and the disk may be full
            raise
        paths.append(path)
    return tuple(paths)


def hand_out(paths: Iterable[Path], keep: Callable[[Path], bool]) -> tuple[str, ...]:
    """Hand files to whoever keeps them, and delete them here.

    Args:
        paths: The files.
        keep: Copies a file to where it stays; False if the person doesn't want it.

    Returns:
        The names of the files that are kept.

    Raises:
        EdgeFashionError: A file can't be written there; the files after it are not handed out.
    """
    try:
        return tuple(path.name for path in paths if keep(path))
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def free_name(path: Path) -> Path:
    """Return the path, or if it is taken the first of path-2, path-3 … that isn't."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free
