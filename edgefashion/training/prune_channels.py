"""Removes expansion channels of inverted residual blocks: the network becomes narrower, and its file really smaller.

Only the channels between the two pointwise convolutions of a block are free to go: nothing outside the block sees them.
A channel's rank is the first-order Taylor estimate of what the loss would change without it, |mean over places of
activation × gradient|, summed over pictures (Molchanov et al. 2017, arXiv 1611.06440), divided by the root mean square
of its block, so that blocks compare, and by the channel's multiply-accumulates, so that the dearest useless channels go
first. Batch-normalisation scale would be cheaper, but is blind to the projection behind it, and a folded network has
none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from edgefashion.errors import RecipeError
from edgefashion.models.checkpoint import Checkpoint, Weights
from edgefashion.models.inverted_residual import InvertedResidualSpec
from edgefashion.training.augment import normalise
from edgefashion.training.pipeline import Pictures, batches
from edgefashion.training.recipe import PruneChannels

Scores = dict[int, npt.NDArray[np.float64]]


def prune_channels(checkpoint: Checkpoint, plan: PruneChannels, train: Pictures, seed: int) -> Checkpoint:
    """Ranks the channels on training pictures and rebuilds the network without the least of them.

    Args:
        checkpoint: an inverted residual network, folded or not.
        plan: how much is to be left.
        train: prepared training pictures.
        seed: of the pictures that the ranking looks at.

    Returns:
        The narrower network with the weights that were kept; not yet trained further.

    Raises:
        RecipeError: another kind of network.
    """
    spec = _inverted(checkpoint)
    scores = taylor_scores(checkpoint, train, plan, seed)
    return remove_channels(checkpoint, choose(spec, scores, plan.keep, plan.multiple, COSTS[plan.of](spec)))


def taylor_scores(checkpoint: Checkpoint, train: Pictures, plan: PruneChannels, seed: int) -> Scores:
    """Estimates what each expansion channel is worth.

    Returns:
        By index of the block, float64 (expansion,), normalised to a root mean square of 1.
    """
    spec = _inverted(checkpoint)
    network = checkpoint.model()
    types = checkpoint.head_sizes[0]
    indices = [i for i, block in enumerate(spec.blocks) if block.expand]
    watched = [network.get_layer(f"block{i:02d}_depthwise_relu").output for i in indices]
    probe = tf_keras.Model(network.input, [*watched, network.output])

    @tf.function(autograph=False)
    def worth(images: tf.Tensor, truth: tf.Tensor) -> list[tf.Tensor]:
        x = tf.image.resize(normalise(images), (spec.height, spec.width))
        with tf.GradientTape() as tape:
            tape.watch(x)
            *middle, logits = probe(x, training=False)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(truth[:, 0], logits[:, :types])
        slopes = tape.gradient(loss, middle)
        return [
            tf.reduce_sum(tf.abs(tf.reduce_mean(a * g, axis=[1, 2])), axis=0)
            for a, g in zip(middle, slopes, strict=True)
        ]

    sums: Scores = {}
    for number, (images, truth) in enumerate(batches(train, plan.batch, seed, 0)):
        if number >= plan.batches:
            break
        for i, value in zip(indices, worth(tf.constant(images), tf.constant(truth)), strict=True):
            sums[i] = sums.get(i, 0.0) + value.numpy().astype(np.float64)
    return {i: value / (np.sqrt(np.mean(value**2)) + 1e-30) for i, value in sums.items()}


def block_macs(spec: InvertedResidualSpec) -> list[tuple[int, int]]:
    """Counts a network's multiply-accumulates, without stem and head.

    Returns:
        For every block (multiply-accumulates of one expansion channel, number of expansion channels).
    """
    rows, columns, channels = -(-spec.height // spec.stem_stride), -(-spec.width // spec.stem_stride), spec.stem
    counts = []
    for block in spec.blocks:
        wide = rows * columns
        rows, columns = -(-rows // block.stride), -(-columns // block.stride)
        per = (wide * channels if block.expand else 0) + rows * columns * (block.kernel**2 + block.channels)
        counts.append((per, block.expansion))
        channels = block.channels
    return counts


def block_bytes(spec: InvertedResidualSpec) -> list[tuple[int, int]]:
    """Counts the bytes of an int8 file that belong to expansion channels, without stem and head.

    A channel costs its weights and, in each of its one or two layers, a bias of 4 bytes and two scales of 4.

    Returns:
        For every block: (per expansion channel, expansion channels).
    """
    counts, channels = [], spec.stem
    for block in spec.blocks:
        per = block.kernel**2 + block.channels + 12 + (channels + 12 if block.expand else 0)
        counts.append((per, block.expansion))
        channels = block.channels
    return counts


COSTS = {"macs": block_macs, "bytes": block_bytes}
"""What a budget may be counted in."""


def choose(
    spec: InvertedResidualSpec,
    scores: Scores,
    share: float,
    multiple: int,
    costs: Sequence[tuple[int, int]] | None = None,
) -> dict[int, npt.NDArray[np.int64]]:
    """Chooses the channels to keep.

    Args:
        spec: the network.
        scores: worth of each channel by block.
        share: of the blocks' cost that may stay, 0–1.
        multiple: what is left of a block is a multiple of this, and at least this.
        costs: by block, (per expansion channel, channels); multiply-accumulates if None.

    Returns:
        By index of the block, the sorted channels that stay.
    """
    costs = costs or block_macs(spec)
    left = sum(per * count for per, count in costs)
    budget = left * share
    stay = {i: len(value) for i, value in scores.items()}
    order = {i: np.argsort(value, kind="stable") for i, value in scores.items()}  # the least worth first
    while left > budget:
        best, price = -1, np.inf
        for i, value in scores.items():
            step = stay[i] % multiple or multiple
            if stay[i] - step < multiple:
                continue
            gone = len(value) - stay[i]
            group = value[order[i][gone : gone + step]].sum() / (step * costs[i][0])
            if group < price:
                best, price = i, group
        if best < 0:
            break
        step = stay[best] % multiple or multiple
        stay[best] -= step
        left -= step * costs[best][0]
    return {i: np.sort(order[i][len(order[i]) - stay[i] :]) for i in scores}


def remove_channels(checkpoint: Checkpoint, keep: Mapping[int, npt.NDArray[np.int64]]) -> Checkpoint:
    """Rebuilds a network with only these expansion channels and the weights that belong to them.

    Channels whose contribution is zero can be removed without changing any output.

    Args:
        checkpoint: an inverted residual network.
        keep: by index of the block, the channels that stay; other blocks stay whole.
    """
    spec = _inverted(checkpoint)
    blocks, weights = list(spec.blocks), dict(checkpoint.weights)
    for i, channels in keep.items():
        blocks[i] = dataclasses.replace(blocks[i], expansion=len(channels))
        for name in [name for name in weights if name.startswith(f"block{i:02d}_")]:
            weights[name] = _kept(name, weights[name], channels)
    return dataclasses.replace(checkpoint, spec=dataclasses.replace(spec, blocks=tuple(blocks)), weights=weights)


def _inverted(checkpoint: Checkpoint) -> InvertedResidualSpec:
    spec = checkpoint.spec
    if not isinstance(spec, InvertedResidualSpec):
        raise RecipeError(f"[prune-channels] needs an inverted residual network. Received: {type(spec).__name__}.")
    return spec


def _kept(name: str, array: npt.NDArray[np.float32], channels: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Cuts one weight of a block down to the channels that stay."""
    if "_project_" in name:
        return array[:, :, channels, :] if name.endswith("conv/kernel") else array
    if name.endswith("depthwise_kernel"):
        return array[:, :, channels, :]
    return array[..., channels]


__all__ = [
    "COSTS",
    "Scores",
    "Weights",
    "block_bytes",
    "block_macs",
    "choose",
    "prune_channels",
    "remove_channels",
    "taylor_scores",
]
