"""What `Classifier.classify` adds around the network: decode, prepare, read the outputs."""

from __future__ import annotations

import argparse

from ai_edge_litert.interpreter import Interpreter as Native

from benchmarks.result import Limit, Result
from benchmarks.subject import add_model_argument, frame, frame_jpeg, model_name, model_path
from edgefashion.evaluation.latency import interleave
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.image import prepare

NAME = "whole-path"
TITLE = "Classifier.classify on a 640 × 480 picture, against the bare network"
NETWORK = "the bare network (invoke)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_model_argument(parser)
    parser.add_argument("--repeats", type=int, default=200, help="turns (default 200)")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite, on one thread and on two."""
    path = model_path(arguments.model)
    array, jpeg = frame(), frame_jpeg()
    rows: list[tuple[str | float | None, ...]] = []
    limits: list[Limit] = []
    for threads in (1, 2):
        classifier = Classifier.open(path, threads)
        rule = classifier.card.input
        network = Native(model_content=path.read_bytes(), num_threads=threads)
        network.allocate_tensors()
        prepared = prepare(array, rule.height, rule.width, rule.resize)
        network.set_tensor(network.get_input_details()[0]["index"], prepared[None])
        contestants = {
            NETWORK: network.invoke,
            "classify, RGB array": lambda classifier=classifier: classifier.classify(array),
            "classify, JPEG bytes": lambda classifier=classifier: classifier.classify(jpeg),
        }
        found = interleave(contestants, arguments.repeats, warmup=20)
        for name, item in found.items():
            rows.append((name, threads, round(item.ratio, 2), round(item.spread, 2)))
            if name != NETWORK:
                text = f"{name}, {threads} thread{'s' * (threads > 1)}: adds, times the network"
                limits.append(Limit(text, 1, round(item.ratio - 1, 2)))
    settings = {"model": model_name(path), "input": f"{rule.height} × {rule.width}", "repeats": arguments.repeats}
    return Result(NAME, TITLE, ("call", "threads", "ratio", "spread"), tuple(rows), settings, tuple(limits))
