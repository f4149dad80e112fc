"""Scans as files for other programs: CSV for spreadsheets, JSON for programs."""

import csv
import json
from collections.abc import Iterable
from typing import TextIO

from edgefashion.store.scan import ATTRIBUTES, Scan

CSV_COLUMNS = (
    "id", "taken_at", "type", "category", *ATTRIBUTES, "corrected", "model_type", "confidence", "sure", "code", "model",
)  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What makes a spreadsheet read a cell as a formula (OWASP, "CSV Injection"), the wide forms too."""


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


def safe_cell(text: str) -> str:
    """Gives a cell that no spreadsheet takes for a formula: an apostrophe goes before one that it would.

    Control characters become blanks. A lone sign, such as "-" for "no detail", is no formula and stays.

    >>> safe_cell("=HYPERLINK(A1)"), safe_cell("-"), safe_cell("4006381333931")
    ("'=HYPERLINK(A1)", '-', '4006381333931')
    """
    text = "".join(character if character.isprintable() else " " for character in text)
    stripped = text.lstrip()
    return f"'{text}" if len(stripped) > 1 and stripped.startswith(FORMULA_STARTS) else text
