"""The pictures of a folder, as if a camera saw one after the other: for tests, demos and machines without a camera."""

import os
from collections.abc import Generator
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from edgefashion.camera.frame import LONGEST_SIDE
from edgefashion.camera.orientation import Orientation
from edgefashion.camera.source import ThreadedSource
from edgefashion.errors import CameraError, ImageError
from edgefashion.runtime.image import upright
from edgefashion.runtime.picture_folder import pictures_in

RATE = 15.0
"""Frames a second."""
SECONDS = 2.0
"""How long each picture stays in view."""


class FolderSource(ThreadedSource):
    """Every picture of a folder in order of name, each for the same number of frames.

    A picture that can't be read takes its time too, with `problem` saying why; the others go on.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        orientation: Orientation | None = None,
        loop: bool = True,
        rate: float = RATE,
        seconds: float = SECONDS,
    ) -> None:
        """Look into the folder.

        Args:
            folder: A folder of pictures; its sub-folders are not read.
            orientation: How the pictures are turned; not at all if None.
            loop: Whether to begin again after the last picture.
            rate: Frames a second, above 0.
            seconds: How long each picture stays in view, above 0; at least one frame.

        Raises:
            CameraError: No such folder.
            ImageError: No pictures in it.
        """
        super().__init__(f"folder:{os.fspath(folder)}", orientation or Orientation(), ends=not loop)
        self._loop = loop
        self._interval = 1.0 / rate
        self._repeats = max(1, round(rate * seconds))
        place = Path(folder).expanduser()
        if not place.is_dir():
            raise CameraError(f"{self.name}: no such folder; name a folder of pictures.")
        self._paths = pictures_in(place)

    def _read(self) -> Generator[NDArray[np.uint8], None, None]:
        """Yield each picture as often as it is due."""
        due = monotonic()
        while True:
            for path in self._paths:
                try:
                    pixels = self._orientation.apply(upright(path, LONGEST_SIDE))
                except ImageError as error:
                    self._problem = str(error)
                    pixels = None
                for _ in range(self._repeats):
                    if pixels is not None:
                        yield pixels
                    due = max(due + self._interval, monotonic())
                    self._pause(due - monotonic())
                    if self._stopping.is_set():
                        return
            if not self._loop:
                return
