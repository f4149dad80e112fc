"""The stages of a recipe, in order.

head → fit → refine → distil → blend → prune kernels → prune channels → prune weights → last layer → quantise-aware.

`refine` is a second fit, as a rule on milder pictures.

A run is a folder: `recipe.json`, `stages/NAME.safetensors` after each stage, `state/NAME.npz` while one is under way,
`checkpoint.safetensors` and `run.json` at the end. Started again, it goes on where it was.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tf_keras

from edgefashion.data.joined import joined
from edgefashion.data.manifest import Manifest
from edgefashion.data.sources import open_source
from edgefashion.errors import DataError, RecipeError
from edgefashion.models.architectures import Spec, architecture
from edgefashion.models.checkpoint import Checkpoint, Weights, load_checkpoint, save_checkpoint
from edgefashion.models.inverted_residual import InvertedResidualSpec
from edgefashion.taxonomy import NO_GARMENT, Taxonomy
from edgefashion.training.blend import blended
from edgefashion.training.calibrate import calibrated
from edgefashion.training.head_only import train_head
from edgefashion.training.heads import head_labels, with_attributes, with_more, without_heads
from edgefashion.training.loop import Report, Stage, run_stage
from edgefashion.training.pipeline import CACHE_MARGIN, Pictures, load_pictures
from edgefashion.training.prune_channels import prune_channels
from edgefashion.training.prune_kernels import prune_kernels
from edgefashion.training.prune_weights import train_pruning_weights
from edgefashion.training.quantise_aware import train_quantise_aware
from edgefashion.training.recipe import Model, Recipe, Schedule, load_recipe
from edgefashion.training.run_folder import claim, read_history, refuse_another, write_history, write_run
from edgefashion.training.start import first_checkpoint, needed, role, shipped
from edgefashion.training.teachers import Teachers, taught
from edgefashion.training.waiting import Waiting, unseen

STAGES = (
    "head", "fit", "refine", "distil", "blend", "prune-kernels", "prune-channels", "prune-weights", "last-layer",
    "quantise-aware",
)  # fmt: skip
INVERTED_RESIDUAL = ("prune-kernels", "prune-channels", "prune-weights", "quantise-aware")
"""Stages that other kinds of network don't have."""


@dataclass
class Run:
    """One run of a recipe: what every stage is given.

    Attributes:
        recipe: what to do.
        folder: the run's folder.
        manifest: all pictures of the source.
        train, tune: prepared pictures; the training ones a little larger than the input.
        report: is told the progress.
        heads: number of labels of each head, the type first.
        teacher: what `[distil]` learns from.
        trust: the teacher's share of each training picture: 1 where it knows the source, else 0.
        start: the weights that the run began with.
        others: what `[blend]` mixes in.
        more: training pictures that only `[last-layer]` sees.
        waiting: shows work that is not training.
    """

    recipe: Recipe
    folder: Path
    manifest: Manifest
    train: Pictures
    tune: Pictures
    report: Report
    heads: tuple[int, ...]
    teacher: Teachers | None = None
    trust: npt.NDArray[np.float32] | None = None
    start: Weights = field(default_factory=dict)
    others: tuple[Checkpoint, ...] = ()
    more: tuple[Manifest, ...] = ()
    waiting: Waiting = unseen

    def network(self, checkpoint: Checkpoint) -> tf_keras.Model:
        """Builds a checkpoint's network with the recipe's first blocks frozen."""
        network = checkpoint.model()
        count = self.recipe.model.frozen
        if count:
            for layer in network.layers:
                block = re.match(r"block(\d+)_", layer.name)
                if layer.name.startswith("stem_") or (block and int(block[1]) < count):
                    layer.trainable = False
        return network

    def stage(self, name: str, schedule: Schedule, spec: Any, **changes: Any) -> Stage:
        """Describes a stage of this run for `run_stage`."""
        plan = self.recipe.augment.scaled(schedule.strength)
        return Stage(
            name, schedule, plan, spec.height, spec.width, self.train, self.tune, self.recipe.seed,
            self.folder / "state" / f"{name}.npz", self.report, heads=self.heads,
            head_weight=self.recipe.model.head_weight, trust=self.trust,
            taught=self.teacher.taught if self.teacher else (), **changes,
        )  # fmt: skip


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
        tune = load_pictures(tuned, spec.height, spec.width, advance=bar.advance, taxonomy=recipe.data.taxonomy)
    train, tune = with_attributes(train, heads), with_attributes(tune, heads)
    run = Run(recipe, folder, manifest, train, tune, report, checkpoint.head_sizes, start=checkpoint.weights,
              more=more, waiting=waiting)  # fmt: skip
    if recipe.blend:
        run.others = tuple(networks[name] for name in recipe.blend.others)
    if recipe.distil:
        with waiting(len(recipe.distil.teachers), "Building teachers") as bar:
            run.teacher = Teachers([networks[name] for name in recipe.distil.teachers], checkpoint, bar.advance)
        run.trust = taught(train, manifest, recipe, source or recipe.data.source)
    histories: dict[str, Any] = {}
    for name in STAGES:
        if getattr(recipe, name.replace("-", "_")) is None:
            continue
        path = folder / "stages" / f"{name}.safetensors"
        if path.exists():
            checkpoint = _described(load_checkpoint(path), *origin)  # this run's facts, not a copy's
            histories[name] = read_history(path)
            continue
        checkpoint, histories[name] = _STEPS[name](run, checkpoint)
        checkpoint = dataclasses.replace(checkpoint, stage=name)
        write_history(path, histories[name])
        save_checkpoint(checkpoint, path)
        for path in (folder / "state").glob(f"{name}*"):
            path.unlink()
    checkpoint = without_heads(checkpoint, recipe.model.auxiliary)
    with waiting(None, "Calibrating"):
        checkpoint = calibrated(checkpoint, manifest, recipe, with_attributes(tune, checkpoint.heads))
    skipped = (*train.skipped, *tune.skipped)
    write_run(folder, recipe, manifest, checkpoint, histories, skipped, time.monotonic() - started)
    save_checkpoint(checkpoint, folder / "checkpoint.safetensors")  # the last: it says that the run is finished
    return checkpoint


