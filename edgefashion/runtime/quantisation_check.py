"""Checks of scales and zero points: kernels multiply by ratios of scales, and end the process when one is absurd."""

from typing import Any

from edgefashion.errors import ModelFileError
from edgefashion.runtime.flatbuffer_check import FlatbufferReader

MIN_SCALE, MAX_SCALE = 1e-20, 1e6
MAX_PRODUCT_RATIO = 256.0
"""Input scale × weight scale / output scale must stay below this (the limit of XNNPACK)."""
MIN_RATIO, MAX_RATIO = 2.0**-24, 2.0**16
"""Input scale / output scale of all other operators."""
PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MUL")

_ZERO_POINTS = {
    # TensorType → the zero points it may have.
    3: (0, 255), 9: (-128, 127), 7: (0, 0), 2: (0, 0), 4: (0, 0), 17: (0, 0),
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
