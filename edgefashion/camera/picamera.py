"""A Raspberry Pi's own camera through picamera2, which comes with Raspberry Pi OS and from nowhere else.

The main stream is read as XBGR8888, whose bytes are R, G, B, 255 in memory: what a texture takes, without conversion.
"""

from collections.abc import Generator
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgefashion.camera.orientation import Orientation
from edgefashion.camera.rows import without_padding
from edgefashion.camera.source import ThreadedSource
from edgefashion.errors import CameraError

NAME = "picamera2"
SIZE = (1280, 960)
"""Width and height in pixels: the whole of a 4:3 sensor."""
INSTALL = (
    "sudo apt install python3-picamera2, and make the environment with: python3 -m venv --system-site-packages .venv"
)


class PicameraSource(ThreadedSource):
    """The first camera that picamera2 knows."""

    def __init__(self, orientation: Orientation | None = None) -> None:
        """Prepare to read; picamera2 is imported when it starts. `orientation`: None turns nothing."""
        super().__init__(NAME, orientation or Orientation(), ends=False)

    def _read(self) -> Generator[NDArray[np.uint8], None, None]:
        """Yield pictures as they come."""
        picamera2 = _import_picamera2()
        if not picamera2.Picamera2.global_camera_info():
            raise CameraError(f"{NAME}: no camera is connected; check the ribbon cable, then: rpicam-hello --list")
        camera = picamera2.Picamera2()
        try:
            camera.configure(camera.create_video_configuration(main={"size": SIZE, "format": "XBGR8888"}))
            camera.start()
            main = camera.camera_configuration()["main"]
            width, height = main["size"]
            while True:
                buffer = camera.capture_buffer("main")
                yield self._orientation.apply(without_padding(buffer, height, width, main["stride"]))
        finally:
            camera.close()  # stops it too


def has_picamera() -> bool:
    """Whether picamera2 is installed and sees a camera."""
    if find_spec(NAME) is None:
        return False
    try:
        return bool(_import_picamera2().Picamera2.global_camera_info())
    except CameraError:
        return False


def _import_picamera2() -> Any:
    """Return the module picamera2, or say how to get it."""
    try:
        import picamera2
    except ModuleNotFoundError as error:
        raise CameraError(f"{NAME}: {error.name} is not installed; {INSTALL}") from error
    except (ImportError, ValueError) as error:
        # Debian's simplejpeg is built against numpy 1; picamera2 issues 1088, 1170 and 1211.
        raise CameraError(
            f"{NAME}: can't be imported ({' '.join(str(error).split())}); where numpy is named, "
            "pip install --force-reinstall simplejpeg"
        ) from error
    return picamera2
