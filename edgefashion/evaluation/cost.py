"""What a model file costs: bytes, multiply-accumulates, and how long it takes beside something else in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Any

from edgefashion.errors import DataError
from edgefashion.evaluation.graph import read_graph, zipped_bytes
from edgefashion.evaluation.latency import Latency, interleave, run_once
from edgefashion.runtime.card import InputRule
from edgefashion.runtime.image import prepare
from edgefashion.runtime.interpreter import Interpreter

REPEATS = 30
WARMUP = 3
BUSY_SPREAD = 0.2
"""Above this spread the machine was busy with something else (see `latency.Latency`)."""


@dataclass(frozen=True)
class FileSize:
    """One file's bytes as they are and after deflate, its parameters and multiply-accumulates."""

    raw: int
    zipped: int
    parameters: int
    macs: int


@dataclass(frozen=True)
class Cost:
    """What a model file costs.

    Attributes:
        size: The file's size.
        reference: What the latency is measured against: 'float file' or 'decoding' (reading and resizing a picture).
        reference_size: The float file's size; None without one.
        latency: The file's network alone, one thread; `ratio` is to the reference.
        reference_latency: The reference's.
    """

    size: FileSize
    reference: str
    reference_size: FileSize | None
    latency: Latency
    reference_latency: Latency

    @property
    def busy(self) -> bool:
        """Whether the machine was too busy for these times to mean much."""
        return max(self.latency.spread, self.reference_latency.spread) > BUSY_SPREAD

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"busy": self.busy}


def measure_cost(content: bytes, rule: InputRule, pictures: Sequence[Any], float_content: bytes | None = None) -> Cost:
    """Measures a model file, against a float file where there is one, else against decoding pictures.

    Args:
        content: The .tflite file.
        rule: How it takes pictures.
        pictures: Readable pictures as `runtime.image.prepare` takes them, at least one; decoded in turn.
        float_content: The float file to compare with.

    Raises:
        DataError: No picture.
        ModelFileError: A file doesn't open.
        RuntimeMissingError: No runtime, or no schema to count operators with.
    """
    if not pictures:
        raise DataError("Measuring needs at least one readable picture.")
    turn = cycle(pictures)
    network = run_once(Interpreter.open(content, 1), seed=0)
    reference: Callable[[], object]
    if float_content is None:
        name, reference = "decoding", lambda: prepare(next(turn), rule.height, rule.width, rule.resize)
    else:
        name, reference = "float file", run_once(Interpreter.open(float_content, 1), seed=0)
    measured = interleave({name: reference, "model": network}, REPEATS, WARMUP)
    return Cost(
        size=_size(content),
        reference=name,
        reference_size=None if float_content is None else _size(float_content),
        latency=measured["model"],
        reference_latency=measured[name],
    )


def _size(content: bytes) -> FileSize:
    graph = read_graph(content)
    return FileSize(len(content), zipped_bytes(content), graph.parameters, graph.macs)
