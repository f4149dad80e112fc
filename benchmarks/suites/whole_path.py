"""What `Classifier.classify` adds around the network: decode, prepare, read the outputs; and MediaPipe beside it.

From a camera's frame (640 × 480) and from a phone's photo (12 megapixels, JPEG). MediaPipe's ImageClassifier runs the
same file on the same JPEGs in a process of its own, with the threads that it chooses; a turn of such a process costs a
message there and back, which the last row shows. Its Python: --mediapipe-python, else EDGEFASHION_MEDIAPIPE_PYTHON,
else the environment that `make test-runtimes` makes; without one its rows are left out and the settings say so.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter as Native

from benchmarks.contestant import Contestant, ContestantError
from benchmarks.result import Comparison, Limit, Result
from benchmarks.subject import PHONE, ROOT, add_model_argument, frame, frame_jpeg, model_path, model_version
from edgefashion.evaluation.latency import Latency, interleave
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.image import prepare

NAME = "whole-path"
TITLE = "Classifier.classify on 640 × 480 and 12-megapixel pictures, against the bare network and MediaPipe"
NETWORK = "the bare network (invoke)"
JPEG, LARGE = "classify, JPEG bytes", "classify, 12-megapixel JPEG bytes"
THEIRS = {JPEG: "MediaPipe, JPEG file", LARGE: "MediaPipe, 12-megapixel JPEG file"}
MESSAGE = "a message to a process and back"
MEDIAPIPE_PYTHON = os.environ.get("EDGEFASHION_MEDIAPIPE_PYTHON", str(ROOT / ".venv-mediapipe" / "bin" / "python"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_model_argument(parser)
    parser.add_argument("--repeats", type=int, default=200, help="turns (default 200)")
    parser.add_argument(
        "--mediapipe-python", default=MEDIAPIPE_PYTHON, metavar="PYTHON", help="a Python that has mediapipe"
    )


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite, on one thread and on two."""
    path = model_path(arguments.model)
    array, jpegs = frame(), {JPEG: frame_jpeg(), LARGE: frame_jpeg(PHONE)}
    rows: list[tuple[str | float | None, ...]] = []
    limits: list[Limit] = []
    comparisons: list[Comparison] = []
    with _mediapipe(path, jpegs, arguments.mediapipe_python) as (theirs, version):
        for threads in (1, 2):
            classifier = Classifier.open(path, threads)
            rule = classifier.card.input
            network = Native(model_content=path.read_bytes(), num_threads=threads)
            network.allocate_tensors()
            prepared = prepare(array, rule.height, rule.width, rule.resize)
            network.set_tensor(network.get_input_details()[0]["index"], prepared[None])
            contestants: dict[str, Callable[[], object]] = {
                NETWORK: network.invoke,
                "classify, RGB array": partial(classifier.classify, array),
                **{name: partial(classifier.classify, jpeg) for name, jpeg in jpegs.items()},
                **theirs,
            }
            found = interleave(contestants, arguments.repeats, warmup=min(20, arguments.repeats))
            named = f"{threads} thread{'s' * (threads > 1)}"
            for name, item in found.items():
                rows.append((name, threads, round(item.ratio, 2), round(item.spread, 2)))
                if name in ("classify, RGB array", JPEG):
                    limits.append(Limit(f"{name}, {named}: adds, times the network", 1, round(item.ratio - 1, 2)))
            comparisons += _comparisons(found, named)
    settings = {
        "model": model_version(path),
        "input": f"{rule.height} × {rule.width}",
        "repeats": arguments.repeats,
        "mediapipe": version,
    }
    columns = ("call", "threads", "ratio", "spread")
    return Result(NAME, TITLE, columns, tuple(rows), settings, tuple(limits), tuple(comparisons))


@contextmanager
def _mediapipe(
    model: Path, jpegs: dict[str, bytes], python: str
) -> Iterator[tuple[dict[str, Callable[[], object]], str]]:
    """MediaPipe's turns by row name, and its version; no turns, and why, where it can't be had."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        turns: dict[str, Callable[[], object]] = {}
        try:
            for number, (name, jpeg) in enumerate(jpegs.items()):
                picture = folder / f"{number}.jpg"
                picture.write_bytes(jpeg)
                words = (str(model.resolve()), str(picture))
                contestant = stack.enter_context(Contestant("mediapipe_classifier", *words, python=python))
                turns[THEIRS[name]] = contestant.turn
            version = contestant.facts["version"]
            turns[MESSAGE] = stack.enter_context(Contestant("nothing")).turn
        except ContestantError as error:
            turns, version = {}, f"skipped ({error})"
        yield turns, version


def _comparisons(found: dict[str, Latency], threads: str) -> list[Comparison]:
    """Ours against MediaPipe, both in times the bare network."""
    return [
        Comparison(
            f"{ours.removeprefix('classify, ')}, times the network, {threads}",
            round(found[ours].ratio, 2),
            "MediaPipe ImageClassifier",
            round(found[theirs].ratio, 2),
            True,
            abs(found[ours].ratio - found[theirs].ratio) > max(found[ours].spread, found[theirs].spread),
        )
        for ours, theirs in THEIRS.items()
        if theirs in found
    ]
