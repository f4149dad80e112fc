"""Garments on other floors: masks from maps of what stands out, floors from what is empty, and the mixing of both."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tf_keras", reason="the extra train is not installed")

import tensorflow as tf

from edgefashion.data.manifest import Row
from edgefashion.errors import DataError
from edgefashion.training.floors import Floors, _largest_rectangle, cut, find_floors, floor_of
from edgefashion.training.loop import run_stage
from edgefashion.training.pipeline import Pictures
from edgefashion.training.recipe import Augment
from tests.models.tiny import tiny_checkpoint
from tests.training.stages import SCHEDULE, SMALL, pictures, stage

GARMENT, GROUND = np.array([200, 30, 40], np.uint8), np.array([20, 120, 220], np.uint8)


def _salience(low=60, high=220):
    """A square that stands out, left of the middle."""
    told = np.full((64, 64), low, np.uint8)
    told[16:48, 8:40] = high
    return told


def _photo(side=128):
    photo = np.tile(GROUND, (side, side, 1))
    photo[side // 4 : side * 3 // 4, side // 8 : side * 5 // 8] = GARMENT
    return photo


def test_what_stands_out_is_the_garment():
    mask = cut(_salience())
    assert (mask[17:47, 9:39] == 255).all()
    assert (mask[:15] == 0).all()
    assert (mask[:, 41:] == 0).all()


def test_a_weak_map_is_stretched_before_it_is_cut():
    np.testing.assert_array_equal(cut(_salience(80, 150)), cut(_salience(10, 240)))


@pytest.mark.parametrize(
    "salience",
    [np.full((64, 64), 90, np.uint8), _salience(100, 130), np.pad(np.full((4, 8), 255, np.uint8), ((30, 30), (28, 28))),
     np.pad(np.full((62, 63), 255, np.uint8), ((0, 2), (0, 1)))],
    ids=["flat", "hardly anything", "a speck", "all of the picture"],
)  # fmt: skip
def test_a_map_that_does_not_tell_is_not_believed(salience):
    assert cut(salience) is None


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=6))
def test_no_rectangle_is_larger(cells):
    empty = np.array(cells)
    top, left, bottom, right = _largest_rectangle(empty)
    assert empty[top:bottom, left:right].all()
    rows, columns = empty.shape
    largest = max(
        ((b - t) * (r - lf) for t in range(rows) for b in range(t + 1, rows + 1) for lf in range(columns)
         for r in range(lf + 1, columns + 1) if empty[t:b, lf:r].all()),
        default=0,
    )  # fmt: skip
    assert (bottom - top) * (right - left) == largest


def test_a_floor_has_nothing_of_the_garment():
    floor = floor_of(_photo(), cut(_salience()))
    assert floor.shape == (128, 128, 3)
    assert (floor == GROUND).all()


def test_a_floor_is_mirrored_where_it_ends():
    photo = _photo()
    photo[:, 100:] = np.arange(28, dtype=np.uint8)[None, :, None]
    floor = floor_of(photo, cut(_salience()))
    columns = floor[0, :, 0].tolist()
    start = columns.index(27)
    assert columns[start : start + 4] == [27, 27, 26, 25]


def test_no_floor_in_a_full_picture():
    salience = np.full((64, 64), 230, np.uint8)
    salience[:10] = 0
    assert floor_of(_photo(), cut(salience)) is None


def _floors():
    masks = np.stack([cut(_salience()), np.full((64, 64), 255, np.uint8)])
    floors = np.stack([np.full((128, 128, 3), value, np.uint8) for value in (10, 250)])
    return Floors(masks, floors)


def test_the_garment_stays_and_the_floor_goes():
    photos = np.stack([_photo(), _photo()])
    laid = _floors().lay(photos, np.array([0, 0]), 1.0, (1, 2))
    assert (laid[:, 40:88, 24:72] == GARMENT).all()
    assert np.isin(laid[:, :24], (10, 250)).all()
    assert np.isin(laid[:, :, 96:], (10, 250)).all()
    assert (photos == np.stack([_photo(), _photo()])).all(), "the pictures themselves stay as they are"


def test_a_picture_without_a_mask_stays_as_it_is():
    photos = np.stack([_photo(), _photo()])
    laid = _floors().lay(photos, np.array([1, 0]), 1.0, (1, 2))
    np.testing.assert_array_equal(laid[0], photos[0])
    assert (laid[1] != photos[1]).any()


def test_seed_and_share_decide():
    photos, index = np.stack([_photo()] * 200), np.zeros(200, np.int64)
    first, again, other = (_floors().lay(photos, index, 0.3, seed) for seed in ((4, 7), (4, 7), (4, 8)))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    changed = (first != photos).any(axis=(1, 2, 3)).mean()
    assert 0.2 < changed < 0.4
    np.testing.assert_array_equal(_floors().lay(photos, index, 0.0, (4, 7)), photos)


class Watching:
    """A teacher that notes how bright the pictures are that it is asked about; says nothing of them."""

    def __init__(self):
        self.seen = []

    def __call__(self, images, training=False):
        def note(values):
            self.seen.append(values)
            return np.zeros((len(values), 3), np.float32)

        return tf.ensure_shape(tf.numpy_function(note, [tf.reduce_mean(images, (1, 2, 3))], tf.float32), (None, 3))


def test_the_network_sees_other_floors_and_its_teacher_does_not(tmp_path):
    """Black pictures on white floors, all of each: the network's loss tells that it saw white, the teacher black."""
    train = pictures(16)
    black = dataclasses.replace(train, images=np.zeros_like(train.images))
    mask = np.zeros((16, 64, 64), np.uint8)
    floors = Floors(mask, np.full((1, *train.images.shape[1:]), 255, np.uint8))
    plain = {
        "schedule": dataclasses.replace(SCHEDULE, epochs=1, learning_rate=0.0),
        "plan": Augment(flip=False, floor=1.0),
    }
    teacher = Watching()
    changes = {"train": black, "tune": None, "teacher": teacher, "weight": 0.5, **plain}
    laid = run_stage(tiny_checkpoint(spec=SMALL).model(), stage(tmp_path / "a.npz", floors=floors, **changes))
    assert len(teacher.seen) == 2
    assert np.all(np.concatenate(teacher.seen) == -1.0)
    bare = run_stage(tiny_checkpoint(spec=SMALL).model(), stage(tmp_path / "b.npz", **changes))
    white = dataclasses.replace(black, images=np.full_like(train.images, 255))
    expected = run_stage(tiny_checkpoint(spec=SMALL).model(), stage(tmp_path / "c.npz", **{**changes, "train": white}))
    assert laid[0]["loss"] == pytest.approx(expected[0]["loss"], rel=1e-4)
    weaker = {**changes, "plan": Augment(flip=False)}
    off = run_stage(tiny_checkpoint(spec=SMALL).model(), stage(tmp_path / "d.npz", floors=floors, **weaker))
    assert off[0]["loss"] == pytest.approx(bare[0]["loss"], rel=1e-4), "a recipe that asks for none gets none"
    assert laid[0]["loss"] != pytest.approx(bare[0]["loss"], rel=1e-3)


