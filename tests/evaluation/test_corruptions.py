"""Each corruption does what its name says, by as much as its level says, the same every time, for any picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgefashion.data.drawn import draw_garment
from edgefashion.errors import DataError
from edgefashion.evaluation.corruptions import CASTS, CORRUPTIONS, LUMINANCE, _mirrored, corrupt

STEPS = [(kind, level) for kind, item in CORRUPTIONS.items() for level in item.levels]
SIDED = {"rotation", "off-centre", "cast", "noise", "hand", "busy background"}
"""Corruptions that leave something to the seed."""


@pytest.fixture(scope="module")
def garment():
    """A blue dress on a plain wall, uint8 (120, 90, 3)."""
    return np.array(draw_garment("dress", 1, (90, 120), "blue", "plain", "wall"))


@pytest.mark.parametrize(("kind", "level"), STEPS)
def test_a_picture_stays_a_picture_and_changes(garment, kind, level):
    before = garment.copy()
    found = corrupt(garment, kind, level, 0, "a.jpg")
    np.testing.assert_array_equal(garment, before)
    height, width, _ = garment.shape
    assert found.shape == ((width, height, 3) if (kind, level) == ("rotation", 90) else garment.shape)
    assert found.dtype == np.uint8
    assert found.shape != garment.shape or (found != garment).any() or (kind, level) == ("low resolution", 128)
    np.testing.assert_array_equal(corrupt(garment, kind, level, 0, "a.jpg"), found)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_seed_and_name_choose_what_the_level_leaves_open(garment, kind):
    level = CORRUPTIONS[kind].levels[1]
    many = {corrupt(garment, kind, level, 0, f"{i}.jpg").tobytes() for i in range(8)}
    assert (len(many) > 1) == (kind in SIDED)
    seeds = {corrupt(garment, kind, level, seed, "a.jpg").tobytes() for seed in range(8)}
    assert (len(seeds) > 1) == (kind in SIDED)


@pytest.mark.parametrize("kind", sorted(set(CORRUPTIONS) - {"rotation", "scale"}))
def test_a_higher_level_changes_more(kind):
    picture = np.array(draw_garment("shirt", 5, (180, 240), "blue", "checked", "sheet"))
    changes = [
        np.mean([np.abs(corrupt(picture, kind, level, 0, str(i)) - picture.astype(float)).mean() for i in range(3)])
        for level in CORRUPTIONS[kind].levels
    ]
    assert changes == sorted(changes)
    assert changes[0] < changes[-1]


def test_the_mild_ones_are_named():
    mild = {kind: item.mild for kind, item in CORRUPTIONS.items() if item.mild is not None}
    assert mild == {"rotation": 15, "off-centre": 0.1, "blur": 0.005, "dim": 1, "cast": 0.25, "jpeg": 40}
    assert all(level in CORRUPTIONS[kind].levels for kind, level in mild.items())


@pytest.mark.parametrize("kind", CORRUPTIONS)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 3))
def test_any_size_and_any_content(kind, height, width, seed):
    random = np.random.default_rng(seed)
    picture = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if seed == 0:
        picture[:] = 0
    for level in CORRUPTIONS[kind].levels:
        found = corrupt(picture, kind, level, seed, "x")
        assert found.dtype == np.uint8
        assert sorted(found.shape) == sorted(picture.shape)


def _place(picture):
    """Centre of what is dark (row, column), and its share of the picture."""
    dark = (230 - picture[..., 0].astype(float)) / 210
    rows, columns = np.indices(dark.shape)
    return (rows * dark).sum() / dark.sum(), (columns * dark).sum() / dark.sum(), dark.mean()


@pytest.fixture
def block():
    """A dark block, 60 × 20, in the middle of a light ground, uint8 (160, 120, 3)."""
    picture = np.full((160, 120, 3), 230, np.uint8)
    picture[50:110, 50:70] = 20
    return picture


def test_the_shift_is_as_long_as_the_level_says(block):
    row, column, share = _place(block)
    for key in "abcdef":
        found = _place(corrupt(block, "off-centre", 0.2, 0, key))
        assert np.hypot(found[0] - row, found[1] - column) == pytest.approx(0.2 * 120, abs=1)
        assert found[2] == pytest.approx(share, rel=0.02)


def test_scale_is_a_factor_of_lengths(block):
    for factor in (0.5, 0.75, 1.25, 1.5):
        row, column, share = _place(corrupt(block, "scale", factor))
        assert share == pytest.approx(_place(block)[2] * factor**2, rel=0.06)
        assert (row, column) == pytest.approx((79.5, 59.5), abs=1)


def test_turns_keep_the_middle_and_the_size(block):
    for degrees in (5, 15, 45):
        for key in "ab":
            turned = corrupt(block, "rotation", degrees, 0, key)
            row, column, share = _place(turned)
            assert (row, column) == pytest.approx((79.5, 59.5), abs=1)
            assert share == pytest.approx(_place(block)[2], rel=0.03)
            assert turned.min() >= 0
            corners = turned[[0, 0, -1, -1], [0, -1, 0, -1]]
            np.testing.assert_array_equal(corners, 230)  # the ground goes on; no black corners
    sides = {np.rot90(block, k).tobytes() for k in (1, 3)}
    assert {corrupt(block, "rotation", 90, 0, key).tobytes() for key in "abcdef"} == sides


def test_a_stop_is_half_the_light():
    grey = np.full((4, 4, 3), 188, np.uint8)  # half of white in linear light
    assert int(corrupt(grey, "dim", 1)[0, 0, 0]) == 137  # a quarter of white
    white = np.full((4, 4, 3), 255, np.uint8)
    assert int(corrupt(white, "dim", 1)[0, 0, 0]) == 188


def test_a_cast_keeps_the_luminance_of_grey():
    grey = np.full((2, 2, 3), 120, np.uint8)
    for key in map(str, range(12)):
        found = corrupt(grey, "cast", 1, 0, key)[0, 0] / 255
        linear = ((found + 0.055) / 1.055) ** 2.4
        assert linear @ LUMINANCE == pytest.approx(((120 / 255 + 0.055) / 1.055) ** 2.4, rel=0.02)
    assert all(len(stops) == 3 for stops in CASTS.values())


def test_noise_has_the_deviation_that_the_level_says():
    grey = np.full((100, 100, 3), 128, np.uint8)
    found = corrupt(grey, "noise", 20).astype(float)
    assert found.std() == pytest.approx(20, rel=0.03)
    assert found.mean() == pytest.approx(128, abs=0.5)


def test_a_jpeg_is_what_the_encoder_makes_of_it(garment, tmp_path):
    Image.fromarray(garment).save(tmp_path / "a.jpg", quality=40, subsampling="4:2:0")
    with Image.open(tmp_path / "a.jpg") as picture:
        np.testing.assert_array_equal(corrupt(garment, "jpeg", 40), np.array(picture))


def test_low_resolution_leaves_nothing_finer(block):
    found = corrupt(block, "low resolution", 32).astype(int)
    assert np.abs(np.diff(found[80, :, 0])).max() < 0.5 * np.abs(np.diff(block[80, :, 0].astype(int))).max()


def test_a_hand_covers_more_the_larger_it_is_and_reaches_the_middle(block):
    for key in "abcd":
        covered = [(corrupt(block, "hand", share, 0, key) != block).any(axis=-1) for share in (0.3, 0.7)]
        assert 0.01 < covered[0].mean() < covered[1].mean() < 0.6
        assert covered[0][50:110, 30:90].any()
        edge = np.concatenate([covered[1][0], covered[1][-1], covered[1][:, 0], covered[1][:, -1]])
        assert edge.any()  # the arm comes from outside


@pytest.mark.parametrize("ground", ["wall", "wood", "sheet"])
def test_a_busy_ground_lies_behind_the_garment(ground):
    picture = np.array(draw_garment("t-shirt", 3, (180, 240), "red", "plain", ground))
    changed = np.abs(corrupt(picture, "busy background", 1, 0, "k").astype(int) - picture).max(axis=-1) > 12
    assert changed[:, :12].mean() > 0.6
    assert changed[90:150, 70:110].mean() < 0.1


@given(st.integers(0, 50), st.integers(1, 30), st.integers(0, 50), st.integers(1, 40))
def test_what_is_continued_comes_from_the_nearest_band(before, size, after, band):
    found = _mirrored(before, size, after, band)
    assert len(found) == before + size + after
    np.testing.assert_array_equal(found[before : before + size], np.arange(size))
    assert (found[:before] < band).all()
    assert (found[before + size :] >= size - band).all()
    assert found.min() >= 0
    assert found.max() < size
    assert np.abs(np.diff(found)).max(initial=0) <= 1  # no seam


@pytest.mark.parametrize(
    ("picture", "name", "said"),
    [
        (np.zeros((4, 4, 3), np.uint8), "fog", "Unknown corruption 'fog'. Known: rotation,"),
        (np.zeros((4, 4), np.uint8), "blur", "must be uint8 RGB"),
        (np.zeros((4, 4, 3), np.float32), "blur", "Received: float32"),
        (np.zeros((0, 4, 3), np.uint8), "blur", "must be uint8 RGB"),
    ],
)
def test_what_is_no_picture_is_refused(picture, name, said):
    with pytest.raises(DataError, match=said.replace("(", r"\(")):
        corrupt(picture, name, 1)
