"""A language of the app: the text of the screen for an English text of the code.

Catalogues are gettext's: `NAME.po` is what people edit, `NAME.mo` what is read; `catalogues.py` makes the one from the
other.
"""

import gettext
from collections.abc import Iterable
from pathlib import Path

from edgefashion.errors import UsageError

LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "vi": "Tiếng Việt",
    "th": "ไทย",
}
"""Code (ISO 639-1) → the language's name in itself, in the order in which they are offered."""
SOURCE = "en"
"""What the code is written in, and what is taken where nothing better is known."""
FOLDER = Path(__file__).parent


class Language:
    """One language, read and ready. May be shared between threads.

    Attributes:
        code: One of `LANGUAGES`.
    """

    def __init__(self, code: str, catalogue: gettext.GNUTranslations) -> None:
        """Most callers use `open`."""
        self.code = code
        self._catalogue = catalogue

    @classmethod
    def open(cls, code: str) -> "Language":
        """Read a language's catalogue.

        Raises:
            UsageError: The app has no such language.
        """
        if code not in LANGUAGES:
            raise UsageError(f"Unknown language '{code[:40]}'. Known: {', '.join(LANGUAGES)}.")
        with (FOLDER / f"{code}.mo").open("rb") as stream:
            return cls(code, gettext.GNUTranslations(stream))

    def text(self, message: str) -> str:
        """Return a text in this language; one that the catalogue lacks, such as a user's own label, stays as it is."""
        return self._catalogue.gettext(message) if message else ""

    def plural(self, one: str, many: str, number: int) -> str:
        """Return the form that this language uses for a number, with `{n}` filled in."""
        return self._catalogue.ngettext(one, many, number).format(n=number)


def preferred_language(wishes: Iterable[str]) -> str:
    """Return the first language that the app has, such as "de" for "de_AT.UTF-8"; English if it has none.

    Args:
        wishes: Locale names, best first: the values of LANGUAGE, LC_ALL, LC_MESSAGES and LANG, or what a phone says.

    >>> preferred_language(["C", "nl_NL", "vi-VN"])
    'vi'
    """
    for wish in wishes:
        for name in wish.split(":"):
            code = name.replace("-", "_").partition("_")[0].partition(".")[0].lower()
            if code in LANGUAGES:
                return code
    return SOURCE
