"""One app on one film, measured frame by frame: app.py APP FILM MODEL WIDTHxHEIGHT SECONDS STARTED.

APP: one of `APPS`; STARTED: `time.monotonic` just before this process began. It prints one line of JSON. The loop does
what kivy.base.EventLoopBase.idle does, with a stop watch between: the time that the thread spends on the app's own work
(events, callbacks, layout) is told apart from drawing, which is done by the processor here and by the graphics chip on
a device, and from waiting for the next frame.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic, thread_time
from typing import Any

import numpy as np

from benchmarks.children.serve import process_status
from edgefashion.camera.frame import Frame

FIRST_LABEL_SECONDS = 120.0
"""How long the first label may take before the turn is given up."""
SETTLE_SECONDS = 1.0
"""Between the first label and the beginning of the measurement."""
BARE_RUNS = 30
RENDERER = ("/libLLVM", "swrast_dri.so", "/libgallium")
"""What the files of Mesa's software renderer are called."""


class Meter:
    """Runs an app and notes when what it shows is on the screen.

    Attributes:
        frames: Frames that the app took from its source.
        latencies: Seconds from the moment a frame was taken until its label was on the screen.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.latencies: list[float] = []
        self._answered: list[float] = []
        self._waited = 0.0
        self.work = self.work_processor = self.drawing = 0.0

    def answered(self, frame: Frame) -> None:
        """The label about this frame is set, and will be drawn next."""
        self._answered.append(frame.at)

    def watch_the_clock(self) -> None:
        """Count the time in which the clock waits for the next frame."""
        from kivy.clock import Clock

        idle = Clock.idle

        def waiting() -> float:
            before = monotonic()
            now: float = idle()
            self._waited += monotonic() - before
            return now

        Clock.idle = waiting

    def step(self) -> None:
        """One frame of the window."""
        from kivy.base import Builder, Clock, EventLoop
        from kivy.graphics.opengl import glFinish

        window = EventLoop.window
        self._waited = 0.0
        begun, processor = monotonic(), thread_time()
        Clock.tick()
        EventLoop.dispatch_input()
        Builder.sync()
        Clock.tick_draw()
        Builder.sync()
        window.mainloop()  # the window's own events
        worked = monotonic()
        self.work += worked - begun - self._waited
        self.work_processor += thread_time() - processor
        if window.canvas.needs_redraw:
            window.dispatch("on_draw")
            window.dispatch("on_flip")
            glFinish()  # so that no later upload waits for this picture, and is blamed for it
        shown = monotonic()
        self.drawing += shown - worked
        self.latencies += [shown - at for at in self._answered]
        self._answered.clear()

    def run(self, seconds: float, condition: Callable[[], bool] = lambda: False) -> float:
        """Steps for so long, or until a condition holds; gives the seconds."""
        begun = monotonic()
        while monotonic() - begun < seconds and not condition():
            self.step()
        return monotonic() - begun


def edgefashion(meter: Meter, folder: Path, film: str, model: str, size: tuple[int, int]) -> Any:
    """The real app, started as `edgefashion-app --source video:FILM --model MODEL` does."""
    from edgefashion_app.environment import prepare

    prepare(folder, size)
    from edgefashion.store.place import FILE_NAME
    from edgefashion.store.store import Store
    from edgefashion_app.app import EdgeFashionApp, Options

    app = EdgeFashionApp(Store.open(folder / FILE_NAME), Options(folder, f"video:{film}", model))
    session = app.session
    tick, take = session.tick, session._take

    def ticked() -> Frame | None:
        frame: Frame | None = tick()
        meter.frames += frame is not None
        return frame

    def taken(classifier: Any, frame: Frame, prediction: Any) -> None:
        take(classifier, frame, prediction)
        if session.state.prediction is not None:
            meter.answered(frame)

    session.tick, session._take = ticked, taken
    return app


def tutorial(meter: Meter, folder: Path, film: str, model: str, size: tuple[int, int]) -> Any:
    """The tutorial's app, in a window of the same size."""
    _plain_kivy(folder, size)
    from benchmarks.peers.tutorial_app import TutorialApp
    from edgefashion.runtime.model_file import ModelFile

    card = ModelFile.read(Path(model)).card
    app = TutorialApp(f"video:{film}", model, card.labels if card is not None else ())
    update = app.update

    def updated(dt: float) -> None:
        before = app.frame
        update(dt)
        if app.frame is not None and app.frame is not before:
            meter.frames += 1
            meter.answered(app.frame)

    app.update = updated  # type: ignore[method-assign]
    return app