def _head(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    network = run.network(checkpoint)
    stage = run.stage("head", _given(run.recipe.head), checkpoint.spec)
    history = train_head(network, stage, waiting=run.waiting)
    return checkpoint.with_model(network), history


def _fit(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    network = run.network(checkpoint)
    history = run_stage(network, run.stage("fit", _given(run.recipe.fit), checkpoint.spec))
    return checkpoint.with_model(network), history


def _refine(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    network = run.network(checkpoint)
    history = run_stage(network, run.stage("refine", _given(run.recipe.refine), checkpoint.spec))
    return checkpoint.with_model(network), history


def _distil(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    plan = _given(run.recipe.distil)
    network = run.network(checkpoint)
    stage = run.stage(
        "distil", plan, checkpoint.spec, teacher=run.teacher, weight=plan.weight, temperature=plan.temperature
    )
    history = run_stage(network, stage)
    return checkpoint.with_model(network), history


def _blend(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    weights = blended(checkpoint, run.start, _given(run.recipe.blend), run.others)
    return dataclasses.replace(checkpoint, weights=weights), []


def _prune_kernels(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    plan = _given(run.recipe.prune_kernels)
    with run.waiting(len(plan.blocks), "Making kernels smaller") as bar:
        return prune_kernels(checkpoint, plan, run.train, run.recipe.seed, bar.advance), []


def _prune_channels(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    plan = _given(run.recipe.prune_channels)
    teacher = run.teacher or checkpoint.model()
    chosen = run.folder / "state" / "prune-channels.safetensors"  # ranked once: the state that follows has its shapes
    if chosen.exists():
        narrow = load_checkpoint(chosen)
    else:
        blocks = len(checkpoint.spec.blocks) if isinstance(checkpoint.spec, InvertedResidualSpec) else 0
        parts = plan.batches + blocks + 1
        with run.waiting(parts, "Ranking and removing channels") as bar:
            narrow = prune_channels(checkpoint, plan, run.train, run.recipe.seed, bar.advance)
        save_checkpoint(narrow, chosen)
    stage = run.stage(
        "prune-channels", plan, narrow.spec, teacher=teacher, weight=plan.weight, temperature=plan.temperature
    )
    history, courses = [], []
    for course in range(plan.courses):
        network = run.network(narrow)
        state = run.folder / "state" / f"prune-channels{course or ''}.npz"  # a finished one is read, not trained again
        history += run_stage(network, dataclasses.replace(stage, seed=stage.seed + course, state=state))
        courses.append(narrow.with_model(network).weights)
    weights = {name: (1.0 - plan.blend) * sum(trained[name] for trained in courses) / len(courses) + plan.blend * value
               for name, value in narrow.weights.items()}  # fmt: skip
    return dataclasses.replace(narrow, weights=weights), history


def _prune_weights(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    plan = _given(run.recipe.prune_weights)

    def make_stage(changes: dict[str, Any]) -> Stage:
        return run.stage("prune-weights", plan, checkpoint.spec, **changes)

    return train_pruning_weights(checkpoint, plan, make_stage, run.teacher)


def _last_layer(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    network = run.network(checkpoint)
    plan, train = _given(run.recipe.last_layer), run.train
    times = [np.ones(len(train.truth), int)]
    for manifest, count in zip(run.more, Counter(plan.extra).values(), strict=True):
        with run.waiting(len(manifest.rows), f"Decoding {manifest.name}") as bar:
            more = load_pictures(manifest, train.images.shape[1], train.images.shape[2], advance=bar.advance)
        train = with_more(train, more, run.manifest.labels)
        times.append(np.full(len(more.rows), count))
    nothing = run.manifest.labels.index(NO_GARMENT)
    stage = dataclasses.replace(run.stage("last-layer", plan, checkpoint.spec), train=train)
    history = train_head(network, stage, train.truth != nothing, nothing, np.concatenate(times), run.waiting)
    return checkpoint.with_model(network), history


def _quantise_aware(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    plan = _given(run.recipe.quantise_aware)

    def make_stage(changes: dict[str, Any]) -> Stage:
        return run.stage("quantise-aware", plan, checkpoint.spec, **changes)

    return train_quantise_aware(checkpoint, plan, make_stage, run.teacher)


_STEPS = {
    "head": _head,
    "fit": _fit,
    "refine": _refine,
    "distil": _distil,
    "blend": _blend,
    "prune-kernels": _prune_kernels,
    "prune-channels": _prune_channels,
    "prune-weights": _prune_weights,
    "last-layer": _last_layer,
    "quantise-aware": _quantise_aware,
}


def _given(stage: Any) -> Any:
    """The stage's table, which is there: absent stages are skipped before."""
    if stage is None:
        raise RecipeError("A stage was started that the recipe does not have.")
    return stage


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
