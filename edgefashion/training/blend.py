"""Between networks of one ancestor: weights between what was trained, where they come from, and others'."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgefashion.errors import RecipeError
from edgefashion.models.checkpoint import Checkpoint, Weights
from edgefashion.models.folding import fold
from edgefashion.models.inverted_residual import InvertedResidualSpec
from edgefashion.training.recipe import Blend
from edgefashion.training.start import PRETRAINED, TOP, columns, imagenet_weights

Known = npt.NDArray[np.bool_]


def blended(
    checkpoint: Checkpoint, start: Weights, plan: Blend, others: Sequence[Checkpoint] = (), head: Weights | None = None
) -> Weights:
    """Mixes the weights of a folded network with earlier ones of its run, ImageNet's and others'.

    Columns of the last layer that are all zeros are of labels that a network does not know: it has no say in those.

    Args:
        checkpoint: folded.
        start: that its run began with.
        plan: the shares.
        others: of the same network, folded or not, in any order of labels; each gets the same part of their share.
        head: that the run had once its last layer was trained, where `plan.head` is more than 0.

    Returns:
        Float32 arrays by "layer/weight".

    Raises:
        RecipeError: ImageNet's weights, or another's, are of another network.
    """
    count = len(checkpoint.weights[f"{TOP}bias"])
    parts = [(1.0 - plan.elsewhere, checkpoint.weights, np.ones(count, bool))]
    if plan.start:
        parts.append((plan.start, start, _known(start)))
    if head is not None:
        parts.append((plan.head, head, np.ones(count, bool)))
    if plan.imagenet:
        parts.append((plan.imagenet, _imagenet(checkpoint), np.zeros(count, bool)))
    for other in others:
        weights = _relative(other, checkpoint)
        parts.append((plan.share / len(others), weights, _known(weights)))
    mixed = {}
    for name in checkpoint.weights:
        if name.startswith(TOP):
            said = sum(share * known for share, _, known in parts)
            total = sum(share * weights[name] * known for share, weights, known in parts if known.any())
            mixed[name] = np.asarray(total / said, np.float32)
        else:
            mixed[name] = np.asarray(sum(share * weights[name] for share, weights, _ in parts), np.float32)
    return mixed


def _known(weights: Weights) -> Known:
    """By label, whether a last layer knows it."""
    return np.asarray((weights[f"{TOP}kernel"] != 0.0).any(axis=0))


def _imagenet(checkpoint: Checkpoint) -> Weights:
    """ImageNet's weights, folded, without a last layer."""
    if not isinstance(checkpoint.spec, InvertedResidualSpec):
        raise RecipeError(f"'blend.imagenet' is for EfficientNet-Lite0. Received: {type(checkpoint.spec).__name__}.")
    ancestor = fold(imagenet_weights(PRETRAINED[0]), checkpoint.spec.bn_epsilon)
    if _shapes(checkpoint.weights) != _shapes(ancestor):
        raise RecipeError("'blend.imagenet' is for EfficientNet-Lite0 with all its channels.")
    return ancestor


def _relative(other: Checkpoint, checkpoint: Checkpoint) -> Weights:
    """Another network's weights, folded, its last layer in the order of this network's labels."""
    weights = other.weights
    if not other.folded and isinstance(other.spec, InvertedResidualSpec):
        weights = fold(weights, other.spec.bn_epsilon)
    if _shapes(weights) != _shapes(checkpoint.weights):
        raise RecipeError("'blend.others' is for recipes of the same network, with as many channels.")
    return weights | columns(other, {"type": checkpoint.labels, **checkpoint.heads})


def _shapes(weights: Weights) -> dict[str, tuple[int, ...]]:
    """Of all weights but the last layer's."""
    return {name: value.shape for name, value in weights.items() if not name.startswith(TOP)}
