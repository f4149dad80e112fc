"""What went wrong, said in the screen's language: a short sentence with what to do.

The rooms below the app tell their errors in one English line and know no languages; here such a line is recognised by
its wording. A line that is not is shown as it is, and the health page shows every line as it was told.
"""

import re
from collections.abc import Callable
from pathlib import PurePath

from .text import tr

PROBLEMS: tuple[tuple[tuple[str, ...], Callable[[], str]], ...] = (
    # Regular expressions of English lines → the sentence, with their named groups filled in; the first that fits holds.
    # --- the disk and the saved scans
    (
        (r"No space left on device", r"Disk quota exceeded", r"^The disk that holds '.+' is full or fails"),
        lambda: tr("The disk is full or failing, so nothing was saved. Make room, then try again."),
    ),
    (
        (
            r"^'(?P<name>.+)' can't be opened for writing",
            r"^Can't keep scans in '(?P<name>.+?)': ",
            r"(?:Permission denied|Read-only file system|Operation not permitted): '(?P<name>.+?)'",
        ),
        lambda: tr("{name} can't be written, so nothing was saved. Ask whoever looks after this device."),
    ),
    (
        (r"^'.+' is held by another program",),
        lambda: tr("Another program holds the saved scans. Close it, then try again."),
    ),
    (
        (r"^The saved scans were damaged\. They were set aside as '(?P<name>.+?)'",),
        lambda: tr("The saved scans were damaged. They were set aside as {name}, and a new list was begun."),
    ),
    ((r"^There is no scan \d+",), lambda: tr("This scan is gone: it was deleted, or was one of the oldest.")),
    # --- the model
    (
        (r"^The model '(?P<name>.+?)' is left out for '(?P<other>.+?)': ",),
        lambda: tr("The model {name} is missing, damaged or computes wrongly here, so {other} is used."),
    ),
    (
        (r"^No model can be used: ",),
        lambda: tr("No model works here, so nothing is recognised. Install the app again."),
    ),
    ((r"^The model is not open yet",), lambda: tr("The model is not open yet; try again in a moment.")),
    # --- files
    (
        (
            r"^(?:folder:|video:)?(?P<name>.+): (?:can't be (?:read|played) \(No such file|no such f)",
            r"No such file or directory: '(?P<name>.+?)'",
        ),
        lambda: tr("{name} is not there. It was moved or deleted, or its disk is not plugged in."),
    ),
    (
        (r"^(?P<name>.+): can't be read \(Permission denied",),
        lambda: tr("This app may not read {name}. Copy it to a folder of your own."),
    ),
    (
        (
            r"^(?P<name>.+): (?:\d+ bytes; )?at most \d+ ",
            r"^(?P<name>.+): \d+ × \d+ pixels; ",
            r"^(?P<name>.+): a progressive JPEG of ",
        ),
        lambda: tr("{name} is too large. Make the picture smaller, then try again."),
    ),
    (
        (r"^(?P<name>.+): (?:can't be read|not a picture of a known format|not a regular file)",),
        lambda: tr("{name} can't be read: it is empty, damaged or not a picture. Choose another one."),
    ),
    (
        (r"^video:(?P<name>.+): (?:can't be played|holds no picture)",),
        lambda: tr("{name} can't be played. Choose another video or a camera."),
    ),
    (
        (r"^(?P<name>.+): no pictures in this folder",),
        lambda: tr("There is no picture in {name}. Choose another folder."),
    ),
    # --- cameras
    (
        (r"^No camera is chosen",),
        lambda: tr("No camera is chosen. Open a picture, or choose a camera in the settings."),
    ),
    (
        (r"^No camera was found",),
        lambda: tr("No camera was found. Plug one in, or open a picture."),
    ),
    (
        (r"^(?P<name>\S+): (?:no camera |there is no such camera)",),
        lambda: tr("The camera {name} was not found. Check its cable, or choose another one in the settings."),
    ),
    ((r"^(?P<name>\S+): the camera went away",), lambda: tr("The camera {name} is gone. Plug it in again.")),
    (
        (r"^(?P<name>\S+): no permission to read",),
        lambda: tr("This app may not use the camera {name}. The health page in the settings says how to allow it."),
    ),
    (
        (r"^EdgeFashion needs the camera to see garments",),
        lambda: tr(
            "EdgeFashion needs the camera to see garments; pictures stay on this device. "
            "Allow it when Android asks, or in the system's settings."
        ),
    ),
    (
        (r"^(?P<name>\S+): (?:the camera at .+ gives no picture|no picture comes)",),
        lambda: tr("The camera {name} gives no picture. Close other programs that use it."),
    ),
    (
        (r"pip install '(?P<name>edgefashion\[\w+\])'", r": (?P<name>\S+) is not installed; "),
        lambda: tr("{name} is not installed on this device. The health page in the settings says how to install it."),
    ),
    (
        (r"^A source must be .+ Received: '(?P<name>.+)'", r"^(?:A camera of Android|A USB camera) .+: (?P<name>.+)\."),
        lambda: tr("{name} is no camera that this app knows. Choose another one in the settings."),
    ),
    (
        (r"^(?P<name>(?:usb:|android:)\S+|picamera2): (?P<detail>.+)",),
        lambda: tr("The camera {name} fails: {detail}"),
    ),
    # --- the voice
    ((r"^No voice: (?P<detail>.+)",), lambda: tr("No voice: {detail}")),
)


def said(problem: str) -> str:
    """Return a problem in the screen's language; one that is not known stays as it is.

    Args:
        problem: One line, as an error of the rooms below or of the system tells it.
    """
    line = " ".join(problem.split())
    for patterns, sentence in PROBLEMS:
        for pattern in patterns:
            if found := re.search(pattern, line):
                parts = found.groupdict()
                return sentence().format(
                    **{part: _short(text) if part != "detail" else text for part, text in parts.items()}
                )
    return line


def with_detail(problem: str) -> str:
    """Return a problem in the screen's language, then the line as it was told, for whoever repairs the device."""
    short = said(problem)
    return short if short == problem else f"{short} ({problem})"


def _short(name: str) -> str:
    """The last part of a path; cameras and models keep their names."""
    return PurePath(name).name or name
