"""Decoding through PyAV (FFmpeg's libraries), for video files and USB cameras alike."""

from collections.abc import Generator, Mapping
from contextlib import closing
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgefashion.camera.frame import LONGEST_SIDE
from edgefashion.camera.orientation import Orientation
from edgefashion.errors import CameraError, MissingExtraError
from edgefashion.runtime.image import MAX_PIXELS

TIMEOUT_SECONDS = 10.0
"""How long a file or a camera may take to open, and to give the next piece of data."""
MAX_DAMAGED = 300
"""Pieces of data in a row that can't be decoded before reading stops: ten seconds of most videos."""


def import_av(purpose: str) -> ModuleType:
    """Return the module `av`, with FFmpeg's own messages off.

    Raises:
        MissingExtraError: PyAV is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("camera", purpose) from error
    av.logging.set_level(None)
    module: ModuleType = av
    return module


def frames(
    path: str, orientation: Orientation, container_format: str | None = None, options: Mapping[str, str] | None = None
) -> Generator[tuple[float | None, NDArray[np.uint8]], None, None]:
    """Yield the pictures of the first video stream; damaged ones are left out.

    Args:
        path: An absolute path of a file or device; nothing is ever read from a network.
        orientation: How the pictures are turned, after what the file itself says about them.
        container_format: FFmpeg's name of the input format; found out from the content if None.
        options: FFmpeg's options of the input.

    Yields:
        When the picture is due, in seconds from any beginning, or None if the file doesn't say it; and the picture,
        uint8 (height, width, 4), RGBA, its longer side at most `LONGEST_SIDE`.

    Raises:
        CameraError: Too many pixels, or too much damage in a row. The caller names the source.
        av.FFmpegError: It can't be opened or read.
    """
    av = import_av("video")
    wanted = {"protocol_whitelist": "file", **(options or {})} if container_format is None else dict(options or {})
    with av.open(path, format=container_format, options=wanted, timeout=TIMEOUT_SECONDS) as container:
        if not container.streams.video:
            raise CameraError("holds no video")
        damaged = 0
        with closing(container.demux(container.streams.video[0])) as packets:
            for packet in packets:
                try:
                    decoded = packet.decode()
                except av.error.InvalidDataError as error:
                    damaged += 1
                    if damaged > MAX_DAMAGED:
                        raise CameraError("too much of it is damaged") from error
                    continue
                for picture in decoded:
                    damaged = 0
                    yield picture.time, orientation.apply(_rgba(picture), -round(picture.rotation))


def reason(error: Exception) -> str:
    """Return what an error says, on one line."""
    return " ".join(str(getattr(error, "strerror", None) or error).split())


def _rgba(picture: Any) -> NDArray[np.uint8]:
    """Convert a decoded picture to RGBA, reduced to `LONGEST_SIDE`."""
    if picture.width * picture.height > MAX_PIXELS:
        raise CameraError(f"{picture.width} × {picture.height} pixels; at most {MAX_PIXELS} are allowed")
    scale = min(1.0, LONGEST_SIDE / max(picture.width, picture.height))
    width, height = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    pixels: NDArray[np.uint8] = picture.reformat(width=width, height=height, format="rgba").to_ndarray()
    return pixels
