"""Which way is up: rotation and mirroring of pictures, and where a picture and its boxes lie in a view.

Everything here has its origin at the top left, x to the right, y downwards.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgefashion.errors import CameraError

ROTATIONS = (0, 90, 180, 270)
ASPECTS = ("contain", "cover")


class Box(NamedTuple):
    """A rectangle: its left and top edge, its width and height, in any unit."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Orientation:
    """How a source's pictures are turned before they are handed out.

    Attributes:
        rotate: Degrees clockwise: 0, 90, 180 or 270.
        mirror: Whether left and right are swapped, after the rotation, as in a mirror.

    Raises:
        CameraError: Another rotation.
    """

    rotate: int = 0
    mirror: bool = False

    def __post_init__(self) -> None:
        """Check the rotation."""
        if self.rotate not in ROTATIONS:
            known = ", ".join(map(str, ROTATIONS))
            raise CameraError(f"A rotation must be one of {known} degrees clockwise. Received: {self.rotate}.")

    def apply(self, pixels: NDArray[np.uint8], turned: int = 0) -> NDArray[np.uint8]:
        """Turn a picture.

        Args:
            pixels: uint8 (height, width, 3), RGB, or (height, width, 4), RGBA, 0–255.
            turned: Degrees clockwise, a multiple of 90, that the picture itself asks for, before what is set here.

        Returns:
            uint8 (height, width, 4), RGBA, of the turned height and width, C-contiguous and writeable; a copy only
            where the input is not that already.
        """
        picture = np.rot90(pixels, -((turned + self.rotate) // 90) % 4)
        if self.mirror:
            picture = picture[:, ::-1]
        if picture.shape[2] == 3:
            opaque = np.full((*picture.shape[:2], 4), 255, np.uint8)
            opaque[:, :, :3] = picture
            return opaque
        return np.require(picture, np.uint8, ["C_CONTIGUOUS", "WRITEABLE"])


def place(picture: tuple[float, float], view: tuple[float, float], aspect: str = "contain") -> Box:
    """Return where a picture lies in a view, centred and undistorted.

    Args:
        picture: Width and height of the picture, above 0.
        view: Width and height of the view, above 0.
        aspect: "contain": all of the picture is seen and the view may have bars; "cover": the view is full and the
            picture may reach beyond it, so that x and y are negative.

    Raises:
        CameraError: An unknown aspect.
    """
    if aspect not in ASPECTS:
        raise CameraError(f"Unknown aspect {aspect!r}. Known: {', '.join(ASPECTS)}.")
    across, down = view[0] / picture[0], view[1] / picture[1]
    scale = min(across, down) if aspect == "contain" else max(across, down)
    width, height = picture[0] * scale, picture[1] * scale
    return Box((view[0] - width) / 2, (view[1] - height) / 2, width, height)


def to_view(box: Box, placed: Box) -> Box:
    """Return a box of the picture, in shares of its width and height (0–1), in the units of the view.

    Args:
        box: The box in the picture.
        placed: Where the picture lies: what `place` returned.
    """
    x, y = placed.x + box.x * placed.width, placed.y + box.y * placed.height
    return Box(x, y, box.width * placed.width, box.height * placed.height)


def to_picture(box: Box, placed: Box) -> Box:
    """Return a box of the view in shares of the picture's width and height: the inverse of `to_view`."""
    x, y = (box.x - placed.x) / placed.width, (box.y - placed.y) / placed.height
    return Box(x, y, box.width / placed.width, box.height / placed.height)
