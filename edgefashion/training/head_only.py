"""Training a network's last layer alone: the trunk looks at every picture once, the layer learns from what it said."""

from __future__ import annotations

import math
import time

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from edgefashion.training.augment import augment
from edgefashion.training.heads import cross_entropy, softened, targets_of
from edgefashion.training.loop import Progress, Stage, learning_rate
from edgefashion.training.pipeline import Pictures, as_rgb, turns
from edgefashion.training.recipe import Augment
from edgefashion.training.waiting import Counter, Waiting, unseen

LAST = "type_dense"
PICTURES_AT_ONCE = 64

Features = npt.NDArray[np.float32]


def train_head(
    network: tf_keras.Model,
    stage: Stage,
    settled: npt.NDArray[np.bool_] | None = None,
    never: int = -1,
    times: npt.NDArray[np.int64] | None = None,
    alone: bool = False,
    waiting: Waiting = unseen,
) -> list[dict[str, float]]:
    """Trains the dense layer `type_dense` in place; all else stays as it is. Not resumable: it takes seconds.

    Args:
        network: ends in `type_dense`.
        stage: what to train on and how; the pictures stay as they are, and teachers play no part.
        settled: bool (n,), training pictures of which the network is to go on saying what it says now: its own
            answers, and not the labels, are what it learns; None for none of them.
        never: type that no settled picture shows, whose share in those answers goes to the others; -1 for none.
        times: int (n,), how often each training picture is seen in an epoch; None for once.
        alone: only what the layer says of `never` is learnt; every other column stays as it is, bit by bit.
        waiting: shows how many pictures the trunk has looked at.

    Returns:
        One row an epoch: loss, accuracy, tuned, seconds.
    """
    started = time.monotonic()
    schedule, sizes = stage.schedule, stage.heads or (network.output_shape[-1],)
    weights = (1.0,) + (stage.head_weight,) * (len(sizes) - 1)
    layer = network.get_layer(LAST)
    trunk = tf_keras.Model(network.input, layer.input)
    tune = stage.tune if stage.tune is not None and len(stage.tune.truth) else None
    with waiting(len(stage.train.truth) + (len(tune.truth) if tune else 0), "Looking at pictures") as bar:
        seen, truth = _features(trunk, stage, stage.train, bar), stage.train.targets
        judged = None if tune is None else _features(trunk, stage, tune, bar)
    before = layer.get_weights()
    learns = np.arange(before[1].size) == never if alone else np.ones(before[1].size, bool)
    kernel, bias = (tf.Variable(value[..., learns]) for value in before)
    place = tf.constant(np.eye(learns.size, dtype=np.float32)[learns])  # (columns that learn, columns)
    fixed = [tf.constant(np.where(learns, 0.0, value), tf.float32) for value in before]
    wanted = targets_of(tf.constant(truth), sizes, schedule.smoothing)
    if settled is not None:
        said = tf.constant(seen @ before[0] + before[1])
        said = tf.where(tf.range(said.shape[1]) == never, said.dtype.min, said) if never >= 0 else said
        wanted = tf.where(settled[:, None], softened(said, sizes, 1.0), wanted)
    targets = wanted.numpy()
    optimizer = tf_keras.optimizers.AdamW(schedule.learning_rate, weight_decay=schedule.weight_decay)
    optimizer.exclude_from_weight_decay(var_list=[bias])
    optimizer.build([kernel, bias])

    @tf.function(autograph=False)
    def step(x: tf.Tensor, wanted: tf.Tensor, types: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            logits = (x @ kernel + bias) @ place
            logits = logits + (x @ fixed[0] + fixed[1]) if alone else logits
            loss = cross_entropy(wanted, logits, sizes, weights)
        optimizer.apply_gradients(zip(tape.gradient(loss, [kernel, bias]), [kernel, bias], strict=True))
        return loss, tf.reduce_mean(tf.cast(tf.argmax(logits[:, : sizes[0]], 1) == types, tf.float32))

    seats = np.repeat(np.arange(len(seen)), 1 if times is None else times)
    steps = math.ceil(len(seats) / schedule.batch)
    history: list[dict[str, float]] = []
    for epoch in range(schedule.epochs):
        losses, rights = 0.0, 0.0
        drawn = turns(truth[seats, 0], schedule.batch, stage.seed, epoch, schedule.balance)
        for number, drawn_seats in enumerate(drawn):
            index = seats[drawn_seats]
            optimizer.learning_rate.assign(learning_rate(schedule, epoch + number / steps))
            loss, right = step(*(tf.constant(part[index]) for part in (seen, targets, truth[:, 0])))
            losses, rights = losses + float(loss), rights + float(right)
        tuned = math.nan
        if tune is not None and judged is not None:
            now = _with(before, learns, kernel, bias)
            said = judged @ now[0][:, : sizes[0]] + now[1][: sizes[0]]
            tuned = float(np.mean(said.argmax(1) == tune.truth))
        mean, share, seconds = losses / steps, rights / steps, time.monotonic() - started
        history.append({"loss": mean, "accuracy": share, "tuned": tuned, "seconds": seconds})
        if epoch + 1 == schedule.epochs:
            stage.report(Progress(stage.name, epoch + 1, epoch + 1, steps, steps, mean, share, tuned, 0.0))
    layer.set_weights(_with(before, learns, kernel, bias))
    return history


def _with(
    before: list[Features], learns: npt.NDArray[np.bool_], kernel: tf.Variable, bias: tf.Variable
) -> list[Features]:
    """The layer's kernel and bias, with the columns that learn as they are now."""
    after = [value.copy() for value in before]
    for whole, part in zip(after, (kernel, bias), strict=True):
        whole[..., learns] = part.numpy()
    return after


def _features(trunk: tf_keras.Model, stage: Stage, pictures: Pictures, bar: Counter) -> Features:
    """What the trunk says of every picture, float32 (n, d)."""

    @tf.function(autograph=False)
    def look(images: tf.Tensor) -> tf.Tensor:
        plain = augment(images, Augment(flip=False), stage.height, stage.width, tf.constant([0, 0], tf.int32))
        return trunk(plain, training=False)

    parts, count = [], len(pictures.truth)
    for start in range(0, count, PICTURES_AT_ONCE):
        # Always full batches: a shorter last one would have its graph built anew.
        index = np.arange(start, start + PICTURES_AT_ONCE) % count
        parts.append(look(tf.constant(as_rgb(pictures.images[index]))).numpy())
        bar.advance(min(PICTURES_AT_ONCE, count - start))
    return np.concatenate(parts)[:count]
