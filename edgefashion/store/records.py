"""Scans as rows of the file: writing, reading, correcting, removing. Works inside the caller's transaction."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from edgefashion.errors import StoreError
from edgefashion.runtime.prediction import Prediction
from edgefashion.store.scan import ATTRIBUTES, Scan, main_colour
from edgefashion.taxonomy import Taxonomy

MAX_NAME = 100
"""Characters of a type, a colour or any other single value; as in the taxonomy."""
MAX_CODE = 7_089
"""Characters of a code: what the largest QR code holds (ISO/IEC 18004)."""
MAX_THUMBNAIL = 512 * 1024
JPEG_START = b"\xff\xd8\xff"
READ = (
    "SELECT scan.id, taken_at, corrected, reviewed, code, model, prediction, thumbnail "
    "FROM scan JOIN scan_content USING (id)"
)
"""What `scan_of` reads."""

Removed = tuple[tuple[str | int, ...], tuple[str | int | bytes, ...]]
"""A removed scan's two rows, as they were."""


def utc_text(moment: datetime) -> str:
    """Gives a moment as the store writes it: UTC, ISO 8601, milliseconds, always of the same width.

    Raises:
        StoreError: The moment has no time zone, so nobody knows which moment is meant.
    """
    if moment.tzinfo is None:
        raise StoreError(f"A moment needs a time zone, such as datetime.now(UTC); received {moment.isoformat()}.")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def check_name(what: str, value: str, may_be_empty: bool = False) -> str:
    """Gives `value` back if it is one printable line of at most `MAX_NAME` characters.

    Raises:
        StoreError: It is not.
    """
    if not value.isprintable() or value != value.strip() or not (not may_be_empty) <= len(value) <= MAX_NAME:
        raise StoreError(f"A {what} must be one line of 1 to {MAX_NAME} printable characters; received {value[:60]!r}.")
    return value


def insert(
    connection: sqlite3.Connection, prediction: Prediction, thumbnail: bytes, model: str, code: str, moment: datetime
) -> Scan:
    """Adds a scan and gives it as it will be read.

    Raises:
        StoreError: A value is too long or unprintable, or the thumbnail is no JPEG.
    """
    for what, value in (("type", prediction.type), ("category", prediction.category), ("model", model)):
        check_name(what, value)
    for name, attribute in prediction.details.items():
        check_name(check_name("attribute", name), attribute.value)
    if len(code) > MAX_CODE or any("\ud800" <= character <= "\udfff" for character in code):
        raise StoreError(f"A code may have {MAX_CODE:,} characters of text; received {len(code):,}: {code[:40]!r}.")
    if thumbnail and (len(thumbnail) > MAX_THUMBNAIL or not thumbnail.startswith(JPEG_START)):
        raise StoreError(
            f"A thumbnail must be a JPEG of at most {MAX_THUMBNAIL:,} bytes, or empty; "
            f"received {len(thumbnail):,} bytes that begin with {thumbnail[:4].hex()}."
        )
    said = {
        "ranking": [(name, round(probability, 6)) for name, probability in prediction.ranking],
        "category": prediction.category,
        "sure": prediction.sure,
        "attributes": {
            name: {"value": attribute.value, "confidence": round(attribute.confidence, 6)}
            for name, attribute in prediction.details.items()
        },
    }
    final = {"type": prediction.type, "category": prediction.category}
    final |= {name: attribute.value for name, attribute in prediction.details.items()}
    made = connection.execute(
        "INSERT INTO scan (taken_at, type, colour, corrected, code, model, words) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (utc_text(moment), final["type"], main_colour(final), _json({}), code, model, _words(final, code)),
    )
    number = int(made.lastrowid or 0)
    connection.execute("INSERT INTO scan_content VALUES (?, ?, ?)", (number, _json(said), thumbnail))
    return get(connection, number)


