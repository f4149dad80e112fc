"""`edgefashion-app`: starts the app. Nothing is imported from Kivy before the command line is understood."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from edgefashion.errors import EdgeFashionError, MissingExtraError
from edgefashion.store.place import FILE_NAME, default_folder
from edgefashion.store.store import Store

from .environment import LARGEST, WINDOW, kiosk_in_settings, prepare
from .supervisor import can_supervise, is_watched, supervise


def main(argv: Sequence[str] | None = None) -> int:
    """Run the app until its window is closed; 0, 1 for an error told in one line, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="edgefashion-app", description="Point a camera at a garment.", allow_abbrev=False
    )
    parser.add_argument("picture", nargs="?", help="a picture to open")
    parser.add_argument("--source", help="folder:PATH, video:PATH, usb:0 or picamera2 (default: as in the settings)")
    parser.add_argument("--model", help="a .tflite file with a card, or the name of a shipped model")
    parser.add_argument("--kiosk", action="store_true", help="full screen; starts again after a crash")
    parser.add_argument(
        "--idle", type=float, default=60.0, metavar="SECONDS", help="kiosk: invite again after this long"
    )
    parser.add_argument("--folder", type=Path, help="where scans and settings are kept (default: your data folder)")
    parser.add_argument("--size", type=_size, default=WINDOW, metavar="WIDTHxHEIGHT", help="size of the window")
    parser.add_argument("--screenshot-tour", type=Path, metavar="OUT", help="write pictures of every screen, and end")
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    command = (sys.executable, "-P", "-m", "edgefashion_app", *(sys.argv[1:] if argv is None else argv))
    try:
        return _start(arguments, command)
    except (EdgeFashionError, OSError) as error:
        sys.stderr.write(f"edgefashion-app: {' '.join(str(error).split())}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _start(arguments: argparse.Namespace, command: tuple[str, ...]) -> int:
    """Run the tour, or the app; a kiosk that nobody watches over is run by a supervisor, with `command`.

    Returns:
        The exit code.
    """
    folder: Path = arguments.folder or default_folder()
    if arguments.screenshot_tour is not None:
        _prepare(folder, LARGEST, kiosk=False)
        from .tour import run_tour

        run_tour(arguments.screenshot_tour, arguments.source, arguments.model)
        return 0
    alone = can_supervise() and not is_watched()
    if alone and arguments.kiosk:
        return supervise(command)
    with Store.open(folder / FILE_NAME) as store:
        kiosk = kiosk_in_settings(store)
        if not (alone and kiosk):
            _prepare(folder, arguments.size, arguments.kiosk or kiosk)
            _run(arguments, command, store, watched=not alone)
        begun = not kiosk and kiosk_in_settings(store)
    if alone and begun:  # again from the start, so that the supervisor holds no window and no model
        os.execv(command[0], command)
    return supervise(command) if alone and kiosk else 0


def _run(arguments: argparse.Namespace, command: tuple[str, ...], store: Store, watched: bool) -> None:
    """Open the window, until it is closed."""
    from .app import EdgeFashionApp, Options

    options = Options(
        folder=store.path.parent, source=arguments.source, model=arguments.model, kiosk=arguments.kiosk,
        idle_seconds=arguments.idle, picture=arguments.picture, watched=watched,
        command=() if arguments.kiosk else command,
    )  # fmt: skip
    EdgeFashionApp(store, options).run()


def _prepare(folder: Path, size: tuple[int, int], kiosk: bool) -> None:
    """Make Kivy ready."""
    try:
        prepare(folder, size, kiosk)
    except ModuleNotFoundError as error:
        raise MissingExtraError("app", "'edgefashion-app'") from error
    if find_spec("segno") is None:  # told now and not at the first QR code
        raise MissingExtraError("app", "'edgefashion-app'")


def _size(text: str) -> tuple[int, int]:
    """Return width and height in pixels of "WIDTHxHEIGHT"."""
    width, _, height = text.partition("x")
    try:
        size = int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a size is written like 800x480; received {text!r}") from None
    if not all(320 <= side <= 8192 for side in size):
        raise argparse.ArgumentTypeError(f"each side must be 320 to 8192 pixels; received {text!r}")
    return size
