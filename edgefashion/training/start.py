"""Where a network's first weights come from: nowhere, ImageNet, or a checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgefashion.data.manifest import Manifest
from edgefashion.errors import MissingExtraError, RecipeError
from edgefashion.models import architecture, build
from edgefashion.models.architectures import Spec
from edgefashion.models.checkpoint import Checkpoint, Weights, load_checkpoint, read_weights
from edgefashion.models.folding import fold
from edgefashion.models.inverted_residual import InvertedResidualSpec
from edgefashion.taxonomy import NO_GARMENT
from edgefashion.training.recipe import Model, Recipe
from edgefashion.training.recipe_file import recipe_names

PRETRAINED = ("efficientnet-lite0",)
"""Networks whose ImageNet weights come as a package."""
TOP = "type_dense/"
"""What the weights of the last layer begin with."""

SHIPPED_CHECKPOINTS = Path(__file__).parent.parent / "shipped"


def first_checkpoint(
    model: Model,
    labels: tuple[str, ...],
    heads: Mapping[str, tuple[str, ...]] | None = None,
    given: Mapping[str, Checkpoint] | None = None,
) -> Checkpoint:
    """Builds the network that a recipe names, with its first weights.

    The last layer is new unless the parent has all of the labels but `NO_GARMENT`: then it keeps what it knows of them
    and of its heads, and what is new begins with zeros.

    Args:
        model: the recipe's [model].
        labels: in the order of the logits.
        heads: further heads and their labels.
        given: checkpoints that `model.weights` may name, before all others.

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
        weights = read_weights(build(spec)) | imagenet_weights(model.weights)
        if folded:
            weights = fold(weights, spec.bn_epsilon) if isinstance(spec, InvertedResidualSpec) else weights
    elif model.weights:
        parent = (given or {}).get(model.weights) or _parent(model.weights)
        spec = _same_network(parent, spec)
        folded = parent.folded
        if set(labels) - {NO_GARMENT} <= set(parent.labels):
            top = columns(parent, {"type": labels, **extra})
        else:
            top = {name: value for name, value in read_weights(build(spec, folded)).items() if name.startswith(TOP)}
        weights = parent.weights | top
        if model.folded and not folded and isinstance(spec, InvertedResidualSpec):
            weights, folded = fold(weights, spec.bn_epsilon), True
    elif folded:
        raise RecipeError("'model.folded' needs 'model.weights': there are no batch statistics to fold yet.")
    else:
        weights = read_weights(build(spec))
    return Checkpoint(spec=spec, weights=weights, folded=folded, labels=labels, heads=extra, stage="start")


def needed(recipe: Recipe) -> tuple[str, ...]:
    """Names, or paths, of the recipes whose networks a recipe begins with, learns from or mixes in; each once."""
    names = [*(recipe.distil.teachers if recipe.distil else ()), *(recipe.blend.others if recipe.blend else ())]
    if recipe.model.weights in recipe_names() and not _shipped_path(recipe.model.weights).is_file():
        names.append(recipe.model.weights)
    return tuple(dict.fromkeys(names))


def role(name: str, recipe: Recipe) -> str:
    """What a needed recipe is to this one; its folder inside the run begins with it."""
    if recipe.distil and name in recipe.distil.teachers:
        return "teacher"
    return "parent" if name == recipe.model.weights else "other"


def shipped(recipe: Recipe, manifest: Manifest) -> Checkpoint | None:
    """Gives the shipped checkpoint that this very recipe made from these very pictures, if there is one.

    Args:
        recipe: by its digest.
        manifest: by its digest.
    """
    path = _shipped_path(recipe.name)
    if not path.is_file():
        return None
    checkpoint = load_checkpoint(path)
    made = (checkpoint.training.get("recipe_digest"), checkpoint.training.get("data_digest"))
    return checkpoint if made == (recipe.digest, manifest.digest) else None


def imagenet_weights(name: str) -> Weights:
    """Reads the weights of ImageNet that come as a package, all but the last layer's: unfolded, by "layer/weight".

    Raises:
        MissingExtraError: the package is not installed.
    """
    try:
        from edgefashion_converters.efficientnet_lite import keras_weights
        from edgefashion_converters.pytorch_weights import efficientnet_lite_weights_path, read_pytorch_weights
    except ImportError as error:
        raise MissingExtraError("train", "Loading pretrained weights") from error
    layers = keras_weights(read_pytorch_weights(efficientnet_lite_weights_path(name)), include_top=False)
    return {f"{layer}/{weight}": array for layer, table in layers.items() for weight, array in table.items()}


def columns(parent: Checkpoint, heads: Mapping[str, tuple[str, ...]]) -> Weights:
    """Gives a checkpoint's last layer with its columns in another order, zeros for labels that it does not have.

    Args:
        parent: any checkpoint.
        heads: labels by head, the type's first.

    Returns:
        Float32 arrays by name: "type_dense/kernel" (features, labels), "type_dense/bias" (labels,).
    """
    own = {"type": parent.labels, **parent.heads}
    place = {(head, label): i for i, (head, label) in enumerate((h, la) for h, all_ in own.items() for la in all_)}
    wanted = [place.get((head, label), -1) for head, all_ in heads.items() for label in all_]
    known = np.array(wanted) >= 0
    return {
        name: np.where(known, value[..., wanted], np.float32(0))
        for name, value in parent.weights.items()
        if name.startswith(TOP)
    }


def _same_network(parent: Checkpoint, spec: Spec) -> Spec:
    """The parent's own (perhaps pruned) description with this task's classes and dropout."""
    if type(parent.spec) is not type(spec):
        raise RecipeError(
            f"The checkpoint holds a {type(parent.spec).__name__}, the recipe asks for a {type(spec).__name__}."
        )
    return dataclasses.replace(
        parent.spec, classes=spec.classes, dropout=spec.dropout, height=spec.height, width=spec.width
    )


def _parent(name_or_path: str) -> Checkpoint:
    path = _shipped_path(name_or_path)
    return load_checkpoint(path if path.is_file() else Path(name_or_path))


def _shipped_path(name: str) -> Path:
    return SHIPPED_CHECKPOINTS / f"{name}.safetensors"
