"""The app beside the one that a tutorial would write: same film as camera, same model, same window, in turns A B A B.

Every turn is a fresh process (`children/app.py`). Time on the UI thread is what the app itself does there for each
frame of the camera: callbacks, texture, layout, and what it waits for. Drawing is told apart, because the processor
draws here (Mesa's llvmpipe), and the graphics chip does on a device. Latency is from the moment a frame was taken until
its label is on the screen. A window with nothing in it shows how much of the memory is Kivy's and Mesa's.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import monotonic

import numpy as np

from benchmarks.app_process import told, write_film
from benchmarks.result import Comparison, Limit, Result
from benchmarks.subject import add_model_argument, model_path, model_version

NAME = "app"
TITLE = "The app against a tutorial's app: the same camera, model and window"
OURS, PEER, WINDOW = "edgefashion", "tutorial", "window"
SIZES = ((480, 640), (720, 1280))
"""Height and width of the camera's frames, pixels."""
FILM_SECONDS = 2.0
BARS = {"UI thread": 0.2, "first label": 2.0, "memory": 200.0}
"""Share of the peer's time on the UI thread; seconds; MB."""
MEASURES = (
    ("UI thread, ms a frame", "work, ms a frame"),
    ("capture → label, ms", "latency, ms"),
    ("start → first label, s", "first label, s"),
    ("memory, MB", "memory, MB"),
)
"""What is compared with the peer, by its name and its key in a turn's figures."""
Turn = dict[str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_model_argument(parser)
    parser.add_argument("--turns", type=int, default=7, help="fresh processes of each app and camera (default 7)")
    parser.add_argument("--seconds", type=float, default=10.0, help="measured in each of them (default 10)")
    parser.add_argument("--window", default="800x480", metavar="WIDTHxHEIGHT", help="size of the window")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    path = model_path(arguments.model).resolve()
    rows: list[tuple[str | float | None, ...]] = []
    limits: list[Limit] = []
    comparisons: list[Comparison] = []
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.avi"

        def turn(app: str) -> Turn:
            words = (app, film, path, arguments.window, arguments.seconds, monotonic())
            (figures,) = told("app", *map(str, words))
            return dict(figures)

        for size in SIZES:
            write_film(film, size, FILM_SECONDS)
            turns: dict[str, list[Turn]] = {OURS: [], PEER: []}
            for _ in range(arguments.turns):
                for app, done in turns.items():
                    done.append(turn(app))
            camera = f"{size[1]} × {size[0]}"
            rows += [_row(camera, app, turns) for app in turns]
            rows.append(_bare_row(camera, turns[OURS]))
            comparisons += _comparisons(camera, turns)
            limits += _limits(camera, turns)
        empty = turn(WINDOW)
        rows.append(("–", WINDOW, *(None,) * 9, round(empty["memory, MB"], 1), round(empty["renderer, MB"], 1)))
    return Result(
        NAME,
        TITLE,
        (
            "camera", "app", "frames/s", "labels/s", "UI thread, ms a frame", "ratio", "spread",
            "UI thread, share of time", "drawing, ms a frame", "capture → label, times the bare network",
            "start → first label, s", "memory, MB", "of it Mesa's renderer, MB",
        ),
        tuple(rows),
        {
            "model": model_version(path),
            "turns": arguments.turns,
            "seconds": arguments.seconds,
            "window": arguments.window.replace("x", " × "),
            "drawn by": "SDL's offscreen driver",
        },
        tuple(limits),
        tuple(comparisons),
    )  # fmt: skip


def _row(camera: str, app: str, turns: dict[str, list[Turn]]) -> tuple[str | float | None, ...]:
    """One app: medians over its turns; ratios are medians of the ratios of neighbouring turns."""
    own = turns[app]
    work = [turn["work, ms a frame"] for turn in own]
    bare = [turn["bare, ms"] for turn in turns[OURS]]
    return (
        camera,
        app,
        round(_median(turn["frames/s"] for turn in own), 1),
        round(_median(turn["labels/s"] for turn in own), 1),
        round(_median(work), 2),
        round(_ratio(work, [turn["work, ms a frame"] for turn in turns[OURS]]), 2),
        round(_spread(work), 2),
        round(_median(turn["work, share"] for turn in own), 3),
        round(_median(turn["drawing, ms a frame"] for turn in own), 1),
        round(_ratio([turn["latency, ms"] for turn in own], bare), 2),
        round(_median(turn["first label, s"] for turn in own), 2),
        round(_median(turn["memory, MB"] for turn in own), 1),
        round(_median(turn["renderer, MB"] for turn in own), 1),
    )


def _bare_row(camera: str, ours: list[Turn]) -> tuple[str | float | None, ...]:
    """The network alone, as fast as it goes."""
    per_second = [1000 / turn["bare, ms"] for turn in ours]
    return (camera, "the bare network", None, round(_median(per_second), 1), *(None,) * 5, 1.0, None, None, None)


def _comparisons(camera: str, turns: dict[str, list[Turn]]) -> list[Comparison]:
    """Ours against the peer's; clear where the quartiles don't meet."""
    found = []
    for measure, key in MEASURES:
        ours, theirs = ([turn[key] for turn in turns[app]] for app in (OURS, PEER))
        (low, high), (their_low, their_high) = (np.quantile(values, (0.25, 0.75)) for values in (ours, theirs))
        clear = bool(high < their_low or their_high < low)
        name = f"the app, camera {camera}: {measure}"
        found.append(
            Comparison(name, round(_median(ours), 3), "a tutorial's app", round(_median(theirs), 3), True, clear)
        )
    return found


def _limits(camera: str, turns: dict[str, list[Turn]]) -> list[Limit]:
    """The bars that we have set ourselves."""
    ours, theirs = turns[OURS], turns[PEER]
    share = _ratio([turn["work, ms a frame"] for turn in ours], [turn["work, ms a frame"] for turn in theirs])
    first, memory = (_median(turn[key] for turn in ours) for key in ("first label, s", "memory, MB"))
    return [
        Limit(f"{camera}: UI-thread time a frame, share of the tutorial's", BARS["UI thread"], round(share, 3)),
        Limit(f"{camera}: start to first label", BARS["first label"], round(first, 2), "s"),
        Limit(f"{camera}: memory", BARS["memory"], round(memory, 1), "MB"),
    ]


def _median(values: Iterable[float]) -> float:
    return float(np.median(list(values)))


def _ratio(values: Sequence[float], base: Sequence[float]) -> float:
    """The median of the ratios of neighbouring turns."""
    return float(np.median(np.divide(values, base)))


def _spread(values: Sequence[float]) -> float:
    """(p75 - p25) / median."""
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
    return float((high - low) / median)
