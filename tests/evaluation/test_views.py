"""Ten views of the same picture, with classifiers that look at one side only."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError
from edgefashion.evaluation.views import MOVES, SHARE, VIEWS, measure_views, views_of
from tests.evaluation.teller import Teller

PICTURES = st.tuples(st.integers(1, 90), st.integers(1, 90)).flatmap(
    lambda size: arrays.arrays(np.uint8, (*size, 3), elements=st.integers(0, 255))
)


class Where(Teller):
    """Says 'hat' where the brightest column of pixels is left of `line`, a share of the width, else 'shirt'."""

    def __init__(self, line):
        super().__init__({}, labels=("shirt", "hat"))
        self.line = line

    def probabilities(self, image):
        left = image[..., 0].mean(axis=0).argmax() + 0.5 < self.line * image.shape[1]
        return np.array([0.1, 0.9] if left else [0.9, 0.1], np.float32)


@pytest.fixture
def hats(tmp_path):
    """Four hats with a bright column at a quarter of the width, by two people, and a damaged file."""
    rows = []
    for i in range(4):
        picture = np.zeros((100, 100, 3), np.uint8)
        picture[:, 24:26] = 255
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
        rows.append(Row(f"{i}.png", "hat", f"p{i % 2}", "validation"))
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnot much of a picture")
    rows.append(Row("bad.png", "hat", "p0", "validation"))
    return Manifest("hats", tuple(rows), ("shirt", "hat"), tmp_path)


def _wide(classifier):
    """The same classifier, asked for pictures of 100 × 100 pixels."""
    from dataclasses import replace

    classifier.card = replace(classifier.card, input=replace(classifier.card.input, height=100, width=100))
    return classifier


def test_a_judge_of_sides_is_right_in_half_of_the_views(hats):
    done = []
    found = measure_views(_wide(Where(0.5)), hats, done.append)
    assert sum(done) == 5
    assert (found.n, found.groups, found.resampled) == (4, 2, "group")
    assert [item.path for item in found.unreadable] == ["bad.png"]
    assert tuple(found.top1) == VIEWS
    assert {name: share for name, share in found.top1.items() if share} == dict.fromkeys(MOVES, 1.0)
    assert (found.mean, found.flattered, found.steady) == (0.5, 50.0, 0.0)
    assert found.mean_interval == (0.5, 0.5)
    assert found.flattered_interval == (50.0, 50.0)
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_judge_with_a_fine_line_fails_where_the_picture_is_moved_across_it(hats):
    found = measure_views(_wide(Where(0.265)), hats)
    assert {name for name in MOVES if not found.top1[name]} == {"right"}
    found = measure_views(_wide(Where(0.235)), hats)
    assert {name for name in MOVES if found.top1[name]} == {"left"}


def test_a_judge_that_looks_at_nothing_is_steady(hats):
    found = measure_views(_wide(Where(2.0)), hats)
    assert (found.mean, found.flattered, found.steady) == (1.0, 0.0, 1.0)


def test_only_unreadable_pictures_are_refused(hats):
    with pytest.raises(DataError, match="no readable picture"):
        measure_views(Where(0.5), hats.take([4]))


@given(PICTURES)
def test_views_keep_the_shape_and_move_by_whole_pixels(picture):
    views = dict(zip(VIEWS, views_of(picture), strict=True))
    assert all(view.shape == picture.shape and view.dtype == np.uint8 for view in views.values())
    assert (views["as it is"] == picture).all()
    for name in MOVES:
        assert (views[f"{name}, mirrored"] == views[name][:, ::-1]).all()
    height, width = picture.shape[:2]
    down, across = max(1, round(SHARE * height)), max(1, round(SHARE * width))
    assert (views["left"][:, : width - across] == picture[:, across:]).all()
    assert (views["right"][:, across:] == picture[:, : width - across]).all()
    assert (views["up"][: height - down] == picture[down:]).all()
    assert (views["down"][down:] == picture[: height - down]).all()
    assert (views["down"][:down] == picture[:1]).all()
