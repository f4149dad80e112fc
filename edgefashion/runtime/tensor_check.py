"""Checks of element types, scales and zero points: where they don't fit, kernels read too far or end the process."""

from typing import Any

from edgefashion.errors import ModelFileError
from edgefashion.runtime.flatbuffer_check import FlatbufferReader

MIN_SCALE, MAX_SCALE = 1e-20, 1e6
MAX_PRODUCT_RATIO = 256.0
"""Input scale × weight scale / output scale must stay below this (the limit of XNNPACK)."""
MIN_RATIO, MAX_RATIO = 2.0**-24, 2.0**16
"""Input scale / output scale of all other operators."""
FLOAT32, FLOAT16, INT32, UINT8, INT64, INT16, INT8, INT4 = 0, 1, 2, 3, 4, 7, 9, 17
QUANTISED = (UINT8, INT16, INT8)
WEIGHT_TYPES = {FLOAT32: (FLOAT32, INT8, INT4), INT8: (INT8, INT4), UINT8: (UINT8,), INT16: (INT8,)}
"""Input type → the types that weights may have; the float input's int8 and int4 are dynamic-range quantisation."""
BIAS_TYPES = {FLOAT32: (FLOAT32,), INT8: (INT32,), UINT8: (INT32,), INT16: (INT32, INT64)}
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
SEVERAL = ("ADD", "CONCATENATION", "MAXIMUM", "MINIMUM", "MUL", "PRELU", "SUB")
"""Operators whose inputs all hold data; elsewhere only the first does (the last, for SPLIT)."""
PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MUL")

_ZERO_POINTS = {
    # TensorType → the zero points it may have.
    UINT8: (0, 255), INT8: (-128, 127),
}  # fmt: skip


def check_quantisation(
    reader: FlatbufferReader, fields: list[Any] | None, name: str, kind: int, shape: tuple[int, ...]
) -> tuple[float, ...]:
    """Check one tensor's scales and zero points: as many as there are channels, finite, within range.

    Args:
        reader: The reader of the file.
        fields: The fields of the tensor's `QuantizationParameters`; None if it has none.
        name: The tensor's name.
        kind: Its `TensorType`.
        shape: Its shape.

    Returns:
        The scales; none for a tensor of plain numbers.

    Raises:
        ModelFileError: A number is missing, out of range or not finite.
    """
    if fields is None:
        return ()
    _, _, scale_vector, zero_vector, details, _, dimension = fields
    if details:
        raise ModelFileError(f"the tensor '{name[:60]}' has a custom quantisation, which is not supported.")
    scales, zeros = reader.floats(scale_vector), reader.integers(zero_vector)
    dimension = dimension or 0
    if len(scales) > 1 and not (0 <= dimension < len(shape) and shape[dimension] == len(scales)):
        raise ModelFileError(f"the tensor '{name[:60]}' has {len(scales)} scales, which do not fit its shape {shape}.")
    if not all(MIN_SCALE <= scale <= MAX_SCALE for scale in scales):
        raise ModelFileError(f"the tensor '{name[:60]}' has a scale outside of {MIN_SCALE} to {MAX_SCALE}.")
    lowest, highest = _ZERO_POINTS.get(kind, (0, 0))
    if zeros and len(zeros) != len(scales):
        raise ModelFileError(f"the tensor '{name[:60]}' has {len(zeros)} zero points and {len(scales)} scales.")
    if any(not lowest <= zero <= highest for zero in zeros):
        raise ModelFileError(f"the tensor '{name[:60]}' has a zero point outside of {lowest} to {highest}.")
    return scales


def check_types(operator: str, reads: list[int | None], writes: list[int]) -> None:
    """Check that an operator's tensors have element types that its kernels can handle together.

    Args:
        operator: The operator's name.
        reads: The `TensorType` of each input; None for one that is left out.
        writes: The `TensorType` of each output.

    Raises:
        ModelFileError: The types don't fit together.
    """
    data = reads[-1] if operator == "SPLIT" else reads[0]
    if operator == "QUANTIZE":
        fits = data in (FLOAT32, *QUANTISED) and writes[0] in QUANTISED
    elif operator == "DEQUANTIZE":
        fits = data in (FLOAT16, *QUANTISED) and writes[0] == FLOAT32
    elif operator == "CAST":
        fits = data in (FLOAT32, UINT8, INT32) and writes[0] == FLOAT32
    else:
        fits = data in (FLOAT32, *QUANTISED) and all(kind == data for kind in writes)
    if fits and operator in SEVERAL:
        fits = all(kind == data for kind in reads)
    if fits and operator in WEIGHTED and data is not None:
        bias = reads[2] if len(reads) > 2 else None
        fits = reads[1] in WEIGHT_TYPES[data] and (bias is None or bias in BIAS_TYPES[data])
    if not fits:
        raise ModelFileError(f"the operator {operator} has element types that don't fit: {reads} to {writes}.")


def check_scales(operator: str, reads: list[tuple[float, ...]], writes: tuple[float, ...]) -> None:
    """Check the ratios of an operator's scales.

    Args:
        operator: The operator's name.
        reads: The scales of each input; () for one of plain numbers, or one that is left out.
        writes: The scales of the first output.

    Raises:
        ModelFileError: A ratio is out of range.
    """
    if not writes:
        return
    output = writes[0]
    if operator in PRODUCTS:
        if reads[0] and reads[1] and reads[0][0] * max(reads[1]) / output >= MAX_PRODUCT_RATIO:
            raise ModelFileError(f"the operator {operator} has scales whose product is {MAX_PRODUCT_RATIO} and more.")
        return
    for scales in reads:
        if scales and not MIN_RATIO <= scales[0] / output <= MAX_RATIO:
            raise ModelFileError(f"the operator {operator} has scales that are too far apart.")
