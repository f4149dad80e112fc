"""What `edgefashion train --data` makes of a person's own few photos: accuracy, and the time until it is there.

The photos are cut from the validation contributors of the clothing photos, whom the shipped trunk never saw: at most
20 of each of the ten classes by some of the contributors to train on, all photos of the other contributors to judge on.
Times are of the whole command in a fresh process, imports and judging among them; `export --int8` comes after.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.contestant import ContestantError
from benchmarks.result import Limit, Result
from benchmarks.subject import ROOT
from edgefashion.data.manifest import Manifest, write_manifest
from edgefashion.data.sources import open_source

NAME = "own-folder"
TITLE = "Trained on own photos, at most 20 of each of ten labels"
EACH = 20
WAYS = (
    ("the whole network", (), 0.85, 180.0),
    ("the last layer (--quick)", ("--quick",), 0.80, 30.0),
)
"""Name, further options of `train`, the least accuracy and the most seconds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    parser.add_argument("--source", help="the clothing photos under ten labels: clothing-ten:FOLDER (needed)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of contributors (default 1)")
    parser.add_argument("--share", type=float, default=0.5, help="of the contributors, to train on (default 0.5)")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    if not arguments.source:
        raise SystemExit("The suite 'own-folder' needs --source clothing-ten:FOLDER.")
    chosen = subset(open_source(arguments.source).select("validation"), arguments.seed, arguments.share)
    sizes = Counter(row.split for row in chosen.rows)
    rows: list[tuple[str | float | None, ...]] = []
    limits: list[Limit] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = str(write_manifest(chosen, folder / "photos.csv"))
        for number, (way, options, least, most) in enumerate(WAYS):
            run, file = folder / f"run{number}", folder / f"{number}.tflite"
            seconds, said = _edgefashion("train", "--data", photos, *options, "--out", str(run), "--json")
            found = _figures(said["accuracy"])
            rows.append((f"{way}, float", *found, round(seconds)))
            limits.append(Limit(f"{way}: wrong of the held-out photos", round(1 - least, 2), round(1 - found[0], 3)))
            limits.append(Limit(f"{way}: time", most, round(seconds), "s"))
            seconds, _ = _edgefashion("export", "--int8", str(run), "-o", str(file), "--json")
            _, judged = _edgefashion("evaluate", str(file), photos, "--split", "validation", "--json")
            rows.append((f"{way}, int8", *_figures(judged), round(seconds)))
    columns = ("trained", "accuracy", "95 % from", "to", "seconds")
    settings = {"seed": arguments.seed, "trained on": sizes["train"], "judged on": sizes["validation"]}
    return Result(NAME, TITLE, columns, tuple(rows), settings, tuple(limits))


def subset(manifest: Manifest, seed: int, share: float, each: int = EACH) -> Manifest:
    """Cuts a small training set and a held-out set from photos, contributors disjoint.

    Args:
        manifest: with contributors.
        seed: of the order in which contributors are taken.
        share: of the contributors to train on, 0–1.
        each: at most so many photos of a label to train on.

    Returns:
        The chosen photos, their splits "train" and "validation".
    """
    groups = sorted({row.group for row in manifest.rows})
    random.Random(seed).shuffle(groups)
    mine = groups[: round(len(groups) * share)]
    wanted = Counter(dict.fromkeys(manifest.labels, each))
    chosen = []
    for row in sorted(manifest.rows, key=lambda row: groups.index(row.group)):
        if row.group not in mine:
            chosen.append(replace(row, split="validation"))
        elif wanted[row.type] > 0:
            wanted[row.type] -= 1
            chosen.append(replace(row, split="train"))
    return replace(manifest, rows=tuple(chosen))


def _edgefashion(*words: str) -> tuple[float, dict[str, Any]]:
    """Seconds that a command takes in a fresh process, and the JSON that it prints."""
    # As for its users: Python keeps what it has compiled.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    line = [sys.executable, "-m", "edgefashion", *words]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise ContestantError(f"edgefashion {words[0]} failed: {done.stderr.strip()[-300:]}")
    return seconds, json.loads(done.stdout)


def _figures(judged: dict[str, Any]) -> tuple[float, float, float]:
    """Accuracy and its 95 % interval."""
    low, high = judged["top1_interval"] if "top1_interval" in judged else judged["interval"]
    return round(judged["top1"], 4), round(low, 4), round(high, 4)
