"""The maths: known values from the literature, properties, and scikit-learn as an independent reference."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgefashion.errors import DataError
from edgefashion.evaluation import metrics

CLASSES = 5
pairs = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.int64, n, elements=st.integers(0, CLASSES - 1)),
        hnp.arrays(np.int64, n, elements=st.integers(0, CLASSES - 1)),
    )
)


@st.composite
def scored(draw):
    """Probabilities as an int8 softmax gives them (multiples of 1/256, with ties), and a truth."""
    n = draw(st.integers(1, 40))
    steps = draw(hnp.arrays(np.int64, (n, CLASSES), elements=st.integers(0, 51)))
    return steps / 256, draw(hnp.arrays(np.int64, n, elements=st.integers(0, CLASSES - 1)))


# Wilson


@pytest.mark.parametrize(
    ("correct", "n", "expected"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3 (score without continuity correction).
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_gives_newcombes_published_values(correct, n, expected):
    assert metrics.wilson_interval(correct, n) == pytest.approx(expected, abs=5e-5)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_lies_in_bounds_around_the_share_and_mirrors(case):
    correct, n = case
    lower, upper = metrics.wilson_interval(correct, n)
    assert 0 <= lower <= correct / n <= upper <= 1
    assert lower < upper
    mirrored = metrics.wilson_interval(n - correct, n)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((lower, upper), abs=1e-12)


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_narrows_with_more_trials(case):
    correct, n = case
    lower, upper = metrics.wilson_interval(correct, n)
    narrow = metrics.wilson_interval(correct * 10, n * 10)
    assert narrow[1] - narrow[0] < upper - lower


@pytest.mark.parametrize(("correct", "n"), [(0, 0), (-1, 5), (6, 5), (1, -3)])
def test_wilson_refuses_impossible_counts(correct, n):
    with pytest.raises(DataError, match="0 <= correct <= n"):
        metrics.wilson_interval(correct, n)


# Top-k


def test_top_k_counts_and_gives_ties_to_the_lower_index():
    scores = np.array([[0.5, 0.3, 0.2], [0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.0, 0.0, 0.0]])
    truth = np.array([1, 1, 0, 2])
    assert [metrics.top_k_accuracy(scores, truth, k) for k in (1, 2, 3, 9)] == [0.25, 0.75, 1.0, 1.0]


@given(scored())
def test_top_1_is_argmax_and_top_k_never_falls(case):
    scores, truth = case
    counts = [metrics.top_k_correct(scores, truth, k) for k in range(1, CLASSES + 1)]
    assert counts[0] == np.count_nonzero(scores.argmax(axis=1) == truth)
    assert counts == sorted(counts)
    assert counts[-1] == len(truth)


@given(scored(), st.integers(1, CLASSES))
def test_top_k_equals_a_stable_sort(case, k):
    scores, truth = case
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert metrics.top_k_correct(scores, truth, k) == np.count_nonzero((best == truth[:, None]).any(axis=1))


# Confusion, per class, macro-F1


def test_confusion_has_truth_in_rows():
    matrix = metrics.confusion_matrix([0, 0, 2], [1, 0, 2], 3)
    assert matrix.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_per_class_of_a_hand_counted_matrix():
    shirt, dress, hat = metrics.per_class([[3, 1, 0], [2, 4, 0], [0, 0, 0]], ["shirt", "dress", "hat"])
    assert (shirt.precision, shirt.recall, shirt.f1) == pytest.approx((3 / 5, 3 / 4, 2 / 3))
    assert (dress.precision, dress.recall, dress.f1) == pytest.approx((4 / 5, 4 / 6, 8 / 11))
    assert (hat.precision, hat.recall, hat.f1, hat.support, hat.predicted) == (0, 0, 0, 0, 0)
    assert (shirt.support, shirt.predicted) == (4, 5)


def test_macro_f1_leaves_out_classes_without_support():
    # Class 2 is never true; class 1's false alarm there has already cost recall.
    assert metrics.macro_f1([0, 0, 1, 1], [0, 0, 1, 2], 3) == pytest.approx((1 + 2 / 3) / 2)


@given(pairs)
def test_macro_f1_is_one_when_all_is_right_and_below_otherwise(case):
    truth, predicted = case
    assert metrics.macro_f1(truth, truth, CLASSES) == 1
    value = metrics.macro_f1(truth, predicted, CLASSES)
    assert 0 <= value <= 1
    assert (value == 1) == bool(np.array_equal(truth, predicted))


@given(pairs, st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order_of_pictures_or_classes(case, random):
    truth, predicted = case
    order = np.array(random.sample(range(len(truth)), len(truth)))
    names = np.array(random.sample(range(CLASSES), CLASSES))
    value = metrics.macro_f1(truth, predicted, CLASSES)
    assert metrics.macro_f1(truth[order], predicted[order], CLASSES) == value
    assert metrics.macro_f1(names[truth], names[predicted], CLASSES) == pytest.approx(value, abs=1e-12)
    matrix = metrics.confusion_matrix(truth, predicted, CLASSES)
    assert np.array_equal(metrics.confusion_matrix(truth[order], predicted[order], CLASSES), matrix)
    renamed = metrics.confusion_matrix(names[truth], names[predicted], CLASSES)
    assert np.array_equal(renamed[np.ix_(names, names)], matrix)


@settings(deadline=None)
@given(pairs)
def test_scikit_learn_agrees(case):
    reference = pytest.importorskip("sklearn.metrics", reason="scikit-learn isn't installed (extra dev)")
    truth, predicted = case
    labels = np.arange(CLASSES)
    matrix = metrics.confusion_matrix(truth, predicted, CLASSES)
    assert np.array_equal(matrix, reference.confusion_matrix(truth, predicted, labels=labels))
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        truth, predicted, labels=labels, zero_division=0
    )
    ours = metrics.per_class(matrix, [str(label) for label in labels])
    assert [item.precision for item in ours] == pytest.approx(precision)
    assert [item.recall for item in ours] == pytest.approx(recall)
    assert [item.f1 for item in ours] == pytest.approx(f1)
    assert [item.support for item in ours] == support.tolist()
    expected = reference.f1_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0)
    assert metrics.macro_f1(truth, predicted, CLASSES) == pytest.approx(expected)


# Bootstrap


def _noisy(n, right, seed=0):
    """n pictures of which about a share `right` is predicted rightly."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, CLASSES, n)
    return truth, np.where(random.random(n) < right, truth, random.integers(0, CLASSES, n))


