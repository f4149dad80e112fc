"""A contact sheet shows every picture in its place, whatever the pictures and words are like."""

import numpy as np
import pytest

from edgefashion.errors import DataError
from edgefashion.evaluation.contact_sheet import COLUMNS, GAP, MAX_TILES, SIDE, Tile, contact_sheet, thumbnail

RED = np.full((30, 30, 3), (200, 30, 30), np.uint8)
BLUE = np.full((30, 60, 3), (30, 30, 200), np.uint8)


def test_pictures_stand_row_by_row():
    sheet = contact_sheet([Tile(RED, ("1",)), Tile(BLUE, ("2",)), Tile(RED, ("3",))], columns=2)
    pixels = np.asarray(sheet)
    tall = (sheet.height - GAP) // 2
    middle = [
        (GAP + tall * row + SIDE // 2, GAP + (SIDE + GAP) * column + SIDE // 2)
        for row, column in ((0, 0), (0, 1), (1, 0))
    ]
    assert [tuple(int(value) for value in pixels[place]) for place in middle] == [
        (200, 30, 30),
        (30, 30, 200),
        (200, 30, 30),
    ]
    assert tuple(pixels[GAP + tall + SIDE // 2, GAP + SIDE + GAP + SIDE // 2]) == (255, 255, 255)


def test_words_are_cut_to_the_pictures_width():
    short, long = (np.asarray(contact_sheet([Tile(RED, (words,)), Tile(RED, ())])) for words in ("hat", "hat " * 200))
    assert short.shape == long.shape
    gap = slice(GAP + SIDE, GAP + SIDE + GAP)
    assert (long[:, gap] == 255).all()
    assert (long[SIDE + GAP :, GAP : GAP + SIDE] < 128).any()


def test_an_unreadable_picture_leaves_a_square_that_says_so(tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"none")
    pixels = np.asarray(contact_sheet([Tile(bad, ("lost",)), Tile(tmp_path / "gone.png", ("gone",)), Tile(RED, ())]))
    assert tuple(pixels[GAP + SIDE - 5, GAP + SIDE - 5]) == (0xEC, 0xEC, 0xEC)


def test_a_thumbnail_shows_the_whole_picture_on_white():
    pixels = np.asarray(thumbnail(BLUE, 40))
    assert pixels.shape == (40, 40, 3)
    assert tuple(pixels[2, 20]) == (255, 255, 255)
    assert tuple(pixels[20, 1]) == (30, 30, 200)


def test_limits():
    for tiles, columns in (([], COLUMNS), ([Tile(RED, ())] * (MAX_TILES + 1), COLUMNS), ([Tile(RED, ())], 0)):
        with pytest.raises(DataError, match="received"):
            contact_sheet(tiles, columns=columns)
