"""A phone's or tablet's camera through CameraX; only in the Android app, which brings the Java side.

`mobile_app/apk/java/…/CameraFrames.java` keeps the newest picture; here it is fetched, freed of padding and turned.
"""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgefashion.camera.orientation import Orientation
from edgefashion.camera.rows import without_padding
from edgefashion.camera.source import ThreadedSource
from edgefashion.errors import CameraError
from edgefashion.runtime.android import until_thread_ends

FACINGS = ("back", "front")
SIZE = (960, 720)
"""Width and height in pixels that the camera is asked for; it gives the nearest that it has."""
WAIT_MS = 500
SILENT_WAITS = 10
"""After so many waits without a picture the camera counts as stuck."""
REASON = (
    "EdgeFashion needs the camera to see garments; pictures stay on this device. "
    "Allow it when Android asks, or in the system's settings."
)
CAMERA_FRAMES = "org.edgefashion.camera.CameraFrames"


class AndroidSource(ThreadedSource):
    """The camera at the back or the front."""

    _asked = False

    def __init__(self, facing: str, orientation: Orientation | None = None) -> None:
        """Prepare to read.

        Args:
            facing: One of `FACINGS`.
            orientation: How pictures are turned, after they are upright; None turns nothing.

        Raises:
            CameraError: Another facing.
        """
        if facing not in FACINGS:
            known = " or ".join(f"android:{name}" for name in FACINGS)
            raise CameraError(f"A camera of Android must be {known}. Received: 'android:{facing}'.")
        super().__init__(f"android:{facing}", orientation or Orientation(), ends=False)
        self._front = facing == "front"
        self._java: Any = None
        self._activity: Any = None

    def start(self) -> None:
        """As `FrameSource.start`; call it in the thread that started the app.

        JNI finds an app's classes only there. The person is asked for the camera once each time the app runs.
        """
        if self._java is None:
            try:
                from jnius import autoclass

                self._java = autoclass(CAMERA_FRAMES)
                autoclass(f"{CAMERA_FRAMES}$Picture")
                self._activity = autoclass("org.kivy.android.PythonActivity").mActivity
            except Exception as error:  # noqa: BLE001 - pyjnius may fail in any way where there is no Android
                self._problem = f"{self.name}: only the Android app has it ({' '.join(str(error).split())[:120]})"
                return
            if not self._java.allowed(self._activity) and not AndroidSource._asked:
                AndroidSource._asked = True
                self._java.ask(self._activity)
        super().start()

    def _read(self) -> Generator[NDArray[np.uint8], None, None]:
        """Yield pictures as they come."""
        until_thread_ends()
        if not self._java.allowed(self._activity):
            raise CameraError(REASON)
        camera = self._java(self._activity, self._front, *SIZE)
        camera.open()
        try:
            number = silent = 0
            while silent < SILENT_WAITS and not self._stopping.is_set():
                picture = camera.next(number, WAIT_MS)
                if picture is None:
                    if camera.problem():
                        raise CameraError(f"{self.name}: {camera.problem()}")
                    silent += 1
                    continue
                number, silent = picture.number, 0
                buffer = np.frombuffer(picture.pixels.tostring(), np.uint8)
                upright = without_padding(buffer, picture.height, picture.width, picture.stride)
                yield self._orientation.apply(upright, picture.rotation)
            if silent:
                raise CameraError(f"{self.name}: no picture comes; another app may be using the camera.")
        finally:
            camera.close()
