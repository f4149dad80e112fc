"""Keeps the catalogues: new messages into every .po file, and .mo files out of them. Needs babel (extra `dev`).

    python -m mobile_app.languages.catalogues

Run it after a new `tr("…")` and after each edit of a .po file. A message without a translation stays empty in the .po
file, and a test says so. The .mo files are committed, so that the app needs nothing to read them.
"""

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from .language import FOLDER, LANGUAGES, SOURCE
from .messages import marked_messages, taxonomy_names

UNWANTED_HEADERS = (
    b'"Project-Id-Version', b'"Report-Msgid-Bugs-To', b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Last-Translator',
    b'"Language-Team', b'"Generated-By',
)  # fmt: skip
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def read_catalogue(code: str) -> Catalog:
    """Return a language's .po file; an empty catalogue where there is none yet."""
    path = FOLDER / f"{code}.po"
    if not path.exists():
        return Catalog(locale=code, fuzzy=False)
    with path.open("rb") as stream:
        return read_po(stream, locale=code)


def updated(code: str, app: Path) -> Catalog:
    """Return a language's catalogue with exactly the messages that the app has now; known translations are kept.

    Args:
        code: One of `LANGUAGES`.
        app: The folder of the app's code.
    """
    old = read_catalogue(code)
    new = Catalog(locale=code, header_comment="", fuzzy=False, creation_date=LONG_AGO, revision_date=LONG_AGO)
    for message in (*taxonomy_names(), *marked_messages(app)):
        before = old.get(message)
        string = before.string if before is not None else ""
        if code == SOURCE and not any(string if isinstance(string, tuple) else (string,)):
            string = message
        new.add(message, string)
    return new


def po_bytes(catalogue: Catalog) -> bytes:
    """Return a catalogue as a .po file."""
    stream = io.BytesIO()
    write_po(stream, catalogue, width=0)
    # Dates and the tool's version would change every file whenever one is made.
    kept = [line for line in stream.getvalue().splitlines(keepends=True) if not line.startswith(UNWANTED_HEADERS)]
    return b"".join(kept)


def mo_bytes(catalogue: Catalog) -> bytes:
    """Return a catalogue as a .mo file."""
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()


def main() -> None:
    """Bring every .po and .mo file up to date."""
    for code in LANGUAGES:
        catalogue = updated(code, FOLDER.parent)
        for ending, content in ((".po", po_bytes(catalogue)), (".mo", mo_bytes(catalogue))):
            (FOLDER / f"{code}{ending}").write_bytes(content)


if __name__ == "__main__":
    main()
