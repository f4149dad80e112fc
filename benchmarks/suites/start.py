"""How long a fresh process takes until the package is imported, and until one photo is classified.

Every contestant is a new Python process, in turns A B C A B C, so that a slow moment of the machine strikes all.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable

from benchmarks.result import Limit, Result
from benchmarks.subject import ROOT, add_model_argument, model_path, model_version, photo
from edgefashion.evaluation.latency import interleave

NAME = "start"
TITLE = "A cold start, against a process that imports numpy and Pillow"
BASELINE = "import numpy, PIL"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_model_argument(parser)
    parser.add_argument("--repeats", type=int, default=30, help="fresh processes per contestant (default 30)")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    path = model_path(arguments.model)
    classify = f"from edgefashion import Classifier; Classifier.open({str(path)!r}).classify({str(photo())!r})"
    contestants = {
        BASELINE: _process("-c", BASELINE),
        "and import edgefashion": _process("-c", f"{BASELINE}; import edgefashion"),
        "and its Classifier": _process("-c", f"{BASELINE}; from edgefashion import Classifier"),
        "classify one photo": _process("-c", classify),
        "edgefashion classify PHOTO": _process("-m", "edgefashion", "classify", "--model", str(path), str(photo())),
    }
    found = interleave(contestants, arguments.repeats, warmup=min(2, arguments.repeats - 1))
    base = found[BASELINE]
    rows = tuple(
        (
            name,
            round(item.ratio, 2),
            round(item.minimum_ms / base.minimum_ms, 2),
            round((item.ratio - 1) * base.median_ms, 1),
            round(item.spread, 2),
        )
        for name, item in found.items()
    )
    return Result(
        NAME,
        TITLE,
        ("process", "ratio", "ratio of the fastest", "ms added", "spread"),
        rows,
        {"model": model_version(path), "photo": photo().name, "repeats": arguments.repeats},
        (
            Limit("importing edgefashion adds", 30, rows[1][3], "ms"),
            Limit("classifying one photo from cold takes, times the import of numpy and Pillow", 3, rows[3][1]),
        ),
    )


def _process(*words: str) -> Callable[[], object]:
    """A call that runs a fresh Python with these arguments and waits for its end."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": str(ROOT)}

    def run() -> None:
        done = subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"A contestant failed: {' '.join(words)}\n{done.stderr}")

    return run
