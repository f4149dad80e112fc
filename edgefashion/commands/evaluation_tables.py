"""The figures of an evaluation as rows and lines to print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgefashion.evaluation.evaluate import Evaluation, Unreadable
    from edgefashion.evaluation.result import Rejection, Retrieval

MAX_MATRIX_LABELS = 25
"""More classes than this don't fit beside each other; the most frequent confusions stand for the matrix."""
MAX_CONFUSIONS = 10
MAX_UNREADABLE_SHOWN = 5


def summary_rows(found: Evaluation) -> list[list[str]]:
    """The overall measures as rows of value and interval."""
    drawn = f" (resampling {'contributors' if found.resampled == 'group' else 'pictures'})"
    rows = [
        ["top-1", f"{found.top1:.4f}", _interval(found.top1_interval)],
        ["top-3", f"{found.top3:.4f}", _interval(found.top3_interval)],
        ["macro-F1", f"{found.macro_f1:.4f}", _interval(found.macro_f1_interval) + drawn],
        ["calibration error", f"{found.ece:.4f}", ""],
    ]
    if found.coverage is not None:
        rows.append([f"answered at {found.coverage.threshold:g}", f"{found.coverage.share:.4f}", ""])
        if found.coverage.accuracy is not None:
            rows.append(["top-1 of those", f"{found.coverage.accuracy:.4f}", ""])
    if found.levels is not None:
        rows.append(["only category sure", f"{found.levels.category:.4f}", ""])
        if found.levels.category_accuracy is not None:
            rows.append(["category of those", f"{found.levels.category_accuracy:.4f}", ""])
    return rows


def head_rows(found: Evaluation) -> list[list[str]]:
    """One row a head besides the type: pictures, accuracy, right or a neighbouring value, macro-F1."""
    return [
        [
            f"{head.name} (given the type)" if head.given_type else head.name,
            str(head.n),
            f"{head.accuracy:.4f} ({_interval(head.interval)})",
            "" if head.near_interval is None else f"{head.near:.4f} ({_interval(head.near_interval)})",
            f"{head.macro_f1:.4f} ({_interval(head.macro_f1_interval)})",
            f"{head.ece:.4f}",
        ]
        for head in found.heads
    ]


def retrieval_rows(found: Retrieval) -> list[list[str]]:
    """One row a figure of what the embeddings find."""
    rows = [[f"of the first {found.first}: the same {name}", f"{share:.4f}"] for name, share in found.same.items()]
    rows.append([f"of the first {found.first}: the same in all of these", f"{found.same_all:.4f}"])
    if found.found is not None:
        rows.append([f"one such found, of {found.findable} pictures that have one", f"{found.found:.4f}"])
    return rows


def rejection_rows(found: Rejection) -> list[list[str]]:
    """Garments kept and others turned away."""
    return [
        ["garments kept", str(found.garments), f"{found.kept:.4f}", _interval(found.kept_interval)],
        ["others turned away", str(found.others), f"{found.turned_away:.4f}", _interval(found.turned_away_interval)],
    ]


def confusion_lines(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> list[str]:
    """The confusion matrix as text: rows are true classes, columns predicted ones in the same order; '·' is none.

    Above MAX_MATRIX_LABELS classes the matrix is left out. The most frequent confusions follow either way.
    """
    lines = []
    if len(labels) <= MAX_MATRIX_LABELS:
        width = max(len(str(max(max(row) for row in confusion))), len(str(len(labels)))) + 1
        side = max(len(label) for label in labels)
        lines.append("Confusion matrix: rows are true, columns are predicted, in the same order.")
        lines.append(" " * (side + 4) + "".join(f"{number:>{width}}" for number in range(1, len(labels) + 1)))
        for number, (label, row) in enumerate(zip(labels, confusion, strict=True), start=1):
            lines.append(f"{label:>{side}} {number:>2} " + "".join(f"{count or '·':>{width}}" for count in row))
    wrong = [
        (count, true, called)
        for true, row in enumerate(confusion)
        for called, count in enumerate(row)
        if count and true != called
    ]
    wrong.sort(key=lambda item: (-item[0], item[1], item[2]))
    if wrong:
        shown = ", ".join(
            f"{labels[true]} called {labels[called]} {count}×" for count, true, called in wrong[:MAX_CONFUSIONS]
        )
        lines.append(f"Most frequent confusions: {shown}.")
    return lines


def unreadable_lines(n: int, unreadable: Sequence[Unreadable]) -> list[str]:
    """How many pictures were skipped beside n that were judged, and the first of them."""
    if not unreadable:
        return []
    first = [f"  {item.path}: {item.reason}" for item in unreadable[:MAX_UNREADABLE_SHOWN]]
    more = len(unreadable) - len(first)
    return [
        f"Skipped {len(unreadable)} of {n + len(unreadable)} pictures that can't be read:",
        *first,
        *([f"  and {more} more (--json lists all)."] if more else []),
    ]


def _interval(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:.4f} to {bounds[1]:.4f}"