def _two(second="hat"):
    """Two photos, of which the first is cut out."""
    rows = (Row("a.jpg", "dress", "g", "train"), Row("b.jpg", second, "g", "train", box="1 2 3 4"))
    return Pictures(np.stack([_photo(), _photo()]), np.arange(2), rows)


def test_masks_of_a_run_that_goes_on_are_not_made_again(tmp_path):
    asked = []

    def salience(picture):
        asked.append(picture.shape)
        return _salience()

    kept = tmp_path / "state" / "masks.npz"
    first, again, other = (find_floors(both, both.rows[:1], salience, kept) for both in (_two(), _two(), _two("skirt")))
    assert asked == [(128, 128, 3)], "the rows that are cut out are the same in all of them"
    for found in (first, again, other):
        np.testing.assert_array_equal(found.masks[0], cut(_salience()))
        assert (found.masks[1] == 255).all()
        assert found.floors.shape == (1, 128, 128, 3)
    find_floors(_two(), _two().rows, salience, kept)
    assert len(asked) == 3, "two pictures are wanted now"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut short"], ids=["empty", "other", "short"])
def test_damaged_masks_are_made_again(tmp_path, content):
    kept = tmp_path / "masks.npz"
    kept.write_bytes(content)
    found = find_floors(_two(), _two().rows[:1], lambda picture: _salience(), kept)
    np.testing.assert_array_equal(np.load(kept)["masks"], found.masks)


def test_photos_without_any_floor(tmp_path):
    with pytest.raises(DataError, match="none has one"):
        find_floors(_two(), _two().rows, lambda picture: np.full((64, 64), 9, np.uint8), tmp_path / "masks.npz")
