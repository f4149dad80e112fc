"""Judges a classifier on labelled pictures: `score` for arrays of probabilities, `evaluate` for a model file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy.typing as npt

from edgefashion.data.manifest import Manifest
from edgefashion.errors import DataError
from edgefashion.evaluation import metrics
from edgefashion.evaluation.checks import Floats, Indices, check_indices, check_probabilities
from edgefashion.evaluation.heads import HeadPredictions
from edgefashion.evaluation.predict import Judged, Predictions, map_probabilities, predict
from edgefashion.evaluation.result import Coverage, Evaluation, HeadScore, Levels, Unreadable
from edgefashion.taxonomy import Taxonomy

__all__ = ["Coverage", "Evaluation", "Judged", "Unreadable", "evaluate", "judge", "map_probabilities", "score"]

JUDGES_TAXONOMY = "garment"
"""Neighbouring values are looked up here and not in the card: a model doesn't say what counts as nearly right."""


def score(
    probabilities: npt.ArrayLike,
    truth: npt.ArrayLike,
    labels: Sequence[str],
    groups: Sequence[str] | None = None,
    *,
    threshold: float | None = None,
    unreadable: Sequence[Unreadable] = (),
    mapping: str | None = None,
) -> Evaluation:
    """Judges probabilities against the truth. Needs numpy only, so it judges a float Keras model as well.

    Args:
        probabilities: Shape (n, k), n >= 1, 0 to 1; the order of rows doesn't matter.
        truth: Class indices 0 to k - 1, shape (n,).
        labels: The k class names.
        groups: n names of contributors, for the bootstrap of macro-F1; None or all different draws single pictures.
        threshold: "Not sure" below this confidence, 0 to 1; None leaves coverage out.
        unreadable: Skipped pictures, to be carried along.
        mapping: Name of the mapping that made these probabilities, to be carried along.

    Returns:
        The evaluation.

    Raises:
        DataError: Wrong shapes, no picture, values that are no probabilities, indices out of range.
    """
    scores = check_probabilities(probabilities)
    n, classes = scores.shape
    right = check_indices(truth, classes)
    if len(right) != n or len(labels) != classes or (groups is not None and len(groups) != n):
        raise DataError(
            f"Scores of shape {scores.shape} need as many truths, groups and labels. Received: {len(right)} truths, "
            f"{'no' if groups is None else len(groups)} groups, {len(labels)} labels."
        )
    predicted = scores.argmax(axis=1)
    confusion = metrics.confusion_matrix(right, predicted, classes)
    first, third = (metrics.top_k_correct(scores, right, k) for k in (1, 3))
    known = len(set(groups)) if groups is not None else 0
    by_group = 2 <= known < n
    return Evaluation(
        n=n,
        labels=tuple(labels),
        top1=first / n,
        top1_interval=metrics.wilson_interval(first, n),
        top3=third / n,
        top3_interval=metrics.wilson_interval(third, n),
        macro_f1=metrics.macro_f1(right, predicted, classes),
        macro_f1_interval=metrics.macro_f1_interval(right, predicted, classes, groups if by_group else None),
        resampled="group" if by_group else "picture",
        groups=known,
        per_class=metrics.per_class(confusion, labels),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        ece=metrics.expected_calibration_error(scores, right),
        coverage=None if threshold is None else _coverage(scores, right, threshold),
        unreadable=tuple(unreadable),
        mapping=mapping,
    )


def _coverage(scores: Floats, right: Indices, threshold: float) -> Coverage:
    """Share answered at a threshold, and how many of those are right."""
    answered = scores.max(axis=1) >= threshold
    given = int(answered.sum())
    hits = int((scores.argmax(axis=1) == right)[answered].sum())
    return Coverage(threshold, given / len(right), hits / given if given else None)


def evaluate(classifier: Judged, manifest: Manifest, progress: Callable[[int], None] | None = None) -> Evaluation:
    """Runs a model file on every picture of a manifest and judges it; see `predict` for labels and errors.

    Args:
        classifier: The opened model.
        manifest: The pictures, usually one split: `manifest.select("validation")`.
        progress: Called with 1 after each picture, in the calling thread.

    Returns:
        The evaluation; pictures that can't be read are skipped and listed in `unreadable`.
    """
    return judge(predict(classifier, manifest, progress))


def judge(found: Predictions) -> Evaluation:
    """The figures of what a model said, for the type as of `score`, and for every other head."""
    said = (found.categories, *found.heads)
    figures = score(
        found.probabilities,
        found.truth,
        found.labels,
        found.groups,
        threshold=found.threshold,
        unreadable=found.unreadable,
        mapping=found.mapping,
    )
    heads = tuple(_score_head(head, [found.groups[at] for at in head.rows]) for head in said if head is not None)
    return replace(figures, heads=heads, levels=_levels(found))


def _score_head(head: HeadPredictions, groups: Sequence[str]) -> HeadScore:
    """The figures of one head; what it shares with those of the type comes from `score`."""
    found = score(head.probabilities, head.truth, head.labels, groups)
    near = None
    neighbours = Taxonomy.load(JUDGES_TAXONOMY).neighbours.get(head.name)
    if neighbours is not None and set(head.labels) <= set(neighbours):
        near = sum(
            count
            for true, row in zip(head.labels, found.confusion, strict=True)
            for told, count in zip(head.labels, row, strict=True)
            if told == true or told in neighbours[true]
        )
    return HeadScore(
        name=head.name,
        n=found.n,
        accuracy=found.top1,
        interval=found.top1_interval,
        near=None if near is None else near / found.n,
        near_interval=None if near is None else metrics.wilson_interval(near, found.n),
        macro_f1=found.macro_f1,
        macro_f1_interval=found.macro_f1_interval,
        ece=found.ece,
        given_type=head.given_type,
        labels=found.labels,
        per_class=found.per_class,
        confusion=found.confusion,
    )


def _levels(found: Predictions) -> Levels | None:
    """Shares of the levels of sureness."""
    if found.categories is None:
        return None
    sure = found.confidence >= found.threshold
    only = (found.categories.probabilities.max(axis=1) >= found.threshold) & ~sure
    right = found.categories.probabilities.argmax(axis=1) == found.categories.truth
    accuracy = float(right[only].mean()) if only.any() else None
    return Levels(float(sure.mean()), float(only.mean()), accuracy, float((~sure & ~only).mean()))
