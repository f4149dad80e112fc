"""Scans as files: CSV for spreadsheets, JSON for programs, a manifest with pictures to train on."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from edgefashion.errors import StoreError
from edgefashion.store.scan import ATTRIBUTES, Scan

CSV_COLUMNS = (
    "id", "taken_at", "type", "category", *ATTRIBUTES, "corrected", "model_type", "confidence", "sure", "code", "model",
)  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What makes a spreadsheet read a cell as a formula (OWASP, "CSV Injection"), the wide forms too."""


MANIFEST_FILE = "manifest.csv"
PICTURES_FOLDER = "pictures"


def write_csv(scans: Iterable[Scan], stream: TextIO) -> int:
    """Writes one row a scan, with the values that hold; gives the number of scans.

    Args:
        scans: In the order of the rows.
        stream: Opened with newline=""; with the encoding "utf-8-sig" Excel reads every letter right.
    """
    writer = csv.writer(stream)
    writer.writerow(CSV_COLUMNS)
    written = 0
    for written, scan in enumerate(scans, start=1):  # noqa: B007 - the last number is what is told
        final = scan.final
        cells = (
            str(scan.id),
            scan.taken_at,
            final["type"],
            final["category"],
            *(final.get(name, "") for name in ATTRIBUTES),
            " ".join(sorted(scan.corrected)),
            scan.type,
            f"{scan.confidence:.4f}",
            "yes" if scan.sure else "no",
            scan.code,
            scan.model,
        )
        writer.writerow([safe_cell(cell) for cell in cells])
    return written


def write_json(scans: Iterable[Scan], stream: TextIO) -> int:
    """Writes `{"scans": […]}`, one line a scan, without thumbnails; gives the number of scans."""
    stream.write('{"scans": [')
    written = 0
    for written, scan in enumerate(scans, start=1):
        stream.write(("\n" if written == 1 else ",\n") + json.dumps(scan.to_dict(), ensure_ascii=False))
    stream.write("\n]}\n")
    return written


def write_reviewed(scans: Iterable[Scan], folder: Path, group: str) -> int:
    """Writes the scans whose type a person has reviewed as a manifest, the only way back to training.

    `folder/manifest.csv` and `folder/pictures/` are written. An attribute that nobody has reviewed stays empty: a model
    is not to learn its own guesses. All rows are in the split "train".

    Args:
        scans: Those without a reviewed type, or without a thumbnail, are left out.
        folder: Is made; must hold no manifest yet.
        group: Who took the pictures, such as the device's name; pictures of one group may share floor and light.

    Returns:
        The number of rows.

    Raises:
        StoreError: There is a manifest already, or no scan is reviewed.
        DataError: The folder can't be written.
    """
    # Here and not above: this needs numpy, which the store itself does not.
    from edgefashion.data.manifest import Manifest, Row, write_file, write_manifest

    path = folder / MANIFEST_FILE
    if path.exists():
        raise StoreError(f"'{path}' exists already; choose another folder.")
    rows = []
    for scan in scans:
        if "type" in scan.reviewed and scan.thumbnail:
            picture = f"{PICTURES_FOLDER}/scan-{scan.id:06}.jpg"
            write_file(folder / picture, scan.thumbnail)
            known = {name: scan.reviewed.get(name, "") for name in ATTRIBUTES}
            rows.append(Row(picture, scan.reviewed["type"], group, "train", **known))
    if not rows:
        raise StoreError("No scan has a reviewed type and a picture yet; correct or confirm some first.")
    labels = tuple(sorted({row.type for row in rows}))
    write_manifest(Manifest(folder.name, tuple(rows), labels, root=folder), path)
    return len(rows)


def safe_cell(text: str) -> str:
    """Gives a cell that no spreadsheet takes for a formula: an apostrophe goes before one that it would.

    Control characters become blanks. A lone sign, such as "-" for "no detail", is no formula and stays.

    >>> safe_cell("=HYPERLINK(A1)"), safe_cell("-"), safe_cell("4006381333931")
    ("'=HYPERLINK(A1)", '-', '4006381333931')
    """
    text = "".join(character if character.isprintable() else " " for character in text)
    stripped = text.lstrip()
    return f"'{text}" if len(stripped) > 1 and stripped.startswith(FORMULA_STARTS) else text
