"""What the tests of frame sources share: a picture with a colour in every quarter, as a file and as a frame."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest
from numpy.typing import NDArray

from edgefashion.camera.frame import LONGEST_SIDE, Frame
from edgefashion.camera.source import FrameSource

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end, "it never happened"
        sleep(0.002)


def next_frame(given: FrameSource, after: int = 0) -> Frame:
    wait_for(lambda: given.latest(after) is not None)
    frame = given.latest(after)
    assert frame is not None
    return frame


def asymmetric(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """uint8 (height, width, 3), RGB: a red, a green and a blue quarter, and a black one at the bottom right."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = RED
    picture[: height // 2, width // 2 :] = GREEN
    picture[height // 2 :, : width // 2] = BLUE
    return picture


def quarters(frame: Frame) -> list[str]:
    """The colours of the quarters: top left, top right, bottom right, bottom left."""
    height, width = frame.pixels.shape[:2]
    names = {RED: "red", GREEN: "green", BLUE: "blue", (0, 0, 0): "black"}
    found = []
    for y, x in ((1, 1), (1, 3), (3, 3), (3, 1)):
        pixel = frame.pixels[y * height // 4, x * width // 4, :3].astype(int)
        found.append(names[tuple(((pixel > 127) * 255).tolist())])
    return found


def check(frame: Frame) -> None:
    """What every frame promises."""
    height, width, channels = frame.pixels.shape
    assert channels == 4
    assert max(height, width) <= LONGEST_SIDE
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.flags.c_contiguous
    assert frame.pixels.flags.writeable
    assert (frame.pixels[:, :, 3] == 255).all()
    assert frame.rgb().shape == (height, width, 3)
    assert np.array_equal(frame.rgb(), frame.pixels[:, :, :3])
    assert 0 <= monotonic() - frame.at < 60


def write_video(path: Path, seconds: float = 0.4, size: tuple[int, int] = (48, 64), suffix: str = "") -> Path:
    """A small file: the asymmetric picture, 25 times a second."""
    av = pytest.importorskip("av", reason="the extra camera is not installed")
    with av.open(str(path), "w", format=suffix or None) as container:
        stream = container.add_stream("mjpeg" if suffix == "mjpeg" else "mpeg4", rate=25)
        stream.height, stream.width = size
        stream.pix_fmt = "yuvj420p" if suffix == "mjpeg" else "yuv420p"
        for _ in range(round(seconds * 25)):
            picture = av.VideoFrame.from_ndarray(asymmetric(*size), format="rgb24")
            for packet in stream.encode(picture):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path
