"""What a chart of confidence is drawn from: the reliability curve, and accuracy against coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgefashion.errors import DataError
from edgefashion.evaluation.metrics import CALIBRATION_BINS, confidence_bins, wilson_interval
from edgefashion.evaluation.predict import Predictions
from edgefashion.evaluation.result import Interval

CURVE_POINTS = 200
"""The most points of a coverage curve; an int8 softmax has at most 256 confidences, a float one as many as pictures."""


@dataclass(frozen=True)
class ReliabilityBin:
    """The pictures whose confidence lies in one bin.

    Attributes:
        lower: The bin's lower edge, 0 to 1; confidences lie above it.
        upper: Its upper edge.
        n: Pictures in it, at least 1.
        confidence: Their mean confidence, 0 to 1.
        accuracy: The share of them that is right.
        interval: Its Wilson interval.
    """

    lower: float
    upper: float
    n: int
    confidence: float
    accuracy: float
    interval: Interval


@dataclass(frozen=True)
class CoveragePoint:
    """What happens when only answers at or above a threshold are given.

    Attributes:
        threshold: The confidence, 0 to 1.
        n: Answers given, at least 1.
        share: Share of pictures answered, above 0 to 1.
        accuracy: Share of the answers that is right.
        interval: Its Wilson interval.
    """

    threshold: float
    n: int
    share: float
    accuracy: float
    interval: Interval


def reliability_curve(scores: Predictions, bins: int = CALIBRATION_BINS) -> tuple[ReliabilityBin, ...]:
    """Accuracy against confidence, over the bins of `expected_calibration_error`; empty bins are left out.

    Source: A. Niculescu-Mizil and R. Caruana, "Predicting good probabilities with supervised learning", ICML 2005.

    Raises:
        DataError: bins < 1.
    """
    if bins < 1:
        raise DataError(f"A reliability curve needs at least one bin. Received: {bins}.")
    confidence = np.minimum(scores.confidence, 1.0)
    right = scores.predicted == scores.truth
    index = confidence_bins(confidence, bins)
    curve = []
    for position in np.unique(index).tolist():
        inside = index == position
        n, hits = int(inside.sum()), int(right[inside].sum())
        mean = float(confidence[inside].mean())
        curve.append(
            ReliabilityBin(position / bins, (position + 1) / bins, n, mean, hits / n, wilson_interval(hits, n))
        )
    return tuple(curve)


def coverage_curve(scores: Predictions, points: int = CURVE_POINTS) -> tuple[CoveragePoint, ...]:
    """Accuracy of the answers given against the share of pictures answered, from the strictest threshold to none.

    Each confidence that occurs is a threshold; where there are more than `points`, evenly chosen ones, the last always
    among them.

    Source: R. El-Yaniv and Y. Wiener, "On the foundations of noise-free selective classification", JMLR 11 (2010).

    Raises:
        DataError: points < 1.
    """
    if points < 1:
        raise DataError(f"A coverage curve needs at least one point. Received: {points}.")
    confidence = np.minimum(scores.confidence, 1.0)
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum((scores.predicted == scores.truth)[order])
    ends = np.flatnonzero(np.diff(confidence[order], append=-1.0))
    if len(ends) > points:
        ends = ends[np.round(np.linspace(len(ends) / points - 1, len(ends) - 1, points)).astype(np.int64)]
    curve = []
    for end in ends.tolist():
        n, right = end + 1, int(hits[end])
        share = n / len(order)
        curve.append(CoveragePoint(float(confidence[order[end]]), n, share, right / n, wilson_interval(right, n)))
    return tuple(curve)
