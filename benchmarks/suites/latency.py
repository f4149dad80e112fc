"""Our file against networks that others use, and under other runtimes: latency, cold start, peak memory.

Every contestant is a process of its own, asked in turns A B A B. The rivals have random weights: only what they cost is
measured. A cold start is a new process until its first answer, Python's own start included. tflite-runtime needs
another Python: --tflite-python, else the environment that `make test-runtimes` makes; without it its rows are left out
and the settings say so.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestant import Contestant, ContestantError
from benchmarks.networks import built
from benchmarks.result import Comparison, Limit, Result
from benchmarks.subject import ROOT, add_model_argument, model_name, model_path, model_version
from edgefashion.evaluation.graph import read_graph
from edgefashion.evaluation.latency import Latency, interleave
from edgefashion.runtime.shipped import DEFAULT_MODEL, SHIPPED

NAME = "latency"
TITLE = "Our file against other networks and other runtimes"
RIVALS = ("mobilenet-v2-224", "efficientnet-lite0-224", "xception-299-float")
OTHER_SIZES = ("garment-small",)
BARS = {"garment-base": 1.0, "garment-small": 0.4}
"""Latency at most, as a multiple of MobileNetV2-1.0-224's, int8, one thread."""
OURS = "ai_edge_litert"
RUNTIMES_BESIDE = ("tensorflow.lite", "tflite_runtime")
TFLITE_PYTHON = ROOT / ".venv-tflite-2.14" / "bin" / "python"
COLUMNS = (
    "network", "runtime", "threads", "latency ratio", "spread", "cold start ratio", "peak memory, MB",
    "MACs", "raw bytes",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A contestant: a file under a runtime, in a Python."""

    name: str
    file: Path
    runtime: str = OURS
    python: str = sys.executable

    @property
    def title(self) -> str:
        """What tells it from the others."""
        return f"{self.name}, {self.runtime}"

    def start(self, threads: int) -> Contestant:
        """A new process that has answered once."""
        return Contestant("network", str(self.file.resolve()), self.runtime, str(threads), python=self.python)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_model_argument(parser)
    parser.add_argument("--repeats", type=int, default=50, help="turns (default 50)")
    parser.add_argument("--starts", type=int, default=5, help="cold starts of each contestant (default 5)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="default 1 2")
    parser.add_argument("--rivals", nargs="*", default=RIVALS, choices=RIVALS, metavar="NETWORK",
                        help=f"default: {', '.join(RIVALS)}")  # fmt: skip
    parser.add_argument("--runtimes", nargs="*", default=RUNTIMES_BESIDE, choices=RUNTIMES_BESIDE, metavar="RUNTIME",
                        help=f"beside {OURS} (default: {', '.join(RUNTIMES_BESIDE)})")  # fmt: skip
    parser.add_argument("--tflite-python", type=Path, default=TFLITE_PYTHON, metavar="PYTHON",
                        help="a Python with tflite-runtime and numpy")  # fmt: skip


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    path = model_path(arguments.model)
    ours = Entry(model_name(path), path)
    sizes = [Entry(name, SHIPPED[name]) for name in OTHER_SIZES if ours.name == DEFAULT_MODEL]
    asked = [ours, *sizes, *(Entry(name, built(name)) for name in arguments.rivals)]
    for runtime in arguments.runtimes:
        python = str(arguments.tflite_python) if runtime == "tflite_runtime" else sys.executable
        asked.append(Entry(ours.name, path, runtime, python))
    entries, versions, skipped = _usable(asked)
    if ours not in entries:
        raise SystemExit(f"Our own file can't be run: {skipped[ours.title]}")
    starts = interleave({entry.title: _cold(entry) for entry in entries}, arguments.starts)
    rows: list[tuple[str | float | None, ...]] = []
    limits: list[Limit] = []
    comparisons: list[Comparison] = []
    for threads in arguments.threads:
        times, peaks = _steady(entries, threads, arguments.repeats)
        limits += _limits(times) if threads == 1 else []
        for entry in entries:
            item, content = times[entry.title], entry.file.read_bytes()
            first = threads == arguments.threads[0]
            cold = round(starts[entry.title].ratio, 2) if first else None
            memory = round(peaks[entry.title] / 1e6, 1) or None
            size = (read_graph(content).macs, len(content))
            rows.append(
                (entry.name, entry.runtime, threads, round(item.ratio, 2), round(item.spread, 2), cold, memory, *size)
            )
            if entry is not ours and entry not in sizes:
                comparisons += _comparisons(entry.title, threads, item, cold, memory, peaks[ours.title] / 1e6)
    counts = {"repeats": arguments.repeats, "starts": arguments.starts}
    settings = {"model": model_version(path), **counts, **versions, **skipped}
    return Result(NAME, TITLE, COLUMNS, tuple(rows), settings, tuple(limits), tuple(comparisons))


def _usable(entries: list[Entry]) -> tuple[list[Entry], dict[str, str], dict[str, str]]:
    """The contestants that answer, the versions of their runtimes, and why the others don't."""
    usable: list[Entry] = []
    versions: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for entry in entries:
        try:
            with entry.start(1) as contestant:
                versions[entry.runtime] = contestant.facts["version"]
            usable.append(entry)
        except ContestantError as error:
            skipped[entry.title] = f"skipped ({error})"
    return usable, versions, skipped


def _cold(entry: Entry) -> Callable[[], object]:
    """A call that starts a process, waits for its first answer, and ends it."""
    return lambda: entry.start(1).close()


def _steady(entries: list[Entry], threads: int, repeats: int) -> tuple[dict[str, Latency], dict[str, int]]:
    """Latencies of processes that stay, in turns, and their peak memory in bytes."""
    with ExitStack() as stack:
        started = {entry.title: stack.enter_context(entry.start(threads)) for entry in entries}
        times = interleave({title: contestant.turn for title, contestant in started.items()}, repeats, warmup=3)
    return times, {title: contestant.peak_bytes for title, contestant in started.items()}


def _limits(times: Mapping[str, Latency]) -> list[Limit]:
    """Our networks against the bars that are multiples of MobileNetV2's time."""
    rival = times.get(f"{RIVALS[0]}, {OURS}")
    found = {name: times.get(f"{name}, {OURS}") for name in BARS}
    return [
        Limit(f"{name}: latency, times MobileNetV2-1.0-224's, 1 thread", BARS[name], round(item.ratio / rival.ratio, 2))
        for name, item in found.items()
        if item and rival
    ]


def _comparisons(
    title: str, threads: int, item: Latency, cold: float | None, memory: float | None, ours_memory: float
) -> list[Comparison]:
    """Ours is 1 in every ratio; a difference within the spread is not clear."""
    named = f"{threads} thread{'s' * (threads > 1)}"
    clear = abs(item.ratio - 1) > item.spread
    found = [Comparison(f"latency ratio, {named}", 1.0, title, round(item.ratio, 2), True, clear)]
    if cold is not None:
        found.append(Comparison("cold start ratio", 1.0, title, cold, True, abs(cold - 1) > 0.1))
    if memory:
        found.append(Comparison(f"peak memory, MB, {named}", round(ours_memory, 1), title, memory, True))
    return found
