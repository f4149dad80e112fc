"""Where everything in a chart lies, in the units of its SVG; `templates/charts.svg` draws it.

The drawing area is WIDTH × HEIGHT with the origin at the top left; shares of 0 to 1 become positions in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from edgefashion.evaluation.curves import CoveragePoint, ReliabilityBin
from edgefashion.evaluation.result import Coverage
from edgefashion.report.page import percent

WIDTH, HEIGHT = 480, 360
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 14, 56
HISTOGRAM = 46
"""Height of the counts above the horizontal axis of the reliability curve."""
MIN_RADIUS, MAX_RADIUS = 3.0, 9.0
MIN_ANSWERS = 10
CELL = 34
GLYPH = 7.4
"""Width of a character of a label, about."""
STEPS = (0.05, 0.15, 0.35, 0.65)
"""Shares of a row at which a cell of the confusion matrix gets the next colour."""


class Tick(NamedTuple):
    """A mark on an axis: its position and text."""

    at: float
    text: str


class Dot(NamedTuple):
    """A value with its interval: y grows downwards, so `low` (of the interval) is the larger number."""

    x: float
    y: float
    low: float
    high: float
    radius: float
    title: str


class Bar(NamedTuple):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float


class Reliability(NamedTuple):
    """The reliability curve: dots, counts, ticks of both axes, and the ends of the diagonal x1, y1, x2, y2."""

    dots: tuple[Dot, ...]
    bars: tuple[Bar, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    diagonal: tuple[float, float, float, float]


class CoverageChart(NamedTuple):
    """The coverage curve: SVG points of line and band, ticks, and the card's threshold, where it has one."""

    line: str
    band: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    mark: Dot | None


class Cell(NamedTuple):
    """A cell of the confusion matrix: corner, pictures in it, colour step (0 to 5), whether it is on the diagonal."""

    x: float
    y: float
    number: int
    step: int
    right: bool
    title: str


class Matrix(NamedTuple):
    """The confusion matrix: its size, the corner of its cells, and the middle of each row or column with its label."""

    width: float
    height: float
    left: float
    top: float
    cells: tuple[Cell, ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]


def _across(share: float) -> float:
    """Horizontal position of a share."""
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _up(share: float, lowest: float = 0.0) -> float:
    """Vertical position of a share, where the axis starts at `lowest`; what is lower lies on the axis."""
    part = (max(share, lowest) - lowest) / (1 - lowest)
    return round(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM), 1)


def _ticks(lowest: float = 0.0) -> tuple[tuple[Tick, ...], tuple[Tick, ...]]:
    """Ticks of the horizontal and the vertical axis, in percent."""
    across = tuple(Tick(_across(tenth / 10), str(10 * tenth)) for tenth in range(0, 11, 2))
    step = 2 if lowest < 0.5 else 1
    start = round(lowest * 10)
    up = tuple(Tick(_up(tenth / 10, lowest), str(10 * tenth)) for tenth in range(start, 11, step))
    return across, up


def reliability_chart(curve: Sequence[ReliabilityBin]) -> Reliability:
    """Accuracy against confidence: a dot a bin, larger where there are more pictures, with its interval; counts."""
    largest = max(item.n for item in curve)
    dots, bars = [], []
    for item in curve:
        radius = MIN_RADIUS + (MAX_RADIUS - MIN_RADIUS) * math.sqrt(item.n / largest)
        title = f"{item.n} pictures: {percent(item.confidence)} sure, {percent(item.accuracy)} right"
        low, high = (_up(bound) for bound in item.interval)
        dots.append(Dot(_across(item.confidence), _up(item.accuracy), low, high, round(radius, 1), title))
        height = round(HISTOGRAM * item.n / largest, 1)
        left, right = _across(item.lower) + 1, _across(item.upper) - 1
        bars.append(Bar(left, HEIGHT - BOTTOM - height, round(right - left, 1), height))
    return Reliability(tuple(dots), tuple(bars), *_ticks(), (_across(0), _up(0), _across(1), _up(1)))


def coverage_chart(curve: Sequence[CoveragePoint], mark: Coverage | None) -> CoverageChart:
    """Accuracy of the answers given against the share answered, with its band and the card's threshold.

    The vertical axis starts at the ten percent below the lowest accuracy, and at 90 % at most. Points of fewer than
    MIN_ANSWERS answers are left out where there are others: they jump up and down.
    """
    curve = [item for item in curve if item.n >= MIN_ANSWERS] or curve
    lowest = min(0.9, max(0.0, math.floor(min(item.accuracy for item in curve) * 10 - 1) / 10))
    line = " ".join(f"{_across(item.share)},{_up(item.accuracy, lowest)}" for item in curve)
    upper = [f"{_across(item.share)},{_up(item.interval[1], lowest)}" for item in curve]
    lower = [f"{_across(item.share)},{_up(item.interval[0], lowest)}" for item in reversed(curve)]
    dot = None
    if mark is not None and mark.threshold > 0 and mark.accuracy is not None:
        x, y = _across(mark.share), _up(mark.accuracy, lowest)
        sure, right = percent(mark.share), percent(mark.accuracy)
        title = f"not sure below {percent(mark.threshold)}, {sure} answered, {right} of them right"
        dot = Dot(x, y, _up(lowest, lowest), y, 6.0, title)
    return CoverageChart(line, " ".join(upper + lower), *_ticks(lowest), dot)


def confusion_chart(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> Matrix:
    """The confusion matrix: rows are true, columns predicted, coloured by the share of the row."""
    side = round(max(len(label) for label in labels) * GLYPH + 14)
    top = side + 18.0
    cells = []
    for row, counts in enumerate(confusion):
        total = sum(counts)
        for column, number in enumerate(counts):
            if not number and row != column:
                continue
            share = number / total if total else 0.0
            step = 1 + sum(share >= edge for edge in STEPS) if number else 0
            title = f"{labels[row]} called {labels[column]}: {number} of {total}"
            cells.append(Cell(side + 18.0 + column * CELL, top + row * CELL, number, step, row == column, title))
    middles = [CELL * (position + 0.5) for position in range(len(labels))]
    return Matrix(
        width=side + 18.0 + CELL * len(labels) + 4,
        height=top + CELL * len(labels) + 4,
        left=side + 18.0,
        top=top,
        cells=tuple(cells),
        rows=tuple(Tick(top + middle, label) for middle, label in zip(middles, labels, strict=True)),
        columns=tuple(Tick(side + 18.0 + middle, label) for middle, label in zip(middles, labels, strict=True)),
    )
