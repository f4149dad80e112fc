"""Part of the way back: weights between what was trained and where they come from."""

from __future__ import annotations

import numpy as np

from edgefashion.errors import RecipeError
from edgefashion.models.checkpoint import Checkpoint, Weights
from edgefashion.models.folding import fold
from edgefashion.models.inverted_residual import InvertedResidualSpec
from edgefashion.training.recipe import Blend
from edgefashion.training.start import PRETRAINED, TOP, imagenet_weights


def blended(checkpoint: Checkpoint, start: Weights, plan: Blend) -> Weights:
    """Mixes the weights of a folded network with those that its run began with, and with ImageNet's.

    Args:
        checkpoint: folded.
        start: of the same network. Columns of the last layer that are all zeros are of labels that it did not know:
            those stay as they are.
        plan: the shares.

    Returns:
        Float32 arrays by "layer/weight".

    Raises:
        RecipeError: ImageNet's weights are of another network.
    """
    ancestor: Weights = {}
    if plan.imagenet:
        if not isinstance(checkpoint.spec, InvertedResidualSpec):
            raise RecipeError(
                f"'blend.imagenet' is for EfficientNet-Lite0. Received: {type(checkpoint.spec).__name__}."
            )
        ancestor = fold(imagenet_weights(PRETRAINED[0]), checkpoint.spec.bn_epsilon)
        if {name: value.shape for name, value in checkpoint.weights.items() if not name.startswith(TOP)} != {
            name: value.shape for name, value in ancestor.items()
        }:
            raise RecipeError("'blend.imagenet' is for EfficientNet-Lite0 with all its channels.")
    own = 1.0 - plan.start - plan.imagenet
    known = (start[f"{TOP}kernel"] != 0.0).any(axis=0)
    mixed = {}
    for name, value in checkpoint.weights.items():
        if name.startswith(TOP):
            between = (own * value + plan.start * start[name]) / (own + plan.start)
            mixed[name] = np.where(known, between, value).astype(np.float32)
        else:
            far = plan.imagenet * ancestor[name] if plan.imagenet else np.float32(0.0)
            mixed[name] = (own * value + plan.start * start[name] + far).astype(np.float32)
    return mixed
