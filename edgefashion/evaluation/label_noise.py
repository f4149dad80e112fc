"""How probably a label is wrong, from probabilities that were learnt from labels of which some are wrong."""

from __future__ import annotations

import numpy as np

from edgefashion.evaluation.checks import Floats, Indices

FLOOR = 1e-4
"""Probabilities below this count as this: an int8 softmax knows no smaller step than 1/256 and gives 0."""
SHARPNESS = np.geomspace(0.25, 8.0, 41)
"""Exponents that are tried; a strongly regularised regression is less sure than it should be."""
STEPS, TOLERANCE, FIRST_SHARE = 200, 1e-8, 0.05
HALVINGS = 60


def sharpen(scores: Floats, given: Indices) -> tuple[Floats, float]:
    """Makes probabilities as sure as the labels say they should be: p^s / sum(p^s) with the likeliest s.

    s is the inverse of the temperature of C. Guo et al., "On calibration of modern neural networks", ICML 2017. Wrong
    labels would make every s look too sure, so a share of the labels may be exchanged for any other class (see
    `probability_wrong`); that share is fitted along by expectation maximisation (A. P. Dempster, N. M. Laird and D. B.
    Rubin, JRSS B 39 (1977), pp. 1-38). It is right where labels were exchanged at random, and far too low where people
    took things for similar ones.

    Args:
        scores: Shape (n, k), 0 to 1, checked.
        given: Class indices, shape (n,), checked.

    Returns:
        float64 (n, k), each class's probability before the given label is seen, rows sum to 1; and the share, 0 to 1.
    """
    logs = np.log(np.maximum(scores, FLOOR))
    best, chosen = -np.inf, (scores, 0.0)
    for sharpness in SHARPNESS.tolist():
        clean = np.exp(sharpness * (logs - logs.max(axis=1, keepdims=True)))
        clean /= clean.sum(axis=1, keepdims=True)
        share = FIRST_SHARE
        for _ in range(STEPS):
            before, share = share, float(_wrong(clean, given, share).mean())
            if abs(share - before) < TOLERANCE:
                break
        right = clean[np.arange(len(given)), given]
        likelihood = float(np.log((1 - share) * right + share * (1 - right) / (scores.shape[1] - 1)).sum())
        if likelihood > best:
            best, chosen = likelihood, (clean, share)
    return chosen


def probability_wrong(clean: Floats, given: Indices, count: float) -> Floats:
    """The probability of each label being wrong, where about `count` of them are.

    The model: a share e of the labels is exchanged for any other class alike, so a given label y has the likelihood
    (1 - e) p_y + e (1 - p_y) / (k - 1), of which the second term's part is the probability that it is wrong. e is
    chosen so that the probabilities sum to `count`.

    Args:
        clean: What `sharpen` gives, shape (n, k).
        given: Class indices, shape (n,).
        count: 0 to n.

    Returns:
        float64 (n,), 0 to 1; falls as the given label's probability rises.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        share = (low + high) / 2
        low, high = (low, share) if _wrong(clean, given, share).sum() > count else (share, high)
    return _wrong(clean, given, low)


def _wrong(clean: Floats, given: Indices, share: float) -> Floats:
    right = clean[np.arange(len(given)), given]
    other = share * (1 - right) / (clean.shape[1] - 1)
    total = other + (1 - share) * right
    part: Floats = np.divide(other, total, out=np.zeros_like(other), where=total > 0)
    return part
