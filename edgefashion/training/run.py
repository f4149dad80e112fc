"""Runs the stages of a recipe, in order.

A run is a folder: `recipe.json`, `stages/NAME.safetensors` after each stage, `state/NAME.npz` while one is under way,
`checkpoint.safetensors` and `run.json` at the end. Started again, it goes on where it was.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import tf_keras

from edgefashion.data.joined import joined
from edgefashion.data.manifest import Manifest
from edgefashion.data.saliency import Saliency
from edgefashion.data.sources import open_source
from edgefashion.errors import DataError, RecipeError
from edgefashion.models.architectures import Spec, architecture
from edgefashion.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from edgefashion.models.inverted_residual import InvertedResidualSpec
from edgefashion.taxonomy import NO_GARMENT, Taxonomy
from edgefashion.training.calibrate import calibrated
from edgefashion.training.floors import find_floors
from edgefashion.training.heads import head_labels, with_attributes, without_heads
from edgefashion.training.loop import Report
from edgefashion.training.pipeline import CACHE_MARGIN, load_pictures
from edgefashion.training.recipe import Model, Recipe
from edgefashion.training.recipe_file import load_recipe
from edgefashion.training.run_folder import claim, read_history, refuse_another, write_history, write_run
from edgefashion.training.stages import INVERTED_RESIDUAL, ON_FLOORS, STAGES, Run
from edgefashion.training.start import first_checkpoint, needed, role, shipped
from edgefashion.training.teachers import Teachers, taught
from edgefashion.training.waiting import Waiting, unseen


def recipe_pictures(recipe: Recipe, source: str | None = None) -> Manifest:
    """Opens the pictures of a recipe, those of its extra sources among them.

    Args:
        recipe: names the sources.
        source: in place of the recipe's own.

    Raises:
        DataError: no such source, or sources that can't be joined.
    """
    manifest = open_source(source or recipe.data.source)
    if recipe.data.extra:
        manifest = joined(manifest, [open_source(spec) for spec in recipe.data.extra])
    return manifest


def run_recipe(
    recipe: Recipe,
    folder: Path,
    report: Report,
    source: str | None = None,
    waiting: Waiting = unseen,
    manifest: Manifest | None = None,
) -> Checkpoint:
    """Runs a recipe, or goes on with it.

    Args:
        recipe: what to do.
        folder: the run's folder; made if absent.
        report: is told the progress of every step.
        source: data source in place of the recipe's.
        waiting: shows what is not training: decoding, teachers, ranking, looking, calibrating.
        manifest: the pictures, where they are open already: `recipe_pictures(recipe, source)`.

    Returns:
        The finished checkpoint, also in `folder/checkpoint.safetensors`.

    Raises:
        RecipeError: the folder holds the run of another recipe.
        DataError: no usable pictures.
    """
    manifest = recipe_pictures(recipe, source) if manifest is None else manifest
    refuse_another(folder, recipe, manifest)
    started = time.monotonic()
    if (folder / "checkpoint.safetensors").exists():
        return load_checkpoint(folder / "checkpoint.safetensors")
    trained, more = _checked(manifest, recipe), _more(recipe, manifest)
    tf_keras.utils.set_random_seed(recipe.seed)
    heads = head_labels(recipe.model.heads, trained)
    _refuse_stages(recipe)
    salience = Saliency() if recipe.augment.floor else None
    if needed(recipe):
        claim(folder, recipe, manifest, source or recipe.data.source)
    networks = _needed(recipe, folder, report, source, waiting)
    origin = (recipe, manifest, trained, more)
    checkpoint = _described(first_checkpoint(recipe.model, manifest.labels, heads, networks), *origin)
    claim(folder, recipe, manifest, source or recipe.data.source)
    spec = checkpoint.spec
    margin = CACHE_MARGIN if recipe.augment.scale < 1.0 and manifest.arrays is None else 1.0
    size = (round(spec.height * margin), round(spec.width * margin))
    tuned = manifest.select(recipe.data.tune)
    with waiting(len(trained.rows) + len(tuned.rows), "Decoding pictures") as bar:
        train = load_pictures(trained, *size, advance=bar.advance)
        tune = load_pictures(
            tuned, spec.height, spec.width, advance=bar.advance, taxonomy=recipe.data.taxonomy, further=True
        )
    train, tune = with_attributes(train, heads), with_attributes(tune, heads)
    run = Run(recipe, folder, manifest, train, tune, report, checkpoint.head_sizes, start=checkpoint.weights,
              more=more, waiting=waiting)  # fmt: skip
    if recipe.blend:
        run.others = tuple(networks[name] for name in recipe.blend.others)
    if recipe.distil:
        with waiting(len(recipe.distil.teachers), "Building teachers") as bar:
            known = [networks[name] for name in recipe.distil.teachers]
            run.teacher = Teachers(known, checkpoint, bar.advance, recipe.model.bfloat16)
        run.trust = taught(train, manifest, recipe, source or recipe.data.source)
    histories: dict[str, Any] = {}
    for name in STAGES:
        if getattr(recipe, name.replace("-", "_")) is None:
            continue
        path = folder / "stages" / f"{name}.safetensors"
        # Either way it gets this run's facts: what lies there, a stage or a state, may be a copy of another run's.
        if path.exists():
            checkpoint, histories[name] = _described(load_checkpoint(path), *origin), read_history(path)
        else:
            if salience and run.floors is None and name in ON_FLOORS:
                own = [row for row in train.rows if row.type != NO_GARMENT and not row.box]
                with waiting(len(own), "Cutting garments out") as bar:
                    run.floors = find_floors(train, own, salience, folder / "state" / "masks.npz", bar.advance)
            checkpoint, histories[name] = STAGES[name](run, checkpoint)
            checkpoint = dataclasses.replace(_described(checkpoint, *origin), stage=name)
            write_history(path, histories[name])
            save_checkpoint(checkpoint, path)
            for path in (folder / "state").glob(f"{name}*"):
                path.unlink()
        if name == "head":
            run.head = checkpoint.weights
    checkpoint = without_heads(checkpoint, recipe.model.auxiliary)
    with waiting(None, "Calibrating"):
        checkpoint = calibrated(checkpoint, manifest, recipe, with_attributes(tune, checkpoint.heads))
    skipped = (*train.skipped, *tune.skipped)
    write_run(folder, recipe, manifest, checkpoint, histories, skipped, time.monotonic() - started)
    save_checkpoint(checkpoint, folder / "checkpoint.safetensors")  # the last: it says that the run is finished
    return checkpoint


def _more(recipe: Recipe, manifest: Manifest) -> tuple[Manifest, ...]:
    """Opens the pictures that only `[last-layer]` sees; refuses, before hours are spent, what it can't learn from."""
    sources = recipe.last_layer.extra if recipe.last_layer else ()
    if sources and NO_GARMENT not in manifest.labels:
        raise RecipeError(f"[last-layer] needs pictures labelled '{NO_GARMENT}' among those that the others see.")
    more = tuple(open_source(spec).select("train") for spec in dict.fromkeys(sources))
    for found in more:
        strange = sorted({row.type for row in found.rows} - set(manifest.labels))
        if strange or not found.rows:
            raise DataError(
                f"[last-layer] can't take '{found.name}': {strange[:1] or 'nothing'} is not among the labels."
            )
    return more


