"""The likeliest category, and its best type."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgefashion.runtime.categories import NONE, category_numbers, within_likeliest
from edgefashion.taxonomy import NO_GARMENT

CATEGORIES = {"tops": ("t-shirt", "shirt"), "one-piece": ("dress",), "headwear": (), NO_GARMENT: (NO_GARMENT,)}


def test_numbers_are_places_among_the_categories() -> None:
    labels = ("dress", NO_GARMENT, "shirt", "spoon", "t-shirt")
    assert category_numbers(labels, CATEGORIES).tolist() == [1, NONE, 0, NONE, 0]


def test_where_the_best_type_stands_in_a_less_likely_category_it_changes_places() -> None:
    numbers = category_numbers(("t-shirt", "shirt", "dress"), CATEGORIES)
    said = np.array([[0.28, 0.25, 0.3], [0.2, 0.1, 0.6], [0.1, 0.6, 0.2], [0.0, 0.0, 0.0]], np.float32)
    expected = np.array([[0.3, 0.25, 0.28], [0.2, 0.1, 0.6], [0.1, 0.6, 0.2], [0.0, 0.0, 0.0]], np.float32)
    before = said.copy()
    np.testing.assert_array_equal(within_likeliest(said, numbers), expected)
    np.testing.assert_array_equal(within_likeliest(said[0], numbers), expected[0])
    np.testing.assert_array_equal(said, before)


def test_what_is_no_answer_takes_no_part() -> None:
    numbers = category_numbers(("t-shirt", "shirt", "dress", NO_GARMENT), CATEGORIES)
    said = np.array([0.2, 0.1, 0.25, 0.4])
    np.testing.assert_array_equal(within_likeliest(said, numbers), [0.25, 0.1, 0.2, 0.4])


@pytest.mark.parametrize("numbers", [[0, 0, 0], [NONE, NONE, NONE], [2, NONE, 2]])
def test_without_two_categories_nothing_changes(numbers: list[int]) -> None:
    said = np.array([0.2, 0.5, 0.3])
    np.testing.assert_array_equal(within_likeliest(said, np.array(numbers)), said)


def test_a_number_that_is_none_stays_where_it_is() -> None:
    said = np.array([0.28, np.nan, 0.3])
    np.testing.assert_array_equal(within_likeliest(said, np.array([0, 0, 1])), said)


@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_the_same_numbers_and_the_best_type_is_of_the_category_with_the_largest_sum(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    said: NDArray[np.float64] = random.dirichlet(np.full(count, 0.5), size=20)
    numbers = random.integers(NONE, 4, count)
    found = within_likeliest(said, numbers)
    np.testing.assert_array_equal(np.sort(found, axis=1), np.sort(said, axis=1))
    told = np.unique(numbers[numbers != NONE])
    if len(told) > 1:
        garments = np.where(numbers == NONE, -1.0, found)
        sums = np.stack([said[:, numbers == number].sum(axis=1) for number in told])
        assert (numbers[garments.argmax(axis=1)] == told[sums.argmax(axis=0)]).all()
        once_more = within_likeliest(found, numbers)
        np.testing.assert_array_equal(once_more, found)
