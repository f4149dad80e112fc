"""Accuracy against severity: the same pictures, clean and corrupted in every way of `CORRUPTIONS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest, Row
from edgefashion.evaluation.altered import ask_altered
from edgefashion.evaluation.corruptions import CORRUPTIONS, corrupt
from edgefashion.evaluation.metrics import macro_f1, wilson_interval
from edgefashion.evaluation.paired import mean_interval
from edgefashion.evaluation.predict import Judged
from edgefashion.evaluation.result import Interval, Unreadable


@dataclass(frozen=True)
class Condition:
    """One corruption at one level. Losses are clean minus corrupted; their intervals are 95 %, paired.

    Attributes:
        corruption: One of `CORRUPTIONS`.
        level: In its unit.
        unit: What the level means.
        mild: Whether this level counts as mild.
        top1: Share of corrupted pictures whose best class is right.
        top1_interval: Its Wilson interval.
        loss: Top-1 lost, percentage points; below 0 something was gained.
        loss_interval: Its bootstrap interval.
        macro_f1: Macro-F1 of the corrupted pictures.
    """

    corruption: str
    level: float
    unit: str
    mild: bool
    top1: float
    top1_interval: Interval
    loss: float
    loss_interval: Interval
    macro_f1: float


@dataclass(frozen=True)
class Robustness:
    """How a model stands up to what happens to pictures.

    Attributes:
        n: Pictures judged, each under every condition.
        groups: Number of contributors.
        resampled: What the bootstrap drew: 'group' (contributors) or 'picture'.
        seed: Of the corruptions.
        top1: Share right on the clean pictures.
        top1_interval: Its Wilson interval.
        macro_f1: Of the clean pictures.
        conditions: One for each corruption and level, in the table's order.
        mild_loss: Mean loss over the mild conditions, percentage points.
        mild_loss_interval: Its bootstrap interval.
        unreadable: Pictures that were skipped.
        mapping: Name of the mapping that led to the labels, None for the model's own.
    """

    n: int
    groups: int
    resampled: str
    seed: int
    top1: float
    top1_interval: Interval
    macro_f1: float
    conditions: tuple[Condition, ...]
    mild_loss: float
    mild_loss_interval: Interval
    unreadable: tuple[Unreadable, ...]
    mapping: str | None

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def measure_robustness(
    classifier: Judged, manifest: Manifest, seed: int = 0, progress: Callable[[int], None] | None = None
) -> Robustness:
    """Judges a model on the pictures of a manifest, clean and under every corruption.

    "Clean" pictures go the same way as corrupted ones; see `ask_altered`.

    Args:
        classifier: The opened model.
        manifest: The pictures; labels are matched as in `predict`.
        seed: 0 or more; the same seed gives the same corruptions.
        progress: Called with 1 after each picture, in the calling thread.

    Raises:
        DataError: The label sets don't fit, or there is no readable picture.
    """
    steps = [(kind, level) for kind, corruption in CORRUPTIONS.items() for level in corruption.levels]

    def alter(clean: npt.NDArray[np.uint8], row: Row) -> list[npt.NDArray[np.uint8]]:
        return [clean, *(corrupt(clean, kind, level, seed, row.path) for kind, level in steps)]

    found = ask_altered(classifier, manifest, alter, progress)
    best, truth, labels, groups, right = found.best, found.truth, found.labels, found.groups, found.right
    count = len(found.rows)
    lost = 100 * (right[:, :1] - right[:, 1:])
    conditions = tuple(
        Condition(
            kind,
            level,
            CORRUPTIONS[kind].unit,
            level == CORRUPTIONS[kind].mild,
            float(right[:, index + 1].mean()),
            wilson_interval(int(right[:, index + 1].sum()), count),
            float(lost[:, index].mean()),
            mean_interval(lost[:, index], groups),
            macro_f1(truth, best[:, index + 1], len(labels)),
        )
        for index, (kind, level) in enumerate(steps)
    )
    mild = lost[:, [condition.mild for condition in conditions]].mean(axis=1)
    return Robustness(
        n=count,
        groups=len(set(groups)),
        resampled=found.resampled,
        seed=seed,
        top1=float(right[:, 0].mean()),
        top1_interval=wilson_interval(int(right[:, 0].sum()), count),
        macro_f1=macro_f1(truth, best[:, 0], len(labels)),
        conditions=conditions,
        mild_loss=float(mild.mean()),
        mild_loss_interval=mean_interval(mild, groups),
        unreadable=found.unreadable,
        mapping=found.mapping,
    )
