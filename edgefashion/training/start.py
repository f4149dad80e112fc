"""Where a network's first weights come from: nowhere, ImageNet, or a checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from edgefashion.errors import MissingExtraError, RecipeError
from edgefashion.models import architecture, build
from edgefashion.models.architectures import Spec
from edgefashion.models.checkpoint import Checkpoint, Weights, load_checkpoint, read_weights
from edgefashion.models.folding import fold
from edgefashion.models.inverted_residual import InvertedResidualSpec
from edgefashion.training.recipe import Model

PRETRAINED = ("efficientnet-lite0",)
"""Networks whose ImageNet weights come as a package."""

SHIPPED_CHECKPOINTS = Path(__file__).parent.parent / "shipped"


def first_checkpoint(
    model: Model, labels: tuple[str, ...], heads: Mapping[str, tuple[str, ...]] | None = None
) -> Checkpoint:
    """Builds the network that a recipe names, with its first weights.

    The last layer is new unless the labels and heads are the parent's.

    Args:
        model: the recipe's [model].
        labels: in the order of the logits.
        heads: further heads and their labels.

    Raises:
        RecipeError: unknown architecture or weights.
        CheckpointError: weights that do not fit the architecture.
    """
    extra = dict(heads or {})
    classes = len(labels) + sum(map(len, extra.values()))
    spec = architecture(model.architecture, classes, model.height or None, model.width or None)
    spec = dataclasses.replace(spec, dropout=model.dropout)
    if isinstance(spec, InvertedResidualSpec):
        spec = dataclasses.replace(spec, drop_path=model.drop_path)
    folded = model.folded
    if model.weights in PRETRAINED:
        weights = read_weights(build(spec)) | _imagenet(model.weights)
        if folded:
            weights = fold(weights, spec.bn_epsilon) if isinstance(spec, InvertedResidualSpec) else weights
    elif model.weights:
        parent = _parent(model.weights)
        spec = _same_network(parent, spec)
        folded = parent.folded
        top = {} if (parent.labels, parent.heads) == (labels, extra) else read_weights(build(spec, folded))
        weights = parent.weights | {name: value for name, value in top.items() if name.startswith("type_dense/")}
    elif folded:
        raise RecipeError("'model.folded' needs 'model.weights': there are no batch statistics to fold yet.")
    else:
        weights = read_weights(build(spec))
    return Checkpoint(spec=spec, weights=weights, folded=folded, labels=labels, heads=extra, stage="start")


def _imagenet(name: str) -> Weights:
    try:
        from edgefashion_converters.efficientnet_lite import keras_weights
        from edgefashion_converters.pytorch_weights import efficientnet_lite_weights_path, read_pytorch_weights
    except ImportError as error:
        raise MissingExtraError("train", "Loading pretrained weights") from error
    layers = keras_weights(read_pytorch_weights(efficientnet_lite_weights_path(name)), include_top=False)
    return {f"{layer}/{weight}": array for layer, table in layers.items() for weight, array in table.items()}


def _parent(name_or_path: str) -> Checkpoint:
    shipped = SHIPPED_CHECKPOINTS / f"{name_or_path}.safetensors"
    return load_checkpoint(shipped if shipped.is_file() else Path(name_or_path))


def _same_network(parent: Checkpoint, spec: Spec) -> Spec:
    """The parent's own (perhaps pruned) description with this task's classes and dropout."""
    if type(parent.spec) is not type(spec):
        raise RecipeError(
            f"The checkpoint holds a {type(parent.spec).__name__}, the recipe asks for a {type(spec).__name__}."
        )
    return dataclasses.replace(
        parent.spec, classes=spec.classes, dropout=spec.dropout, height=spec.height, width=spec.width
    )
