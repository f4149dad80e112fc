"""Embeddings: what the maths promises, and that a real model's find a garment of the same kind and colour."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from edgefashion import Classifier
from edgefashion.data.drawn import draw_garment
from edgefashion.runtime.embedding import join

shares = arrays(np.float64, 6, elements=st.floats(0, 1))
hostile = arrays(np.float32, 6, elements=st.floats(width=32))


@given(first=hostile, second=hostile)
def test_every_vector_is_of_length_one_whatever_a_model_says(first: NDArray[Any], second: NDArray[Any]) -> None:
    vector = join({"type": first, "colour": second})
    assert vector.shape == (12,)
    assert vector.dtype == np.float32
    assert np.isclose(np.linalg.norm(vector), 1.0, atol=1e-5)
    assert vector.min() >= 0.0


@given(one=shares, other=shares)
def test_nothing_is_nearer_to_a_picture_than_itself(one: NDArray[Any], other: NDArray[Any]) -> None:
    vector, another = join({"type": one}), join({"type": other})
    assert -1e-6 <= vector @ another <= vector @ vector + 1e-6


def test_agreement_in_type_counts_more_than_in_colour() -> None:
    def said(kind: int, colour: int) -> NDArray[np.float32]:
        return join({"type": np.eye(3)[kind], "colour": np.eye(3)[colour]})

    asked = said(0, 0)
    same, other_colour, other_type, neither = said(0, 0), said(0, 1), said(1, 0), said(1, 1)
    assert asked @ same > asked @ other_colour > asked @ other_type > asked @ neither
    assert asked @ neither == 0.0


def test_the_scale_of_what_is_said_does_not_matter() -> None:
    assert np.allclose(join({"type": np.array([0.2, 0.1])}), join({"type": np.array([0.8, 0.4])}))


def test_a_part_that_says_nothing_leaves_the_others_their_say() -> None:
    silent = np.zeros(3)
    near, far = ({"type": np.eye(2)[kind], "colour": silent} for kind in (0, 1))
    assert join(near) @ join(near) > join(near) @ join(far) > 0


def test_no_part_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one part"):
        join({})


def test_every_kind_of_picture_has_the_same_embedding(tiny_model: Any, red_shirt: NDArray[np.uint8]) -> None:
    classifier = Classifier.open(tiny_model)
    vector = classifier.embed(red_shirt)
    assert vector.dtype == np.float32
    assert np.array_equal(classifier.embed(Image.fromarray(red_shirt)), vector)


def test_the_shipped_model_finds_the_other_red_shoes_first() -> None:
    classifier = Classifier.open()
    asked = classifier.embed(np.asarray(draw_garment("shoes", 10, colour="red", ground="wood")))
    gallery = {
        (kind, colour): classifier.embed(np.asarray(draw_garment(kind, 20, colour=colour, ground="sheet")))
        for kind in ("shoes", "pants", "hat")
        for colour in ("red", "green")
    }
    likeness = {garment: float(asked @ vector) for garment, vector in gallery.items()}
    assert max(likeness, key=lambda garment: likeness[garment]) == ("shoes", "red"), likeness
    assert asked.size <= 128
