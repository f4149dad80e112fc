"""Multiply-accumulates of one TFLite operator, from the shapes of its tensors.

Layouts as in TensorFlow Lite's schema: pictures (batch, height, width, channels); weights of CONV_2D and
TRANSPOSE_CONV (outputs, height, width, inputs of one group), of DEPTHWISE_CONV_2D (1, height, width, channels), of
FULLY_CONNECTED (units, inputs). Everything else (additions, pooling, activations) counts as none, as is usual.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgefashion.errors import ModelFileError

Shapes = Sequence[tuple[int, ...] | None]


def operator_macs(name: str, inputs: Shapes, outputs: Shapes, adjoint: bool = False) -> int:
    """Multiply-accumulates of one run of one operator.

    Args:
        name: The operator's name in the schema, for example 'CONV_2D'.
        inputs: Shapes of its inputs, None for one left out.
        outputs: Shapes of its outputs.
        adjoint: For BATCH_MATMUL: whether the first factor is transposed.

    Returns:
        The number; 0 for operators that multiply nothing worth counting. A bias counts as none.

    Raises:
        ModelFileError: An operator that should multiply lacks an input or a dimension.
    """
    if name == "CONV_2D":  # Every output number is one filter's dot product.
        return math.prod(_shape(name, outputs, 0, 4)) * math.prod(_shape(name, inputs, 1, 4)[1:])
    if name == "DEPTHWISE_CONV_2D":
        return math.prod(_shape(name, outputs, 0, 4)) * math.prod(_shape(name, inputs, 1, 4)[1:3])
    if name == "FULLY_CONNECTED":
        return math.prod(_shape(name, outputs, 0, 1)) * _shape(name, inputs, 1, 2)[1]
    if (
        name == "TRANSPOSE_CONV"
    ):  # Inputs: output shape, weights, picture. Each input number meets each output's kernel.
        return math.prod(_shape(name, inputs, 2, 4)) * math.prod(_shape(name, inputs, 1, 4)[:3])
    if name == "BATCH_MATMUL":
        return math.prod(_shape(name, outputs, 0, 2)) * _shape(name, inputs, 0, 2)[-2 if adjoint else -1]
    return 0


def _shape(name: str, shapes: Shapes, position: int, rank: int) -> tuple[int, ...]:
    """The shape at a position, with at least so many dimensions."""
    shape = shapes[position] if position < len(shapes) else None
    if shape is None or len(shape) < rank:
        raise ModelFileError(f"The TFLite model is damaged: {name} has an operand of shape {shape}.")
    return shape
