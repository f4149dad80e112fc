"""Accuracy against severity: the same pictures, clean and corrupted in every way of `CORRUPTIONS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest, Row
from edgefashion.evaluation.corruptions import CORRUPTIONS, corrupt
from edgefashion.evaluation.metrics import macro_f1, wilson_interval
from edgefashion.evaluation.paired import group_members, mean_interval
from edgefashion.evaluation.predict import Judged, loaded, require_pictures, route, translate
from edgefashion.evaluation.result import Interval, Unreadable
from edgefashion.runtime.image import prepare, upright

WORKING_SIDE = 640
"""Pixels of the longer side to which a larger picture is reduced before it is corrupted."""


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

    Each picture is decoded upright, reduced to `WORKING_SIDE` where it is larger, corrupted, and only then prepared by
    the card's rule, as a phone would. "Clean" pictures go the same way without a corruption.

    Args:
        classifier: The opened model.
        manifest: The pictures; labels are matched as in `predict`.
        seed: 0 or more; the same seed gives the same corruptions.
        progress: Called with 1 after each picture, in the calling thread.

    Raises:
        DataError: The label sets don't fit, or there is no readable picture.
    """
    name = route(classifier, manifest)
    steps = [(kind, level) for kind, corruption in CORRUPTIONS.items() for level in corruption.levels]
    rule = classifier.card.input

    def load(row: Row) -> list[npt.NDArray[np.uint8]]:
        clean = upright(manifest.picture(row), WORKING_SIDE)
        pictures = [clean, *(corrupt(clean, kind, level, seed, row.path) for kind, level in steps)]
        return [prepare(picture, rule.height, rule.width, rule.resize) for picture in pictures]

    scores: list[npt.NDArray[np.float32]] = []
    kept: list[Row] = []
    unreadable: list[Unreadable] = []
    for row, pictures in loaded(manifest.rows, load):
        if isinstance(pictures, Unreadable):
            unreadable.append(pictures)
        else:
            scores.append(np.stack([classifier.probabilities(picture) for picture in pictures]))
            kept.append(row)
        if progress is not None:
            progress(1)
    require_pictures(manifest, len(kept), unreadable)
    found = np.stack(scores)
    flat, labels = translate(found.reshape(-1, found.shape[-1]), classifier, manifest, name)
    best = flat.reshape(*found.shape[:2], len(labels)).argmax(axis=-1)
    truth = np.array([labels.index(row.type) for row in kept], dtype=np.int64)
    groups = [row.group for row in kept]
    right = (best == truth[:, None]).astype(np.float64)
    lost = 100 * (right[:, :1] - right[:, 1:])
    conditions = tuple(
        Condition(
            kind,
            level,
            CORRUPTIONS[kind].unit,
            level == CORRUPTIONS[kind].mild,
            float(right[:, index + 1].mean()),
            wilson_interval(int(right[:, index + 1].sum()), len(kept)),
            float(lost[:, index].mean()),
            mean_interval(lost[:, index], groups),
            macro_f1(truth, best[:, index + 1], len(labels)),
        )
        for index, (kind, level) in enumerate(steps)
    )
    mild = lost[:, [condition.mild for condition in conditions]].mean(axis=1)
    return Robustness(
        n=len(kept),
        groups=len(set(groups)),
        resampled="group" if group_members(len(kept), groups)[1] < len(kept) else "picture",
        seed=seed,
        top1=float(right[:, 0].mean()),
        top1_interval=wilson_interval(int(right[:, 0].sum()), len(kept)),
        macro_f1=macro_f1(truth, best[:, 0], len(labels)),
        conditions=conditions,
        mild_loss=float(mild.mean()),
        mild_loss_interval=mean_interval(mild, groups),
        unreadable=tuple(unreadable),
        mapping=name,
    )
