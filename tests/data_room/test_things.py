"""Cut-out pictures on made-up floors, as what is no garment. The pictures here are drawn."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from edgefashion.data import cutout, things
from edgefashion.data.cutout import SIDE, laid
from edgefashion.data.manifest import write_manifest
from edgefashion.data.sources import open_source
from edgefashion.errors import DataError, ImageError
from edgefashion.runtime.image import prepare
from edgefashion.taxonomy import NO_GARMENT

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
    assert sorted(row.path for row in manifest.rows) == sorted(PLAIN)
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
    chosen = [row.path for row in open_source(f"things:{tmp_path}").rows]
    assert (len(chosen), chosen[0]) == (4, "few/one.png")
    thing(tmp_path / "third" / "new.png")  # of another folder: nothing else moves
    assert set(chosen) < {row.path for row in open_source(f"things:{tmp_path}").rows}


def test_a_thing_lies_on_a_floor_of_its_own_always_the_same(tmp_path: Path) -> None:
    path = thing(tmp_path / "a.png")
    first, again, other = laid(path, "a"), laid(path, "a"), laid(path, "b")
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
    with TemporaryDirectory() as folder:
        path = Path(folder) / "block.png"
        Image.new("RGBA", (width, height), (200, 30, 30, 255)).save(path)
        assert laid(path, name).shape == (SIDE, SIDE, 3)


def test_bad_pictures_are_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "cut.png").write_bytes(thing(tmp_path / "whole.png").read_bytes()[:70])
    Image.new("RGBA", (20, 20), (9, 9, 9, 0)).save(tmp_path / "nothing.png")
    thing(tmp_path / "large.png", (90, 90))
    monkeypatch.setattr(cutout, "MAX_PIXELS", 8000)
    for name, reason in (
        ("empty", "can't be read"), ("cut", "can't be read"), ("nothing", "nothing of it is visible"),
        ("large", "has more than 8,000 pixels"), ("absent", "can't be read"),
    ):  # fmt: skip
        with pytest.raises(ImageError, match=rf"{name}\.png: {reason}"):
            laid(tmp_path / f"{name}.png", name)


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
