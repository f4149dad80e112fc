"""What each stage of a recipe does with a checkpoint.

head → fit → refine → distil → blend → prune kernels → prune channels → prune weights → last layer → quantise-aware.

`refine` is a second fit, as a rule on milder pictures.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tf_keras

from edgefashion.data.manifest import Manifest
from edgefashion.errors import RecipeError
from edgefashion.models.checkpoint import Checkpoint, Weights, load_checkpoint, save_checkpoint
from edgefashion.models.inverted_residual import InvertedResidualSpec
from edgefashion.taxonomy import NO_GARMENT
from edgefashion.training.bfloat16 import in_bfloat16
from edgefashion.training.blend import blended
from edgefashion.training.floors import Floors
from edgefashion.training.head_only import train_head
from edgefashion.training.heads import with_more
from edgefashion.training.loop import Report, Stage, run_stage
from edgefashion.training.pipeline import Pictures, load_pictures
from edgefashion.training.prune_channels import prune_channels
from edgefashion.training.prune_kernels import prune_kernels
from edgefashion.training.prune_weights import train_pruning_weights
from edgefashion.training.quantise_aware import train_quantise_aware
from edgefashion.training.recipe import Recipe, Schedule
from edgefashion.training.teachers import Teachers
from edgefashion.training.waiting import Waiting, unseen

INVERTED_RESIDUAL = ("prune-kernels", "prune-channels", "prune-weights", "quantise-aware")
"""Stages that other kinds of network don't have."""
ON_FLOORS = ("fit", "refine", "distil", "prune-channels")
"""Stages whose garments lie on other floors where the recipe says so."""


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
        head: the weights that `[head]` gave, where the recipe has it.
        others: what `[blend]` mixes in.
        more: training pictures that only `[last-layer]` sees.
        waiting: shows work that is not training.
        floors: other floors for the training pictures' garments, where the recipe wants them.
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
    head: Weights = field(default_factory=dict)
    others: tuple[Checkpoint, ...] = ()
    more: tuple[Manifest, ...] = ()
    waiting: Waiting = unseen
    floors: Floors | None = None

    def network(self, checkpoint: Checkpoint, last_layer: bool = False) -> tf_keras.Model:
        """Builds a checkpoint's network with the recipe's first blocks frozen; for its last layer alone in float32."""
        network = checkpoint.model()
        if self.recipe.model.bfloat16 and not last_layer:
            network = in_bfloat16(network)
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


def _head(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    network = run.network(checkpoint, last_layer=True)
    stage = run.stage("head", _given(run.recipe.head), checkpoint.spec)
    history = train_head(network, stage, waiting=run.waiting)
    return checkpoint.with_model(network), history


def _fit(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    network = run.network(checkpoint)
    history = run_stage(network, run.stage("fit", _given(run.recipe.fit), checkpoint.spec, floors=run.floors))
    return checkpoint.with_model(network), history


def _refine(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    network = run.network(checkpoint)
    history = run_stage(network, run.stage("refine", _given(run.recipe.refine), checkpoint.spec, floors=run.floors))
    return checkpoint.with_model(network), history


def _distil(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    plan = _given(run.recipe.distil)
    stage = run.stage(
        "distil", plan, checkpoint.spec, teacher=run.teacher, weight=plan.weight, temperature=plan.temperature,
        floors=run.floors,
    )  # fmt: skip
    weights, history = _averaged(run, checkpoint, stage, plan.courses)
    return dataclasses.replace(checkpoint, weights=weights), history


def _averaged(run: Run, checkpoint: Checkpoint, stage: Stage, courses: int) -> tuple[Weights, list[dict[str, float]]]:
    """The mean weights of several trainings from the same beginning, each in another order."""
    history, ends = [], []
    for course in range(courses):
        network = run.network(checkpoint)
        state = stage.state.with_stem(f"{stage.name}{course or ''}")  # a finished one is read, not trained again
        history += run_stage(network, dataclasses.replace(stage, seed=stage.seed + course, state=state))
        ends.append(checkpoint.with_model(network).weights)
    return {name: np.asarray(sum(end[name] for end in ends) / courses, np.float32) for name in ends[0]}, history


def _blend(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    plan = _given(run.recipe.blend)
    weights = blended(checkpoint, run.start, plan, run.others, run.head if plan.head else None)
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
        "prune-channels", plan, narrow.spec, teacher=teacher, weight=plan.weight, temperature=plan.temperature,
        floors=run.floors,
    )  # fmt: skip
    mean, history = _averaged(run, narrow, stage, plan.courses)
    weights = {name: (1.0 - plan.blend) * mean[name] + plan.blend * value for name, value in narrow.weights.items()}
    return dataclasses.replace(narrow, weights=weights), history


def _prune_weights(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    plan = _given(run.recipe.prune_weights)

    def make_stage(changes: dict[str, Any]) -> Stage:
        return run.stage("prune-weights", plan, checkpoint.spec, **changes)

    return train_pruning_weights(checkpoint, plan, make_stage, run.teacher)


def _last_layer(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    network = run.network(checkpoint, last_layer=True)
    plan, train = _given(run.recipe.last_layer), run.train
    times = [np.ones(len(train.truth), int)]
    for manifest, count in zip(run.more, Counter(plan.extra).values(), strict=True):
        with run.waiting(len(manifest.rows), f"Decoding {manifest.name}") as bar:
            more = load_pictures(manifest, train.images.shape[1], train.images.shape[2], advance=bar.advance)
        train = with_more(train, more, run.manifest.labels)
        times.append(np.full(len(more.rows), count))
    nothing = run.manifest.labels.index(NO_GARMENT)
    stage = dataclasses.replace(run.stage("last-layer", plan, checkpoint.spec), train=train)
    settled, seen = train.truth != nothing, np.concatenate(times)
    history = train_head(network, stage, settled, nothing, seen, plan.garments_stay, run.waiting)
    return checkpoint.with_model(network), history


def _quantise_aware(run: Run, checkpoint: Checkpoint) -> tuple[Checkpoint, list[dict[str, float]]]:
    plan = _given(run.recipe.quantise_aware)

    def make_stage(changes: dict[str, Any]) -> Stage:
        return run.stage("quantise-aware", plan, checkpoint.spec, **changes)

    return train_quantise_aware(checkpoint, plan, make_stage, run.teacher)


STAGES = {
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
