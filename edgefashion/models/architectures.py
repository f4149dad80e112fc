"""The table of architectures: a name, a description, a builder. Add a line to add a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import tf_keras

from edgefashion.errors import RecipeError
from edgefashion.models.inverted_residual import Block, InvertedResidualSpec, Range, build_inverted_residual
from edgefashion.models.plain import MlpSpec, build_mlp

Spec = InvertedResidualSpec | MlpSpec


def _stages(first: int, stages: tuple[tuple[int, int, int, int, int], ...]) -> tuple[Block, ...]:
    """Spells out (repeats, kernel, stride, expansion ratio, channels) stages after a stem of `first` channels."""
    blocks, channels = [], first
    for repeats, kernel, stride, ratio, out in stages:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            blocks.append(Block(kernel, step, channels * ratio, out, expand=ratio != 1))
            channels = out
    return tuple(blocks)


_LITE0_STAGES = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip
# EfficientNet-Lite0: tensorflow/tpu, models/official/efficientnet/lite (ReLU6, no squeeze-excite, fixed stem and head).
_LITE0 = InvertedResidualSpec(
    height=224, width=224, stem=32, stem_stride=2, head=1280, classes=1000, dropout=0.2,
    bn_momentum=0.99, bn_epsilon=1e-3, blocks=_stages(32, _LITE0_STAGES),
)  # fmt: skip

# What pruning is compared with: the same network, every layer three quarters as wide (in steps of eight channels).
_LITE0_NARROW = dataclasses.replace(
    _LITE0, stem=24, head=960,
    blocks=_stages(24, tuple((*stage[:4], max(8, round(0.75 * stage[4] / 8 + 1e-9) * 8)) for stage in _LITE0_STAGES)),
)  # fmt: skip


def _residual_stages(stages: tuple[tuple[int, int, int, int], ...]) -> tuple[Block, ...]:
    """Spells out (repeats, stride, expansion, channels) stages of two 3 × 3 convolutions a block."""
    return tuple(
        Block(3, stride if repeat == 0 else 1, expansion, channels, fused=True, projection=3)
        for repeats, stride, expansion, channels in stages
        for repeat in range(repeats)
    )


# For 28 × 28 pictures; inside its blocks twice as wide as it ends up, when its channels go to fit 100,000 bytes.
_NANO = InvertedResidualSpec(
    height=28, width=28, stem=16, stem_stride=1, head=0, classes=10, dropout=0.1, bn_momentum=0.95,
    blocks=_residual_stages(((1, 1, 32, 16), (2, 2, 48, 24), (3, 2, 72, 36))),
)  # fmt: skip

# For 28 × 28 pictures in less than 500,000 bytes; one block sees them at full size, the others at a half and a quarter.
_SMALL = InvertedResidualSpec(
    height=28, width=28, stem=32, stem_stride=1, head=0, classes=10, dropout=0.1, bn_momentum=0.95,
    blocks=_residual_stages(((1, 1, 32, 32), (3, 2, 48, 48), (3, 2, 80, 80))),
)  # fmt: skip

# For 28 × 28 pictures: pointwise and depthwise convolutions alone, so that it errs in other places than the ones above.
_MOBILE = InvertedResidualSpec(
    height=28, width=28, stem=24, stem_stride=1, head=0, classes=10, dropout=0.1, bn_momentum=0.95,
    blocks=_stages(24, ((1, 3, 1, 1, 24), (1, 3, 2, 1, 48), (4, 3, 1, 3, 48), (1, 3, 2, 4, 88), (4, 3, 1, 4, 88))),
)  # fmt: skip

ARCHITECTURES: dict[str, Spec] = {
    "efficientnet-lite0": _LITE0,
    "efficientnet-lite0-narrow": _LITE0_NARROW,
    "nano-28": _NANO,
    "small-28": _SMALL,
    "mobile-28": _MOBILE,
    "seed-mlp": MlpSpec(height=28, width=28, hidden=128, dropout=0.2, classes=10),
}


def architecture(name: str, classes: int, height: int | None = None, width: int | None = None) -> Spec:
    """Looks an architecture up and fits it to a task.

    Args:
        name: a key of `ARCHITECTURES`.
        classes: number of labels.
        height, width: input picture in pixels; the architecture's own where None.

    Raises:
        RecipeError: the name is unknown.
    """
    if name not in ARCHITECTURES:
        raise RecipeError(f"Unknown architecture '{name}'. Known: {', '.join(sorted(ARCHITECTURES))}.")
    spec = ARCHITECTURES[name]
    return dataclasses.replace(spec, classes=classes, height=height or spec.height, width=width or spec.width)


def build(
    spec: Spec, folded: bool = False, ranges: Mapping[str, Range] | None = None, batch: int | None = None
) -> tf_keras.Model:
    """Builds the Keras network that a description tells; see the builder of its kind for shapes.

    Raises:
        RecipeError: a folded form is asked of a network that has none.
    """
    if isinstance(spec, InvertedResidualSpec):
        return build_inverted_residual(spec, folded, ranges, batch)
    if folded or ranges:
        raise RecipeError(
            f"Only inverted residual networks can be folded and quantised. Received: {type(spec).__name__}."
        )
    return build_mlp(spec)


def least_weights(spec: Spec) -> int:
    """Counts the kernels' weights that a description asks for at least, without building anything."""
    if isinstance(spec, InvertedResidualSpec):
        count, channels = 27 * spec.stem, spec.stem
        for block in spec.blocks:
            before = block.kernel**2 * channels if block.fused else block.expand * channels + block.kernel**2
            count += block.expansion * (before + block.projection**2 * block.channels)
            channels = block.channels
        return count + channels * spec.head + (spec.head or channels) * spec.classes
    return spec.hidden * (spec.height * spec.width + spec.classes)


_KINDS: dict[str, type[Spec]] = {
    "inverted-residual": InvertedResidualSpec,
    "mlp": MlpSpec,
}


def spec_to_dict(spec: Spec) -> dict[str, Any]:
    """Turns a description into JSON-ready numbers, lists and strings."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(spec, cls))
    return {"kind": kind, **dataclasses.asdict(spec)}


def spec_from_dict(data: Mapping[str, Any]) -> Spec:
    """Reads what `spec_to_dict` wrote.

    Raises:
        RecipeError: an unknown kind or field.
    """
    fields = dict(data)
    kind = fields.pop("kind", None)
    if kind not in _KINDS:
        raise RecipeError(f"Unknown kind of network '{kind}'. Known: {', '.join(_KINDS)}.")
    try:
        if "blocks" in fields and isinstance(fields["blocks"], (list, tuple)):
            fields["blocks"] = tuple(Block(**block) for block in fields["blocks"])
        return _KINDS[kind](**fields)
    except TypeError as error:
        raise RecipeError(f"The network's description does not fit kind '{kind}': {error}.") from error
