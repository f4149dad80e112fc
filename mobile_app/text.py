"""The one place through which every text on the screen goes: `tr("…")` in the current language."""

from .languages.language import SOURCE, Language

_current = [Language.open(SOURCE)]


def use_language(code: str) -> None:
    """Speak another language from now on; what is on the screen already has to be drawn anew.

    Raises:
        UsageError: The app has no such language.
    """
    _current[0] = Language.open(code)


def tr(message: str) -> str:
    """Return a text of the screen in the current language; the English text is the key."""
    return _current[0].text(message)
