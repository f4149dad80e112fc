"""Draws docs/models.svg, accuracy against size and latency, from the committed results: `python -m benchmarks.picture`.

Written by hand and not by matplotlib, so that the same results always give the same file, which a test compares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.result import RESULTS, Result
from benchmarks.subject import ROOT

PICTURE = ROOT / "docs" / "models.svg"
WIDTH = 960
TOP, BOTTOM = 62, 296
"""Edges of every plot."""
LEGEND, LINE = 360, 18
"""Where the legend begins, and its lines' distance."""
APART = 9
"""Pixels between the middles of points that would hide each other."""
MARKS = {
    # What a suite calls it → the name shown, colour (Okabe and Ito's), shape. Ours are filled.
    "ours: garment-base": ("garment-base", "#0072b2", "circle"),
    "ours: garment-small": ("garment-small", "#56b4e9", "circle"),
    "post-training": ("EfficientNet-Lite0 fine-tuned (as Model Maker)", "#d55e00", "square"),
    "magnitude-pruned": ("the same, half of it zeroed (as tfmot's guide)", "#009e73", "diamond"),
    "frozen-head": ("EfficientNet-Lite0 frozen (as Teachable Machine)", "#a3508a", "triangle"),
    "mobilenet-v2": ("MobileNetV2 frozen", "#475569", "square"),
    "mobilenet-v3-large": ("MobileNetV3-Large frozen", "#475569", "diamond"),
    "ours: fashion-mnist-nano": ("fashion-mnist-nano", "#0072b2", "circle"),
    "ours: fashion-mnist-small": ("fashion-mnist-small", "#56b4e9", "circle"),
    "keras-cnn": ("Keras's example", "#d55e00", "square"),
    "seed-mlp": ("perceptron, float32", "#009e73", "diamond"),
    "hog-svm": ("HOG and SVM", "#a3508a", "triangle"),
}
TIMED = {
    # Row of a peers' suite → the network of that shape in the suite `latency`.
    "ours: garment-base": "garment-base",
    "ours: garment-small": "garment-small",
    "post-training": "efficientnet-lite0-224",
    "magnitude-pruned": "efficientnet-lite0-224",
    "frozen-head": "efficientnet-lite0-224",
    "mobilenet-v2": "mobilenet-v2-224",
}
STYLE = """
    text { fill: #475569; font-size: 12px }
    .title { fill: #0f172a; font-size: 14px; font-weight: 600 }
    .grid { stroke: #e2e8f0 } .axis { stroke: #64748b }
    .left { text-anchor: end } .middle { text-anchor: middle }
"""


