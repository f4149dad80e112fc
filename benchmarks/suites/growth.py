"""How cost grows: with pictures in a folder, with threads, with the network's input size.

A folder is classified by `edgefashion classify FOLDER` in a fresh process; its pictures are copies of one example
photo. Time a picture should fall towards a constant, and memory should stay. Threads and input sizes are measured on
the bare network, in turns.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.networks import SIDES, built
from benchmarks.result import Result
from benchmarks.subject import ROOT, add_model_argument, model_path, model_version, photo
from edgefashion.evaluation.graph import read_graph
from edgefashion.evaluation.latency import compare_latency
from edgefashion.runtime.interpreter import Interpreter

NAME = "growth"
TITLE = "How cost grows with pictures, threads and input size"
PICTURES = (1, 10, 100, 1000, 10_000)
Row = tuple[str | float | None, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_model_argument(parser)
    parser.add_argument("--pictures", type=int, nargs="+", default=PICTURES, help="pictures in a folder")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2, 4], help="default 1 2 4")
    parser.add_argument("--sides", type=int, nargs="*", default=SIDES, choices=SIDES, help="input sizes beside ours")
    parser.add_argument("--repeats", type=int, default=50, help="turns of the bare network (default 50)")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    path = model_path(arguments.model)
    rows = _pictures(path, sorted(arguments.pictures))
    content = path.read_bytes()
    opened = {
        f"{threads} thread{'s' * (threads > 1)}": Interpreter.open(content, threads) for threads in arguments.threads
    }
    for name, item in compare_latency(opened, repeats=arguments.repeats).items():
        rows.append(("threads", name, round(item.ratio, 2), None, round(item.spread, 2)))
    files = {_side(content): content}
    for side in arguments.sides:
        other = built(f"garment-base-{side}").read_bytes()
        files[_side(other)] = other
    for name, item in compare_latency(files, threads=1, repeats=arguments.repeats).items():
        megabytes = round(read_graph(files[name]).macs / 1e6, 1)
        rows.append(("input size", f"{name}, {megabytes} M MACs", round(item.ratio, 2), None, round(item.spread, 2)))
    columns = ("grows", "to", "ratio to the first", "peak memory, MB", "spread")
    return Result(NAME, TITLE, columns, tuple(rows), {"model": model_version(path), "repeats": arguments.repeats})


def _side(content: bytes) -> str:
    _, height, width, _ = read_graph(content).inputs[0].shape
    return f"{height} × {width}"


def _pictures(model: Path, counts: list[int]) -> list[Row]:
    """Time a picture and peak memory of `edgefashion classify FOLDER`, by the number of pictures."""
    rows: list[Row] = []
    first = None
    with tempfile.TemporaryDirectory() as name:
        folder, there = Path(name), 0
        for count in counts:
            for number in range(there, count):
                shutil.copyfile(photo(), folder / f"{number:06d}.jpg")
            there = count
            seconds, peak = _classify(model, folder)
            each = seconds / count
            first = first or each
            memory = round(peak / 1e6, 1) or None
            rows.append(("pictures in a folder, time a picture", f"{count:,}", round(each / first, 4), memory, None))
    return rows


def _classify(model: Path, folder: Path) -> tuple[float, int]:
    """Seconds and peak bytes of a fresh process that classifies a folder."""
    script = (
        "import sys; from edgefashion.cli import main; code = main(sys.argv[1:]); sys.stdout.flush(); "
        "from benchmarks.children.serve import peak_bytes; print(peak_bytes()); sys.exit(code)"
    )
    started = time.perf_counter()
    words = [sys.executable, "-c", script, "classify", "--model", str(model.resolve()), str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"classify failed: {done.stderr.strip()[-300:]}")
    return seconds, int(done.stdout.strip().splitlines()[-1])
