"""Pictures in buffers whose rows are longer than the picture is wide, as camera drivers fill them."""

import numpy as np
from numpy.typing import NDArray

from edgefashion.errors import CameraError


def without_padding(buffer: NDArray[np.uint8], height: int, width: int, stride: int) -> NDArray[np.uint8]:
    """Return the picture in a buffer whose rows may be longer than the picture is wide.

    Args:
        buffer: uint8 (n,), four bytes a pixel, row after row; n is at least height × stride.
        height: Rows of the picture.
        width: Pixels of a row.
        stride: Bytes from the beginning of a row to the next, at least 4 × width.

    Returns:
        uint8 (height, width, 4), a view of the buffer.

    Raises:
        CameraError: The buffer is too short for that, or the stride too small.
    """
    if stride < 4 * width or buffer.size < height * stride:
        raise CameraError(
            f"The camera's buffer of {buffer.size} bytes with rows of {stride} can't hold {width} × {height} pixels."
        )
    return buffer[: height * stride].reshape(height, stride)[:, : 4 * width].reshape(height, width, 4)
