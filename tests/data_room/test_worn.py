"""The street photos as sources: garments in their boxes, and what is no garment. The photos here are drawn."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edgefashion.data.others import SIDES, STREETS, empty_squares
from edgefashion.data.sources import open_source
from edgefashion.errors import DataError
from edgefashion.runtime.image import prepare
from edgefashion.taxonomy import NO_GARMENT

HEADER = "image,tag_id,tag,type,x0,y0,x1,y1,pixels\n"


def street(folder: Path, rows: str, size: tuple[int, int] = (550, 825)) -> Path:
    """A folder of street photos: grey, with a red garment at 200-300, 300-500 and a brown head above it."""
    (folder / "photos").mkdir(parents=True)
    (folder / "masks").mkdir()
    (folder / "garments.csv").write_text(HEADER + rows, encoding="utf-8")
    for image in dict.fromkeys(line.split(",")[0] for line in rows.splitlines()):
        pixels = np.full((size[1], size[0], 3), 128, np.uint8)
        mask = np.zeros((size[1], size[0]), np.uint8)
        pixels[300:500, 200:300], mask[300:500, 200:300] = (200, 0, 0), 55
        pixels[200:290, 210:290], mask[200:290, 210:290] = (90, 60, 30), 19
        Image.fromarray(pixels).save(folder / "photos" / image)
        Image.fromarray(mask).save(folder / "masks" / f"{Path(image).stem}.png")
    return folder


ROWS = """a.png,56,t-shirt,T-Shirt,200,300,300,500,20000
a.png,19,hair,,210,200,290,290,7200
a.png,3,belt,,210,400,290,410,800
b.png,40,shorts,Shorts,200,300,300,339,100
b.png,33,purse,Handbag of stone,0,0,90,90,100
c.png,50,t-shirt,T-Shirt,200,300,300,500,20000
c.png,20,hat,Hat,210,200,290,290,7200
c.png,19,hair,,210,200,290,290,7200
"""


def test_garments_are_cut_out_with_a_margin(tmp_path: Path) -> None:
    manifest = open_source(f"worn:{street(tmp_path / 'w', ROWS)}")
    assert [(row.path, row.type, row.box) for row in manifest.rows] == [
        ("photos/a.png", "t-shirt", "184 284 316 516"),
        ("photos/c.png", "t-shirt", "184 284 316 516"),
        ("photos/c.png", "hat", "203 193 297 297"),
    ]
    assert manifest.notes == ("1 boxes narrower than 40 pixels and 1 of types that the taxonomy lacks left out",)
    assert len({row.split for row in manifest.rows if row.path == "photos/c.png"}) == 1
    cut = manifest.picture(manifest.rows[0])
    assert isinstance(cut, np.ndarray)
    assert cut.shape == (232, 132, 3)
    assert (cut[16:-16, 16:-16] == (200, 0, 0)).all()
    assert prepare(cut, 20, 20).shape == (20, 20, 3)


def test_others_are_streets_and_bare_heads_on_the_side_of_their_photo(tmp_path: Path) -> None:
    folder = street(tmp_path / "w", ROWS)
    manifest = open_source(f"others:{folder}")
    assert {row.type for row in manifest.rows} == {NO_GARMENT}
    heads = [row.path for row in manifest.rows if row.box == "210 200 290 290"]
    assert heads == ["photos/a.png"], "the head of c wears a hat"
    sides = {row.path: row.split for row in open_source(f"worn:{folder}").rows}
    assert all(sides.get(row.path, row.split) == row.split for row in manifest.rows)
    for row in manifest.rows:
        if row.box != "210 200 290 290":
            cut = manifest.picture(row)
            assert isinstance(cut, np.ndarray)
            assert (cut == 128).all(), "nothing that is labelled"
    assert manifest.rows == open_source(f"others:{folder}").rows


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700), st.text(max_size=8), st.integers(0, 2**32 - 1))
def test_empty_squares_lie_inside_and_are_empty(height: int, width: int, name: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    mask[random.integers(0, height, 3), random.integers(0, width, 3)] = 7
    found = empty_squares(mask, name)
    assert len(found) <= STREETS
    assert found == empty_squares(mask, name)
    for x0, y0, x1, y1 in found:
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert SIDES[0] <= x1 - x0 == y1 - y0 <= SIDES[1]
        assert not mask[y0:y1, x0:x1].any()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a.png,1,x,Hat,0,0,ten,9,1\n", "row 2: x0, y0, x1 and y1 must be whole numbers"),
        ("a.png,1,x,Hat,0,0,-9,9,1\n", "row 2: x0, y0, x1 and y1 must be whole numbers"),
        ("../a.png,1,x,Hat,0,0,9,9,1\n", "row 2: image must be a file name"),
        ("a.png,1,x,Spacesuit,0,0,90,90,1\n", "holds no garment of a known type"),
        ("gone.png,1,x,Hat,0,0,90,90,1\n", "Can't read the picture"),
    ],
)
def test_damaged_tables_are_refused(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "garments.csv").write_text(HEADER + rows, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        open_source(f"worn:{tmp_path}")


def test_missing_and_damaged_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="write worn:FOLDER"):
        open_source("worn")
    with pytest.raises(DataError, match=r"must hold garments\.csv and a folder photos"):
        open_source(f"others:{tmp_path}")
    folder = street(tmp_path / "w", ROWS)
    (folder / "masks" / "a.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match="Can't read the mask"):
        open_source(f"others:{folder}")
