"""Where the garment lies: made-up likelihoods, any likelihoods, drawn garments, and what a Prediction says of it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from edgefashion import Classifier
from edgefashion.data.drawn import draw_garment
from edgefashion.runtime.colour import SIDE, measure, measure_colours, told
from edgefashion.runtime.garment_box import find_box
from edgefashion.runtime.prediction import Prediction

EXAMPLES = Path(__file__).parents[2] / "examples"


def likely(*parts: tuple[int, int, int, int], value: float = 0.9) -> NDArray[np.float64]:
    """0.1 everywhere but in parts (left, top, right, bottom), in pixels of 48."""
    picture = np.full((48, 48), 0.1)
    for left, top, right, bottom in parts:
        picture[top:bottom, left:right] = value
    return picture


def test_the_box_is_the_likely_part_around_the_middle() -> None:
    assert find_box(likely((12, 6, 30, 42))) == (12 / 48, 6 / 48, 30 / 48, 42 / 48)
    assert find_box(likely((0, 0, 48, 48))) == (0, 0, 1, 1)


def test_another_likely_part_beside_it_is_left_out() -> None:
    alone = find_box(likely((14, 14, 34, 34)))
    assert find_box(likely((14, 14, 34, 34), (0, 0, 6, 6), (44, 20, 48, 30), (20, 42, 28, 48))) == alone


def test_sleeves_belong_to_it_and_a_crumb_does_not() -> None:
    shirt = likely((18, 10, 30, 40), (8, 10, 40, 18))
    assert find_box(shirt) == (8 / 48, 10 / 48, 40 / 48, 40 / 48)
    shirt[20:22, 2:8] = 0.9
    assert find_box(shirt) == (8 / 48, 10 / 48, 40 / 48, 40 / 48)


def test_where_nothing_near_the_middle_is_likely_there_is_no_box() -> None:
    assert find_box(likely()) is None
    assert find_box(likely((12, 6, 30, 42), value=0.4)) is None
    assert find_box(likely((0, 0, 2, 2))) is not None, "nothing but a corner is likely: there it is"


@given(hnp.arrays(np.float64, (16, 16), elements=st.floats(0, 1)))
@example(np.zeros((16, 16)))
@example(np.ones((16, 16)))
def test_any_likelihood_gives_none_or_a_box_inside_the_picture(picture: NDArray[np.float64]) -> None:
    box = find_box(picture)
    if box is not None:
        left, top, right, bottom = box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


@pytest.mark.parametrize("name", ["t-shirt", "pants", "dress", "hat", "hoodie"])
@pytest.mark.parametrize("size", [(320, 240), (240, 320)])
def test_a_drawn_garment_is_found(name: str, size: tuple[int, int]) -> None:
    """On a sheet it is what differs from the sheet's own colour in the corners."""
    picture = np.asarray(draw_garment(name, 3, size, colour="red", ground="sheet").convert("RGB"))
    redness = picture[..., 0].astype(int) - picture[..., 1:].max(axis=2)
    rows, columns = (np.flatnonzero((redness > 60).sum(axis=axis) > 0.03 * picture.shape[axis]) for axis in (1, 0))
    true = np.array([columns[0] / size[0], rows[0] / size[1], (columns[-1] + 1) / size[0], (rows[-1] + 1) / size[1]])
    box = measure(picture)[1]
    assert box is not None
    assert np.abs(np.array(box) - true).max() < 0.1, (box, true)


def test_colours_and_box_come_of_one_look() -> None:
    picture = np.asarray(Image.open(EXAMPLES / "t-shirt-red.jpg"))
    assert told(measure(picture)[0]) == measure_colours(picture)
    assert measure(np.full((SIDE, SIDE, 3), 7, np.uint8))[1] is None, "one colour everywhere: nothing stands out"


def test_a_prediction_says_where_the_garment_is() -> None:
    prediction = Classifier.open(threads=1).classify(EXAMPLES / "t-shirt-red.jpg")
    assert prediction.box is not None
    left, top, right, bottom = prediction.box
    assert left < 0.3 < 0.7 < right
    assert top < 0.35 < 0.65 < bottom
    assert prediction.to_dict()["box"] == [round(edge, 4) for edge in prediction.box]
    assert "box" not in Prediction((("hat", 1.0),), "headwear", True).to_dict()
    assert Classifier.open("fashion-mnist-nano").classify(EXAMPLES / "t-shirt-red.jpg").box is None