@dataclass(frozen=True)
class Point:
    """A model in a plot: what the suite calls it, cost, accuracy and its 95 % interval."""

    name: str
    cost: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Axis:
    """From numbers, lowest to highest, to the pixels `start` to `end`."""

    ticks: tuple[float, ...]
    lowest: float
    highest: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value."""
        ends = (self.lowest, self.highest, value)
        low, high, value = (math.log(item) for item in ends) if self.logarithmic else ends
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def drawn(results: Path = RESULTS) -> str:
    """The picture as SVG."""
    clothing = _points(results, "peers-clothing", "zipped", ("ten views", "ten views, 95 % interval"))
    cloth = _points(results, "peers-fashion-mnist", "raw bytes", ("accuracy", "95 % interval"))
    times = {row[0]: float(row[3] or 0) for row in _timed(results)}
    timed = [Point(p.name, times[TIMED[p.name]], p.accuracy, p.low, p.high) for p in clothing if p.name in TIMED]
    share = _share_axis(clothing)
    number = Result.read(results / "peers-clothing.json")[0].settings["pictures"]
    tested = Result.read(results / "peers-fashion-mnist.json")[0].settings["pictures"]
    sizes = _even_axis([p.cost for p in clothing], 70, 320)
    ratios = _even_axis([p.cost for p in timed], 375, 625)
    bytes_axis = _decades_axis([p.cost for p in cloth], 700, 935)
    parts = [
        f'<text class="title" x="20" y="26">17 types of garment, {number} photos by held-out contributors</text>',
        '<text x="20" y="44">right, mean of ten views of each photo; 95 % interval, by contributor</text>',
        f'<text class="title" x="650" y="26">Fashion-MNIST, {tested:,} test pictures</text>',
        '<text x="650" y="44">right, with its 95 % interval</text>',
        _plot(clothing, sizes, share, "size of the zipped file, MB"),
        _plot(timed, ratios, share, "latency of one run, times garment-base's"),
        _plot(cloth, bytes_axis, _share_axis(cloth), "size of the file, MB"),
        *_legend(clothing, 70, 240),
        *_legend(cloth, 650, 805),
    ]
    about = [f"{MARKS[p.name][0]}: {p.accuracy:.3f} right, {p.cost:.3g} MB" for p in (*clothing, *cloth)]
    about += [f"{MARKS[p.name][0]}: latency × {p.cost:g}" for p in timed]
    peers = max(sum(not point.name.startswith("ours: ") for point in points) for points in (clothing, cloth))
    height = LEGEND + LINE * peers
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title description"\n'
        "     font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif\">\n"
        '<title id="title">Accuracy against size and latency</title>\n'
        f'<desc id="description">{escape("; ".join(about))}</desc>\n<style>{STYLE}</style>\n'
        f'<rect x="1" y="1" width="{WIDTH - 2}" height="{height - 2}" rx="10" fill="#ffffff" stroke="#cbd5e1"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _points(results: Path, suite: str, size: str, judged: tuple[str, str]) -> list[Point]:
    """Every row that has a size and an accuracy, by the columns of these, and of its interval."""
    result, _ = Result.read(results / f"{suite}.json")
    found = []
    for cells in result.rows:
        row: dict[str, Any] = dict(zip(result.columns, cells, strict=True))
        share, interval = (row[column] for column in judged)
        if row[size] is not None and share is not None:
            low, high = (float(end) for end in interval.split(" to "))
            found.append(Point(row["what"], row[size] / 1e6, share, low, high))
    return found


def _timed(results: Path) -> list[tuple[Any, ...]]:
    """Rows of the suite `latency` with one thread in the runtime that is chosen first."""
    return [row for row in Result.read(results / "latency.json")[0].rows if row[1:3] == ("ai_edge_litert", 1)]


def _share_axis(points: Sequence[Point]) -> Axis:
    """Accuracy, upwards, in whole steps of 0.05 (0.02 where all lie close)."""
    low, high = min(p.low for p in points), max(p.high for p in points)
    step = 0.05 if high - low > 0.12 else 0.02
    ticks = _ticks(step * math.floor(low / step), step, high + step)
    return Axis(ticks, ticks[0], ticks[-1], BOTTOM, TOP)


def _even_axis(values: Sequence[float], start: float, end: float) -> Axis:
    """From 0 to beyond the largest, at most eight steps."""
    most = 1.1 * max(values)
    step = next(size for size in (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 50) if most / size <= 8)
    return Axis(_ticks(0, step, most), 0, most, start, end)


def _ticks(first: float, step: float, end: float) -> tuple[float, ...]:
    return tuple(round(first + step * number, 2) for number in range(math.ceil((end - first) / step)))


def _decades_axis(values: Sequence[float], start: float, end: float) -> Axis:
    low, high = min(values) / 2, max(values) * 2
    ticks = tuple(10.0**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1))
    return Axis(ticks, low, high, start, end, logarithmic=True)


def _plot(points: Sequence[Point], across: Axis, up: Axis, label: str) -> str:
    """Grid, ticks, points and their intervals."""
    lines = []
    for tick in up.ticks:
        y = up.at(tick)
        lines.append(f'<path class="grid" d="M{across.start:g} {y:.1f}H{across.end:g}"/>')
        lines.append(f'<text class="left" x="{across.start - 7:g}" y="{y + 4:.1f}">{tick:.2f}</text>')
    for tick in across.ticks:
        x = across.at(tick)
        lines.append(f'<path class="axis" d="M{x:.1f} {BOTTOM}v5"/>')
        lines.append(f'<text class="middle" x="{x:.1f}" y="{BOTTOM + 19}">{tick:g}</text>')
    lines.append(f'<path class="axis" d="M{across.start:g} {BOTTOM}H{across.end:g}"/>')
    middle = (across.start + across.end) / 2
    lines.append(f'<text class="middle" x="{middle:g}" y="{BOTTOM + 38}">{escape(label)}</text>')
    for point, x in zip(points, _side_by_side(points, across), strict=True):
        colour = MARKS[point.name][1]
        lines.append(
            f'<path stroke="{colour}" stroke-width="1.5" fill="none" d="M{x:.1f} {up.at(point.low):.1f}'
            f'V{up.at(point.high):.1f}m-3 0h6M{x - 3:.1f} {up.at(point.low):.1f}h6"/>'
        )
        lines.append(_mark(point.name, x, up.at(point.accuracy)))
    return "\n".join(lines)


def _side_by_side(points: Sequence[Point], across: Axis) -> list[float]:
    """Pixels of points; those whose intervals would hide each other stand apart by as little as needed, in order."""
    places = [across.at(point.cost) for point in points]
    groups: list[list[int]] = []
    for index, point in enumerate(points):
        near = {
            other
            for other in range(index)
            if abs(places[index] - places[other]) < APART
            and point.low <= points[other].high
            and points[other].low <= point.high
        }
        hidden = [group for group in groups if near & set(group)]
        groups = [group for group in groups if group not in hidden]
        groups.append(sorted([index, *(other for group in hidden for other in group)], key=lambda item: places[item]))
    moved = list(places)
    for group in groups:
        middle = sum(places[index] for index in group) / len(group)
        for number, index in enumerate(group):
            moved[index] = middle + APART * (number - (len(group) - 1) / 2)
    return moved


def _mark(name: str, x: float, y: float) -> str:
    """A point's sign: filled for ours, white inside for a peer."""
    _, colour, shape = MARKS[name]
    paint = f'fill="{colour if name.startswith("ours: ") else "#ffffff"}" stroke="{colour}" stroke-width="2"'
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" {paint}/>'
    outline = {"square": "m-4.5 -4.5h9v9h-9z", "diamond": "m0 -6l6 6l-6 6l-6 -6z", "triangle": "m0 -6l5.5 10h-11z"}
    return f'<path d="M{x:.1f} {y:.1f}{outline[shape]}" {paint}/>'


def _legend(points: Sequence[Point], ours: float, peers: float) -> list[str]:
    """Signs and names, ours in one column and the peers in another, which begin at these pixels."""
    lines = []
    for left, mine in ((ours, True), (peers, False)):
        names = [point.name for point in points if point.name.startswith("ours: ") == mine]
        for y, name in enumerate(names):
            middle = LEGEND + LINE * y
            text = escape(MARKS[name][0])
            lines.append(f'{_mark(name, left, middle)}<text x="{left + 12:g}" y="{middle + 4}">{text}</text>')
    return lines


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
