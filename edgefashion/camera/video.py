"""A video file played as a camera: every picture when it is due."""

import os
from collections.abc import Generator
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from edgefashion.camera.av_input import frames, import_av, reason
from edgefashion.camera.orientation import Orientation
from edgefashion.camera.source import ThreadedSource
from edgefashion.errors import CameraError

INTERVAL = 1 / 25
"""Seconds between two pictures where the file doesn't say when they are due."""
LONGEST_WAIT = 1.0
"""Seconds. A file whose times jump further is played on after this."""


class VideoSource(ThreadedSource):
    """Plays a file in its own time; pictures that are damaged are left out."""

    def __init__(self, path: str | os.PathLike[str], orientation: Orientation | None = None, loop: bool = True) -> None:
        """Look for the file.

        Args:
            path: A file in any format that FFmpeg reads.
            orientation: How the pictures are turned, besides what the file says; not at all if None.
            loop: Whether to begin again at the end.

        Raises:
            CameraError: No such file.
            MissingExtraError: PyAV is not installed.
        """
        super().__init__(f"video:{os.fspath(path)}", orientation or Orientation(), ends=not loop)
        import_av("a video file as source")
        self._loop = loop
        self._path = Path(path).expanduser().absolute()
        if not self._path.is_file():
            raise CameraError(f"{self.name}: no such file; name a video file.")

    def _read(self) -> Generator[NDArray[np.uint8], None, None]:
        """Yield the pictures of each pass."""
        import av

        while not self._stopping.is_set():
            seen = 0
            due = monotonic()
            former: float | None = None
            try:
                for time, pixels in frames(str(self._path), self._orientation):
                    step = INTERVAL if time is None or former is None else time - former
                    former = time
                    if seen:
                        due = max(due + min(max(0.0, step), LONGEST_WAIT), monotonic())
                        self._pause(due - monotonic())
                    seen += 1
                    yield pixels
            except (av.FFmpegError, CameraError) as error:
                raise CameraError(f"{self.name}: can't be played ({reason(error)}); name another file.") from error
            if not seen:
                raise CameraError(f"{self.name}: holds no picture that can be read; name another file.")
            if not self._loop:
                return
            self._pause(INTERVAL)
