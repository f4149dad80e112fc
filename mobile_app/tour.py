"""The screenshot tour: visits every screen in every theme and size, and writes a picture of each."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from edgefashion.errors import EdgeFashionError
from edgefashion.runtime.stream import StreamState
from edgefashion.store.place import FILE_NAME
from edgefashion.store.store import Store

from .app import EdgeFashionApp, Options
from .stepper import Stepper
from .text import tr
from .theme import THEMES

SIZES = ((800, 480), (1280, 720), (1920, 1080), (480, 800), (360, 640), (640, 360))
SCANS = 3


def run_tour(
    out: Path,
    source: str | None,
    model: str | None,
    sizes: tuple[tuple[int, int], ...] = SIZES,
    themes: tuple[str, ...] = tuple(THEMES),
) -> None:
    """Write OUT/WIDTHxHEIGHT/THEME/SCREEN.png for every screen; a store of its own is used and thrown away.

    Raises:
        EdgeFashionError: The folder is not empty, or the camera gives no picture that the model knows.
        OSError: A picture can't be written.
    """
    if out.exists() and any(out.iterdir()):
        raise EdgeFashionError(f"{out}: is not empty; name a new folder for the pictures.")
    with TemporaryDirectory() as scratch, Store.open(Path(scratch) / FILE_NAME) as store:
        app = EdgeFashionApp(store, Options(Path(scratch), source, model))
        stepper = Stepper(app, sizes[0])
        try:
            _collect(app, stepper)
            for width, height in sizes:
                stepper.resize((width, height))
                for theme in themes:
                    store.set_setting("theme", theme)
                    app.rebuild()
                    for name, visit in _visits(app):
                        visit()
                        stepper.frames(4)
                        _write(stepper, out / f"{width}x{height}" / theme.replace(" ", "-") / f"{name}.png")
        finally:
            stepper.close()


def _collect(app: EdgeFashionApp, stepper: Stepper) -> None:
    """Save and count a few garments, so that the lists show something; the last stays frozen."""
    seen: set[str] = set()
    while len(seen) < SCANS:
        app.session.resume()
        stepper.until(
            lambda: _new_and_sure(app.session.state, seen),
            "a picture that the model is sure of",
        )
        scan = app.session.save()
        if scan is None:
            continue
        seen.add(scan.type)
        app.session.count(scan, len(seen))
        app.store.set_target(scan.final["type"], scan.colour, 3)
    if app.session.scan is not None:
        app.session.correct(app.session.scan, "colour", "blue")


def _new_and_sure(state: StreamState, seen: set[str]) -> bool:
    return state.state == "sure" and state.prediction is not None and state.prediction.type not in seen


def _visits(app: EdgeFashionApp) -> Iterator[tuple[str, Callable[[], object]]]:
    """The screens by name, and how to get there."""
    scan = app.store.scans(limit=1)[0]
    yield "live", app.back
    yield "message", lambda: app.say(tr("Saved"), undo=1)
    app.messages.hush()
    yield "correct", lambda: app.open_correction("type")
    yield "correct-colour", lambda: app.open_correction("colour")
    yield "history", lambda: app.open_page("history")
    yield "scan", lambda: app.open_page("scan", scan=scan)
    yield "stock", lambda: app.open_page("stock")
    yield "share", lambda: app.open_page("share", scan=scan)
    yield "import", lambda: app.open_page("import")
    yield "settings", lambda: app.open_page("settings")
    yield "health", lambda: app.open_page("health")
    yield "pin", lambda: app.open_page("pin")
    app.back()
    yield "attract", app.kiosk.invite
    app.kiosk.wake()


def _write(stepper: Stepper, path: Path) -> None:
    """Write what is on the screen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(stepper.screenshot()).convert("RGB").save(path, optimize=True)
