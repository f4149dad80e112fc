"""Accuracy on parts of the pictures: by contributor, by what the garment is like, by what the picture is like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgefashion.evaluation.metrics import wilson_interval
from edgefashion.evaluation.predict import Predictions
from edgefashion.evaluation.result import SMALL, Interval

BANDS = 4
"""Brightness and size are cut into so many parts with about as many pictures each."""
COLUMNS = ("kids", "colour", "pattern")
"""Columns of the manifest by which pictures are sliced, besides the contributor."""


@dataclass(frozen=True)
class Slice:
    """The pictures that have one value.

    Attributes:
        value: The value.
        n: Pictures, at least 1.
        correct: How many of them are right.
        accuracy: correct / n.
        interval: Its Wilson interval.
        small: Whether there are fewer than `SMALL` of them.
        below: Whether the whole interval lies below the accuracy on all pictures.
    """

    value: str
    n: int
    correct: int
    accuracy: float
    interval: Interval
    small: bool
    below: bool


@dataclass(frozen=True)
class Slicing:
    """The pictures cut by one property.

    Attributes:
        name: The property.
        slices: Its values, the most frequent first, or in their order where they are numbers.
        unknown: Pictures whose value nobody noted; they are in no slice.
        left_out: Why there are no slices; empty where there are.
    """

    name: str
    slices: tuple[Slice, ...]
    unknown: int = 0
    left_out: str = ""


def slice_scores(scores: Predictions) -> tuple[Slicing, ...]:
    """Cuts the pictures by contributor, kids, colour, pattern, picture size and brightness."""
    groups = [row.group for row in scores.rows]
    people = len(set(groups))
    if people == len(groups):
        by_group = Slicing("contributor", (), left_out="every picture is by another contributor, or none is named")
    else:
        by_group = _by_value("contributor", groups, scores)
    columns = [_by_value(name, [getattr(row, name) for row in scores.rows], scores) for name in COLUMNS]
    return (
        by_group,
        *columns,
        _by_number("picture size", scores.short_sides, "px on the shorter side", scores),
        _by_number("brightness", scores.brightness, "of 255", scores),
    )


def _by_value(name: str, values: Sequence[str], scores: Predictions) -> Slicing:
    """Slices by a text; pictures without one are counted as unknown."""
    found = np.asarray(values, dtype=str)
    known = [value for value in np.unique(found).tolist() if value]
    unknown = int(np.count_nonzero(found == ""))
    if not known:
        return Slicing(name, (), unknown, f"the source has nothing in the column '{name}'")
    if len(known) == 1 and not unknown:
        return Slicing(name, (), left_out=f"every picture has '{known[0]}'")
    slices = [_slice(value, found == value, scores) for value in known]
    return Slicing(name, tuple(sorted(slices, key=lambda item: (-item.n, item.value))), unknown)


def _by_number(name: str, values: npt.NDArray[np.generic], unit: str, scores: Predictions) -> Slicing:
    """Slices by bands of whole numbers, from the smallest, each with about as many pictures."""
    whole = np.round(values.astype(np.float64)).astype(np.int64)
    edges = np.unique(np.quantile(whole, np.linspace(0, 1, BANDS + 1)[1:-1], method="lower"))
    band = np.searchsorted(edges, whole, side="left")
    bands = np.unique(band).tolist()
    if len(bands) == 1:
        low, high = int(whole.min()), int(whole.max())
        said = f"{low} {unit}" if low == high else f"{low} to {high} {unit}"
        return Slicing(name, (), left_out=f"all pictures are alike ({said})")
    slices = []
    for number in bands:
        inside = band == number
        low, high = int(whole[inside].min()), int(whole[inside].max())
        slices.append(_slice(f"{low} {unit}" if low == high else f"{low} to {high} {unit}", inside, scores))
    return Slicing(name, tuple(slices))


def _slice(value: str, inside: npt.NDArray[np.bool_], scores: Predictions) -> Slice:
    """One slice; `inside` is bool (n,) with at least one picture."""
    right = scores.predicted == scores.truth
    n, correct = int(inside.sum()), int(right[inside].sum())
    interval = wilson_interval(correct, n)
    return Slice(value, n, correct, correct / n, interval, n < SMALL, interval[1] < float(right.mean()))
