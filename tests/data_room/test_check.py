import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgefashion.data.check import check
from edgefashion.data.drawn import draw_garment
from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.picture_facts import MIN_SIDE, picture_facts
from edgefashion.data.sources import open_source
from edgefashion.errors import MissingExtraError

Draw = Callable[..., Path]


def test_a_clean_folder_is_clean(tmp_path: Path, draw: Draw) -> None:
    for seed in range(6):
        draw(f"dress/{seed}.png", "dress", seed)
        draw(f"pants/{seed + 20}.jpg", "pants", seed)
    done: list[int] = []
    report = check(open_source(str(tmp_path)), done.append)
    assert sum(done) == report.pictures == 12
    assert report.usable
    assert [report.unreadable, report.exact, report.near] == [{}, (), ()]
    assert report.leaking_groups == report.leaking_pictures == ()
    assert not any(report.kinds.values())
    assert {label: sum(counts.values()) for label, counts in report.counts.items()} == {"dress": 6, "pants": 6}
    assert report.label_groups == {"dress": 6, "pants": 6}
    assert json.loads(json.dumps(report.to_dict()))["groups"]["number"] == 12


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("grey.png", "grey"),
        ("grey-as-rgb.jpg", "grey"),
        ("print.jpg", "cmyk"),
        ("deep.png", "16-bit"),
        ("deep-rgb.png", "16-bit"),
        ("deep.tif", "16-bit"),
        ("moving.gif", "animated"),
        ("turned.jpg", "rotated"),
        ("small.png", "tiny"),
        ("plain.jpg", ""),
    ],
)
def test_each_kind_of_picture_is_recognised(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    drawn = draw_garment("dress", 2, 96, colour="red", ground="wood")
    if name == "grey.png":
        drawn.convert("L").save(path)
    elif name == "grey-as-rgb.jpg":
        drawn.convert("L").convert("RGB").save(path)
    elif name == "print.jpg":
        drawn.convert("CMYK").save(path)
    elif name in ("deep.png", "deep.tif"):
        Image.fromarray(np.asarray(drawn.convert("L")).astype(np.uint16) * 257).save(path)
    elif name == "deep-rgb.png":
        path.write_bytes(png_of_16_bits(np.asarray(drawn).astype(np.uint16) * 257))
    elif name == "moving.gif":
        drawn.save(path, save_all=True, append_images=[draw_garment("hat", 1, 96)])
    elif name == "turned.jpg":
        exif = Image.Exif()
        exif[0x0112] = 6
        drawn.save(path, exif=exif)
    elif name == "small.png":
        drawn.resize((200, MIN_SIDE - 1)).save(path)
    else:
        drawn.save(path)
    facts = picture_facts(path)
    assert facts.reason == ""
    assert (kind in facts.kinds) if kind else not facts.kinds


def png_of_16_bits(array: np.ndarray) -> bytes:
    """An RGB PNG with 16 bits per channel, which Pillow reads but doesn't write."""
    import struct
    import zlib

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    height, width, _ = array.shape
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def test_unreadable_pictures_are_reported_and_stop_nothing(tmp_path: Path, draw: Draw) -> None:
    whole = draw("dress/1.jpg", "dress", 1)
    draw("pants/2.jpg", "pants", 1)
    (tmp_path / "dress" / "half.jpg").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (tmp_path / "dress" / "empty.png").touch()
    (tmp_path / "dress" / "text.png").write_text("not a picture")
    (tmp_path / "pants" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    report = check(open_source(str(tmp_path)))
    assert set(report.unreadable) == {"dress/half.jpg", "dress/empty.png", "dress/text.png", "pants/gone.jpg"}
    assert all(reason and "\n" not in reason for reason in report.unreadable.values())
    assert "No such file" in report.unreadable["pants/gone.jpg"]
    assert report.usable
    assert any("one readable picture" in text and "dress, pants" in text for text in report.warnings)


def test_duplicates_and_leaks_are_found(tmp_path: Path, draw: Draw) -> None:
    first = draw("train/dress/anna/1.png", "dress", 1, 256)
    for seed in range(2, 8):
        draw(f"train/pants/ben{seed}/{seed}.png", "pants", seed, 256)
    (tmp_path / "test" / "dress" / "cleo").mkdir(parents=True)
    shutil.copy(first, tmp_path / "test" / "dress" / "cleo" / "copy.png")
    draw("test/pants/ben2/9.png", "pants", 30, 256)
    (tmp_path / "train" / "hat").mkdir()
    with Image.open(tmp_path / "train/pants/ben3/3.png") as picture:
        picture.resize((180, 200)).save(tmp_path / "train/hat/anew.jpg", quality=70)
    report = check(open_source(str(tmp_path)))
    assert report.exact == (("test/dress/cleo/copy.png", "train/dress/anna/1.png"),)
    assert report.near == (("train/hat/anew.jpg", "train/pants/ben3/3.png"),)
    assert report.relabelled == report.near
    assert report.leaking_pictures == report.exact
    assert report.leaking_groups == ("ben2",)
    assert report.usable


def test_a_copy_of_an_exact_copy_joins_its_near_ones_in_a_leak(tmp_path: Path, draw: Draw) -> None:
    """Three files of one photo: two equal in train, a third, saved anew, in test. All three are one leak."""
    first = draw("train/dress/1.png", "dress", 4, 200)
    shutil.copy(first, tmp_path / "train" / "dress" / "2.png")
    (tmp_path / "test" / "dress").mkdir(parents=True)
    with Image.open(first) as picture:
        picture.save(tmp_path / "test" / "dress" / "3.jpg", quality=85)
    draw("train/hat/4.png", "hat", 1, 200)
    report = check(open_source(str(tmp_path)))
    assert [len(cluster) for cluster in report.leaking_pictures] == [3]


@pytest.mark.parametrize(
    ("places", "problem"),
    [
        (("dress/1.png", "dress/2.png"), "one label only"),
        ((), "no labelled picture"),
        (("BAD",), "none of its pictures"),
    ],
)
def test_what_cannot_be_used_is_called_so(tmp_path: Path, draw: Draw, places: tuple[str, ...], problem: str) -> None:
    rows = []
    for number, place in enumerate(places):
        if place != "BAD":
            draw(place, "dress", number)
        rows.append(Row(place, "dress", str(number), "train"))
    report = check(Manifest("m", tuple(rows), ("dress", "hat"), tmp_path))
    assert not report.usable
    assert problem in report.problems[0]


def test_missing_splits_are_warned_of(tmp_path: Path, draw: Draw) -> None:
    rows = [
        ("a.png", "dress", "train"),
        ("b.png", "hat", "validation"),
        ("c.png", "dress", "train"),
        ("d.png", "hat", "test"),
    ]
    for number, (place, label, _) in enumerate(rows):
        draw(place, label, number)
    made = tuple(Row(place, label, place, split) for place, label, split in rows)
    warnings = check(Manifest("m", made, ("dress", "hat", "skirt"), tmp_path)).warnings
    assert any("without a readable picture: skirt" in text for text in warnings)
    assert any(text.startswith("in train: ") and "hat" in text for text in warnings)
    assert any(text.startswith("in validation: ") and "dress" in text for text in warnings)


def test_arrays_are_checked_for_exact_copies() -> None:
    random = np.random.default_rng(1)
    arrays = random.integers(0, 256, (6, 28, 28), dtype=np.uint8)
    arrays[5] = arrays[0]
    splits = ["train"] * 3 + ["validation"] * 2 + ["test"]
    rows = tuple(Row(str(n), "hat" if n % 2 else "dress", str(n), split) for n, split in enumerate(splits))
    report = check(Manifest("m", rows, ("dress", "hat"), arrays=arrays))
    assert report.exact == report.leaking_pictures == report.relabelled == (("0", "5"),)
    assert report.near is None
    assert json.loads(json.dumps(report.to_dict()))["duplicates"] == {"exact": [["0", "5"]], "near": None}
    assert [kind for kind, paths in report.kinds.items() if len(paths) == 6] == ["tiny", "grey"]


def test_the_missing_package_is_named(tmp_path: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    draw("dress/1.png", "dress", 1)
    monkeypatch.setitem(sys.modules, "imagehash", None)
    with pytest.raises(MissingExtraError, match=r"edgefashion\[data\]"):
        check(open_source(str(tmp_path)))


def test_ctrl_c_does_not_wait_for_the_rest(tmp_path: Path, draw: Draw) -> None:
    first = draw("dress/1.png", "dress", 1)
    rows = []
    for number in range(400):
        (tmp_path / f"{number}.png").hardlink_to(first)
        rows.append(Row(f"{number}.png", "dress", str(number), "train"))
    seen: list[int] = []

    def stop(done: int) -> None:
        seen.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(Manifest("m", tuple(rows), ("dress",), tmp_path), stop)
    assert seen == [1]


def test_the_clothing_photos_hold_no_leak(clothing_folder: Path) -> None:
    """Only the contributors of the one known pair are looked at, to be quick; `data check` looks at all."""
    manifest = open_source(f"clothing:{clothing_folder}")
    some = [position for position, row in enumerate(manifest.rows) if row.group in ("37", "287")]
    report = check(manifest.take(some))
    assert report.near is not None
    assert [len(cluster) for cluster in report.near] == [2, 2]
    assert not report.leaking_pictures
    assert not report.unreadable
