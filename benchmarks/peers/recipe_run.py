"""Peers that are recipes for EdgeFashion's own training, so that only what they are named for differs."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from benchmarks.peers.peer import Job
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.training.loop import Progress
from edgefashion.training.recipe import Recipe
from edgefashion.training.recipe_file import load_recipe
from edgefashion.training.run import run_recipe

RECIPES = Path(__file__).parent / "recipes"


def train_recipe(name: str, job: Job, weights: Path | None = None) -> Checkpoint:
    """Runs a recipe of this folder, or a shipped one, in the job's folder; goes on where it stopped.

    Args:
        name: Of the recipe.
        job: Names data, folder and epochs.
        weights: Checkpoint to start from, in place of the recipe's.
    """
    own = RECIPES / f"{name}.toml"
    recipe = load_recipe(str(own) if own.exists() else name)
    if weights is not None:
        recipe = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, weights=str(weights)))
    if job.epochs is not None:
        recipe = _shortened(recipe, job.epochs)
    return run_recipe(recipe, job.folder / "run", _report, job.source)


def _shortened(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe with so many epochs in each of its stages."""
    stages = {"fit": recipe.fit, "prune_weights": recipe.prune_weights}
    changes = {name: dataclasses.replace(stage, epochs=epochs) for name, stage in stages.items() if stage}
    return dataclasses.replace(recipe, **changes)  # type: ignore[arg-type]


def _report(at: Progress) -> None:
    if at.tuned is not None:
        print(f"  {at.stage} {at.epoch}/{at.epochs}: loss {at.loss:.4f}, tuning {at.tuned:.4f}", file=sys.stderr)
