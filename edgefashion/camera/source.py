"""What every frame source promises, and the one thread loop behind those that read in a thread of their own."""

from collections.abc import Generator
from contextlib import closing
from threading import Event, Thread
from time import monotonic
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgefashion.camera.frame import Frame
from edgefashion.camera.orientation import Orientation
from edgefashion.errors import CameraError, ImageError

RETRY_SECONDS = 1.0
"""How long to wait before a source that failed is opened again: a camera that was unplugged may be back."""
CLOSE_SECONDS = 5.0
"""How long `close` waits for the reader; a driver that never returns keeps its thread, which ends with the process."""


class FrameSource(Protocol):
    """Where frames come from. All of it may be called from any thread, and only `close` may wait."""

    @property
    def name(self) -> str:
        """What to call it in messages: its spec."""

    @property
    def problem(self) -> str:
        """Why there is no picture, in one plain line; "" while there is one, or none is expected yet."""

    @property
    def finished(self) -> bool:
        """Whether no further frame will come: a file or folder that is not looped has ended, or `close` was called."""

    def start(self) -> None:
        """Begin to read; nothing happens if it has begun."""

    def latest(self, after: int) -> Frame | None:
        """Return the newest frame if its sequence number is above `after`, else None; never blocks."""

    def close(self) -> None:
        """Stop, and give the camera back; may be called twice."""


class ThreadedSource:
    """A frame source that reads in a thread: a subclass says how in `_read`."""

    def __init__(self, name: str, orientation: Orientation, ends: bool) -> None:
        """Prepare a source that is not started.

        Args:
            name: Its spec.
            orientation: How its pictures are turned.
            ends: Whether the source is finished when `_read` returns; otherwise it is opened again.
        """
        self.name = name
        self._orientation = orientation
        self._ends = ends
        self._frame: Frame | None = None
        self._problem = ""
        self._stopping = Event()
        self._thread: Thread | None = None

    @property
    def problem(self) -> str:
        """As `FrameSource.problem`."""
        return self._problem

    @property
    def finished(self) -> bool:
        """As `FrameSource.finished`."""
        return self._stopping.is_set() or (self._thread is not None and not self._thread.is_alive())

    def start(self) -> None:
        """As `FrameSource.start`."""
        if self._thread is None and not self._stopping.is_set():
            self._thread = Thread(target=self._run, name=f"frames of {self.name}", daemon=True)
            self._thread.start()

    def latest(self, after: int) -> Frame | None:
        """As `FrameSource.latest`."""
        frame = self._frame
        return frame if frame is not None and frame.sequence > after else None

    def close(self) -> None:
        """As `FrameSource.close`."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _read(self) -> Generator[NDArray[np.uint8], None, None]:
        """Open the source, yield its pictures each when it is due, and release it in a `finally`.

        The pictures are uint8 RGBA (height, width, 4) as `Orientation.apply` returns them, each handed out as it is
        and never changed again.

        Raises:
            CameraError, ImageError: There is no picture, and the message says why in one line.
        """
        raise NotImplementedError

    def _pause(self, seconds: float) -> None:
        """Wait in `_read`, but not beyond `close`."""
        self._stopping.wait(max(0.0, seconds))

    def _run(self) -> None:
        """Hand out frames until `close`; open the source again after a failure."""
        sequence = 0
        while not self._stopping.is_set():
            started = monotonic()
            try:
                with closing(self._read()) as pictures:
                    for pixels in pictures:
                        if self._stopping.is_set():
                            break
                        sequence += 1
                        self._frame = Frame(pixels, sequence, monotonic())
                        self._problem = ""
            except (CameraError, ImageError) as error:
                self._problem = str(error)
            except Exception as error:  # noqa: BLE001 - a driver may raise anything, and the thread must outlive it
                self._problem = f"{self.name}: {type(error).__name__}: {' '.join(str(error).split())}"
            if self._ends:
                return
            if self._problem or monotonic() - started < RETRY_SECONDS:
                self._pause(RETRY_SECONDS)
