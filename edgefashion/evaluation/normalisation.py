"""How bytes become a network's real input numbers, where the standard TFLite metadata of a file say so.

The metadata are a flatbuffer of their own (identifier "M001", schema `metadata_schema.fbs` of the mediapipe package) in
a buffer of the model's. They may be hostile, so they are read by the bounded reader of the runtime.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgefashion.errors import ModelFileError, UsageError
from edgefashion.runtime.flatbuffer_check import FlatbufferReader, check_flatbuffer

METADATA_NAME = "TFLITE_METADATA"
NORMALIZATION_OPTIONS = 1
"""Number of NormalizationOptions in the union ProcessUnitOptions."""
SCHEMA: dict[str, tuple[str, ...]] = {
    # As `flatbuffer_check.SCHEMA`; fields that don't matter here are "".
    "ModelMetadata": ("", "", "", "[SubGraphMetadata", "", "", "", ""),
    "SubGraphMetadata": ("", "", "[TensorMetadata", "", "", "", "", "", "", ""),
    "TensorMetadata": ("", "", "", "", "[ProcessUnit", "", ""),
    "ProcessUnit": ("1", "U"),
    "NormalizationOptions": ("v4", "v4"),
}


@dataclass(frozen=True)
class Normalisation:
    """Real input number = (byte − mean) / std, with one mean and deviation, or one each for red, green and blue."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        """Raises ModelFileError where they are not one or three finite numbers each, the deviations above 0."""
        numbers = (*self.mean, *self.std)
        sizes = {len(self.mean), len(self.std)}
        if not sizes <= {1, 3} or not all(math.isfinite(item) for item in numbers) or min(self.std) <= 0:
            raise ModelFileError(
                "A normalisation needs one or three finite means, and as many deviations above 0. "
                f"Received: means {list(self.mean)[:4]}, deviations {list(self.std)[:4]}."
            )

    @classmethod
    def of_range(cls, low: float, high: float) -> Normalisation:
        """Maps the bytes 0 to 255 evenly to low to high.

        Raises:
            UsageError: Not finite, or high is not above low.
        """
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UsageError(f"An input range goes from a finite number up to a higher one. Received: {low}, {high}.")
        return cls((-255.0 * low / (high - low),), (255.0 / (high - low),))

    def real(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Turns uint8 (height, width, 3) RGB, 0–255, into float32 of the same shape."""
        numbers = (picture - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return numbers.astype(np.float32)


def read_normalisation(flatbuffer: bytes) -> Normalisation | None:
    """Reads the normalisation of a model's first input from its metadata.

    Args:
        flatbuffer: The model without associated files.

    Returns:
        The normalisation; None where the file has no metadata, or they have none.

    Raises:
        ModelFileError: The metadata are damaged.
    """
    reader, model = check_flatbuffer(flatbuffer, len(flatbuffer))
    buffers, entries = model[4] or [], model[6] or []
    numbers = [number or 0 for name, number in entries if name == METADATA_NAME]
    if not numbers:
        return None
    data = buffers[numbers[0]][0] if 0 <= numbers[0] < len(buffers) else None
    if data is None or data.length < 8:
        raise ModelFileError("The model's metadata are damaged: their buffer is missing or empty.")
    content = reader.content[data.start : data.start + data.length]
    inner = FlatbufferReader(content, len(content), SCHEMA)
    root = inner.table(struct.unpack_from("<I", content)[0], "ModelMetadata", SCHEMA["ModelMetadata"])
    for subgraph in (root[3] or [])[:1]:
        for tensor in (subgraph[2] or [])[:1]:
            for kind, position in tensor[4] or []:
                if kind == NORMALIZATION_OPTIONS and position is not None:
                    mean, std = inner.table(position, "NormalizationOptions", SCHEMA["NormalizationOptions"])
                    return Normalisation(inner.floats(mean), inner.floats(std))
    return None
