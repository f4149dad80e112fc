"""Two models on the same pictures: what the second one wins and loses, and whether it may replace the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from edgefashion.data.manifest import Manifest
from edgefashion.errors import DataError
from edgefashion.evaluation import paired
from edgefashion.evaluation.evaluate import judge
from edgefashion.evaluation.metrics import ClassScore
from edgefashion.evaluation.predict import Judged, Predictions, predict, route
from edgefashion.evaluation.result import Evaluation, Interval, Unreadable


@dataclass(frozen=True)
class ClassChange:
    """What changed for the pictures of one class.

    Attributes:
        label: The class.
        support: Pictures of it.
        gained: Of those, the ones that only the second model has right.
        lost: Of those, the ones that only the first model has right.
        recall: First and second model's.
        f1: First and second model's.
    """

    label: str
    support: int
    gained: int
    lost: int
    recall: tuple[float, float]
    f1: tuple[float, float]


@dataclass(frozen=True)
class Disagreement:
    """A picture to which the models give different labels: labels and confidences of the first and the second."""

    path: str
    truth: str
    labels: tuple[str, str]
    confidences: tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """The second model against the first. Changes are second minus first; intervals are 95 % and paired.

    Attributes:
        n: Pictures that were judged.
        groups: Number of contributors.
        resampled: What the bootstrap drew: 'group' (contributors) or 'picture'.
        first: The first model's evaluation.
        second: The second model's.
        change: Change of top-1, percentage points.
        change_interval: Its bootstrap interval; where no picture was lost, its lower end is no higher than the rule of
            three allows (see `compare`).
        macro_f1_change: Change of macro-F1, percentage points.
        macro_f1_change_interval: Its bootstrap interval.
        only_first: Pictures that only the first has right.
        only_second: Pictures that only the second has right.
        p_value: McNemar's exact test of those two.
        classes: Each class's changes.
        disagreements: Pictures with different labels, in the manifest's order.
        relabelled: Name of the mapping by which the pictures' own labels were translated first; None where they
            weren't.
    """

    n: int
    groups: int
    resampled: str
    first: Evaluation
    second: Evaluation
    change: float
    change_interval: Interval
    macro_f1_change: float
    macro_f1_change_interval: Interval
    only_first: int
    only_second: int
    p_value: float
    classes: tuple[ClassChange, ...]
    disagreements: tuple[Disagreement, ...]
    relabelled: str | None

    @property
    def unreadable(self) -> tuple[Unreadable, ...]:
        """Pictures that were skipped."""
        return self.first.unreadable

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def compare(
    first: Judged, second: Judged, manifest: Manifest, progress: Callable[[int], None] | None = None
) -> Comparison:
    """Runs two models on the same pictures.

    Labels are matched as in `predict`, for each model by itself. Where the pictures' labels aren't both models' own and
    a mapping of one model's taxonomy leads from them to labels that both have, the pictures are relabelled by it; those
    that it leaves out are left out.

    Where the second model loses no picture at all, a bootstrap can't show a loss, however few the pictures. Then
    the interval's lower end is no higher than the gain minus the largest share p that n pictures without a loss leave
    possible: (1 - p)^n = 0.025 (J. A. Hanley and A. Lippman-Hand, "If nothing goes wrong, is everything all right?",
    JAMA 249 (1983), pp. 1743-1745).

    Args:
        first: The model in use.
        second: The model that may replace it.
        manifest: The pictures.
        progress: Called with 1 after each picture of each model, in the calling thread.

    Raises:
        DataError: The label sets don't fit, or there is no readable picture.
    """
    pictures, relabelled = fitting(first, second, manifest)
    found = [predict(model, pictures, progress) for model in (first, second)]
    if found[0].rows != found[1].rows:
        raise DataError(f"The pictures of '{manifest.name}' changed while they were compared; run it again.")
    labels = tuple(dict.fromkeys(found[0].labels + found[1].labels))
    truth, best, sure = _joint(found, labels)
    right = best == truth
    groups, n = found[0].groups, len(truth)
    evaluations = [judge(item) for item in found]
    lost, gained = right[0] & ~right[1], right[1] & ~right[0]
    change = 100 * (right[1].astype(np.float64) - right[0])
    low, high = paired.mean_interval(change, groups)
    if not lost.any():
        low = min(low, float(change.mean()) - 100 * (1 - 0.025 ** (1 / n)))
    scores = [{score.label: score for score in item.per_class} for item in evaluations]
    classes = tuple(
        ClassChange(
            label,
            int((truth == index).sum()),
            int(gained[truth == index].sum()),
            int(lost[truth == index].sum()),
            _pair(scores, label, "recall"),
            _pair(scores, label, "f1"),
        )
        for index, label in enumerate(labels)
    )
    rows = found[0].rows
    disagreements = tuple(
        Disagreement(
            rows[i].path,
            rows[i].type,
            (labels[best[0, i]], labels[best[1, i]]),
            (float(sure[0, i]), float(sure[1, i])),
        )
        for i in np.flatnonzero(best[0] != best[1])
    )
    f1_low, f1_high = paired.macro_f1_change_interval(truth, best[0], best[1], len(labels), groups)
    return Comparison(
        n=n,
        groups=len(set(groups)),
        resampled=evaluations[0].resampled,
        first=evaluations[0],
        second=evaluations[1],
        change=float(change.mean()),
        change_interval=(low, high),
        macro_f1_change=100 * (evaluations[1].macro_f1 - evaluations[0].macro_f1),
        macro_f1_change_interval=(100 * f1_low, 100 * f1_high),
        only_first=int(lost.sum()),
        only_second=int(gained.sum()),
        p_value=paired.mcnemar_exact(int(lost.sum()), int(gained.sum())),
        classes=classes,
        disagreements=disagreements,
        relabelled=relabelled,
    )


def fitting(first: Judged, second: Judged, manifest: Manifest) -> tuple[Manifest, str | None]:
    """Gives the pictures with labels that both models can be judged by, and the mapping that led there, if any.

    Raises:
        DataError: There are no such labels.
    """
    try:
        route(first, manifest)
        route(second, manifest)
    except DataError as error:
        for model in (first, second):
            for name, table in model.card.taxonomy.mappings.items():
                changed = relabelled(manifest, name, table)
                if changed.rows and all(_fits(item, changed) for item in (first, second)):
                    return changed, name
        raise DataError(
            f"The two models have no labels in common by which '{manifest.name}' could judge them: {error}"
        ) from error
    return manifest, None


def relabelled(manifest: Manifest, name: str, table: Mapping[str, str]) -> Manifest:
    """Translates a manifest's labels by a taxonomy's mapping; rows that it leaves out are left out."""
    positions = [position for position, row in enumerate(manifest.rows) if row.type in table]
    taken = manifest.take(positions)
    rows = tuple(replace(row, type=table[row.type]) for row in taken.rows)
    labels = tuple(dict.fromkeys(table[label] for label in manifest.labels if label in table))
    return replace(taken, rows=rows, labels=labels, mapping=name)


def may_replace(comparison: Comparison, max_loss: float, min_gain: float | None = None) -> bool:
    """Tells whether the second model may replace the first.

    Args:
        comparison: The models, compared.
        max_loss: Percentage points: a larger loss of top-1 must be ruled out, that is, lie outside the interval.
        min_gain: Percentage points that top-1 must have gained, as measured; None asks for no gain.
    """
    ruled_out = comparison.change_interval[0] >= -max_loss
    return ruled_out and (min_gain is None or comparison.change >= min_gain)


def _fits(model: Judged, manifest: Manifest) -> bool:
    try:
        route(model, manifest)
    except DataError:
        return False
    return True


def _joint(found: list[Predictions], labels: tuple[str, ...]) -> tuple[Any, Any, Any]:
    """Truth int64 (n,), best labels int64 (2, n) in the joint order, and their confidences float64 (2, n)."""
    truth = np.array([labels.index(row.type) for row in found[0].rows], dtype=np.int64)
    best, sure = [], []
    for item in found:
        place = np.array([labels.index(label) for label in item.labels], dtype=np.int64)
        best.append(place[item.probabilities.argmax(axis=1)])
        sure.append(item.probabilities.max(axis=1))
    return truth, np.stack(best), np.stack(sure)


def _pair(scores: list[dict[str, ClassScore]], label: str, name: str) -> tuple[float, float]:
    """A measure of both models; 0 for a label that a model doesn't have."""
    first, second = (float(getattr(own[label], name)) if label in own else 0.0 for own in scores)
    return first, second