def scan_of(row: Sequence[Any]) -> Scan:
    """Gives the scan of a row that `READ` found.

    Raises:
        StoreError: The row holds no scan; somebody else has written it.
    """
    number, taken_at, corrected, reviewed, code, model, prediction, thumbnail = row
    try:
        said = json.loads(prediction)
        ranking = tuple((str(name), float(probability)) for name, probability in said["ranking"])
        return Scan(
            id=number,
            taken_at=taken_at,
            type=ranking[0][0],
            category=str(said["category"]),
            confidence=ranking[0][1],
            sure=bool(said["sure"]),
            ranking=ranking,
            attributes={str(name): str(attribute["value"]) for name, attribute in said["attributes"].items()},
            corrected=_values(corrected),
            reviewed=_values(reviewed),
            code=code,
            model=model,
            thumbnail=bytes(thumbnail),
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise StoreError(f"Scan {number} can't be read ({error}); delete it.") from error


def find(connection: sqlite3.Connection, number: int) -> Scan | None:
    """Gives the scan of an id; None where there is none."""
    row = connection.execute(f"{READ} WHERE scan.id = ?", (number,)).fetchone()
    return None if row is None else scan_of(row)


def get(connection: sqlite3.Connection, number: int) -> Scan:
    """Gives the scan of an id.

    Raises:
        StoreError: There is none.
    """
    scan = find(connection, number)
    if scan is None:
        raise StoreError(f"There is no scan {number}; it was deleted, or cleaned away as one of the oldest.")
    return scan


def review(scan: Scan, fields: Mapping[str, str]) -> dict[str, str]:
    """Gives what is reviewed of a scan after a person has given `fields`. A type brings its category along.

    Raises:
        StoreError: An unknown field, or a value that is no clean line.
    """
    known = ("type", "category", *dict.fromkeys((*ATTRIBUTES, *scan.attributes)))
    if not fields or not set(fields) <= set(known):
        unknown = ", ".join(sorted(set(fields) - set(known))) or "nothing"
        raise StoreError(f"What can be corrected is {', '.join(known)}; received {unknown[:60]}.")
    given = {name: check_name(name, value) for name, value in fields.items()}
    if "type" in given and "category" not in given:
        known_type = given["type"] == scan.type
        given["category"] = scan.category if known_type else _category(given["type"])
    return {**scan.reviewed, **given}


def write_review(connection: sqlite3.Connection, scan: Scan, reviewed: Mapping[str, str]) -> Scan:
    """Writes what is reviewed of a scan, and gives the scan as it is then; what the model said too is no correction."""
    said = {"type": scan.type, "category": scan.category, **scan.attributes}
    corrected = {name: value for name, value in reviewed.items() if value != said.get(name)}
    scan = replace(scan, corrected=corrected, reviewed=dict(reviewed))
    final = scan.final
    connection.execute(
        "UPDATE scan SET type = ?, colour = ?, corrected = ?, reviewed = ?, words = ? WHERE id = ?",
        (
            final["type"],
            main_colour(final),
            _json(corrected),
            _json(scan.reviewed),
            _words(final, scan.code),
            scan.id,
        ),
    )
    return scan


def remove(connection: sqlite3.Connection, number: int) -> Removed:
    """Removes a scan, and gives its rows for `put_back`.

    Raises:
        StoreError: There is none with this id.
    """
    get(connection, number)
    scan = connection.execute("SELECT * FROM scan WHERE id = ?", (number,)).fetchone()
    content = connection.execute("SELECT * FROM scan_content WHERE id = ?", (number,)).fetchone()
    connection.execute("DELETE FROM scan WHERE id = ?", (number,))
    return scan, content


def put_back(connection: sqlite3.Connection, removed: Removed) -> Scan:
    """Writes the rows of a removed scan again, under the same id."""
    for table, row in zip(("scan", "scan_content"), removed, strict=True):
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    return get(connection, int(removed[0][0]))


def _values(text: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in json.loads(text).items()}


def _category(type_name: str) -> str:
    """The category that a type stands in; "other" for a type that the garment taxonomy doesn't have."""
    return Taxonomy.from_labels([type_name]).category_of(type_name)


def _words(final: Mapping[str, str], code: str) -> str:
    """What searching looks through: every value that holds and the code, without capitals."""
    return " ".join((*final.values(), code)).casefold()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
