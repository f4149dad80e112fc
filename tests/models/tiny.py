"""Networks small enough to train in a second, and checkpoints that hold them with weights drawn from a seed."""

import dataclasses

import numpy as np

from edgefashion.models import build
from edgefashion.models.architectures import Spec
from edgefashion.models.checkpoint import Checkpoint, Weights, read_weights
from edgefashion.models.folding import fold
from edgefashion.models.inverted_residual import Block, InvertedResidualSpec

TINY = InvertedResidualSpec(
    height=16,
    width=16,
    stem=8,
    stem_stride=2,
    blocks=(Block(3, 1, 8, 8, expand=False), Block(3, 1, 16, 8), Block(5, 2, 24, 12), Block(3, 1, 16, 12)),
    head=16,
    classes=3,
    dropout=0.0,
    bn_momentum=0.9,
)
"""A block without expansion, one with a shortcut, one with stride, another with a shortcut."""

FUSED = dataclasses.replace(
    TINY,
    blocks=(
        Block(3, 1, 8, 8, expand=False),
        Block(3, 1, 16, 8, fused=True),
        Block(5, 2, 24, 12, fused=True, projection=3),
        Block(3, 1, 16, 12, fused=True, projection=3),
    ),
)
"""As many channels; three blocks are fused, and two of these project with 3 × 3 pixels."""


def drawn_weights(spec: Spec, seed: int) -> Weights:
    """Weights of an unfolded network: none is zero, every channel is alive, and no batch statistics are trivial."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, array in read_weights(build(spec)).items():
        if name.endswith("kernel"):
            inputs = array[..., 0, 0].size if "depthwise" in name else array[..., 0].size
            value = random.normal(0.0, np.sqrt(2.0 / inputs), array.shape)
        elif name.endswith(("gamma", "variance")):
            value = random.uniform(0.5, 1.5, array.shape)
        elif name.endswith("beta"):
            value = random.uniform(0.3, 1.0, array.shape)
        else:
            value = random.normal(0.0, 0.2, array.shape)
        weights[name] = value.astype(np.float32)
    return weights


def tiny_checkpoint(
    seed: int = 0, folded: bool = False, spec: InvertedResidualSpec = TINY, **fields: object
) -> Checkpoint:
    """A checkpoint of the tiny network; `fields` are Checkpoint's."""
    weights = drawn_weights(spec, seed)
    weights = fold(weights, spec.bn_epsilon) if folded else weights
    labels = tuple(f"label {number}" for number in range(spec.classes))
    return Checkpoint(spec=spec, weights=weights, folded=folded, labels=labels, **fields)  # type: ignore[arg-type]


def drawn_pictures(count: int, spec: Spec = TINY, seed: int = 0) -> np.ndarray:
    """Noise, uint8 (count, height, width, 3)."""
    shape = (count, spec.height, spec.width, 3)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def real(pictures: np.ndarray) -> np.ndarray:
    """Bytes to the network's real values, float32 in [-1, 1)."""
    return (pictures.astype(np.float32) - 128.0) / 128.0
