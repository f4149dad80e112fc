"""Reliability and coverage curves, slices and mistakes: counted by hand, and true for any scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgefashion.data.manifest import Row
from edgefashion.errors import DataError
from edgefashion.evaluation.curves import coverage_curve, reliability_curve
from edgefashion.evaluation.metrics import expected_calibration_error
from edgefashion.evaluation.mistakes import worst_mistakes
from edgefashion.evaluation.predict import Predictions
from edgefashion.evaluation.result import SMALL
from edgefashion.evaluation.slices import slice_scores

LABELS = ("shirt", "dress", "hat")


def scores_of(probabilities, truth, rows=None, brightness=None, sides=None):
    """Predictions of pictures 0.png, 1.png … by contributors g0, g1, g2 in turn, unless rows are given."""
    n = len(truth)
    rows = rows or tuple(Row(f"{i}.png", LABELS[kind], f"g{i % 3}", "test") for i, kind in enumerate(truth))
    return Predictions(
        rows=rows,
        probabilities=np.asarray(probabilities, np.float64),
        truth=np.asarray(truth, np.int64),
        labels=LABELS,
        brightness=np.asarray(brightness if brightness is not None else np.arange(n) * 200 / max(1, n)),
        short_sides=np.asarray(sides if sides is not None else [400] * n, np.int64),
        threshold=0.5,
    )


FOUR = scores_of([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.1, 0.2, 0.7], [0.62, 0.3, 0.08]], [0, 1, 2, 2])
"""Right and 90 % sure; wrong, 60 %; right, 70 %; wrong, 62 %."""


@st.composite
def any_scores(draw):
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 60))
    shares = generator.dirichlet(np.ones(3), n)
    if draw(st.booleans()):
        shares = np.round(shares * 8) / 8  # Many equal confidences, as in int8.
    return scores_of(shares, generator.integers(0, 3, n).tolist())


def test_the_reliability_curve_of_a_hand_counted_case():
    first, second, third = reliability_curve(FOUR, bins=4), reliability_curve(FOUR, bins=1), reliability_curve(FOUR, 10)
    assert [(item.lower, item.upper, item.n, item.accuracy) for item in first] == [
        (0.5, 0.75, 3, 1 / 3),
        (0.75, 1.0, 1, 1.0),
    ]
    assert first[0].confidence == pytest.approx((0.6 + 0.7 + 0.62) / 3)
    assert [(item.n, item.accuracy) for item in second] == [(4, 0.5)]
    assert [item.n for item in third] == [1, 2, 1]  # 0.6 is in the bin up to 0.6.
    assert first[0].interval[0] < 1 / 3 < first[0].interval[1]


@settings(max_examples=40)
@given(any_scores(), st.integers(1, 20))
def test_the_bins_are_those_of_the_calibration_error(scores, bins):
    curve = reliability_curve(scores, bins)
    n = len(scores.truth)
    assert sum(item.n for item in curve) == n
    gap = sum(item.n / n * abs(item.accuracy - item.confidence) for item in curve)
    assert gap == pytest.approx(expected_calibration_error(scores.probabilities, scores.truth, bins), abs=1e-12)


def test_the_coverage_curve_of_a_hand_counted_case():
    curve = coverage_curve(FOUR)
    assert [(item.threshold, item.n, item.share, item.accuracy) for item in curve] == [
        (0.9, 1, 0.25, 1.0), (0.7, 2, 0.5, 1.0), (0.62, 3, 0.75, 2 / 3), (0.6, 4, 1.0, 0.5),
    ]  # fmt: skip
    assert [item.n for item in coverage_curve(FOUR, points=2)] == [2, 4]


@settings(max_examples=40)
@given(any_scores(), st.integers(1, 30))
def test_every_point_of_the_coverage_curve_is_what_its_threshold_gives(scores, points):
    curve = coverage_curve(scores, points)
    assert len(curve) <= points
    assert curve[-1].share == 1
    assert [item.n for item in curve] == sorted({item.n for item in curve})
    for item in curve:
        answered = scores.confidence >= item.threshold
        assert item.n == answered.sum()
        assert item.accuracy == (scores.predicted == scores.truth)[answered].mean()


def test_curves_refuse_no_bins():
    for curve in (reliability_curve, coverage_curve):
        with pytest.raises(DataError, match="at least one"):
            curve(FOUR, 0)


def test_mistakes_come_surest_first():
    found = worst_mistakes(FOUR)
    assert [(item.row.path, item.true, item.given, item.confidence, item.true_probability) for item in found] == [
        ("3.png", "hat", "shirt", 0.62, 0.08), ("1.png", "dress", "shirt", 0.6, 0.4),
    ]  # fmt: skip
    assert worst_mistakes(scores_of(np.eye(3), [0, 1, 2])) == ()


def test_slices_count_right_and_wrong_by_each_property():
    n = 80
    truth = [0, 1] * (n // 2)
    shares = np.eye(3)[[0] * n]  # Everything is called a shirt: every second picture is right.
    rows = tuple(
        Row(f"{i}.png", LABELS[kind], "anna" if i < 60 else "ben", "test", "red" if kind else "", "plain", "", "true")
        for i, kind in enumerate(truth)
    )
    scores = scores_of(shares, truth, rows, brightness=[10.0] * 40 + [200.0] * 40, sides=[100, 300] * 40)
    found = {item.name: item for item in slice_scores(scores)}
    assert list(found) == ["contributor", "kids", "colour", "pattern", "picture size", "brightness"]
    assert [(item.value, item.n, item.accuracy, item.small, item.below) for item in found["contributor"].slices] == [
        ("anna", 60, 0.5, False, False), ("ben", 20, 0.5, True, False),
    ]  # fmt: skip
    (red,) = found["colour"].slices
    assert (red.value, red.n, red.correct, red.below, found["colour"].unknown) == ("red", 40, 0, True, 40)
    assert found["pattern"].left_out == "every picture has 'plain'"
    assert [(item.value, item.n, item.accuracy) for item in found["picture size"].slices] == [
        ("100 px on the shorter side", 40, 1.0), ("300 px on the shorter side", 40, 0.0),
    ]  # fmt: skip
    assert [(item.value, item.n) for item in found["brightness"].slices] == [("10 of 255", 40), ("200 of 255", 40)]


def test_what_nobody_noted_is_left_out_and_said_so():
    found = {item.name: item for item in slice_scores(FOUR)}
    assert found["colour"].left_out == "the source has nothing in the column 'colour'"
    assert found["picture size"].left_out == "all pictures are alike (400 px on the shorter side)"
    alone = scores_of(np.eye(3), [0, 1, 2])
    assert "another contributor" in slice_scores(alone)[0].left_out


@settings(max_examples=40)
@given(any_scores())
def test_the_slices_of_a_property_hold_every_picture_once(scores):
    for slicing in slice_scores(scores):
        if not slicing.left_out:
            assert sum(item.n for item in slicing.slices) + slicing.unknown == len(scores.truth)
            assert sum(item.correct for item in slicing.slices) <= int((scores.predicted == scores.truth).sum())
            assert all(item.small == (item.n < SMALL) for item in slicing.slices)
