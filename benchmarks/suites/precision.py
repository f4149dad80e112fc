"""Latency of each shipped int8 file against a float32 file of the same checkpoint, one thread.

The float file is made by `edgefashion export --float32` from the shipped checkpoint (needs the extra train), or read
from a folder: --floats FOLDER with NAME.tflite in it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.result import Result
from edgefashion.evaluation.graph import read_graph, zipped_bytes
from edgefashion.evaluation.latency import compare_latency
from edgefashion.runtime.shipped import SHIPPED

NAME = "precision"
TITLE = "The shipped int8 files against float32 files of the same checkpoints"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    parser.add_argument(
        "--floats", type=Path, metavar="FOLDER", help="float32 files, NAME.tflite (default: export them)"
    )
    parser.add_argument("--repeats", type=int, default=100, help="turns (default 100)")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite for every shipped model that is there."""
    rows: list[tuple[str | float | None, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, path in SHIPPED.items():
            if not path.is_file():
                continue
            other = arguments.floats / f"{name}.tflite" if arguments.floats else _export(path, Path(folder))
            contents = {"float32": other.read_bytes(), "int8": path.read_bytes()}
            found = compare_latency(contents, threads=1, repeats=arguments.repeats, warmup=10)
            for kind, content in contents.items():
                graph, item = read_graph(content), found[kind]
                share = (
                    len(content) / len(contents["float32"]),
                    zipped_bytes(content) / zipped_bytes(contents["float32"]),
                )
                fastest = item.minimum_ms / found["float32"].minimum_ms
                ratios = (round(value, 2) for value in (item.ratio, fastest, *share))
                rows.append((name, kind, *ratios, graph.macs, round(item.spread, 2)))
    if not rows:
        raise SystemExit("No shipped model is there to measure; make them with: make models.")
    columns = (
        "model",
        "file",
        "latency ratio",
        "of the fastest",
        "size ratio, raw",
        "size ratio, zipped",
        "MACs",
        "spread",
    )
    return Result(NAME, TITLE, columns, tuple(rows), {"threads": 1, "repeats": arguments.repeats})


def _export(path: Path, folder: Path) -> Path:
    """Exports the float32 twin of a shipped file from the checkpoint beside it."""
    target = folder / path.name
    words = [sys.executable, "-m", "edgefashion", "export", "--float32", str(path.with_suffix(".safetensors"))]
    done = subprocess.run([*words, "-o", str(target)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"The float32 file of {path.stem} couldn't be exported: {done.stderr.strip()[-500:]}")
    return target