def test_bootstrap_is_seeded_surrounds_the_value_and_narrows():
    widths = []
    for n in (100, 2500):
        truth, predicted = _noisy(n, 0.8)
        lower, upper = metrics.macro_f1_interval(truth, predicted, CLASSES)
        assert lower < metrics.macro_f1(truth, predicted, CLASSES) < upper
        assert (lower, upper) == metrics.macro_f1_interval(truth, predicted, CLASSES)
        assert (lower, upper) != metrics.macro_f1_interval(truth, predicted, CLASSES, seed=1)
        widths.append(upper - lower)
    assert 3.5 < widths[0] / widths[1] < 7  # The square root of 25 is 5.


def test_bootstrap_over_cells_equals_drawing_single_pictures():
    truth, predicted = _noisy(200, 0.7)
    single = metrics.macro_f1_interval(truth, predicted, CLASSES, [str(i) for i in range(200)], resamples=20_000)
    cells = metrics.macro_f1_interval(truth, predicted, CLASSES, resamples=20_000)
    assert single == pytest.approx(cells, abs=0.004)


def test_bootstrap_covers_the_true_value_about_as_often_as_it_says():
    truth, predicted = _noisy(1_000_000, 0.8, seed=7)
    target = metrics.macro_f1(truth, predicted, CLASSES)
    covered = 0
    for start in range(0, 200 * 300, 300):
        part = slice(start, start + 300)
        lower, upper = metrics.macro_f1_interval(truth[part], predicted[part], CLASSES, resamples=400)
        covered += lower <= target <= upper
    assert 0.90 <= covered / 200 <= 0.99


