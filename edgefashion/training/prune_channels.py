"""Removes channels of inverted residual networks: the network becomes narrower, and its file really smaller.

Only channels that nothing else sees are free to go: those between the expansion and the projection of a block, and
those between the head's convolution and the last layer. What is left of a layer is then refitted, so that it says what
the whole layer said as well as it can (He, Zhang & Sun 2017, arXiv 1707.06168): training starts from there.

A channel's rank is the first-order Taylor estimate of what the loss would change without it, |mean over places of
activation × gradient|, summed over pictures (Molchanov et al. 2017, arXiv 1611.06440), divided by the root mean square
of its block, so that blocks compare, and by the channel's multiply-accumulates, so that the dearest useless channels go
first. Batch-normalisation scale would be cheaper, but is blind to the projection behind it, and a folded network has
none.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence

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
from edgefashion.training.refit import refit_layer

Scores = dict[int, npt.NDArray[np.float64]]


def prune_channels(
    checkpoint: Checkpoint,
    plan: PruneChannels,
    train: Pictures,
    seed: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Checkpoint:
    """Ranks the channels on training pictures and rebuilds the network without the least of them.

    Args:
        checkpoint: an inverted residual network, folded or not.
        plan: how much is to be left.
        train: prepared training pictures.
        seed: of the pictures that the ranking looks at.
        advance: called with 1 for each batch of the ranking, then for each block and the head when they are refitted.

    Returns:
        The narrower network with the weights that were kept; not yet trained further.

    Raises:
        RecipeError: another kind of network.
    """
    spec = _inverted(checkpoint)
    scores = taylor_scores(checkpoint, train, plan, seed, advance)
    keep = choose(spec, scores, plan.keep, plan.multiple, channel_costs(spec, plan))
    images = [images for images, _ in itertools.islice(batches(train, plan.batch, seed, 0), plan.batches)]
    return refitted(remove_channels(checkpoint, keep), checkpoint, images, advance)


def taylor_scores(
    checkpoint: Checkpoint,
    train: Pictures,
    plan: PruneChannels,
    seed: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Scores:
    """Estimates what each channel that is free to go is worth.

    Returns:
        By index of the block, float64 (expansion,), normalised to a root mean square of 1; the head's channels follow
        under the number of blocks.
    """
    spec = _inverted(checkpoint)
    network = checkpoint.model()
    types = checkpoint.head_sizes[0]
    indices = [i for i, block in enumerate(spec.blocks) if block.expand] + [len(spec.blocks)] * bool(spec.head)
    watched = [network.get_layer(_inside(spec, i)).output for i in indices]
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
    for images, truth in itertools.islice(batches(train, plan.batch, seed, 0), plan.batches):
        for i, value in zip(indices, worth(tf.constant(images), tf.constant(truth)), strict=True):
            sums[i] = sums.get(i, 0.0) + value.numpy().astype(np.float64)
        advance(1)
    return {i: value / (np.sqrt(np.mean(value**2)) + 1e-30) for i, value in sums.items()}


def block_macs(spec: InvertedResidualSpec) -> list[tuple[int, int]]:
    """Counts a network's multiply-accumulates, without the stem.

    Returns:
        For every block (multiply-accumulates of one expansion channel, number of expansion channels), and for the head.
    """
    rows, columns, channels = -(-spec.height // spec.stem_stride), -(-spec.width // spec.stem_stride), spec.stem
    counts = []
    for block in spec.blocks:
        wide = rows * columns
        rows, columns = -(-rows // block.stride), -(-columns // block.stride)
        if block.fused:
            per = rows * columns * block.kernel**2 * channels
        else:
            per = (wide * channels if block.expand else 0) + rows * columns * block.kernel**2
        per += rows * columns * block.projection**2 * block.channels
        counts.append((per, block.expansion))
        channels = block.channels
    return counts + [(rows * columns * channels + spec.classes, spec.head)] * bool(spec.head)


def block_bytes(spec: InvertedResidualSpec) -> list[tuple[int, int]]:
    """Counts the bytes of an int8 file that belong to channels, without the stem.

    A channel costs its weights and, in each of its one or two layers, a bias of 4 bytes and two scales of 4.

    Returns:
        For every block (per expansion channel, expansion channels), and for the head.
    """
    counts, channels = [], spec.stem
    for block in spec.blocks:
        if block.fused:
            per = block.kernel**2 * channels + 12
        else:
            per = block.kernel**2 + 12 + (channels + 12 if block.expand else 0)
        per += block.projection**2 * block.channels
        counts.append((per, block.expansion))
        channels = block.channels
    return counts + [(channels + 12 + spec.classes, spec.head)] * bool(spec.head)


COSTS = {"macs": block_macs, "bytes": block_bytes}
"""What a budget may be counted in."""


def channel_costs(spec: InvertedResidualSpec, plan: PruneChannels) -> list[tuple[float, int]]:
    """Says what a plan counts of a channel: multiply-accumulates, bytes, or both.

    Counted in bytes the first blocks stay nearly whole, though large pictures pass them and much of the time is theirs;
    counted in multiply-accumulates they lose nearly all. A little of these beside the bytes is between the two.

    Returns:
        For every block (share of the whole network's cost of one expansion channel, expansion channels), and for the
        head.
    """

    def shares(costs: list[tuple[int, int]]) -> list[float]:
        total = sum(per * count for per, count in costs)
        return [per / total for per, _ in costs]

    costs = COSTS[plan.of](spec)
    mixed = [share + plan.macs * macs
             for share, macs in zip(shares(costs), shares(block_macs(spec)), strict=True)]  # fmt: skip
    return [(share, count) for share, (_, count) in zip(mixed, costs, strict=True)]


def choose(
    spec: InvertedResidualSpec,
    scores: Scores,
    share: float,
    multiple: int,
    costs: Sequence[tuple[float, int]] | None = None,
) -> dict[int, npt.NDArray[np.int64]]:
    """Chooses the channels to keep.

    Args:
        spec: the network.
        scores: worth of each channel by block.
        share: of the blocks' cost that may stay, 0–1.
        multiple: what is left of a block is a multiple of this, and at least this.
        costs: by block, (per expansion channel, channels), in any unit; multiply-accumulates if None.

    Returns:
        By index of the block, or their number for the head, the sorted channels that stay.
    """
    costs = costs or block_macs(spec)
    left: float = sum(per * count for per, count in costs)
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
    """Rebuilds a network with only these channels and the weights that belong to them.

    Channels whose contribution is zero can be removed without changing any output.

    Args:
        checkpoint: an inverted residual network.
        keep: by index of the block, or their number for the head, the channels that stay; the others stay whole.
    """
    spec = _inverted(checkpoint)
    blocks, head, weights = list(spec.blocks), spec.head, dict(checkpoint.weights)
    for i, channels in keep.items():
        if i < len(blocks):
            blocks[i] = dataclasses.replace(blocks[i], expansion=len(channels))
            names = [name for name in weights if name.startswith(f"block{i:02d}_")]
        else:
            head = len(channels)
            names = [name for name in weights if name.startswith(("head_", "type_dense"))]
        for name in names:
            weights[name] = _kept(name, weights[name], channels)
    narrow = dataclasses.replace(spec, blocks=tuple(blocks), head=head)
    return dataclasses.replace(checkpoint, spec=narrow, weights=weights)


def refitted(
    narrow: Checkpoint,
    whole: Checkpoint,
    images: Sequence[npt.NDArray[np.uint8]],
    advance: Callable[[int], None] = lambda _: None,
) -> Checkpoint:
    """Fits the layer behind every cut, so that it says again what it said before.

    From the first to the last, each layer's weights become the least-squares solution for what the same layer of the
    whole network says of these pictures, given what the narrow one, refitted so far, hands it. A weak pull towards the
    weights as they are keeps what the pictures don't decide.

    Args:
        narrow: what `remove_channels` left of the other.
        whole: the network as it was.
        images: batches of uint8 (n, any height, any width, 3) or (n, any height, any width).
        advance: called with 1 after each block and the head.
    """
    spec, before = _inverted(narrow), _inverted(whole)
    network, parent = narrow.model(), whole.model()
    for i, (block, old) in enumerate(zip(spec.blocks, before.blocks, strict=True)):
        if block.expansion < old.expansion:
            refit_layer(network, parent, f"block{i:02d}_project_conv", images)
        advance(1)
    if spec.head < before.head:
        refit_layer(network, parent, "type_dense", images)
    advance(1)
    return narrow.with_model(network)


def _inside(spec: InvertedResidualSpec, index: int) -> str:
    """The layer whose channels are free to go: of a block, or of the head, which comes after the last."""
    if index == len(spec.blocks):
        return "head_relu"
    return f"block{index:02d}_{'expand' if spec.blocks[index].fused else 'depthwise'}_relu"


def _inverted(checkpoint: Checkpoint) -> InvertedResidualSpec:
    spec = checkpoint.spec
    if not isinstance(spec, InvertedResidualSpec):
        raise RecipeError(f"[prune-channels] needs an inverted residual network. Received: {type(spec).__name__}.")
    return spec


def _kept(name: str, array: npt.NDArray[np.float32], channels: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Cuts one weight of a block or of the head down to the channels that stay."""
    if name.startswith("type_dense"):
        return array[channels] if name.endswith("kernel") else array
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
    "channel_costs",
    "choose",
    "prune_channels",
    "refitted",
    "remove_channels",
    "taylor_scores",
]
