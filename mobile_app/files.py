"""The person's files: pictures to open, exports to hand out. Threads read and write them; the screen never waits."""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from edgefashion.errors import EdgeFashionError

from .android_files import FileDialogs
from .export import hand_out
from .session import Frozen, frame_from_picture
from .text import tr

if TYPE_CHECKING:
    from .app import EdgeFashionApp


class Files:
    """Opens pictures and hands files out; what came of it is said on the screen."""

    def __init__(self, app: "EdgeFashionApp") -> None:
        """Args: app, whose screens show it."""
        self._app = app
        self._wish: object = None

    @property
    def opening(self) -> bool:
        """Whether a picture is being chosen or read."""
        return self._wish is not None

    def open(self, source: object) -> None:
        """Show a picture file as if it had been frozen, once a thread has read it; the newest wish counts."""
        self._show(lambda: source)

    def choose(self) -> None:
        """Let the person choose a picture on Android's own screen, and show it."""
        self._show(FileDialogs().picture)

    def hand_out(self, paths: tuple[Path, ...]) -> None:
        """Let the person choose on Android's own screens where each exported file is kept."""
        app, dialogs = self._app, FileDialogs()

        def work() -> None:
            try:
                kept = hand_out(paths, dialogs.keep)
            except (EdgeFashionError, OSError) as error:
                problem = str(error)
                app.post(lambda: app.complain(problem))
            else:
                app.post(lambda: self.say_written(kept) if kept else app.say(tr("Nothing was exported.")))

        Thread(target=work, name="hand out files", daemon=True).start()

    def say_written(self, files: Iterable[object]) -> None:
        """Say which files were written."""
        self._app.say(f"{tr('Written')}: {', '.join(map(str, files))}")

    def _show(self, choose: Callable[[], object]) -> None:
        """Show what `choose` returns in a thread of its own: a picture file, its bytes, or None for none."""
        app = self._app
        wish = self._wish = object()

        def work() -> None:
            frozen: Frozen | None = None
            problem = ""
            try:
                if (source := choose()) is not None:
                    frozen = app.session.look_at(frame_from_picture(source))
            except EdgeFashionError as error:
                problem = str(error)
            app.post(lambda: self._shown(wish, frozen, problem))

        Thread(target=work, name="open picture", daemon=True).start()

    def _shown(self, wish: object, frozen: Frozen | None, problem: str) -> None:
        if wish is not self._wish:
            return
        self._wish = None
        if problem:
            self._app.complain(problem)
        if frozen is not None:
            self._app.show_frozen(frozen)
