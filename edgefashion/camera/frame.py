"""One picture of a stream, as every frame source hands it out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST_SIDE = 1920
"""Pixels. Larger pictures are reduced where they are read: no screen here shows more, no network sees more."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture, upright. Nobody changes it after it is handed out, so threads may share it.

    Attributes:
        pixels: uint8 (height, width, 4), RGBA, 0–255, C-contiguous and writeable, as texture uploads want it; opaque.
        sequence: Its number within its source; rises from 1.
        at: When it was taken, in seconds of `time.monotonic`.
    """

    pixels: NDArray[np.uint8]
    sequence: int
    at: float

    def rgb(self) -> NDArray[np.uint8]:
        """Return a new uint8 array (height, width, 3), RGB, 0–255, as the classifier takes it."""
        return np.ascontiguousarray(self.pixels[:, :, :3])
