"""The pictures that a model got wrong, the surest first: bad labels, bad pictures, and what it has not learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgefashion.data.manifest import Row
from edgefashion.evaluation.predict import Predictions


@dataclass(frozen=True)
class Mistake:
    """One picture that was called something else.

    Attributes:
        row: The picture.
        true: Its label.
        given: What the model called it.
        confidence: How sure the model was of that, 0 to 1.
        true_probability: What it gave the true label, 0 to 1.
    """

    row: Row
    true: str
    given: str
    confidence: float
    true_probability: float


def worst_mistakes(scores: Predictions) -> tuple[Mistake, ...]:
    """Every mistake, the most confident first; equally confident ones by the probability of the truth, then path."""
    predicted, confidence = scores.predicted, scores.confidence
    found = []
    for position in np.flatnonzero(predicted != scores.truth).tolist():
        row, true, given = scores.rows[position], int(scores.truth[position]), int(predicted[position])
        own = float(scores.probabilities[position, true])
        found.append(Mistake(row, scores.labels[true], scores.labels[given], float(confidence[position]), own))
    return tuple(sorted(found, key=lambda item: (-item.confidence, item.true_probability, item.row.path)))
