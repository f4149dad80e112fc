"""Paired statistics against other people's, against counting, and against simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgefashion.errors import DataError
from edgefashion.evaluation.metrics import macro_f1
from edgefashion.evaluation.paired import macro_f1_change_interval, mcnemar_exact, mean_interval


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_binomial_test(b, c):
    stats = pytest.importorskip("scipy.stats", reason="scipy comes with the extra data")
    expected = stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert mcnemar_exact(b, c) == pytest.approx(expected, rel=1e-9)
    assert mcnemar_exact(c, b) == mcnemar_exact(b, c)


def test_mcnemar_of_large_and_uneven_counts():
    assert mcnemar_exact(0, 0) == 1
    assert mcnemar_exact(5000, 5000) == 1
    assert 0 < mcnemar_exact(0, 1000) < 1e-300
    with pytest.raises(DataError, match="0 or more"):
        mcnemar_exact(-1, 3)


def test_the_interval_of_a_mean_covers_the_truth_when_people_differ():
    random = np.random.default_rng(1)
    hits = narrow = 0
    for trial in range(100):
        person = np.repeat(np.arange(20), 6)
        values = random.normal(0, 1, 20)[person] + random.normal(0, 0.3, 120)
        low, high = mean_interval(values, [str(i) for i in person], resamples=200, seed=trial)
        hits += low <= 0 <= high
        low, high = mean_interval(values, resamples=200, seed=trial)
        narrow += low <= 0 <= high
    assert 0.86 <= hits / 100 <= 1
    assert narrow < 0.8 * hits  # pictures of one person are not independent


def test_the_interval_is_seeded_and_holds_the_mean():
    values, groups = [1.0, 0, 0, -1, 1, 1], list("aabbcc")
    first = mean_interval(values, groups)
    assert first == mean_interval(values, groups)
    assert first[0] <= np.mean(values) <= first[1]
    assert mean_interval([2.0] * 5) == (2.0, 2.0)


def test_the_change_of_macro_f1_against_resampling_by_hand():
    random = np.random.default_rng(0)
    truth = random.integers(0, 4, 120)
    first = np.where(random.random(120) < 0.7, truth, random.integers(0, 4, 120))
    second = np.where(random.random(120) < 0.8, truth, random.integers(0, 4, 120))
    groups = [f"g{i % 15}" for i in range(120)]
    low, high = macro_f1_change_interval(truth, first, second, 4, groups, resamples=1500)
    members = [np.flatnonzero(np.arange(120) % 15 == i) for i in range(15)]
    changes = []
    for _ in range(1500):
        rows = np.concatenate([members[i] for i in random.integers(0, 15, 15)])
        changes.append(macro_f1(truth[rows], second[rows], 4) - macro_f1(truth[rows], first[rows], 4))
    assert (low, high) == pytest.approx(tuple(np.quantile(changes, [0.025, 0.975])), abs=0.02)
    assert macro_f1_change_interval(truth, first, first, 4, groups) == (0.0, 0.0)


@pytest.mark.parametrize("values", [[], [[1.0]], [np.nan], [np.inf, 1]])
def test_what_has_no_mean_is_refused(values):
    with pytest.raises(DataError, match="finite numbers"):
        mean_interval(values)


def test_wrong_lengths_are_refused():
    with pytest.raises(DataError, match="Every picture needs a group"):
        mean_interval([1.0, 2.0], ["a"])
    with pytest.raises(DataError, match="resamples >= 1"):
        mean_interval([1.0], resamples=0)
    with pytest.raises(DataError, match="equally long"):
        macro_f1_change_interval([0, 1], [0, 1], [0], 2)
