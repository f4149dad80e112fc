"""One stage of training: AdamW, warm-up and cosine, averaged weights, a teacher if given; resumable after an epoch."""

from __future__ import annotations

import math
import os
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from edgefashion.errors import CheckpointError
from edgefashion.training.augment import augment, mix, normalise
from edgefashion.training.floors import Floors
from edgefashion.training.heads import cross_entropy, softened, targets_of
from edgefashion.training.pipeline import Pictures, as_rgb, turns
from edgefashion.training.recipe import Augment, Schedule


@dataclass(frozen=True)
class Progress:
    """Where a stage stands.

    Loss and accuracy are of the epoch so far; `tuned` is the accuracy on the tuning split once the epoch is over, NaN
    without such a split, and None before.
    """

    stage: str
    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float
    tuned: float | None
    seconds_left: float


Report = Callable[[Progress], None]
Forward = Callable[[tf.Tensor], tf.Tensor]
Teacher = Callable[..., tf.Tensor]


@dataclass
class Stage:
    """What one stage needs beside the network.

    Attributes:
        name: of the stage.
        schedule: how long and how hard.
        plan: augmentation; height, width: the network's input.
        train, tune: pictures (tune may be None).
        seed: of order and augmentation.
        state: file that an interrupted stage goes on from.
        report: is told the progress.
        teacher: network whose logits are to be matched, and the share and temperature of that loss.
        trust: how much of that share each training picture gets, 0–1, float32 (n,); None for all of it.
        before_step: called before each step with its number, for pruning schedules.
        heads: number of labels of each head, the type first; one head if empty.
        head_weight: of each further head's loss; the type's is 1.
        taught: by head, whether the teacher knows it; all of them if empty.
        floors: lays garments on other floors, so many of them as `plan.floor` says; the teacher is asked about the
            pictures as they are.
    """

    name: str
    schedule: Schedule
    plan: Augment
    height: int
    width: int
    train: Pictures
    tune: Pictures | None
    seed: int
    state: Path
    report: Report
    teacher: Teacher | None = None
    weight: float = 0.0
    temperature: float = 1.0
    before_step: Callable[[int], None] | None = None
    heads: tuple[int, ...] = ()
    head_weight: float = 0.3
    trust: npt.NDArray[np.float32] | None = None
    taught: tuple[bool, ...] = ()
    floors: Floors | None = None


def run_stage(network: tf_keras.Model, stage: Stage) -> list[dict[str, float]]:
    """Trains a network in place.

    Returns:
        One row an epoch: loss, accuracy, tuned (accuracy on the tuning split), seconds.
    """
    with _pointwise_as_products(network):
        return _run_stage(network, stage)


