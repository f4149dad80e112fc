"""How far one recipe's accuracy moves with its seed alone: the order, the changes and the first weights differ.

A difference between two models that is smaller than this says nothing. Every run is kept in runs/seeds (ignored by
git) and goes on where it was stopped; minutes each for the default, the cheapest recipe.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
from pathlib import Path

from benchmarks.result import Result
from benchmarks.subject import ROOT

NAME = "seeds"
TITLE = "One recipe, several seeds"
RUNS = ROOT / "runs" / "seeds"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    parser.add_argument("--recipe", default="seed-mlp", help="name or .toml file (default seed-mlp)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="default 1 2 3")
    parser.add_argument("--source", help="in place of the recipe's own")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    from edgefashion.training.loop import Progress
    from edgefashion.training.recipe_file import load_recipe
    from edgefashion.training.run import run_recipe

    def say(at: Progress) -> None:
        if at.tuned is not None:
            print(f"  {at.stage} {at.epoch}/{at.epochs}: loss {at.loss:.4f}", file=sys.stderr)

    recipe = load_recipe(arguments.recipe)
    seeds = list(dict.fromkeys(arguments.seeds))
    if len(seeds) < 2:
        raise SystemExit("The suite 'seeds' needs at least two different seeds.")
    rows: list[tuple[str | float | None, ...]] = []
    judged = {}
    for seed in seeds:
        print(f"{NAME}: {recipe.name}, seed {seed}", file=sys.stderr)
        folder = RUNS / f"{Path(recipe.name).stem}-{recipe.digest[:8]}-{seed}"
        judged = run_recipe(dataclasses.replace(recipe, seed=seed), folder, say, arguments.source).accuracy
        low, high = judged["interval"]
        rows.append((f"seed {seed}", round(judged["top1"], 4), round(low, 4), round(high, 4)))
    found = [float(row[1] or 0.0) for row in rows]
    rows.append(("mean", round(statistics.mean(found), 4), None, None))
    rows.append(("standard deviation", round(statistics.stdev(found), 4), None, None))
    rows.append(("largest less smallest", round(max(found) - min(found), 4), None, None))
    settings = {
        "recipe": recipe.name, "digest": recipe.digest, "split": judged["split"], "pictures": judged["n"],
    }  # fmt: skip
    return Result(NAME, TITLE, ("run", "float accuracy", "95 % from", "to"), tuple(rows), settings)
