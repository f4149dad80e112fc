"""The same pictures seen in ten ways that say nothing else: as they are, moved a little, and mirrored.

Settings that were chosen by the accuracy on some pictures flatter it: of many networks one took the one that these very
pixels suited. A picture moved by a few pixels, or mirrored, is as good a picture of the same garment, and nobody chose
by it; the mean over the views is nearer to what other people's pictures will give, and steadier.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest
from edgefashion.evaluation.altered import ask_altered
from edgefashion.evaluation.metrics import wilson_interval
from edgefashion.evaluation.paired import mean_interval
from edgefashion.evaluation.predict import Judged
from edgefashion.evaluation.result import Interval, Unreadable

SHARE = 0.03
"""How far a picture is moved, of each side; its edge is continued."""
MOVES = {"as it is": (0, 0), "left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
"""Across and down, in steps of `SHARE`."""
VIEWS = (*MOVES, *(f"{move}, mirrored" for move in MOVES))


@dataclass(frozen=True)
class ManyViews:
    """How steady a model's answers are under views that change nothing.

    Attributes:
        n: Pictures judged, each in every view.
        groups: Number of contributors.
        resampled: What the bootstrap drew: 'group' (contributors) or 'picture'.
        top1: Share right, by the name of the view in the order of `VIEWS`.
        top1_interval: Wilson interval of the first view, the pictures as they are.
        mean: Mean of `top1` over the views.
        mean_interval: Its 95 % bootstrap interval.
        flattered: The first view less the mean, percentage points.
        flattered_interval: Its bootstrap interval, paired.
        steady: Share of pictures that get the same answer in every view.
        unreadable: Pictures that were skipped.
        mapping: Name of the mapping that led to the labels, None for the model's own.
    """

    n: int
    groups: int
    resampled: str
    top1: dict[str, float]
    top1_interval: Interval
    mean: float
    mean_interval: Interval
    flattered: float
    flattered_interval: Interval
    steady: float
    unreadable: tuple[Unreadable, ...]
    mapping: str | None

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def views_of(picture: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
    """Gives the views of a picture in the order of `VIEWS`.

    Args:
        picture: uint8 (height, width, 3).

    Returns:
        Ten arrays of the same shape.
    """
    height, width = picture.shape[:2]
    down, across = max(1, round(SHARE * height)), max(1, round(SHARE * width))
    edged = np.pad(picture, ((down, down), (across, across), (0, 0)), "edge")
    moved = [
        edged[down - y * down : down - y * down + height, across - x * across : across - x * across + width]
        for x, y in MOVES.values()
    ]
    return [np.ascontiguousarray(view) for view in (*moved, *(view[:, ::-1] for view in moved))]


def measure_views(classifier: Judged, manifest: Manifest, progress: Callable[[int], None] | None = None) -> ManyViews:
    """Judges a model on every picture of a manifest in each of `VIEWS`.

    Args:
        classifier: The opened model.
        manifest: The pictures; labels are matched as in `predict`.
        progress: Called with 1 after each picture, in the calling thread.

    Raises:
        DataError: The label sets don't fit, or there is no readable picture.
    """
    found = ask_altered(classifier, manifest, lambda picture, _: views_of(picture), progress)
    right, groups = found.right, found.groups
    each = right.mean(axis=1)
    return ManyViews(
        n=len(found.rows),
        groups=len(set(groups)),
        resampled=found.resampled,
        top1=dict(zip(VIEWS, right.mean(axis=0).tolist(), strict=True)),
        top1_interval=wilson_interval(int(right[:, 0].sum()), len(found.rows)),
        mean=float(each.mean()),
        mean_interval=mean_interval(each, groups),
        flattered=float(100 * (right[:, 0] - each).mean()),
        flattered_interval=mean_interval(100 * (right[:, 0] - each), groups),
        steady=float((found.best == found.best[:, :1]).all(axis=1).mean()),
        unreadable=found.unreadable,
        mapping=found.mapping,
    )
