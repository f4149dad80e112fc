"""`edgefashion camera`: what a camera sees, told when it changes; no window."""

import argparse
import json
import math
import sys
from contextlib import closing, suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from edgefashion.camera.frame import Frame
from edgefashion.camera.orientation import ROTATIONS
from edgefashion.camera.source import FrameSource
from edgefashion.camera.sources import ACCEPTED, find_camera, open_source
from edgefashion.camera.worker import Statistics, Worker
from edgefashion.commands.classify import line
from edgefashion.errors import CameraError, UsageError
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.prediction import Prediction
from edgefashion.runtime.stream import LOOKING, Stabiliser, StreamState

HELP = "Tell what a camera sees, without a window: one line, or one JSON object, whenever the steady answer changes."
EXAMPLE = "edgefashion camera --source folder:examples --json"
POLL_SECONDS = 0.01
"""How long the loop waits for an answer before it looks for the next frame."""
PATIENCE_SECONDS = 3.0
"""How long a source may have a problem before its first picture; one that has shown a picture is waited for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--source", metavar="SPEC", help=f"{ACCEPTED} (default: the first camera found)")
    parser.add_argument("--model", help="a .tflite file with a card, or the name of a shipped model")
    parser.add_argument("--rotate", type=int, default=0, choices=ROTATIONS, help="degrees clockwise (default: 0)")
    parser.add_argument("--mirror", action="store_true", help="swap left and right")
    parser.add_argument("--loop", action="store_true", help="play a folder or a file again and again")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of the network (default: cores, at most 4)")
    parser.add_argument("--top", type=int, default=3, metavar="K", help="how many types to list (default: 3)")
    parser.add_argument("--every", type=float, metavar="SECONDS", help="tell the answer this often, changed or not")
    parser.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="end after this time")
    parser.add_argument("--once", action="store_true", help="end after the first steady answer")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Run the verb; Ctrl-C is the normal end of it."""
    _check(arguments)
    spec = arguments.source or find_camera()
    source = open_source(spec, arguments.rotate, arguments.mirror, arguments.loop)
    classifier = Classifier.open(arguments.model, threads=arguments.threads)
    watch = _Watch(source, classifier, arguments)
    with closing(source), closing(watch), suppress(KeyboardInterrupt):
        watch.run()
    print(_summary(source, watch.worker.statistics()), file=sys.stderr)
    if watch.worker.last_error is not None and not watch.worker.statistics().done:
        raise watch.worker.last_error
    if watch.seen == 0 and source.problem:
        raise CameraError(source.problem)
    if arguments.once and not watch.answered:
        raise CameraError(f"{source.name}: nothing was seen steadily enough for an answer; hold one garment still.")
    return 0


class _Watch:
    """The loop: frames from the source to the worker, answers from the worker to the stabiliser and the terminal."""

    def __init__(self, source: FrameSource, classifier: Classifier, arguments: argparse.Namespace) -> None:
        card = classifier.card
        self.seen = 0  # the newest frame's sequence number
        self.answered = False
        self._answers: SimpleQueue[tuple[Frame, Prediction]] = SimpleQueue()
        self.worker: Worker[Prediction] = Worker(
            lambda frame: classifier.classify(frame.rgb(), once=True), lambda *answer: self._answers.put(answer)
        )
        self._stabiliser = Stabiliser(card.threshold, card.taxonomy.category_of)
        self._source = source
        self._arguments = arguments
        self._begun = self._told = monotonic()
        self._problem = ""

    def close(self) -> None:
        """End the worker."""
        self.worker.close()

    def run(self) -> None:
        """Watch until the source ends, the time is over, or, with --once, something is answered."""
        arguments = self._arguments
        self._source.start()
        while not (arguments.once and self.answered):
            passed = monotonic() - self._begun
            if arguments.seconds is not None and passed >= arguments.seconds:
                return
            ended = self._source.finished  # asked first: a frame that comes before the end is still taken
            frame = self._source.latest(self.seen)
            if frame is not None:
                self.seen = frame.sequence
                self.worker.submit(frame)
            self._tell_problem()
            if self.seen == 0 and self._problem and passed >= PATIENCE_SECONDS:
                return
            idle = self.worker.statistics().idle
            try:
                answer = self._answers.get(timeout=POLL_SECONDS)
            except Empty:
                if ended and idle and frame is None:
                    return
            else:
                self._take(*answer)

    def _take(self, frame: Frame, prediction: Prediction) -> None:
        """Steady one answer, and print it if it says something new or is due."""
        state = self._stabiliser.update(prediction, frame.at)
        self.answered |= state.prediction is not None
        every = self._arguments.every
        due = every is not None and monotonic() - self._told >= every
        if state.changed or due:
            self._told = monotonic()
            if self._arguments.json:
                told = _as_json(state, frame, self._begun, self._arguments.top)
                print(json.dumps(told, ensure_ascii=False, allow_nan=False), flush=True)
            else:
                name = f"{max(0.0, frame.at - self._begun):.1f} s"
                shown = state.prediction
                text = f"{name}: {state.state}" if shown is None else line(name, shown, self._arguments.top)
                print(text, flush=True)

    def _tell_problem(self) -> None:
        """Print on stderr why there is no picture, when that changes."""
        if self._source.problem != self._problem:
            self._problem = self._source.problem
            if self._problem and self.seen:
                print(f"edgefashion: {self._problem}", file=sys.stderr)


def _as_json(state: StreamState, frame: Frame, begun: float, top: int) -> dict[str, Any]:
    """Return what is told of a state, as plain JSON values."""
    told: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "second": round(max(0.0, frame.at - begun), 3),
        "frame": frame.sequence,
        "state": state.state,
    }
    if state.state != LOOKING and state.prediction is not None:
        told |= state.prediction.to_dict()
        told["top"] = told["top"][:top]
    return told


def _summary(source: FrameSource, statistics: Statistics) -> str:
    """Return the last line: how many frames there were and how long they took."""
    newest = source.latest(0)
    taken = 0 if newest is None else newest.sequence
    dropped = taken - statistics.done - statistics.failed
    return (
        f"{source.name}: {taken} frames, {statistics.done} answered, {dropped} dropped, {statistics.failed} failed; "
        f"from picture to answer {statistics.p50_ms:.0f} ms (median), {statistics.p95_ms:.0f} ms (95 %)"
    )


def _check(arguments: argparse.Namespace) -> None:
    """Refuse numbers that mean nothing."""
    if arguments.top < 1:
        raise UsageError(f"--top must be at least 1. Received: {arguments.top}.")
    for option, value in (("--every", arguments.every), ("--for", arguments.seconds)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UsageError(f"{option} must be a number of seconds above 0. Received: {value}.")
