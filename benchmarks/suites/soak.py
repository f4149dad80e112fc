"""The desktop app for half an hour, in use all the time: does it stay as it was after the first minutes?

A process of its own runs the real app in an offscreen window with a folder and a film as cameras, in turns, while
somebody freezes, corrects, counts, takes back, opens every page, changes theme, camera and model. Memory is compared
between the minutes after the warm-up and the last ones. `make soak`, or `make soak MINUTES=2` for a look.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.app_process import told, write_film
from benchmarks.contestant import ContestantError
from benchmarks.result import Limit, Result
from benchmarks.subject import EXAMPLES, FRAME, add_model_argument, model_path, model_version

NAME = "soak"
TITLE = "The desktop app in use for a long time"
WARM_UP = 0.2
WARM_ROUNDS = 2
"""The warm-up ends after this share of the time, and not before every use has happened so often."""
PART = 0.15
"""Share of the time that is compared, after the warm-up and at the end: several rounds of all uses each."""
STORE_BYTES = 500_000
"""What the scans may take; small, so that the limit is met many times."""
STORE_LOG_BYTES = 2_000_000
"""Beside them: SQLite's write-ahead log and its index, which are cut back from time to time."""
MEGABYTE = 2**20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_model_argument(parser)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--pace", type=float, default=1.0, help="seconds between two uses (default 1)")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    path = model_path(arguments.model)
    seconds = arguments.minutes * 60
    samples = []
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.avi"
        write_film(film, FRAME, seconds=6, rate=15, garments=3)
        words = (EXAMPLES, film, path.resolve(), seconds, arguments.pace, STORE_BYTES)
        for sample in told("soak", *map(str, words)):
            samples.append(sample)
            _show_progress(sample["at"] - samples[0]["at"], seconds, sample)
    return summary(samples, {"model": model_version(path), "minutes": arguments.minutes, "pace": arguments.pace})


def summary(samples: list[dict[str, Any]], settings: dict[str, Any]) -> Result:
    """Judges the samples, one a second.

    Raises:
        ContestantError: There are too few of them after the warm-up.
    """
    part = max(1, round(len(samples) * PART))
    used = sum(sample["rounds"] < WARM_ROUNDS for sample in samples)
    warm = max(round(len(samples) * WARM_UP), used, 1)
    if warm + 2 * part > len(samples) or part < 2:
        raise ContestantError("it ended before the warm-up was well over; let it run longer: --minutes")
    first, last = samples[warm : warm + part], samples[-part:]
    rows: list[tuple[str | float | None, ...]] = []
    for name, unit in (("memory", MEGABYTE), ("threads", 1), ("open files", 1), ("store", MEGABYTE)):
        values = [sample[name] / unit for sample in samples[warm:]]
        title = f"{name}, MB" if unit == MEGABYTE else name
        numbers = (_median(name, first) / unit, _median(name, last) / unit, min(values), max(values))
        rows.append((title, *(round(number, 1) for number in numbers)))
    growth = (_median("memory", last) - _median("memory", first)) / MEGABYTE
    gained = {name: _least(name, last) - _least(name, first) for name in ("threads", "open files")}
    end = samples[-1]
    ticks = [later["at"] - sooner["at"] for sooner, later in pairwise(samples)]
    counts = {name: end[name] for name in ("frames", "answers", "scans", "rounds")}
    return Result(
        NAME,
        TITLE,
        ("what", "after the warm-up", "at the end", "least", "most"),
        tuple(rows),
        settings | counts | {"longest second, s": round(max(ticks), 2)},
        (
            Limit("memory grows after the warm-up", 10, round(growth, 1), "MB"),
            *(Limit(f"{name} that stay, more than after the warm-up", 0, more) for name, more in gained.items()),
            Limit("longest time without a new frame", 3, round(end["longest without a frame"], 2), "s"),
            Limit("longest time without a new answer", 5, round(end["longest without an answer"], 2), "s"),
            Limit("answers that failed", 0, end["failed"]),
            Limit(
                "the store takes at most",
                round((STORE_BYTES + STORE_LOG_BYTES) / MEGABYTE, 1),
                round(max(sample["store"] for sample in samples) / MEGABYTE, 1),
                "MB",
            ),
        ),
    )


def _median(name: str, samples: list[dict[str, Any]]) -> float:
    return float(np.median([sample[name] for sample in samples]))


def _least(name: str, samples: list[dict[str, Any]]) -> float:
    """What is left between two uses: a thread or a file that nobody ends or closes raises it."""
    return float(min(sample[name] for sample in samples))


def _show_progress(passed: float, seconds: float, sample: dict[str, Any]) -> None:
    """One line on a terminal, written over itself."""
    if sys.stderr.isatty():
        memory = sample["memory"] / MEGABYTE
        end = "\n" if passed >= seconds - 1 else ""
        print(
            f"\r{passed:5.0f} of {seconds:.0f} s, {memory:.1f} MB, {sample['threads']} threads",
            end=end,
            file=sys.stderr,
        )