def _run_stage(network: tf_keras.Model, stage: Stage) -> list[dict[str, float]]:
    plan, schedule = stage.plan, stage.schedule
    steps = math.ceil(len(stage.train.truth) / schedule.batch)
    optimizer = tf_keras.optimizers.AdamW(schedule.learning_rate, weight_decay=schedule.weight_decay)
    if schedule.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    optimizer.build(network.trainable_variables)
    shadows = [tf.Variable(v, trainable=False) for v in network.variables] if schedule.average else []
    sizes = stage.heads or (network.output_shape[-1],)
    weights = (1.0,) + (stage.head_weight,) * (len(sizes) - 1)
    taught = np.repeat(stage.taught or (True,) * len(sizes), sizes).astype(np.float32)[None]

    def shown(images: tf.Tensor, truth: tf.Tensor, trust: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # The last column is the teacher's share, which is mixed like the targets.
        share = (stage.weight if stage.teacher else 0.0) * trust[:, None]
        own = (1.0 - share * taught) * targets_of(truth, sizes, schedule.smoothing)
        targets = tf.concat([own, share], axis=1)
        seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        x = augment(images, plan, stage.height, stage.width, seeds[0])
        if plan.mixup:
            x, targets = mix(x, targets, plan.mixup, seeds[1])
        return x, targets[:, :-1], targets[:, -1:]

    @tf.function(autograph=False)
    def ask(*batch: tf.Tensor) -> tf.Tensor:
        return stage.teacher(shown(*batch)[0], training=False) if stage.teacher else None

    @tf.function(autograph=False)
    def step(told: tf.Tensor | None, *batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        (x, targets, share), truth = shown(*batch), batch[1]
        with tf.GradientTape() as tape:
            logits = network(x, training=True)
            loss = cross_entropy(targets, logits, sizes, weights)
            if stage.teacher:
                told = stage.teacher(x, training=False) if told is None else told
                soft = softened(told, sizes, stage.temperature)
                close = cross_entropy(share * taught * soft, logits / stage.temperature, sizes, weights)
                loss = loss + stage.temperature**2 * close
        optimizer.apply_gradients(
            zip(tape.gradient(loss, network.trainable_variables), network.trainable_variables, strict=True)
        )
        for shadow, variable in zip(shadows, network.variables if shadows else [], strict=True):
            if variable.dtype.is_floating:
                shadow.assign_sub((1.0 - average) * (shadow - variable))
            else:
                shadow.assign(variable)
        right = tf.reduce_mean(tf.cast(tf.argmax(logits[:, : sizes[0]], 1) == truth[:, 0], tf.float32))
        return loss, right

    targets = stage.train.targets
    trust = np.ones(len(targets), np.float32) if stage.trust is None else stage.trust
    elsewhere = stage.floors if plan.floor else None
    forward = forward_of(network)
    average = tf.Variable(0.0, trainable=False)
    kept = [*network.variables, *optimizer.variables, *shadows]
    history = _resume(stage.state, kept)
    answers: dict[int, tf.Tensor] = {}
    for epoch in range(len(history), schedule.epochs):
        started, losses, rights = time.monotonic(), 0.0, 0.0
        turn = epoch % schedule.cycle if schedule.cycle else epoch
        drawn = turns(stage.train.truth, schedule.batch, stage.seed, turn, schedule.balance)
        for number, index in enumerate(drawn):
            images, truth = as_rgb(stage.train.images[index]), targets[index]
            done, drawing = epoch * steps + number, turn * steps + number
            optimizer.learning_rate.assign(learning_rate(schedule, done / steps))
            average.assign(min(schedule.average, (1.0 + done) / (10.0 + done)))
            if stage.before_step:
                stage.before_step(done)
            seed = tf.constant([stage.seed, drawing], tf.int32)
            batch = (tf.constant(images), tf.constant(truth), tf.constant(trust[index]), seed)
            told = answers.get(drawing)
            if stage.teacher and told is None and (schedule.cycle or elsewhere):
                told = ask(*batch)
                if schedule.cycle:
                    answers[drawing] = told
            if elsewhere:
                batch = (tf.constant(elsewhere.lay(images, index, plan.floor, (stage.seed, drawing))), *batch[1:])
            loss, right = step(told, *batch)
            losses, rights = losses + float(loss), rights + float(right)
            spent = time.monotonic() - started
            left = spent / (number + 1) * (steps * (schedule.epochs - epoch) - number - 1)
            row = (losses / (number + 1), rights / (number + 1))
            stage.report(Progress(stage.name, epoch + 1, schedule.epochs, number + 1, steps, *row, None, left))
        tuned = _tuned(network, forward, shadows, stage.tune, sizes[0])
        history.append(
            {"loss": losses / steps, "accuracy": rights / steps, "tuned": tuned, "seconds": time.monotonic() - started}
        )
        _save(stage.state, kept, history)
        left = (time.monotonic() - started) * (schedule.epochs - epoch - 1)
        stage.report(
            Progress(stage.name, epoch + 1, schedule.epochs, steps, steps, losses / steps, rights / steps, tuned, left)
        )
    for shadow, variable in zip(shadows, network.variables if shadows else [], strict=True):
        variable.assign(shadow)
    return history


@contextmanager
def _pointwise_as_products(network: tf_keras.Model) -> Iterator[None]:
    """Makes matrix products of 1 × 1 convolutions for a while.

    They give the same numbers; on a CPU their gradients take up to half the time less, a whole step a tenth to a fifth.
    """

    def product(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        rows = tf.reshape(x, (-1, kernel.shape[2])) @ tf.reshape(kernel, kernel.shape[2:])
        return tf.reshape(rows, (-1, *x.shape[1:-1], kernel.shape[-1]))

    inner = [getattr(layer, "layer", layer) for layer in network.layers]  # tfmot wraps layers
    convs = [layer for layer in inner if type(layer) is tf_keras.layers.Conv2D]
    pointwise = [layer for layer in convs if layer.kernel_size == (1, 1) and layer.strides == (1, 1)]
    for layer in pointwise:
        layer.convolution_op = product
    try:
        yield
    finally:
        for layer in pointwise:
            del layer.convolution_op


def forward_of(network: tf_keras.Model) -> Forward:
    """A network's graph from bytes to logits, built once however often it runs and whatever its weights become."""

    @tf.function(autograph=False, reduce_retracing=True)
    def forward(x: tf.Tensor) -> tf.Tensor:
        return network(normalise(x), training=False)

    return forward


def logits_of(
    network: tf_keras.Model, images: npt.NDArray[np.uint8], batch: int = 64, forward: Forward | None = None
) -> npt.NDArray[np.float32]:
    """Runs a network over prepared pictures.

    Args:
        network: from float32 [-1, 1) to logits.
        images: uint8 (n, height, width, 3) RGB or (n, height, width) grey, already of the network's size.
        batch: pictures at once.
        forward: `forward_of(network)`, where there is one already.

    Returns:
        float32 (n, classes).
    """
    forward = forward or forward_of(network)
    parts = [forward(tf.constant(as_rgb(images[i : i + batch]))).numpy() for i in range(0, len(images), batch)]
    return np.concatenate(parts)


def _tuned(
    network: tf_keras.Model, forward: Forward, shadows: Sequence[tf.Variable], tune: Pictures | None, types: int
) -> float:
    """Accuracy on the tuning split with the averaged weights, or NaN without one."""
    if tune is None or not len(tune.truth):
        return math.nan
    swap = [v.numpy() for v in network.variables] if shadows else []
    for shadow, variable in zip(shadows, network.variables if shadows else [], strict=True):
        variable.assign(shadow)
    right = float(np.mean(logits_of(network, tune.images, forward=forward)[:, :types].argmax(1) == tune.truth))
    for value, variable in zip(swap, network.variables if shadows else [], strict=True):
        variable.assign(value)
    return right


def learning_rate(schedule: Schedule, epoch: float) -> float:
    """Linear warm-up, then half a cosine to 1 % of the top, or constant."""
    if schedule.constant:
        return schedule.learning_rate
    if epoch < schedule.warmup:
        return schedule.learning_rate * (epoch + 0.01) / schedule.warmup
    share = (epoch - schedule.warmup) / max(1e-9, schedule.epochs - schedule.warmup)
    return schedule.learning_rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share))))


def _save(path: Path, variables: Sequence[tf.Variable], history: list[dict[str, float]]) -> None:
    """Writes what a stage needs to go on: a kill at any moment leaves the file of the epoch before, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.npz")
    columns: dict[str, Any] = {key: np.array([row[key] for row in history]) for key in history[0]}
    try:
        np.savez(temporary, **columns, **{f"v{i}": v.numpy() for i, v in enumerate(variables)})
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _resume(path: Path, variables: Sequence[tf.Variable]) -> list[dict[str, float]]:
    """Reads the state of an interrupted stage into the variables; an empty history where there is none.

    Raises:
        CheckpointError: the file is damaged, or belongs to another network.
    """
    if not path.exists():
        return []
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as saved:
            for i, variable in enumerate(variables):
                variable.assign(saved[f"v{i}"])
            keys = [key for key in saved.files if not key[1:].isdigit()]
            return [
                dict(zip(keys, row, strict=True)) for row in zip(*(saved[key].tolist() for key in keys), strict=True)
            ]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        # NumPy's own words for a damaged file advise to load it unsafely; the system's ("Permission denied") help.
        reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        raise CheckpointError(
            f"'{path}' is damaged, or of another network{reason}. Delete it, and its stage starts again."
        ) from error