def bare_ms(model: str) -> float:
    """Median milliseconds of the bare network with the threads that the app gives it."""
    from edgefashion.runtime.classifier import Classifier

    interpreter = Classifier.open(model).interpreter
    picture = np.zeros(interpreter.input_shape[1:], np.uint8)
    times = []
    for _ in range(BARE_RUNS):
        begun = monotonic()
        interpreter.run(picture)
        times.append(monotonic() - begun)
    return float(np.median(times)) * 1000


def renderer_megabytes() -> float:
    """How much of the memory is the code of Mesa's software renderer, which no device with a graphics chip loads."""
    maps = Path("/proc/self/smaps")
    total, counts = 0, False
    for line in maps.read_text().splitlines() if maps.exists() else ():
        words = line.split()
        if len(words) >= 5 and "-" in words[0]:  # a mapping's first line; its file, if any, comes last
            counts = len(words) > 5 and any(name in words[-1] for name in RENDERER)
        elif counts and words[0] == "Rss:":
            total += int(words[1])
    return total / 1024


def window(meter: Meter, folder: Path, film: str, model: str, size: tuple[int, int]) -> Any:  # noqa: ARG001
    """A window with nothing in it but a letter: its memory is Kivy's and Mesa's."""
    _plain_kivy(folder, size)
    from kivy.app import App
    from kivy.uix.label import Label

    app = App()
    app.build = lambda: Label(text="A")
    meter.latencies.append(0.0)
    return app


def _plain_kivy(folder: Path, size: tuple[int, int]) -> None:
    """Kivy as it comes, in a window of this width and height."""
    os.environ |= {"KIVY_HOME": str(folder), "KIVY_NO_CONSOLELOG": "1", "KIVY_LOG_MODE": "MIXED"}
    from kivy.config import Config

    for name, length in zip(("width", "height"), size, strict=True):
        Config.set("graphics", name, str(length))


APPS = {"edgefashion": edgefashion, "tutorial": tutorial, "window": window}


def main() -> None:
    """Runs the app until its first label, lets it settle, measures it, and tells."""
    which, film, model, size, seconds, started = sys.argv[1:]
    width, _, height = size.partition("x")
    meter = Meter()
    with tempfile.TemporaryDirectory() as folder:
        app = APPS[which](meter, Path(folder), film, model, (int(width), int(height)))
        from kivy.base import runTouchApp, stopTouchApp

        app._run_prepare()  # with runTouchApp this is what App.run() does, without its loop
        runTouchApp(embedded=True)
        meter.watch_the_clock()
        meter.run(FIRST_LABEL_SECONDS, lambda: bool(meter.latencies))
        if not meter.latencies:
            raise SystemExit(f"{which} showed no label within {FIRST_LABEL_SECONDS:.0f} s")
        first_label = monotonic() - float(started)
        meter.run(SETTLE_SECONDS)
        meter.frames, meter.latencies = 0, []
        meter.work = meter.work_processor = meter.drawing = 0.0
        passed = meter.run(float(seconds))
        memory, peak = process_status("VmRSS") / 1024, process_status("VmHWM") / 1024
        renderer = renderer_megabytes()
        stopTouchApp()
        app.dispatch("on_stop")
    frames = max(1, meter.frames)
    latency = np.percentile(meter.latencies, (50, 95)) * 1000 if meter.latencies else (float("nan"),) * 2
    told = {
        "first label, s": first_label,
        "frames/s": meter.frames / passed,
        "labels/s": len(meter.latencies) / passed,
        "work, ms a frame": meter.work / frames * 1000,
        "work, processor ms a frame": meter.work_processor / frames * 1000,
        "drawing, ms a frame": meter.drawing / frames * 1000,
        "work, share": meter.work / passed,
        "busy, share": (meter.work + meter.drawing) / passed,
        "latency, ms": latency[0],
        "latency p95, ms": latency[1],
        "memory, MB": memory,
        "peak memory, MB": peak,
        "renderer, MB": renderer,
        "bare, ms": bare_ms(model),
        "modules": len(sys.modules),
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Kivy's exit handlers may wait for a window that is gone
