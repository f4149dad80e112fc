"""The operators that a picture classifier may use, with the options that each one may have.

The numbers are those of the TensorFlow Lite schema (`BuiltinOperator`, `BuiltinOptions`). An operator that is missing
here is refused: add it with the range of its options, and let tests/runtime/test_mutations.py try it.
"""

import math
import struct
from typing import Any, NamedTuple

from edgefashion.errors import ModelFileError
from edgefashion.runtime.flatbuffer_check import FlatbufferReader, Vector


class Option(NamedTuple):
    """An option: its kind as in `flatbuffer_check.SCHEMA` ("f" is a float32), range, and value where it is absent."""

    kind: str
    lowest: float = 0
    highest: float = 1
    default: float = 0


class Operator(NamedTuple):
    """A kind of operator.

    Attributes:
        name: Its name in the schema.
        options_type: The number of its options table in the union `BuiltinOptions`; 0 for none.
        options: The fields of that table, in order.
        lowest_inputs: How many inputs it must have; those after them may be left out.
        highest_inputs: How many inputs it may have.
        outputs: How many outputs it may have.
    """

    name: str
    options_type: int
    options: tuple[Option, ...]
    lowest_inputs: int
    highest_inputs: int
    outputs: int


_FLAG = Option("1")
_ACTIVATION = Option("1", 0, 3)
_PADDING = Option("1", 0, 1)
_STRIDE = Option("4", 1, 1024)
_SIZE = Option("4", 1, 4096)
_DILATION = Option("4", 1, 1024, 1)
_TYPE = Option("1", 0, 22)
_AXIS = Option("4", -6, 6)
_COUNT = Option("4", 1, 64)
_MASK = Option("4", 0, 63)
_CONVOLUTION = (_PADDING, _STRIDE, _STRIDE, _ACTIVATION, _DILATION, _DILATION, _TYPE)
_DEPTHWISE = (_PADDING, _STRIDE, _STRIDE, Option("4", 0, 4096), _ACTIVATION, _DILATION, _DILATION)
_POOL = (_PADDING, _STRIDE, _STRIDE, _SIZE, _SIZE, _ACTIVATION)
_DENSE = (_ACTIVATION, Option("1", 0, 0), _FLAG, _FLAG, _TYPE)
_ADD = (_ACTIVATION, _FLAG)
_RESIZE = (Option("4", 0, 4096), Option("4", 0, 4096), _FLAG, _FLAG)
_SLICE = (_MASK, _MASK, _MASK, _MASK, _MASK, _FLAG)
_NEW_SHAPE = Option("v4", -1, 2**30)
_AXES = Option("v4", -6, 6)

# Convolutions must have a bias: the converter always writes one, and XNNPACK crashes without it.
OPERATORS: dict[int, Operator] = {
    0: Operator("ADD", 11, _ADD, 2, 2, 1),
    1: Operator("AVERAGE_POOL_2D", 5, _POOL, 1, 1, 1),
    2: Operator("CONCATENATION", 10, (_AXIS, _ACTIVATION), 1, 64, 1),
    3: Operator("CONV_2D", 1, _CONVOLUTION, 3, 3, 1),
    4: Operator("DEPTHWISE_CONV_2D", 2, _DEPTHWISE, 3, 3, 1),
    6: Operator("DEQUANTIZE", 38, (), 1, 1, 1),
    9: Operator("FULLY_CONNECTED", 8, _DENSE, 2, 3, 1),
    11: Operator("L2_NORMALIZATION", 12, (_ACTIVATION,), 1, 1, 1),
    14: Operator("LOGISTIC", 0, (), 1, 1, 1),
    17: Operator("MAX_POOL_2D", 5, _POOL, 1, 1, 1),
    18: Operator("MUL", 21, (_ACTIVATION,), 2, 2, 1),
    19: Operator("RELU", 0, (), 1, 1, 1),
    21: Operator("RELU6", 0, (), 1, 1, 1),
    22: Operator("RESHAPE", 17, (_NEW_SHAPE,), 1, 2, 1),
    23: Operator("RESIZE_BILINEAR", 15, _RESIZE, 2, 2, 1),
    25: Operator("SOFTMAX", 9, (Option("f", 1e-3, 1e3),), 1, 1, 1),
    28: Operator("TANH", 0, (), 1, 1, 1),
    34: Operator("PAD", 22, (), 2, 2, 1),
    39: Operator("TRANSPOSE", 26, (), 2, 2, 1),
    40: Operator("MEAN", 27, (_FLAG,), 2, 2, 1),
    41: Operator("SUB", 28, _ADD, 2, 2, 1),
    43: Operator("SQUEEZE", 30, (_AXES,), 1, 1, 1),
    45: Operator("STRIDED_SLICE", 32, _SLICE, 4, 4, 1),
    49: Operator("SPLIT", 35, (_COUNT,), 2, 2, 64),
    53: Operator("CAST", 37, (_TYPE, _TYPE), 1, 1, 1),
    54: Operator("PRELU", 0, (), 2, 2, 1),
    55: Operator("MAXIMUM", 39, (), 2, 2, 1),
    57: Operator("MINIMUM", 39, (), 2, 2, 1),
    74: Operator("SUM", 27, (_FLAG,), 2, 2, 1),
    76: Operator("RSQRT", 0, (), 1, 1, 1),
    98: Operator("LEAKY_RELU", 75, (Option("f", -1e3, 1e3),), 1, 1, 1),
    114: Operator("QUANTIZE", 89, (), 1, 1, 1),
    117: Operator("HARD_SWISH", 91, (), 1, 1, 1),
}


def check_options(reader: FlatbufferReader, kind: Operator, options_type: int, position: int | None) -> list[Any]:
    """Check an operator's options against the ranges of its kind.

    Args:
        reader: The reader of the file.
        kind: The operator's kind.
        options_type: The number of its options table.
        position: Where that table lies; None if it has none.

    Returns:
        The values in order, the default where one is absent.

    Raises:
        ModelFileError: The options are of another operator, damaged or out of range.
    """
    if options_type not in (0, kind.options_type) or (position is None) != (options_type == 0):
        raise ModelFileError(f"the operator {kind.name} has the options of another operator.")
    fields = tuple("4" if option.kind == "f" else option.kind for option in kind.options)
    values = [None] * len(fields) if position is None else reader.table(position, f"{kind.name} options", fields)
    checked: list[Any] = []
    for option, value in zip(kind.options, values, strict=True):
        value = option.default if value is None else value
        if isinstance(value, Vector):
            value = reader.integers(value)
        elif option.kind == "f":
            value = struct.unpack("<f", struct.pack("<i", int(value)))[0]
        numbers = value if isinstance(value, tuple) else (value,)
        if any(not (math.isfinite(number) and option.lowest <= number <= option.highest) for number in numbers):
            raise ModelFileError(
                f"the operator {kind.name} has an option out of range: {option.lowest} to {option.highest} is allowed. "
                f"Received: {str(value)[:60]}."
            )
        checked.append(value)
    return checked
