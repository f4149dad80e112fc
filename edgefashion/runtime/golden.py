"""Golden vectors: tiny inputs with the outputs that the workshop computed, so that a device can prove it agrees."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgefashion.errors import ModelFileError
from edgefashion.runtime.card import Golden, Head, ModelCard
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile

TOLERANCE = 1
"""Steps by which a score may differ: runtimes round the last bit differently."""
FLOAT_STEPS = 256
"""Steps per unit in which a float output's probability is written down."""


class GoldenResult(NamedTuple):
    """One head of one golden vector: the best labels (or indexes), and the largest difference in steps."""

    vector: int
    head: str
    passed: bool
    expected: str
    received: str
    difference: int


class GoldenReport(NamedTuple):
    """Whether every golden vector passed, and the results one by one."""

    passed: bool
    results: tuple[GoldenResult, ...]


def golden_input(golden: Golden, height: int, width: int) -> NDArray[np.uint8]:
    """Spell a golden input out from its grid: pixel (y, x) = grid[y · rows // height, x · columns // width].

    Args:
        golden: The golden vector.
        height: The network's input height in pixels.
        width: The network's input width in pixels.

    Returns:
        uint8 array of shape (height, width, 3), RGB, 0–255.
    """
    grid = np.frombuffer(golden.pixels, np.uint8).reshape(golden.rows, golden.columns, 3)
    rows = np.arange(height) * golden.rows // height
    columns = np.arange(width) * golden.columns // width
    return np.ascontiguousarray(grid[rows[:, None], columns[None, :]])


def golden_scores(interpreter: Interpreter, head: Head, raw: NDArray[Any]) -> tuple[int, ...]:
    """Write a raw output down in whole steps, 0–255.

    Args:
        interpreter: The interpreter that computed it.
        head: The head that it belongs to.
        raw: The raw output of shape (n,): quantised bytes are taken as they are (int8 moved by 128), float
            probabilities as `FLOAT_STEPS` steps, rounded and clipped.
    """
    if raw.dtype == np.uint8:
        steps = raw.astype(np.int64)
    elif raw.dtype == np.int8:
        steps = raw.astype(np.int64) + 128
    else:
        steps = np.clip(np.rint(interpreter.dequantise(head.output, raw) * FLOAT_STEPS), 0, 255).astype(np.int64)
    return tuple(int(step) for step in steps)


def make_golden(grids: Iterable[NDArray[np.uint8]], card: ModelCard, interpreter: Interpreter) -> tuple[Golden, ...]:
    """Compute golden vectors, leaving out grids on which two labels are so close that a rounded bit could swap them.

    Args:
        grids: uint8 arrays of shape (rows, columns, 3), RGB, 1 to 64 rows and columns.
        card: The card; its heads with labels are written down.
        interpreter: The finished model, opened.

    Returns:
        One golden vector per grid that is clear in every head.
    """
    made = []
    for grid in grids:
        draft = Golden(grid.shape[0], grid.shape[1], grid.tobytes(), {})
        raw = interpreter.run(golden_input(draft, card.input.height, card.input.width))
        heads = [head for head in card.heads if head.labels]
        outputs = {head.name: golden_scores(interpreter, head, _output(raw, head)) for head in heads}
        if all(len(scores) < 2 or np.ptp(np.sort(scores)[-2:]) > 2 * TOLERANCE for scores in outputs.values()):
            made.append(Golden(draft.rows, draft.columns, draft.pixels, outputs))
    return tuple(made)


def check_golden(model_file: ModelFile, interpreter: Interpreter) -> GoldenReport:
    """Check that a runtime computes what the workshop computed: same best label, every score within one step.

    Args:
        model_file: The model file; its card holds the golden vectors.
        interpreter: The same model, opened.

    Raises:
        ModelFileError: The file has no card or no golden vectors, or its outputs don't fit the card.
    """
    card = model_file.card
    if card is None or not card.golden:
        raise ModelFileError(f"{model_file.path}: holds no golden vectors, so there is nothing to verify it by.")
    results = []
    for number, golden in enumerate(card.golden):
        raw = interpreter.run(golden_input(golden, card.input.height, card.input.width))
        for name, scores in golden.outputs.items():
            head = card.head(name)
            results.append(_compare(number, head, scores, golden_scores(interpreter, head, _output(raw, head))))
    return GoldenReport(bool(results) and all(result.passed for result in results), tuple(results))


def _compare(vector: int, head: Head, expected: tuple[int, ...], received: tuple[int, ...]) -> GoldenResult:
    """Compare the scores of one head."""
    if len(expected) != len(received):
        raise ModelFileError(f"the output '{head.output}' has {len(received)} numbers, the card {len(expected)}.")
    best, best_received = int(np.argmax(expected)), int(np.argmax(received))
    difference = max(abs(a - b) for a, b in zip(expected, received, strict=True))
    names = head.labels or tuple(str(index) for index in range(len(expected)))
    passed = best == best_received and difference <= TOLERANCE
    return GoldenResult(vector, head.name, passed, names[best], names[best_received], difference)


def _output(raw: dict[str, NDArray[Any]], head: Head) -> NDArray[Any]:
    """Find a head's output by its tensor name."""
    if head.output not in raw:
        raise ModelFileError(f"no output '{head.output}' in the model, but in its card. Outputs: {', '.join(raw)}.")
    return raw[head.output]
