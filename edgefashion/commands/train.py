"""`edgefashion train`: a recipe, or a folder of pictures, to a checkpoint that `export` takes."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from edgefashion.commands.display import print_json, progress
from edgefashion.errors import UsageError

if TYPE_CHECKING:
    from edgefashion.training.loop import Progress, Report

HELP = (
    "Train a model from a recipe, or from your own pictures. Stages: head, fit, refine, distil, prune, quantise-aware; "
    "each only if the recipe has it. A run that was stopped, at any moment, goes on when the command is given again."
)
EXAMPLE = "edgefashion train --data my-photos/ --out runs/my-model"

HEADERS = f"{'stage':<15} {'epoch':>7} {'loss':>8} {'accuracy':>9} {'tuning':>8} {'time left':>10}"
ALLOCATOR = {
    # Large tensors are otherwise mapped and unmapped at every operator: half the time on a CPU (glibc, Linux).
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("recipe", nargs="?", help="name of a shipped recipe, or the path of a .toml file")
    parser.add_argument(
        "--data",
        metavar="SOURCE",
        help="pictures: a folder of folders, a manifest .csv, clothing:FOLDER, fashion-mnist",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="with --data: train the last layer alone, in seconds; a little less accurate, for a first look",
    )
    parser.add_argument("--out", metavar="RUN", type=Path, help="the run's folder (default: runs/NAME)")
    parser.add_argument("--list", action="store_true", help="list the shipped recipes and stop")
    parser.add_argument(
        "--tensorboard", action="store_true", help="also write event files: tensorboard --logdir RUN/tensorboard"
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON at the end")


def run(arguments: argparse.Namespace) -> int:
    """Train; see HELP."""
    from edgefashion.training.recipe_file import load_recipe, recipe_names

    if arguments.list:
        print("\n".join(recipe_names()))
        return 0
    if arguments.quick and (arguments.recipe or not arguments.data):
        raise UsageError("--quick is for your own pictures: give --data SOURCE and no recipe.")
    if not arguments.recipe and not arguments.data:
        raise UsageError(f"Give a recipe ({', '.join(recipe_names())}) or --data SOURCE.")
    if arguments.recipe:
        recipe = load_recipe(arguments.recipe)
    _with_allocator()  # before TensorFlow is imported: the new process would import it again
    from edgefashion.data.sources import open_source
    from edgefashion.training.own import own_recipe
    from edgefashion.training.run import recipe_pictures, run_recipe

    if not arguments.recipe:
        recipe = own_recipe(open_source(arguments.data), arguments.data, arguments.quick)
    folder = arguments.out or Path("runs") / recipe.name
    source = arguments.data or recipe.data.source
    print(f"{recipe.name}: {', '.join(_plan(recipe))} on {source} → {folder}", file=sys.stderr)
    table = _Table()
    report: Report = table.show
    if arguments.tensorboard:
        from edgefashion.training.tensorboard import with_events

        report = with_events(table.show, folder / "tensorboard")
    manifest = recipe_pictures(recipe, source)
    checkpoint = run_recipe(recipe, folder, report, source, progress, manifest)
    result = {"run": str(folder), "checkpoint": str(folder / "checkpoint.safetensors"), "accuracy": checkpoint.accuracy,
              "temperature": checkpoint.temperature, "threshold": checkpoint.threshold}  # fmt: skip
    if arguments.json:
        print_json(result)
        return 0
    found = checkpoint.accuracy
    low, high = found["interval"]
    print(
        f"{recipe.name}: {found['top1']:.4f} of {found['n']} {found['split']} pictures right "
        f"(95 % interval {low:.4f} to {high:.4f})."
    )
    skipped = table.skipped(folder)
    if skipped:
        print(f"{skipped} pictures could not be read and were skipped; run.json names them.")
    print(f"Next: edgefashion export --int8 {folder}")
    return 0


def _plan(recipe: Any) -> list[str]:
    """The stages in words, with their epochs."""
    names = ("head", "fit", "refine", "distil", "blend", "prune_kernels", "prune_channels", "prune_weights",
             "last_layer", "quantise_aware")  # fmt: skip
    stages = [(name.replace("_", "-"), getattr(recipe, name)) for name in names if getattr(recipe, name)]
    return [f"{name} {stage.epochs}" if hasattr(stage, "epochs") else name for name, stage in stages]


def _with_allocator() -> None:
    """Starts this process again, once, with memory settings that only count at the start. Linux only."""
    if not sys.platform.startswith("linux") or os.environ.get("MALLOC_MMAP_MAX_") or "pytest" in sys.modules:
        return
    if sys.argv[0].endswith("__main__.py"):
        command = [sys.executable, "-m", "edgefashion", *sys.argv[1:]]
    elif Path(sys.argv[0]).name == "edgefashion":
        command = [sys.executable, *sys.argv]
    else:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    # cli.py has pointed file descriptor 2 elsewhere; the new process gets the real stderr back.
    os.dup2(sys.stderr.fileno(), 2)
    os.execve(command[0], command, {**os.environ, **ALLOCATOR})


class _Table:
    """The live table: one line an epoch; on a terminal the current epoch is shown while it runs."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._next = monotonic()
        self._started = False

    def show(self, at: Progress) -> None:
        """Shows one report of the loop."""
        if not self._started:
            self._started = True
            print(HEADERS, file=sys.stderr)
        done = at.tuned is not None
        if not done and (not self._live or monotonic() < self._next):
            return
        self._next = monotonic() + 0.5
        tuned = f"{at.tuned:8.4f}" if at.tuned is not None and not math.isnan(at.tuned) else " " * 8
        step = "" if done else f"  step {at.step}/{at.steps}"
        minutes, seconds = divmod(round(at.seconds_left), 60)
        figures = f"{at.loss:8.4f} {at.accuracy:9.4f} {tuned} {minutes:>6}:{seconds:02d}"
        line = f"{at.stage:<15} {at.epoch:>3}/{at.epochs:<3} {figures}{step}"
        print(f"\r\x1b[K{line}" if self._live else line, end="\n" if done else "", file=sys.stderr, flush=True)

    def skipped(self, folder: Path) -> int:
        """How many pictures run.json says were skipped."""
        import json

        try:
            return len(json.loads((folder / "run.json").read_text(encoding="utf-8"))["skipped"])
        except (OSError, ValueError, KeyError):
            return 0
