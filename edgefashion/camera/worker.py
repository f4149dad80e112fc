"""One thread that always works on the newest frame: whoever submits never waits, and what it overtakes is dropped."""

from collections import deque
from collections.abc import Callable
from threading import Condition, Thread, current_thread
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from edgefashion.camera.frame import Frame

T = TypeVar("T")
MEASURED = 300
"""Of how many of the newest frames the latency is told."""
CLOSE_SECONDS = 10.0
"""How long `close` waits for the frame in hand."""


class Statistics(NamedTuple):
    """What a worker has done so far.

    Attributes:
        submitted: Frames that were given to it.
        done: Frames that were classified and delivered.
        dropped: Frames that a newer one replaced before their turn came, or that `close` overtook.
        failed: Frames on which `classify` or `deliver` raised an exception.
        p50_ms: From the moment a frame was taken to its delivery, median of the newest 300, in milliseconds; 0 if none.
        p95_ms: The 95th percentile of the same.
    """

    submitted: int
    done: int
    dropped: int
    failed: int
    p50_ms: float
    p95_ms: float

    @property
    def idle(self) -> bool:
        """Whether every frame that was submitted is done with."""
        return self.submitted == self.done + self.dropped + self.failed


class Worker(Generic[T]):
    """Classifies frames in a thread of its own with a single waiting place, where the newest frame wins.

    Attributes:
        last_error: The newest exception of `classify` or `deliver`; None if there was none. It ends nothing.
    """

    def __init__(self, classify: Callable[[Frame], T], deliver: Callable[[Frame, T], None]) -> None:
        """Start the thread.

        Args:
            classify: Turns a frame into a result; called in the worker's thread, one frame at a time.
            deliver: Takes the frame and its result, in the worker's thread; not called any more after `close`.
        """
        self.last_error: Exception | None = None
        self._classify = classify
        self._deliver = deliver
        self._changed = Condition()
        self._waiting: Frame | None = None
        self._closing = False
        self._submitted = self._done = self._dropped = self._failed = 0
        self._latencies: deque[float] = deque(maxlen=MEASURED)
        self._thread = Thread(target=self._run, name="newest frame", daemon=True)
        self._thread.start()

    def submit(self, frame: Frame) -> None:
        """Leave a frame to be classified next, in place of one that waits; never blocks; ignored after `close`."""
        with self._changed:
            if self._closing:
                return
            self._submitted += 1
            self._dropped += self._waiting is not None
            self._waiting = frame
            self._changed.notify()

    def statistics(self) -> Statistics:
        """Return what was done so far."""
        with self._changed:
            counts = (self._submitted, self._done, self._dropped, self._failed)
            seconds = list(self._latencies)
        p50, p95 = np.percentile(seconds, (50, 95)) * 1000 if seconds else (0.0, 0.0)
        return Statistics(*counts, float(p50), float(p95))

    def close(self) -> None:
        """Let the frame in hand end, drop the one that waits, and end the thread; may be called twice."""
        with self._changed:
            self._closing = True
            self._dropped += self._waiting is not None
            self._waiting = None
            self._changed.notify()
        if self._thread is not current_thread():
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        """Take the waiting frame, again and again."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._waiting is not None)
                if self._closing:
                    return
                frame, self._waiting = self._waiting, None
            if frame is not None:
                self._work(frame)

    def _work(self, frame: Frame) -> None:
        """Classify and deliver one frame; an exception is kept and counted."""
        try:
            result = self._classify(frame)
            if self._closing:
                self._dropped += 1
                return
            self._deliver(frame, result)
        except Exception as error:  # noqa: BLE001 - whatever one frame does, the next one must be served
            with self._changed:
                self.last_error = error
                self._failed += 1
        else:
            with self._changed:
                self._done += 1
                self._latencies.append(monotonic() - frame.at)