def test_bootstrap_by_group_is_wider_where_contributors_differ():
    # Half of 20 contributors are always right, half always wrong: 20 coins, not 1,000.
    truth = np.arange(1000) % CLASSES
    groups = [str(i // 50) for i in range(1000)]
    wrong = (np.arange(1000) // 50) % 2 == 1
    predicted = np.where(wrong, (truth + 1) % CLASSES, truth)
    single = metrics.macro_f1_interval(truth, predicted, CLASSES)
    grouped = metrics.macro_f1_interval(truth, predicted, CLASSES, groups)
    assert grouped[1] - grouped[0] > 5 * (single[1] - single[0])


def test_one_group_falls_back_to_single_pictures():
    truth, predicted = _noisy(100, 0.8)
    alone = metrics.macro_f1_interval(truth, predicted, CLASSES, ["one"] * 100)
    assert alone == metrics.macro_f1_interval(truth, predicted, CLASSES)


def test_bootstrap_of_a_perfect_result_is_a_point():
    truth = np.arange(50) % CLASSES
    assert metrics.macro_f1_interval(truth, truth, CLASSES, [str(i // 5) for i in range(50)]) == (1, 1)


def test_bootstrap_of_a_large_set_is_quick():
    truth, predicted = _noisy(10_000, 0.9)
    start = time.perf_counter()
    metrics.macro_f1_interval(truth, predicted, CLASSES)
    metrics.macro_f1_interval(truth, predicted, CLASSES, [str(i % 350) for i in range(10_000)])
    assert time.perf_counter() - start < 10  # Takes about 0.05 s; a loop over pictures would take minutes.


@pytest.mark.parametrize("wrong", [{"groups": ["a"]}, {"resamples": 0}, {"level": 0.0}, {"level": 1.0}])
def test_bootstrap_refuses_wrong_arguments(wrong):
    with pytest.raises(DataError):
        metrics.macro_f1_interval([0, 1], [0, 1], 2, **wrong)


# Calibration


def test_calibration_error_of_hand_counted_bins():
    # Two bins: confidence 0.8 with 1 of 2 right, and 0.6 with 2 of 2 right: (2 × 0.3 + 2 × 0.4) / 4.
    scores = np.array([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6]])
    assert metrics.expected_calibration_error(scores, [0, 1, 0, 1]) == pytest.approx(0.35)


def test_calibration_bins_hold_their_upper_edge():
    # With 2 bins 0.5 belongs to the lower: there its gap is -0.5 and 1.0's gap is 0; one bin together would give 0.25.
    scores = np.array([[0.5, 0.5], [1.0, 0.0]])
    assert metrics.expected_calibration_error(scores, [1, 0], bins=2) == pytest.approx(0.25)
    mixed = np.array([[0.5, 0.5], [0.75, 0.25]])  # Gaps -0.5 and +0.25 would cancel in one bin.
    assert metrics.expected_calibration_error(mixed, [1, 0], bins=2) == pytest.approx(0.375)


@given(scored(), st.integers(1, 30))
def test_calibration_error_is_a_share_and_ignores_order(case, bins):
    scores, truth = case
    value = metrics.expected_calibration_error(scores, truth, bins)
    assert 0 <= value <= 1
    assert metrics.expected_calibration_error(scores[::-1], truth[::-1], bins) == pytest.approx(value, abs=1e-12)


def test_certain_and_right_is_zero_certain_and_wrong_is_one():
    scores = np.eye(CLASSES)
    assert metrics.expected_calibration_error(scores, np.arange(CLASSES)) == 0
    assert metrics.expected_calibration_error(scores, (np.arange(CLASSES) + 1) % CLASSES) == 1


# Bad input


@pytest.mark.parametrize(
    ("scores", "truth"),
    [
        ([[0.5, float("nan")]], [0]),
        ([[0.5, float("inf")]], [0]),
        ([[-0.1, 0.5]], [0]),
        ([[3.0, 0.5]], [0]),  # logits
        ([0.5, 0.5], [0]),
        ([], []),
        (np.zeros((0, 3)), []),
        (np.zeros((3, 0)), [0, 0, 0]),
        ([["a", "b"]], [0]),
        ([[0.5, 0.5], [0.5]], [0, 1]),
        ([[0.5, 0.5]], [0, 1]),
        ([[0.5, 0.5]], [2]),
        ([[0.5, 0.5]], [-1]),
        ([[0.5, 0.5]], [0.0]),
        ([[0.5, 0.5]], [[0]]),
    ],
)
@pytest.mark.parametrize("metric", [metrics.top_k_accuracy, metrics.expected_calibration_error])
def test_scores_that_are_none_are_refused(metric, scores, truth):
    with pytest.raises(DataError):
        metric(scores, truth)


def test_matrices_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="square"):
        metrics.per_class([[1, 2]], ["a"])
    with pytest.raises(DataError, match="equally long"):
        metrics.confusion_matrix([0, 1], [0], 2)
    with pytest.raises(DataError, match="from 0 to 1"):
        metrics.confusion_matrix([0, 1], [0, 2], 2)
    with pytest.raises(DataError, match="at least 1"):
        metrics.top_k_accuracy([[1.0]], [0], 0)
    with pytest.raises(DataError, match="bins"):
        metrics.expected_calibration_error([[1.0]], [0], 0)
