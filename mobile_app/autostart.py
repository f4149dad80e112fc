"""Asks a Linux desktop to start a kiosk at every login, so that it is back after a power cut.

A file of the XDG Autostart Specification, which Raspberry Pi OS, GNOME and KDE follow
(https://specifications.freedesktop.org/autostart-spec/latest/). Other systems have no such file; there a person sets
it up. A kiosk under systemd (deploy/) needs none.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

FILE_NAME = "edgefashion-kiosk.desktop"


def ask(command: Sequence[str]) -> None:
    """Ask for a command to be run at every login, in the present folder.

    Raises:
        OSError: The file can't be written.
    """
    if not sys.platform.startswith("linux"):
        return
    place = _place()
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_suffix(".part")
    words = " ".join(map(_quoted, command))
    draft.write_text(
        f"[Desktop Entry]\nType=Application\nName=EdgeFashion kiosk\nExec={words}\nPath={_text(os.getcwd())}\n",
        encoding="utf-8",
    )
    draft.replace(place)


def withdraw() -> None:
    """Ask no more; nothing happens if nobody had.

    Raises:
        OSError: The file can't be removed.
    """
    with contextlib.suppress(FileNotFoundError):
        _place().unlink()


def _place() -> Path:
    named = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".config") / "autostart" / FILE_NAME


def _quoted(word: str) -> str:
    """Return one word of Exec: in double quotes, "%" doubled (Desktop Entry Specification, "The Exec key")."""
    for special in ("\\", '"', "`", "$"):
        word = word.replace(special, f"\\{special}")
    return _text(f'"{word.replace("%", "%%")}"')


def _text(value: str) -> str:
    """Return a string as a desktop entry writes it: backslashes once more, line breaks as letters."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
