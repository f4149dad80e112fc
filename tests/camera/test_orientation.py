"""Rotation, mirroring and where things lie, with a picture that looks different from every side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgefashion.camera.orientation import ROTATIONS, Box, Orientation, place, to_picture, to_view
from edgefashion.errors import CameraError

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 90, 90)


@pytest.fixture
def asymmetric() -> NDArray[np.uint8]:
    """uint8 (4, 6, 3), RGB: red at the top left, green at the top right, blue at the bottom left, else grey."""
    picture = np.full((4, 6, 3), 90, np.uint8)
    picture[0, 0], picture[0, -1], picture[-1, 0] = RED, GREEN, BLUE
    return picture


def corners(pixels: NDArray[np.uint8]) -> list[tuple[int, ...]]:
    """The colours at the top left, top right, bottom right and bottom left."""
    return [tuple(pixels[y, x, :3].tolist()) for y, x in ((0, 0), (0, -1), (-1, -1), (-1, 0))]


@pytest.mark.parametrize(
    ("rotate", "mirror", "expected"),
    [
        (0, False, [RED, GREEN, GREY, BLUE]),
        (90, False, [BLUE, RED, GREEN, GREY]),
        (180, False, [GREY, BLUE, RED, GREEN]),
        (270, False, [GREEN, GREY, BLUE, RED]),
        (0, True, [GREEN, RED, BLUE, GREY]),
        (90, True, [RED, BLUE, GREY, GREEN]),
    ],
)
@pytest.mark.parametrize("alpha", [False, True])
def test_turning(
    rotate: int, mirror: bool, expected: list[tuple[int, ...]], alpha: bool, asymmetric: NDArray[np.uint8]
) -> None:
    before = np.dstack([asymmetric, np.full((4, 6), 255, np.uint8)]) if alpha else asymmetric
    turned = Orientation(rotate, mirror).apply(before)
    assert corners(turned) == expected
    assert turned.shape == ((6, 4, 4) if rotate in (90, 270) else (4, 6, 4))
    assert turned.dtype == np.uint8
    assert turned.flags.c_contiguous
    assert turned.flags.writeable
    assert (turned[:, :, 3] == 255).all()


@pytest.mark.parametrize("turned", [0, 90, 180, 270, -90, 360])
def test_what_the_picture_asks_for_comes_first(turned: int, asymmetric: NDArray[np.uint8]) -> None:
    both = Orientation(90, mirror=True).apply(asymmetric, turned)
    once = Orientation((turned + 90) % 360).apply(asymmetric)
    assert np.array_equal(both, once[:, ::-1])


def test_pictures_that_textures_can_t_take_are_copied(asymmetric: NDArray[np.uint8]) -> None:
    rgba = np.dstack([asymmetric, np.full((4, 6), 255, np.uint8)])
    assert np.shares_memory(Orientation().apply(rgba), rgba), "no copy where none is needed"
    rgba.flags.writeable = False
    padded = np.zeros((4, 8, 4), np.uint8)
    for picture in (rgba, padded[:, :6]):
        result = Orientation().apply(picture)
        assert result.flags.writeable
        assert result.flags.c_contiguous
        assert np.array_equal(result, picture)


@pytest.mark.parametrize("rotate", [1, 45, -90, 360])
def test_other_rotations_are_refused(rotate: int) -> None:
    assert rotate not in ROTATIONS
    with pytest.raises(CameraError, match=f"Received: {rotate}"):
        Orientation(rotate)


def test_contain_and_cover() -> None:
    assert place((640, 480), (800, 480)) == Box(80, 0, 640, 480)
    assert place((640, 480), (800, 480), "cover") == Box(0, -60, 800, 600)
    assert place((480, 640), (800, 480)) == Box(220, 0, 360, 480)
    with pytest.raises(CameraError, match="contain, cover"):
        place((1, 1), (1, 1), "stretch")


def test_a_box_in_a_covering_picture() -> None:
    placed = place((640, 480), (800, 480), "cover")
    assert to_view(Box(0.25, 0.5, 0.5, 0.25), placed) == Box(200, 240, 400, 150)


SIDE = st.integers(1, 4000)
SHARE = st.floats(-1, 2)


@given(SIDE, SIDE, SIDE, SIDE, st.sampled_from(["contain", "cover"]), st.tuples(SHARE, SHARE, SHARE, SHARE))
def test_there_and_back(width: int, height: int, across: int, down: int, aspect: str, box: tuple[float, ...]) -> None:
    placed = place((width, height), (across, down), aspect)
    assert placed.width / placed.height == pytest.approx(width / height)
    inside = placed.width <= across * 1.000001 and placed.height <= down * 1.000001
    outside = placed.width >= across * 0.999999 and placed.height >= down * 0.999999
    assert inside if aspect == "contain" else outside
    assert placed.x * 2 + placed.width == pytest.approx(across)
    assert to_picture(to_view(Box(*box), placed), placed) == pytest.approx(box, abs=1e-6)
