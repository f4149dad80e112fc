"""The worker: the newest frame wins, nobody waits, nothing ends it but `close`."""

import threading
from collections.abc import Callable
from threading import Event
from time import monotonic, sleep

import numpy as np
import pytest

from edgefashion.camera.frame import Frame
from edgefashion.camera.worker import Worker

PIXELS = np.zeros((2, 2, 4), np.uint8)


def frame(sequence: int) -> Frame:
    return Frame(PIXELS, sequence, monotonic())


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end, "it never happened"
        sleep(0.005)


def test_the_newest_frame_wins_and_nobody_waits() -> None:
    begun, go_on = Event(), Event()
    delivered: list[int] = []

    def classify(given: Frame) -> int:
        begun.set()
        assert go_on.wait(20)
        return given.sequence * 10

    worker = Worker(classify, lambda given, result: delivered.append(given.sequence * 1000 + result))
    worker.submit(frame(1))
    assert begun.wait(20)
    start = monotonic()
    for sequence in range(2, 102):  # while the first one is in hand
        worker.submit(frame(sequence))
    assert monotonic() - start < 5, "submit must not wait for the classifier"
    assert not delivered
    go_on.set()
    wait_for(lambda: worker.statistics().idle)
    worker.close()
    assert delivered == [1010, 102010]
    statistics = worker.statistics()
    assert (statistics.submitted, statistics.done, statistics.dropped, statistics.failed) == (101, 2, 99, 0)


@pytest.mark.parametrize("part", ["classify", "deliver"])
def test_an_exception_never_ends_it(part: str) -> None:
    delivered: list[int] = []

    def fail_on_odd(given: Frame, name: str) -> None:
        if name == part and given.sequence % 2:
            raise RuntimeError(f"frame {given.sequence}")

    def classify(given: Frame) -> int:
        fail_on_odd(given, "classify")
        return given.sequence

    def deliver(given: Frame, result: int) -> None:
        fail_on_odd(given, "deliver")
        delivered.append(result)

    worker = Worker(classify, deliver)
    for sequence in range(1, 7):
        worker.submit(frame(sequence))
        wait_for(lambda: worker.statistics().idle)
    worker.close()
    assert delivered == [2, 4, 6]
    assert str(worker.last_error) == "frame 5"
    assert (worker.statistics().done, worker.statistics().failed) == (3, 3)


def test_close_ends_the_thread_and_nothing_is_delivered_after_it() -> None:
    before = threading.active_count()
    begun, go_on = Event(), Event()
    delivered: list[int] = []

    def classify(given: Frame) -> int:
        begun.set()
        assert go_on.wait(20)
        return given.sequence

    worker = Worker(classify, lambda given, result: delivered.append(result))
    worker.submit(frame(1))
    assert begun.wait(20)
    worker.submit(frame(2))
    closing = threading.Thread(target=worker.close)
    closing.start()
    wait_for(lambda: worker.statistics().dropped == 1)
    go_on.set()
    closing.join(20)
    worker.close()
    worker.submit(frame(3))
    assert delivered == []
    assert worker.statistics()[:4] == (2, 0, 2, 0)
    assert threading.active_count() == before


def test_workers_come_and_go_without_leaving_threads() -> None:
    before = threading.active_count()
    for _ in range(50):
        worker = Worker(lambda given: given.sequence, lambda given, result: None)
        worker.submit(frame(1))
        worker.close()
    assert threading.active_count() == before


def test_it_may_be_closed_by_what_it_delivers_to() -> None:
    worker: Worker[int] = Worker(lambda given: 1, lambda given, result: worker.close())
    worker.submit(frame(1))
    wait_for(lambda: worker.statistics().done == 1)
    wait_for(lambda: not worker._thread.is_alive())
    assert worker.last_error is None


def test_latency_is_counted_from_the_moment_the_frame_was_taken() -> None:
    worker = Worker(lambda given: None, lambda given, result: None)
    assert worker.statistics() == (0, 0, 0, 0, 0.0, 0.0)
    for milliseconds in range(1000, 101_000, 1000):  # old frames, so that the time of this machine doesn't matter
        worker.submit(Frame(PIXELS, 1, monotonic() - milliseconds / 1000))
        wait_for(lambda: worker.statistics().idle)
    worker.close()
    assert worker.statistics().p50_ms == pytest.approx(50_500, abs=400)
    assert worker.statistics().p95_ms == pytest.approx(95_050, abs=400)
