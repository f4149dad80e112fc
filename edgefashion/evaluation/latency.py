"""Compares how long networks take, side by side in one run: only the ratio means something on another machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgefashion.errors import DataError
from edgefashion.runtime.interpreter import Interpreter


@dataclass(frozen=True)
class Latency:
    """How long one contestant took.

    Attributes:
        median_ms: Median of the repeats, milliseconds.
        p95_ms: 95th percentile, milliseconds.
        minimum_ms: Fastest repeat, milliseconds: what the machine can do undisturbed.
        spread: (p75 - p25) / median: above about 0.2 the machine was busy with something else.
        ratio: This median divided by the first contestant's, 1 for the first itself; the median of the ratios of
            neighbouring runs, so that a slow moment of the machine strikes both.
        repeats: Number of measured runs.
    """

    median_ms: float
    p95_ms: float
    minimum_ms: float
    spread: float
    ratio: float
    repeats: int

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def compare_latency(
    models: Mapping[str, bytes | Interpreter], threads: int = 1, repeats: int = 50, warmup: int = 5, seed: int = 0
) -> dict[str, Latency]:
    """Times one run of each network, in turns A B A B, on one random picture.

    Args:
        models: Name to content of a .tflite file, or to an opened interpreter (its own threads are kept). The first
            is what the ratios refer to.
        threads: Threads for each network that is opened here.
        repeats: Measured turns, at least 1.
        warmup: Turns before, which aren't measured.
        seed: Of the random picture: uniform 0 to 255, the same for every network of the same input size.

    Returns:
        Name to latency, in the order given.

    Raises:
        DataError: No model, or repeats < 1.
        ModelFileError: A file doesn't open.
        RuntimeMissingError: No runtime.
    """
    runs: dict[str, Callable[[], object]] = {}
    for name, model in models.items():
        interpreter = model if isinstance(model, Interpreter) else Interpreter.open(model, threads)
        runs[name] = run_once(interpreter, seed)
    return interleave(runs, repeats, warmup)


def run_once(interpreter: Interpreter, seed: int) -> Callable[[], object]:
    """A call that runs the network on the same random picture each time; a float input gets it scaled to -1 to 1."""
    shape, dtype = interpreter.input_shape[1:], interpreter.input_dtype
    picture: Any = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    picture = ((picture - 128.0) / 128).astype(dtype) if dtype.kind == "f" else picture.astype(dtype)
    return lambda: interpreter.run(picture)


def interleave(runs: Mapping[str, Callable[[], object]], repeats: int, warmup: int = 0) -> dict[str, Latency]:
    """Times calls in turns A B A B; see `compare_latency`.

    Raises:
        DataError: No call, repeats < 1 or warmup < 0.
    """
    if not runs or repeats < 1 or warmup < 0:
        raise DataError(
            "A comparison needs at least one contestant, repeats >= 1 and warmup >= 0. "
            f"Received: {len(runs)}, {repeats}, {warmup}."
        )
    times = np.zeros((len(runs), repeats))
    for turn in range(-warmup, repeats):
        for position, run in enumerate(runs.values()):
            start = time.perf_counter()
            run()
            elapsed = time.perf_counter() - start
            if turn >= 0:
                times[position, turn] = max(elapsed, 1e-9) * 1000
    return {name: _summary(times[position], times[0]) for position, name in enumerate(runs)}


def _summary(own: np.ndarray[Any, np.dtype[np.float64]], first: np.ndarray[Any, np.dtype[np.float64]]) -> Latency:
    """Statistics of one contestant's milliseconds, shape (repeats,)."""
    low, median, high, p95 = np.quantile(own, [0.25, 0.5, 0.75, 0.95])
    return Latency(
        median_ms=float(median),
        p95_ms=float(p95),
        minimum_ms=float(own.min()),
        spread=float((high - low) / median),
        ratio=float(np.median(own / first)),
        repeats=len(own),
    )
