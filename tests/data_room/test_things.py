"""Cut-out pictures on made-up floors, as what is no garment. The pictures here are drawn."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from edgefashion.data import cutout, things
from edgefashion.data.check import check
from edgefashion.data.cutout import SIDE, laid, read_cutout
from edgefashion.data.manifest import write_manifest
from edgefashion.data.sources import open_source
from edgefashion.errors import DataError, ImageError
from edgefashion.runtime.image import prepare
from edgefashion.taxonomy import NO_GARMENT, Taxonomy
from tests.data_room.test_worn import ROWS, street

PLAIN = ("food/pear.png", "food/plum.png", "tools/cutlery/fork.png", "people/bodypart/hand.png")


def thing(path: Path, size: tuple[int, int] = (80, 60), colour: tuple[int, int, int] = (255, 0, 255)) -> Path:
    """A disc in a strange colour, nothing round it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGBA", size, (0, 255, 0, 0))
    ImageDraw.Draw(picture).ellipse((10, 10, size[0] - 10, size[1] - 10), fill=(*colour, 255))
    picture.save(path)
    return path


def test_things_are_found_and_clothes_left_out(tmp_path: Path) -> None:
    for name in (*PLAIN, "people/clothing/rag.png", "food/shoe_with_salt.png", "tools/Red-Hat.png", "signs/stop.png"):
        thing(tmp_path / name)
    (tmp_path / "food" / "notes.txt").write_text("no picture")
    manifest = open_source(f"things:{tmp_path}")
    assert sorted({row.group for row in manifest.rows}) == sorted(PLAIN)
    assert len({row.path for row in manifest.rows}) == len(manifest.rows) == things.VIEWS * len(PLAIN)
    assert len({row.split for row in manifest.rows[: things.VIEWS]}) == 1, "one thing, one side of the split"
    assert {row.type for row in manifest.rows} == {NO_GARMENT}
    assert manifest.labels == (NO_GARMENT,)
    picture = manifest.picture(manifest.rows[0])
    assert isinstance(picture, np.ndarray)
    assert (picture.shape, picture.dtype) == ((SIDE, SIDE, 3), np.uint8)
    assert prepare(picture, 32, 32).shape == (32, 32, 3)


def test_no_folder_has_more_than_its_share_and_its_choice_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(things, "PER_FOLDER", 3)
    for number in range(8):
        thing(tmp_path / "many" / f"{number}.png")
    thing(tmp_path / "few" / "one.png")
    chosen = {row.group for row in open_source(f"things:{tmp_path}").rows}
    assert len(chosen) == 4
    assert "few/one.png" in chosen
    thing(tmp_path / "third" / "new.png")  # of another folder: nothing else moves
    assert chosen < {row.group for row in open_source(f"things:{tmp_path}").rows}


def test_a_thing_lies_on_a_floor_of_its_own_always_the_same(tmp_path: Path) -> None:
    picture = read_cutout(thing(tmp_path / "a.png"))
    first, again, other = laid(picture, "a"), laid(picture, "a"), laid(picture, "b")
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    for picture in (first, other):
        disc = (np.abs(picture.astype(int) - (255, 0, 255)) < 12).all(axis=2)
        assert 0.05 < disc.mean() < 0.75, "the thing is seen, and so is the floor"
        green = (np.abs(picture.astype(int) - (0, 255, 0)) < 40).all(axis=2)
        assert not green.any(), "what is transparent stays unseen, whatever colour it has"


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=20), st.integers(1, 300), st.integers(1, 300))
def test_any_shape_under_any_name_is_laid(name: str, width: int, height: int) -> None:
    assert laid(Image.new("RGBA", (width, height), (200, 30, 30, 255)), name).shape == (SIDE, SIDE, 3)


