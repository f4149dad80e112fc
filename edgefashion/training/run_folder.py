"""What a run's folder holds beside checkpoints: whose it is, the history of its stages, and run.json."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from edgefashion.data.manifest import Manifest
from edgefashion.errors import RecipeError
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.training.recipe import Recipe

PACKAGES = (
    "tensorflow",
    "tensorflow-cpu",
    "tf_keras",
    "tensorflow-model-optimization",
    "numpy",
    "pillow",
    "edgefashion",
)
"""Packages whose versions run.json names."""


def refuse_another(folder: Path, recipe: Recipe, manifest: Manifest) -> None:
    """Looks whose run a folder holds.

    Raises:
        RecipeError: that of another recipe or of other data.
    """
    path = folder / "recipe.json"
    if not path.exists():
        return
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        same = (held["digest"], held["data_digest"]) == (recipe.digest, manifest.digest)
    except (ValueError, TypeError, KeyError):
        same = False
    if not same:
        raise RecipeError(
            f"'{folder}' holds the run of another recipe or other data. Choose another --out, or delete the folder."
        )


def claim(folder: Path, recipe: Recipe, manifest: Manifest, source: str) -> None:
    """Writes the recipe, and where the data are, into a run's folder; makes the folder if absent."""
    mark = {
        "recipe": dataclasses.asdict(recipe),
        "digest": recipe.digest,
        "data_digest": manifest.digest,
        "source": source,
    }
    _write(folder / "recipe.json", mark)


def write_history(stage: Path, history: list[dict[str, float]]) -> None:
    """Writes a stage's history beside its checkpoint `stage`."""
    _write(stage.with_suffix(".json"), {"history": history})


def read_history(stage: Path) -> list[dict[str, float]]:
    """Gives the history of a stage that an earlier start of the run finished; empty where it was not kept."""
    try:
        return list(json.loads(stage.with_suffix(".json").read_text(encoding="utf-8"))["history"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_run(
    folder: Path,
    recipe: Recipe,
    manifest: Manifest,
    checkpoint: Checkpoint,
    histories: dict[str, list[dict[str, float]]],
    skipped: Sequence[tuple[str, str]],
    seconds: float,
) -> None:
    """Writes run.json.

    Args:
        folder: of the run.
        recipe: what was done.
        manifest: all pictures of the source.
        checkpoint: what came out.
        histories: one row an epoch, by stage.
        skipped: (path, reason) of pictures that could not be read.
        seconds: that the last start took.
    """
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    _write(folder / "run.json", {
        "recipe": dataclasses.asdict(recipe), "recipe_digest": recipe.digest,
        "data": {"name": manifest.name, "digest": manifest.digest, "labels": list(manifest.labels)},
        "skipped": [list(pair) for pair in skipped],
        "machine": {"python": platform.python_version(), "processor": platform.machine(), "cores": os.cpu_count()},
        "versions": versions, "seconds": round(seconds, 1), "stages": histories,
        "results": {
            "accuracy": checkpoint.accuracy, "temperature": checkpoint.temperature, "threshold": checkpoint.threshold,
        },
    })  # fmt: skip


def _write(path: Path, value: dict[str, Any]) -> None:
    """Writes JSON under a temporary name, then renames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(value, indent=1, sort_keys=True, default=list), encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