def _checked(manifest: Manifest, recipe: Recipe) -> Manifest:
    """Gives the training split; refuses, before hours are spent, what training, tuning or the card would refuse."""
    trained = manifest.select(*recipe.data.train)
    if len({row.type for row in trained.rows}) < 2:
        raise DataError(
            f"'{manifest.name}' has fewer than two labels in its training split; a classifier needs at least two."
        )
    for use, split in (("tune", recipe.data.tune), ("held-out", recipe.data.held_out)):
        if not manifest.select(split).rows:
            raise DataError(
                f"'{manifest.name}' has no picture in the split '{split}', which the recipe's '{use}' names."
            )
    strange = sorted(set(manifest.labels) - set(_taxonomy(recipe, manifest).types))
    if strange:
        raise RecipeError(
            f"The taxonomy '{recipe.data.taxonomy}' has no type '{strange[0]}', which '{manifest.name}' holds. "
            "Leave 'data.taxonomy' out of the recipe, or use --data without a recipe."
        )
    return trained


def _needed(
    recipe: Recipe, folder: Path, report: Report, source: str | None, waiting: Waiting
) -> dict[str, Checkpoint]:
    """Gives what needed recipes make: what ships, or what is trained in folders of their own, now or before."""
    found = {}
    for name in needed(recipe):
        own, place = load_recipe(name), folder / f"{role(name, recipe)}-{Path(name).stem}"
        if own.digest == recipe.digest:
            raise RecipeError(f"The recipe '{recipe.name}' needs itself.")
        with waiting(None, f"Opening {name}"):
            manifest = recipe_pictures(own, source)
            ready = None if place.exists() else shipped(own, manifest)
        found[name] = ready or run_recipe(own, place, report, source, waiting, manifest)
    return found


def _spec(model: Model) -> Spec:
    return architecture(model.architecture, 2, model.height or None, model.width or None)


def _refuse_stages(recipe: Recipe) -> None:
    """Refuses, before hours are spent, stages that this kind of network does not have."""
    spec = _spec(recipe.model)
    late = [name for name in INVERTED_RESIDUAL if getattr(recipe, name.replace("-", "_"))]
    if late and not isinstance(spec, InvertedResidualSpec):
        raise RecipeError(f"[{late[0]}] needs an inverted residual network. Received: {type(spec).__name__}.")


def _taxonomy(recipe: Recipe, manifest: Manifest) -> Taxonomy:
    named = recipe.data.taxonomy
    types = [label for label in manifest.labels if label != NO_GARMENT]
    taxonomy = Taxonomy.load(named) if named else Taxonomy.from_labels(types)
    if NO_GARMENT not in manifest.labels:
        return taxonomy
    return dataclasses.replace(taxonomy, categories={**taxonomy.categories, NO_GARMENT: (NO_GARMENT,)})


def _described(
    checkpoint: Checkpoint, recipe: Recipe, manifest: Manifest, trained: Manifest, more: tuple[Manifest, ...]
) -> Checkpoint:
    """Adds what the card will say of origin and labels."""
    parts = (manifest, *more)
    facts = {
        "data": " + ".join(part.name for part in parts),
        "data_licence": ", ".join(dict.fromkeys(part.licence for part in parts if part.licence)),
        "data_digest": manifest.digest,
        "pictures": len(trained.rows) + sum(len(part.rows) for part in more),
        "groups": len({row.group for row in trained.rows}),
        "recipe": recipe.name, "recipe_digest": recipe.digest,
        "train": list(recipe.data.train), "tune": recipe.data.tune, "held_out": recipe.data.held_out,
    }  # fmt: skip
    return dataclasses.replace(
        checkpoint, name=recipe.name, version=recipe.version, description=recipe.description,
        taxonomy=_taxonomy(recipe, manifest).to_dict(), training=facts,
    )  # fmt: skip
