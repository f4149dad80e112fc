"""Judges a classifier on labelled pictures: `score` for arrays of probabilities, `evaluate` for a model file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy.typing as npt

from edgefashion.data.manifest import Manifest
from edgefashion.errors import DataError
from edgefashion.evaluation import metrics
from edgefashion.evaluation.checks import Floats, Indices, check_indices, check_probabilities
from edgefashion.evaluation.predict import Judged, Predictions, map_probabilities, predict
from edgefashion.evaluation.result import Coverage, Evaluation, Unreadable

__all__ = ["Coverage", "Evaluation", "Judged", "Unreadable", "evaluate", "judge", "map_probabilities", "score"]


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
    """The figures of what a model said; see `score`."""
    return score(
        found.probabilities,
        found.truth,
        found.labels,
        found.groups,
        threshold=found.threshold,
        unreadable=found.unreadable,
        mapping=found.mapping,
    )
