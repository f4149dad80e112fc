"""Every kind of frame source, in one table."""

from collections.abc import Callable

from edgefashion.camera.android import AndroidSource
from edgefashion.camera.folder import FolderSource
from edgefashion.camera.orientation import Orientation
from edgefashion.camera.picamera import NAME as PICAMERA
from edgefashion.camera.picamera import PicameraSource, has_picamera
from edgefashion.camera.source import FrameSource
from edgefashion.camera.usb import UsbSource, usb_cameras
from edgefashion.camera.video import VideoSource
from edgefashion.errors import CameraError
from edgefashion.runtime.android import on_android

SOURCES: dict[str, Callable[[str, Orientation, bool], FrameSource]] = {
    "folder": lambda path, orientation, loop: FolderSource(path, orientation, loop),
    "video": lambda path, orientation, loop: VideoSource(path, orientation, loop),
    "usb": lambda device, orientation, _: UsbSource(device, orientation),
    PICAMERA: lambda _, orientation, __: PicameraSource(orientation),
    "android": lambda facing, orientation, _: AndroidSource(facing, orientation),
}
"""Kind → what makes such a source of the rest of the spec, the orientation, and whether to loop."""

ACCEPTED = "folder:PATH, video:FILE, usb:0 or picamera2"
ANDROID = ("android:back", "android:front")
"""What the app on a phone is offered; nothing else runs there."""


def open_source(spec: str, rotate: int = 0, mirror: bool = False, loop: bool = True) -> FrameSource:
    """Make the source that a spec names; it is not started yet.

    Args:
        spec: folder:PATH, video:FILE, usb:NUMBER, usb:/dev/DEVICE or picamera2; in the Android app android:back or
            android:front.
        rotate: Degrees clockwise by which its pictures are turned: 0, 90, 180 or 270.
        mirror: Whether left and right are swapped.
        loop: Whether a folder or a file begins again at its end.

    Raises:
        CameraError: No such kind of source, no such file or folder, or another rotation.
        ImageError: The folder holds no pictures.
        MissingExtraError: A package is missing.
    """
    kind, _, rest = spec.partition(":")
    if kind not in SOURCES or bool(rest) == (kind == PICAMERA):
        raise CameraError(f"A source must be {ACCEPTED}. Received: '{spec}'.")
    return SOURCES[kind](rest, Orientation(rotate, mirror), loop)


def local_cameras() -> tuple[str, ...]:
    """Return the specs of cameras that a machine of this kind may have, there or not."""
    return ANDROID if on_android() else ("usb:0", "usb:1", PICAMERA)


def find_camera() -> str:
    """Return the spec of the first camera of this machine: a phone's or Raspberry Pi's own, else the first on USB.

    Raises:
        CameraError: There is none, or none that can be found.
    """
    if on_android():
        return ANDROID[0]
    found = [PICAMERA] if has_picamera() else usb_cameras()
    if not found:
        raise CameraError(
            "No camera was found: none of picamera2, none on USB. Plug one in, or name a source: "
            f"{ACCEPTED}; 'edgefashion doctor' tells what this machine has."
        )
    return found[0]
