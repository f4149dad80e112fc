"""Reads the records of a CSV file that nobody vouches for: encoding, header and row lengths are checked first."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgefashion.errors import DataError

MAX_TABLE_BYTES = 64 * 1024 * 1024


def read_table(path: Path) -> bytes:
    """Gives the bytes of the table that comes with a folder of photos.

    Raises:
        DataError: It can't be read, or is larger than `MAX_TABLE_BYTES`.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        raise DataError(f"Can't read '{path}': {error.strerror or error}.") from error
    if len(content) > MAX_TABLE_BYTES:
        raise DataError(f"'{path}' is larger than {MAX_TABLE_BYTES:,} bytes; it is not the table of these photos.")
    return content


def read_records(
    content: bytes, name: str, required: Sequence[str], allowed: Sequence[str] | None = None
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields row number (the header is row 1) and record of a CSV file's bytes; values are stripped of blanks.

    Args:
        content: The bytes: UTF-8, byte order mark allowed.
        name: What errors call the file.
        required: Columns that must be there.
        allowed: Columns that may be there; None allows any.

    Raises:
        DataError: Not UTF-8, not CSV, a column missing, twice or unknown, or a row of another length.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"'{name}' is not UTF-8 text (byte {error.start}); save it as 'CSV UTF-8'.") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"'{name}', row {line}: holds a NUL character; it is not a CSV file, or it is damaged.")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    number = 0
    try:
        for number, values in enumerate(reader, start=1):
            if number == 1:
                header = [value.strip() for value in values]
                _check_header(header, name, required, allowed)
            elif values:
                if len(values) != len(header):
                    raise DataError(
                        f"'{name}', row {number}: must have {len(header)} values like the header; "
                        f"received {len(values)}."
                    )
                yield number, {column: value.strip() for column, value in zip(header, values, strict=True)}
    except csv.Error as error:
        raise DataError(f"'{name}', row {number + 1}: is not CSV ({error}).") from error
    if not header:
        _check_header(header, name, required, allowed)


def _check_header(header: list[str], name: str, required: Sequence[str], allowed: Sequence[str] | None) -> None:
    missing = [column for column in required if column not in header]
    if missing:
        raise DataError(
            f"'{name}' lacks the column {', '.join(repr(column) for column in missing)}; its first line must name "
            f"{', '.join(required)}; received {', '.join(column[:40] for column in header[:10]) or 'nothing'}."
        )
    for column in header:
        if allowed is not None and column not in allowed:
            raise DataError(f"'{name}' has an unknown column '{column[:40]}'; known are {', '.join(allowed)}.")
        if header.count(column) > 1:
            raise DataError(f"'{name}' has the column '{column[:40]}' twice.")
