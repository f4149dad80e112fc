"""How probably a label is wrong, from probabilities that were learnt from labels of which some are wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgefashion.evaluation.checks import Floats, Indices

FLOOR = 1e-4
"""Probabilities below this count as this: an int8 softmax knows no smaller step than 1/256 and gives 0."""
SHARPNESS = np.geomspace(0.25, 8.0, 41)
"""Exponents that are tried; a strongly regularised regression is less sure than it should be."""
STEPS, TOLERANCE, FIRST_SHARE = 500, 1e-9, 0.05


@dataclass(frozen=True)
class Noise:
    """The fitted noise of n labels.

    Attributes:
        share: Share of wrong labels, 0 to 1.
        sharpness: The exponent of the probabilities.
        clean: float64 (n, k), probability of each class before the given label is seen; rows sum to 1.
        wrong: float64 (n,), probability that the given label is wrong, 0 to 1; it falls as the label's `clean` rises.
    """

    share: float
    sharpness: float
    clean: Floats
    wrong: Floats


def fit_noise(scores: Floats, given: Indices) -> Noise:
    """Fits two numbers by maximum likelihood: how sure the probabilities ought to be, and the share of wrong labels.

    The model: the true class of a picture has the probabilities p^s / sum(p^s); a share e of the labels is exchanged
    for any other class alike. So a given label y has the likelihood (1 - e) p_y + e (1 - p_y) / (k - 1), of which the
    second term's part is the probability that it is wrong. s is searched on a grid, e by expectation maximisation
    (A. P. Dempster, N. M. Laird and D. B. Rubin, JRSS B 39 (1977), pp. 1-38); s is the inverse of the temperature of
    C. Guo et al., "On calibration of modern neural networks", ICML 2017. People take one thing for a similar one, not
    for any other: with such labels the probability is a measure, not a promise.

    Args:
        scores: Shape (n, k), 0 to 1, checked.
        given: Class indices, shape (n,), checked.
    """
    logs = np.log(np.maximum(scores, FLOOR))
    own = np.arange(len(given))
    best = (-np.inf, Noise(0.0, 1.0, scores, np.zeros(len(given))))
    for sharpness in SHARPNESS.tolist():
        clean = np.exp(sharpness * (logs - logs.max(axis=1, keepdims=True)))
        clean /= clean.sum(axis=1, keepdims=True)
        right = clean[own, given]
        other = (1 - right) / (scores.shape[1] - 1)
        share = FIRST_SHARE
        for _ in range(STEPS):
            wrong = share * other / (share * other + (1 - share) * right)
            before, share = share, float(wrong.mean())
            if abs(share - before) < TOLERANCE:
                break
        likelihood = float(np.log((1 - share) * right + share * other).sum())
        if likelihood > best[0]:
            best = (likelihood, Noise(share, sharpness, clean, wrong))
    return best[1]
