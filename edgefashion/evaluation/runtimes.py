"""The same file under every runtime at hand: right on the PC, wrong on the phone?

Beside the runtimes themselves, LiteRT is asked for its other two sets of kernels. A device without XNNPACK computes
with the built-in ones; the reference kernels are what the operators are defined by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefashion.errors import EdgeFashionError, ModelFileError, RuntimeMissingError
from edgefashion.runtime.card import TYPE_HEAD
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.golden import check_golden
from edgefashion.runtime.interpreter import RUNTIMES, Interpreter, runtime_reports
from edgefashion.runtime.look import Look
from edgefashion.runtime.model_file import ModelFile

THREADS = (1, 2, 4)
KERNELS = {"built-in kernels": "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "reference kernels": "BUILTIN_REF"}
"""LiteRT's kernels other than XNNPACK: how a table calls them, and the name of LiteRT's operator resolver."""
CLEAR = 0.15
"""A picture is clear where the best two probabilities lie this far apart; no rounding may change its label."""


@dataclass(frozen=True)
class RuntimeRun:
    """One runtime with one number of threads, compared with the first that ran.

    Attributes:
        runtime: One of `RUNTIMES`, or a row of `KERNELS`.
        version: Of the runtime.
        threads: Given to it.
        golden: Golden vectors of the card, and how many of them passed: (0, 0) for a card without.
        identical: Pictures with the same scores to the last bit.
        same: Pictures with the same best label.
        same_clear: Whether every clear picture has the same best label.
        largest: Largest difference of a probability.
        problem: Why it couldn't run; empty where it did.
    """

    runtime: str
    version: str
    threads: int
    golden: tuple[int, int] = (0, 0)
    identical: int = 0
    same: int = 0
    same_clear: bool = True
    largest: float = 0.0
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether all golden vectors passed and no clear picture changed its label."""
        return not self.problem and self.golden[0] == self.golden[1] and self.same_clear

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"passed": self.passed}


def compare_runtimes(
    model_file: ModelFile,
    pictures: Sequence[npt.NDArray[np.uint8]],
    threads: Sequence[int] = THREADS,
    progress: Callable[[int], None] | None = None,
) -> tuple[RuntimeRun, ...]:
    """Runs a file under every runtime that is installed, with each number of threads, on the same pictures.

    Args:
        model_file: A file with a card.
        pictures: uint8 (height, width, 3) RGB, 0-255, of the network's size.
        threads: Numbers of threads.
        progress: Called with 1 after each picture of each run.

    Returns:
        One run for each; the first is what the others are compared with. Runtimes that aren't installed, or
        can't be imported, are left out.

    Raises:
        ModelFileError: The file has no card, or the first runtime can't run it.
        RuntimeMissingError: No runtime is installed.
    """
    runs: list[RuntimeRun] = []
    first: npt.NDArray[np.float32] | None = None
    for name, version, count, opened in _openers(model_file.content, threads):
        try:
            interpreter = opened()
            scores = _scores(Classifier(model_file, interpreter), pictures, progress)
            golden = (0, 0)
            if model_file.card is not None and model_file.card.golden:
                results = check_golden(model_file, interpreter).results
                golden = (sum(result.passed for result in results), len(results))
        except RuntimeMissingError:
            continue  # it is installed but can't be imported here; 'doctor' says why
        except EdgeFashionError as error:
            if first is None:
                raise
            runs.append(RuntimeRun(name, version, count, same_clear=False, problem=str(error)))
            continue
        first = scores if first is None else first
        runs.append(_compared(RuntimeRun(name, version, count, golden), first, scores))
    if not runs:
        raise RuntimeMissingError(f"No runtime is installed. Known: {', '.join(RUNTIMES)}.")
    return tuple(runs)


def count_runs(threads: Sequence[int] = THREADS) -> int:
    """How many runs `compare_runtimes` makes here."""
    return sum(1 for _ in _openers(b"", threads))


def open_kernels(content: bytes, kernels: str, threads: int = 1) -> Interpreter:
    """Opens a model with other kernels of LiteRT than its default.

    Args:
        content: A .tflite that `check_graph` accepts.
        kernels: A row of `KERNELS`.
        threads: 1 or more.

    Raises:
        ModelFileError: LiteRT can't open it.
        RuntimeMissingError: LiteRT is not installed.
    """
    try:
        from ai_edge_litert import interpreter as litert
    except ImportError as error:
        raise RuntimeMissingError("Other kernels need LiteRT: pip install ai-edge-litert.") from error
    resolver = getattr(litert.OpResolverType, KERNELS[kernels])
    try:
        native = litert.Interpreter(model_content=content, num_threads=threads, experimental_op_resolver_type=resolver)
        native.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelFileError(f"LiteRT's {kernels} can't open this model ({' '.join(str(error).split())}).") from error
    return Interpreter(native, kernels, threads)


def _openers(content: bytes, threads: Sequence[int]) -> Iterator[tuple[str, str, int, Callable[[], Interpreter]]]:
    """Name, version, threads, and how to open it, for each run."""
    for report in runtime_reports():
        if not report.version:
            continue
        for count in threads:
            yield report.name, report.version, count, partial(Interpreter.open, content, count, report.name)
        if report.name == "ai_edge_litert":
            for kernels in KERNELS:
                yield kernels, report.version, 1, partial(open_kernels, content, kernels)


def _scores(
    classifier: Classifier, pictures: Sequence[npt.NDArray[np.uint8]], progress: Callable[[int], None] | None
) -> npt.NDArray[np.float32]:
    """Probabilities of the type head, float32 (n, k)."""
    scores = np.zeros((len(pictures), len(classifier.card.head(TYPE_HEAD).labels)), dtype=np.float32)
    for index, picture in enumerate(pictures):
        scores[index] = classifier.probabilities(Look(picture))
        if progress is not None:
            progress(1)
    return scores


def _compared(run: RuntimeRun, first: npt.NDArray[np.float32], own: npt.NDArray[np.float32]) -> RuntimeRun:
    """Fills in how a run's scores differ from the first run's, both (n, k)."""
    same = first.argmax(axis=1) == own.argmax(axis=1)
    clear = np.array([len(row) < 2 or float(np.ptp(np.sort(row)[-2:])) >= CLEAR for row in first], dtype=np.bool_)
    return replace(
        run,
        identical=int((first == own).all(axis=1).sum()),
        same=int(same.sum()),
        same_clear=bool(same[clear].all()),
        largest=float(np.abs(first - own).max(initial=0.0)),
    )