def test_bad_pictures_are_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "cut.png").write_bytes(thing(tmp_path / "whole.png").read_bytes()[:70])
    Image.new("RGBA", (20, 20), (9, 9, 9, 0)).save(tmp_path / "nothing.png")
    thing(tmp_path / "large.png", (90, 90))
    monkeypatch.setattr(cutout, "MAX_PIXELS", 8000)
    for name, reason in (
        ("empty", "can't be read"), ("cut", "can't be read"), ("large", "has more than 8,000 pixels"),
        ("absent", "can't be read"),
    ):  # fmt: skip
        with pytest.raises(ImageError, match=rf"{name}\.png: {reason}"):
            read_cutout(tmp_path / f"{name}.png")
    with pytest.raises(ImageError, match="nothing: nothing of it is visible"):
        laid(read_cutout(tmp_path / "nothing.png"), "nothing")
    pipeline = pytest.importorskip("edgefashion.training.pipeline")
    found = pipeline.load_pictures(open_source(f"things:{tmp_path}"), 32, 32)
    assert {row.group for row in found.rows} == {"whole.png"}, "what can't be read is skipped, not the end"


def test_what_can_not_be_opened_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(things, "DEBIAN_FOLDER", tmp_path / "absent")
    with pytest.raises(DataError, match="apt-get install openclipart-png"):
        open_source("things")
    with pytest.raises(DataError, match="holds no picture of a thing"):
        open_source(f"things:{tmp_path}")


def test_its_pictures_can_not_be_named_by_a_manifest_file(tmp_path: Path) -> None:
    """Read back, they would be seen without their floors."""
    thing(tmp_path / "a" / "pear.png")
    with pytest.raises(DataError, match="have no files of their own"):
        write_manifest(open_source(f"things:{tmp_path}"), tmp_path / "out.csv")


def test_only_pictures_in_files_can_be_checked(tmp_path: Path) -> None:
    thing(tmp_path / "a" / "pear.png")
    with pytest.raises(DataError, match="are made, not read"):
        check(open_source(f"things:{tmp_path}"))


def test_garments_are_cut_out_along_their_masks(tmp_path: Path) -> None:
    folder = street(tmp_path / "w", ROWS)
    manifest = open_source(f"cut:{folder}")
    assert [(row.path, row.type, row.box) for row in manifest.rows] == [
        ("photos/a.png", "t-shirt", "200 300 300 500"),
        ("photos/c.png", "t-shirt", "200 300 300 500"),
        ("photos/c.png", "hat", "210 200 290 290"),
    ]
    worn = {row.path: row.split for row in open_source(f"worn:{folder}").rows}
    assert {row.path: row.split for row in manifest.rows} == worn, "one photo, one side of the split, as in 'worn'"
    shirt = manifest.picture(manifest.rows[0])
    assert isinstance(shirt, np.ndarray)
    red = (np.abs(shirt.astype(int) - (200, 0, 0)) < 12).all(axis=2)
    grey = (np.abs(shirt.astype(int) - 128) < 3).all(axis=2)
    assert red.mean() > 0.05
    assert grey.mean() < 0.5
    scraps = folder / "garments.csv"
    scraps.write_text(scraps.read_text().replace("20000", "7000"))
    assert [row.type for row in open_source(f"cut:{folder}").rows] == ["hat"]
    scraps.write_text(scraps.read_text().replace("7000", "many"))
    assert [row.type for row in open_source(f"cut:{folder}").rows] == ["hat"], (
        "a damaged number is no garment, no crash"
    )
    (folder / "masks" / "c.png").unlink()
    with pytest.raises(ImageError, match=r"c\.png: can't be read"):
        manifest.picture(manifest.rows[1])
    Image.new("L", (550, 825)).save(folder / "masks" / "c.png")
    with pytest.raises(ImageError, match="its mask has nothing that fills the box"):
        manifest.picture(manifest.rows[1])


def test_drawn_garments_need_no_file() -> None:
    manifest = open_source("drawn")
    assert {row.type for row in manifest.rows} == set(Taxonomy.load("garment").types)
    assert {row.split for row in manifest.rows} == {"train", "validation"}
    first, again = (manifest.picture(manifest.rows[0]) for _ in range(2))
    assert np.array_equal(first, again)
    assert np.shape(first) == (SIDE, SIDE, 3)
    with pytest.raises(DataError, match="takes no folder"):
        open_source("drawn:here")
