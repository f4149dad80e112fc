"""Makes depthwise kernels of inverted residual networks smaller: the outermost ring of their weights goes.

A 5 × 5 kernel takes 2.8 times the work of a 3 × 3 one: where pictures are large, a good part of a network's time. What
is left of the kernel is refitted to what the whole one said, each channel for itself, and then the layer behind it.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from edgefashion.errors import RecipeError
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.models.inverted_residual import InvertedResidualSpec
from edgefashion.training.pipeline import Pictures, batches
from edgefashion.training.recipe import PruneKernels
from edgefashion.training.refit import refit_depthwise, refit_layer


def prune_kernels(
    checkpoint: Checkpoint,
    plan: PruneKernels,
    train: Pictures,
    seed: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Checkpoint:
    """Cuts the blocks' kernels and fits what is left, from the first to the last.

    Args:
        checkpoint: an inverted residual network, folded or not.
        plan: which blocks.
        train: prepared training pictures.
        seed: of the pictures that are fitted to.
        advance: called with 1 for each block.

    Returns:
        The network with smaller kernels, not trained further.

    Raises:
        RecipeError: another kind of network, no such block, or one without a depthwise kernel of 5 × 5 or more.
    """
    images = [images for images, _ in itertools.islice(batches(train, plan.batch, seed, 0), plan.batches)]
    whole = checkpoint
    for index in sorted(plan.blocks):
        checkpoint = smaller_kernel(checkpoint, whole, index, images)
        advance(1)
    return checkpoint


def smaller_kernel(
    checkpoint: Checkpoint, whole: Checkpoint, index: int, images: Sequence[npt.NDArray[np.uint8]]
) -> Checkpoint:
    """Cuts one block's kernel and fits it, and the projection behind it, to what `whole` says of these pictures.

    Args:
        checkpoint: the network.
        whole: the network as it was.
        index: of the block, from 0.
        images: batches of uint8 (n, any height, any width, 3) or (n, any height, any width).

    Raises:
        RecipeError: as `prune_kernels`.
    """
    spec = checkpoint.spec
    if not isinstance(spec, InvertedResidualSpec):
        raise RecipeError(f"[prune-kernels] needs an inverted residual network. Received: {type(spec).__name__}.")
    if index >= len(spec.blocks):
        raise RecipeError(f"[prune-kernels] can't cut block {index}: the network's last one is {len(spec.blocks) - 1}.")
    block = spec.blocks[index]
    if block.fused or block.kernel < 5:
        raise RecipeError(f"[prune-kernels] can't cut block {index}: it has no depthwise kernel of 5 x 5 or more.")
    depthwise = f"block{index:02d}_depthwise_conv"
    name = f"{depthwise}/depthwise_kernel"
    weights = {**checkpoint.weights, name: checkpoint.weights[name][1:-1, 1:-1]}
    blocks = list(spec.blocks)
    blocks[index] = dataclasses.replace(block, kernel=block.kernel - 2)
    cut = dataclasses.replace(checkpoint, spec=dataclasses.replace(spec, blocks=tuple(blocks)), weights=weights)
    network, parent = cut.model(), whole.model()
    refit_depthwise(network, parent, depthwise, images)
    refit_layer(network, parent, f"block{index:02d}_project_conv", images)
    return cut.with_model(network)
