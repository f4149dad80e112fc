"""Draws accuracy against what it costs: size on the left, latency on the right, the Pareto front marked."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edgefashion.errors import DataError, MissingExtraError
from edgefashion.evaluation.experiments import Accuracy, Experiment, pareto_front

PICTURE_TYPES = (".png", ".svg", ".pdf")
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Okabe and Ito's colours, told apart by colour-blind eyes too; one for each set of comparable rows."""
MARKERS = "osD^vPX"


def draw_experiments(rows: Sequence[Experiment], path: Path, reference: str | None) -> None:
    """Writes the picture.

    Rows judged on different pictures get different colours, and a Pareto front of their own: across colours the
    accuracies can't be compared. A row without accuracy is left out, and one without a file too.

    Args:
        rows: The rows, latencies measured or not (the right half is left out where none is).
        path: PNG, SVG or PDF by its ending; written under a temporary name and renamed.
        reference: Name of the row that the latency ratios refer to.

    Raises:
        DataError: No row has both accuracy and a file.
        MissingExtraError: matplotlib isn't installed.
    """
    shown = [row for row in rows if row.accuracy is not None and row.raw is not None]
    if not shown:
        raise DataError("There is nothing to draw: no exported file with an accuracy. Export a run into its folder.")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("report", "Drawing runs") from error
    sides: list[tuple[str, Callable[[Experiment], float | None]]] = [
        ("size of the file, MB", lambda row: None if row.raw is None else row.raw / 1e6)
    ]
    if any(row.latency_ratio is not None for row in shown):
        sides.append((f"latency, ratio to {reference}", lambda row: row.latency_ratio))
    figure = Figure(figsize=(6.2 * len(sides), 4.8), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    groups = list(dict.fromkeys(row.judged_on for row in shown))
    for place, (axis_label, cost) in enumerate(sides):
        axes = figure.add_subplot(1, len(sides), place + 1)
        middle = 0.5 * max(value for row in shown if (value := cost(row)) is not None)
        for number, group in enumerate(groups):
            _draw_group(axes, [row for row in shown if row.judged_on == group], cost, number, middle)
        axes.set_xlabel(axis_label)
        axes.set_ylabel("accuracy on held-out pictures, 95 % interval")
        axes.margins(y=0.12)
        axes.set_xlim(0, 2.3 * middle)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        if place == 0:
            axes.legend(loc="best", fontsize=8, frameon=False)
    figure.suptitle("Filled: on the Pareto front (nothing cheaper is as accurate)", fontsize=10)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{path.suffix}")
    try:
        figure.savefig(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _draw_group(
    axes: Any, rows: Sequence[Experiment], cost: Callable[[Experiment], float | None], number: int, middle: float
) -> None:
    """Points, intervals, names and front of rows that were judged on the same pictures; names point to the middle."""
    colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
    points = [
        (value, row.accuracy, row) for row in rows if (value := cost(row)) is not None and row.accuracy is not None
    ]
    front = pareto_front([value for value, _, _ in points], [accuracy.top1 for _, accuracy, _ in points])
    for position, (value, accuracy, row) in enumerate(points):
        low, high = accuracy.interval
        axes.errorbar(
            value, accuracy.top1, yerr=[[accuracy.top1 - low], [high - accuracy.top1]], color=colour, marker=marker,
            markerfacecolor=colour if position in front else "white", markersize=7, linewidth=1, capsize=3,
        )  # fmt: skip
        name = row.name if len(row.name) <= 40 else f"{row.name[:39]}…"
        side, offset = ("left", 7) if value < middle else ("right", -7)
        axes.annotate(
            name, (value, accuracy.top1), xytext=(offset, 6), textcoords="offset points", fontsize=7.5, ha=side,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5},
        )  # fmt: skip
    edge = [(points[position][0], points[position][1].top1) for position in front]
    axes.plot(
        [x for x, _ in edge], [y for _, y in edge], color=colour, linewidth=1.2, linestyle="--", marker=marker,
        drawstyle="steps-post", label=_group_name(rows[0], rows[0].accuracy),
    )  # fmt: skip


def _group_name(row: Experiment, accuracy: Accuracy | None) -> str:
    """What the rows of a colour were judged on."""
    judged = f"{accuracy.n} {accuracy.split} pictures" if accuracy else ""
    return f"{row.data or 'unknown data'} {row.data_digest[:8]}, {judged}"
