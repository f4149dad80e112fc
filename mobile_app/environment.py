"""What must be settled before Kivy is imported for the first time: where it may write, and how the window is made."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from edgefashion.runtime.android import on_android
from edgefashion.store.store import Store

WINDOW = (1280, 720)
LARGEST = (1920, 1920)
"""Of the tour: SDL's offscreen driver keeps the frame buffer of its first window."""
FRAMES_PER_SECOND = 30
KEYBOARD, KIOSK_KEYBOARD = "", "systemanddock"
"""Kivy's names for the system's keyboard alone, and for one on the screen besides."""
M_MMAP_THRESHOLD = -3
"""Of <malloc.h>."""
OWN_MAPPING_BYTES = 256 * 1024
"""Memory of at least this size goes back to the system when it is freed: frames above all."""


def kiosk_in_settings(store: Store) -> bool:
    """Whether the screen belongs to the app alone by its settings; without a PIN nothing would keep people in."""
    return bool(store.setting("kiosk", False) and store.setting("pin", ""))


def give_frames_back() -> None:
    """Let the memory of a frame that is done with go back to the system.

    glibc keeps what was freed once for the next of its size, in every thread's own heap, where later and smaller things
    hold it fast (mallopt(3), M_MMAP_THRESHOLD). Other systems, and Linux with another C library, are left as they are.
    """
    if sys.platform.startswith("linux") and not on_android():
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").mallopt(M_MMAP_THRESHOLD, OWN_MAPPING_BYTES)


def prepare(folder: Path, size: tuple[int, int] = WINDOW, kiosk: bool = False) -> None:
    """Set Kivy's environment and configuration; call it once, before anything imports `kivy`.

    Args:
        folder: The app's data folder; Kivy's own files go into a subfolder of it and never into ~/.kivy.
        size: Width and height of the window in pixels; a kiosk takes the whole screen.
        kiosk: Full screen, no cursor, no border, and the keyboard on the screen where there is no other.

    Raises:
        OSError: The folder can't be made.
    """
    give_frames_back()
    home = folder / "kivy"
    home.mkdir(parents=True, exist_ok=True)
    settings: Mapping[str, str] = {
        "KIVY_HOME": str(home),
        "KIVY_NO_ARGS": "1",
        "KIVY_NO_CONSOLELOG": "1",
        "KIVY_NO_FILELOG": "1",
        "KIVY_LOG_MODE": "MIXED",  # else Kivy takes stderr, and what ends the app is told to nobody
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    from kivy.config import Config

    for section, name, setting in (
        ("kivy", "exit_on_escape", "0"),
        ("kivy", "keyboard_mode", KIOSK_KEYBOARD if kiosk else KEYBOARD),
        ("kivy", "desktop", "0" if on_android() else "1"),
        ("kivy", "window_icon", ""),
        ("input", "mouse", "mouse,disable_multitouch"),
        ("graphics", "width", str(size[0])),
        ("graphics", "height", str(size[1])),
        ("graphics", "maxfps", str(FRAMES_PER_SECOND)),
        ("graphics", "allow_screensaver", "0"),
        ("graphics", "fullscreen", "auto" if kiosk else "0"),
        ("graphics", "borderless", "1" if kiosk else "0"),
        ("graphics", "show_cursor", "0" if kiosk else "1"),
        ("graphics", "minimum_width", "320"),
        ("graphics", "minimum_height", "320"),
    ):
        Config.set(section, name, setting)
    # SDL reads touch screens itself. Kivy's own search gives every touch a second time to whoever may read /dev/input,
    # as a kiosk without a desktop must.
    Config.remove_option("input", "%(name)s")
