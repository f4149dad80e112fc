"""USB cameras on Linux: V4L2, read through PyAV. A camera that was unplugged is taken up again when it is back."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgefashion.camera.av_input import frames, import_av, reason
from edgefashion.camera.orientation import Orientation
from edgefashion.camera.source import ThreadedSource
from edgefashion.errors import CameraError

FORMAT = "v4l2"
MODES: tuple[dict[str, str], ...] = (
    {"input_format": "mjpeg", "video_size": "1280x720"},
    {"video_size": "640x480"},
    {},
)
"""What a camera is asked for, best first. USB 2 carries 720p at full speed only as MJPEG; the last is its default."""
DEVICES = Path("/sys/class/video4linux")


class UsbSource(ThreadedSource):
    """A camera at a V4L2 device; it need not be there yet."""

    def __init__(self, device: str, orientation: Orientation | None = None, container_format: str = FORMAT) -> None:
        """Prepare to read a device.

        Args:
            device: A number N, for /dev/videoN, or a path, such as one of /dev/v4l/by-id, which stays the same
                whatever is plugged in first.
            orientation: How the pictures are turned; not at all if None.
            container_format: FFmpeg's name of the kind of device.

        Raises:
            CameraError: Neither a number nor an absolute path.
            MissingExtraError: PyAV is not installed.
        """
        super().__init__(f"usb:{device}", orientation or Orientation(), ends=False)
        import_av("a USB camera")
        self._path = Path(f"/dev/video{int(device)}") if device.isascii() and device.isdigit() else Path(device)
        self._format = container_format
        if not self._path.is_absolute():
            raise CameraError(f"A USB camera is a number, as in usb:0, or a path of a device. Received: {self.name}.")

    def _read(self) -> Generator[NDArray[np.uint8], None, None]:
        """Yield pictures until the camera goes away."""
        import av

        if not self._path.exists():
            raise CameraError(f"{self.name}: no camera at {self._path}; plug it in, or choose another source.")
        failure: Exception | None = None
        for mode in MODES if self._format == FORMAT else ({},):
            seen = 0
            try:
                for _, pixels in frames(str(self._path), self._orientation, self._format, mode):
                    seen += 1
                    yield pixels
            except PermissionError as error:
                raise CameraError(
                    f"{self.name}: no permission to read {self._path}; add the user to the group 'video': "
                    "sudo usermod -aG video $USER, then log in again."
                ) from error
            except (av.FFmpegError, CameraError) as error:
                failure = error
            if seen:
                raise CameraError(f"{self.name}: the camera went away; plug it in again.") from failure
        why = f" ({reason(failure)})" if failure is not None else ""
        raise CameraError(
            f"{self.name}: the camera at {self._path} gives no picture{why}; close other programs that use it."
        ) from failure


def usb_cameras(devices: Path = DEVICES) -> list[str]:
    """Return the specs of the USB cameras that are plugged in, in order of their numbers.

    One camera has several device nodes; the one that gives pictures has the index 0. What isn't on a USB bus, such as
    the decoders of a Raspberry Pi, is left out.
    """
    numbers = []
    for entry in devices.glob("video*"):
        try:
            number, index = int(entry.name.removeprefix("video")), (entry / "index").read_text(encoding="ascii").strip()
            bus = (entry / "device" / "subsystem").resolve().name
        except (OSError, ValueError):
            continue
        if index == "0" and bus == "usb":
            numbers.append(number)
    return [f"usb:{number}" for number in sorted(numbers)]
