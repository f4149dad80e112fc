"""The real app in the hands of somebody who never rests: soak.py FOLDER FILM MODEL SECONDS PACE STORE_BYTES.

It looks at a folder of pictures and at a film in turns, and every PACE seconds the next of `Soak.uses` happens. Once a
second one line of JSON tells how the process is doing.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.children.serve import process_status
from edgefashion.runtime.picture_folder import pictures_in
from edgefashion.store.place import FILE_NAME
from edgefashion.store.store import Store

SIZE = (800, 480)


class Gap:
    """How long a number has stayed the same at most, while it should have risen."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._value = -1
        self._since = 0.0

    def update(self, value: int, expected: bool) -> None:
        """Looks at the number; where it isn't expected to rise, the time begins anew."""
        now = monotonic()
        if value != self._value or not expected:
            self._value, self._since = value, now
        self.longest = max(self.longest, now - self._since)


class Soak:
    """Drives and watches one running app."""

    def __init__(self, app: Any, folder: Path, sources: tuple[str, ...], pictures: list[Path]) -> None:
        from edgefashion_app.theme import THEMES

        self.app, self._folder = app, folder
        self._sources, self._pictures, self._themes = cycle(sources), cycle(pictures), cycle(THEMES)
        self._frames, self._answers = Gap(), Gap()
        self._worker: Any = None
        self._done = self._failed = 0
        self._round = self.uses()
        self._used = 0

    def uses(self) -> tuple[Callable[[], object], ...]:
        """What is done, in this order, again and again; each twice as long in front of the live picture."""
        app = self.app

        def rest() -> None:
            app.back()
            app.session.resume()

        def page(name: str) -> Callable[[], None]:
            return lambda: app.open_page(name)

        def correct() -> None:
            scan = app.session.save()
            if scan is not None:
                app.correct(scan, "type", scan.ranking[1][0])

        def theme() -> None:
            app.store.set_setting("theme", next(self._themes))
            app.rebuild()

        def camera() -> None:
            app.source_named = next(self._sources)
            app.open_camera()

        pages = [use for name in ("history", "stock", "settings", "health", "import") for use in (page(name), rest)]
        return (
            app.toggle_freeze, correct, app.undo, rest, app.count_one, rest, app.open_share, rest, *pages,
            lambda: app.files.open(next(self._pictures)), rest, theme, rest, camera, rest, app.open_model, rest,
        )  # fmt: skip

    def use(self, _seconds: float) -> None:
        """The next use."""
        self._round[self._used % len(self._round)]()
        self._used += 1

    def watch(self, _seconds: float) -> None:
        """Looks at every frame of the window whether pictures and answers come."""
        session = self.app.session
        if session.worker is not self._worker:
            self._worker, self._done, self._failed = session.worker, self._all()[0], self._all()[1]
        live = session.frozen is None
        self._frames.update(session.frames_seen, live)
        self._answers.update(self._all()[0], live)

    def _all(self) -> tuple[int, int]:
        """Answers and failures of this model's thread and of those before it."""
        if self._worker is None:
            return self._done, self._failed
        statistics = self._worker.statistics()
        return self._done + statistics.done, self._failed + statistics.failed

    def tell(self, _seconds: float) -> None:
        """One line of figures."""
        answers, failed = self._all()
        files = [path.stat().st_size for path in self._folder.glob(f"{FILE_NAME}*")]
        figures = {
            "at": monotonic(),
            "memory": process_status("VmRSS") * 1024,
            "threads": process_status("Threads"),
            "open files": len(os.listdir("/proc/self/fd")),
            "frames": self.app.session.frames_seen,
            "answers": answers,
            "failed": failed,
            "longest without a frame": self._frames.longest,
            "longest without an answer": self._answers.longest,
            "scans": self.app.store.usage().scans,
            "store": sum(files),
            "rounds": self._used // len(self._round),
        }
        print(json.dumps(figures), flush=True)


def main() -> None:
    """Runs the app for so long."""
    pictures, film, model, seconds, pace, store_bytes = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        from edgefashion_app.environment import prepare

        prepare(folder, SIZE)
        from kivy.clock import Clock

        from edgefashion_app.app import EdgeFashionApp, Options

        with Store.open(folder / FILE_NAME) as store:
            store.set_setting("store_bytes", int(store_bytes))
            sources = (f"folder:{pictures}", f"video:{film}")
            app = EdgeFashionApp(store, Options(folder, sources[0], model))
            soak = Soak(app, folder, sources[::-1], pictures_in(pictures))
            Clock.schedule_interval(soak.use, float(pace))
            Clock.schedule_interval(soak.watch, 0)
            Clock.schedule_interval(soak.tell, 1)
            Clock.schedule_once(lambda _: app.stop(), float(seconds))
            app.run()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Kivy's exit handlers may wait for a window that is gone
