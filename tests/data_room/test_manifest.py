import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edgefashion.data import manifest as module
from edgefashion.data.manifest import Manifest, Row, parse_manifest, read_manifest, write_manifest
from edgefashion.data.split import SPLITS
from edgefashion.errors import DataError, ImageError

GOOD = b"path,type,group,split\na.jpg,dress,anna,train\nb.jpg,hat,ben,validation\n"
clean = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(str.strip).filter(bool)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "m.csv"
    path.write_bytes(content)
    return path


def test_reads_rows_labels_and_paths(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, GOOD))
    assert manifest.rows[1] == Row("b.jpg", "hat", "ben", "validation")
    assert manifest.labels == ("dress", "hat")
    assert manifest.name == "m"
    assert manifest.picture(manifest.rows[0]) == tmp_path / "a.jpg"
    assert manifest.truth.tolist() == [0, 1]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.rstrip(b"\n"),
        GOOD.replace(b"\n", b"\n\n"),
        GOOD.replace(b"a.jpg", b'"a.jpg"').replace(b",anna,", b' , "anna" ,').replace(b' "anna" ', b" anna "),
        b"split,group,type,path\ntrain,anna,dress,a.jpg\nvalidation,ben,hat,b.jpg",
    ],
    ids=["mark", "crlf", "no end", "blank lines", "quotes and blanks", "other order"],
)
def test_forgives_what_spreadsheets_do(content: bytes) -> None:
    assert parse_manifest(content) == parse_manifest(GOOD)


def test_reads_attributes_and_quoted_commas() -> None:
    content = b'path,type,group,split,colour,pattern,detail\n"a, b.jpg",dress,anna,test,red,dotted,long\n'
    assert parse_manifest(content) == (Row("a, b.jpg", "dress", "anna", "test", "red", "dotted", "long"),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "lacks the column 'path'"),
        (b"path,type,split\n", "lacks the column 'group'"),
        (b"path,type,group,split,color\n", "unknown column 'color'"),
        (b"path,type,group,split,type\n", "'type' twice"),
        (GOOD.replace(b"hat", b""), "row 3: the column 'type' is empty"),
        (GOOD.replace(b"ben", b"  "), "row 3: the column 'group' is empty"),
        (
            GOOD.replace(b"validation", b"valid"),
            "row 3: split must be one of train, validation, test; received 'valid'",
        ),
        (GOOD + b"./a.jpg,hat,x,train\n", "row 4: './a.jpg' is already in row 2"),
        (GOOD + b"../a.jpg,hat,x,train\n", "row 4: A relative path must stay"),
        (GOOD + b"x/../../a.jpg,hat,x,train\n", "row 4: A relative path must stay"),
        (GOOD + b"..\\a.jpg,hat,x,train\n", "row 4: A relative path must stay"),
        (GOOD + b"c.jpg,hat\n", "row 4: must have 4 values like the header; received 2"),
        (GOOD + b"c.jpg,hat,a,train,5\n", "received 5"),
        (GOOD + b"c.jpg,hat,a\0,train\n", "row 4: holds a NUL"),
        (GOOD + b'c.jpg,"ha\nt",a,train\n', "row 4: 'type' holds a control character"),
        (GOOD + b'c.jpg,"hat,a,train\n', "row 4: is not CSV"),
        (GOOD + b"c.jpg," + b"h" * 300 + b",a,train\n", "row 4: 'type' may have 200 characters; received 300"),
        (GOOD + b"c.jpg," + b"h" * 200_000 + b",a,train\n", "row 4: is not CSV"),
        (GOOD.decode().encode("utf-16"), "is not UTF-8 text"),
        (GOOD + b"\xe9.jpg,hat,a,train\n", "is not UTF-8 text"),
    ],
)
def test_says_what_is_wrong_and_where(content: bytes, message: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_manifest(content)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: ("path,type,group,split\n" + text).encode()))
def test_any_bytes_give_rows_or_a_data_error(content: bytes) -> None:
    try:
        rows = parse_manifest(content)
    except DataError:
        return
    assert all(row.path and row.type and row.group and row.split in SPLITS for row in rows)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.builds(Row, clean.map(lambda name: f"p/{name}".replace("\\", "_")), clean, clean, st.sampled_from(SPLITS)),
        unique_by=lambda row: os.path.normpath(row.path),
        max_size=8,
    )
)
def test_what_is_written_is_read_back(rows: list[Row]) -> None:
    import tempfile

    try:
        for row in rows:
            module.resolve_path(row.path, Path())
    except DataError:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = Manifest("m", tuple(rows), tuple(sorted({row.type for row in rows})), folder)
        again = read_manifest(write_manifest(manifest, folder / "n.csv"))
        assert [(row.type, row.group, row.split) for row in again.rows] == [
            (row.type, row.group, row.split) for row in rows
        ]
        assert [again.picture(row) for row in again.rows] == [
            Path(os.path.normpath(folder / row.path)) for row in rows
        ]  # fmt: skip


def test_writing_moves_paths_and_overwrites_only_when_asked(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, GOOD))
    inside = write_manifest(manifest, tmp_path / "n.csv")
    assert inside.read_text().splitlines()[1] == "a.jpg,dress,anna,train,,,,"
    elsewhere = read_manifest(write_manifest(manifest, tmp_path / "other" / "n.csv"))
    assert elsewhere.picture(elsewhere.rows[0]) == tmp_path / "a.jpg"
    with pytest.raises(DataError, match="exists already"):
        write_manifest(manifest.select("train"), inside)
    assert len(read_manifest(inside).rows) == 2
    write_manifest(manifest.select("train"), inside, overwrite=True)
    assert len(read_manifest(inside).rows) == 1


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    manifest = read_manifest(write(tmp_path, GOOD))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left"):
        write_manifest(manifest, tmp_path / "n.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]


def test_the_digest_knows_rows_but_not_their_order_or_place(tmp_path: Path) -> None:
    rows = parse_manifest(GOOD)
    one = Manifest("one", rows, ("dress", "hat"), tmp_path)
    assert one.digest == Manifest("two", rows[::-1], ("hat", "dress"), tmp_path / "else").digest
    changed = (rows[0], Row("b.jpg", "hat", "ben", "train"))
    assert one.digest != Manifest("one", changed, ("dress", "hat"), tmp_path).digest
    # Values that only look alike when they are joined.
    assert (
        Manifest("a", (Row("a", "b", "c,d", "train"),), ("b",)).digest
        != Manifest("a", (Row("a", "b,c", "d", "train"),), ("b,c",)).digest
    )


def test_kids_are_read_and_written_and_leave_the_digest_alone(tmp_path: Path) -> None:
    """The digests in shipped cards are older than the column."""
    content = b"path,type,group,split,colour,kids\na.jpg,dress,anna,train,red,true\nb.jpg,hat,ben,test,,\n"
    manifest = read_manifest(write(tmp_path, content))
    assert [row.kids for row in manifest.rows] == ["true", ""]
    without = Manifest("m", tuple(replace(row, kids="") for row in manifest.rows), manifest.labels)
    assert manifest.digest == without.digest
    assert manifest.digest == "146e75698896fbf88d3e71cf2070f9ce5baa36a1c962332fb8124a9a38e5d2f1"
    assert read_manifest(write_manifest(manifest, tmp_path / "n.csv")).rows == manifest.rows


def test_select_keeps_labels_and_arrays_together() -> None:
    arrays = np.arange(3 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(3, 28, 28)
    rows = tuple(Row(str(number), "hat", str(number), split) for number, split in enumerate(SPLITS))
    manifest = Manifest("m", rows, ("dress", "hat"), arrays=arrays)
    chosen = manifest.select("test", "train")
    assert [row.path for row in chosen.rows] == ["0", "2"]
    assert chosen.labels == ("dress", "hat")
    assert np.array_equal(chosen.picture(chosen.rows[1]), arrays[2])
    assert chosen.arrays is not None
    assert np.array_equal(chosen.arrays, arrays[[0, 2]])
    assert chosen.digest != manifest.digest
    with pytest.raises(DataError, match="one of train"):
        manifest.select("training")
    with pytest.raises(DataError, match="no picture '1'"):
        chosen.picture(rows[1])
    with pytest.raises(DataError, match="no files"):
        write_manifest(manifest, "never.csv")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no labelled picture"),
        ([("hat", "train"), ("hat", "validation")], "one label only"),
        ([("hat", "train"), ("dress", "validation")], "no training picture of 'dress'"),
        ([("hat", "train"), ("dress", "train")], "no validation picture"),
    ],
)
def test_what_cannot_be_trained_is_refused(rows: list[tuple[str, str]], message: str) -> None:
    made = tuple(Row(str(number), label, str(number), split) for number, (label, split) in enumerate(rows))
    manifest = Manifest("m", made, ("dress", "hat"))
    with pytest.raises(DataError, match=message):
        manifest.require_trainable()


def test_a_manifest_that_contradicts_itself_is_refused() -> None:
    row = Row("a", "hat", "a", "train")
    with pytest.raises(DataError, match="not among its labels"):
        Manifest("m", (row,), ("dress",))
    with pytest.raises(DataError, match="must differ"):
        Manifest("m", (row,), ("hat", "hat"))
    with pytest.raises(DataError, match="one per row"):
        Manifest("m", (row,), ("hat",), arrays=np.zeros((2, 28, 28), np.uint8))


def test_files_that_are_not_there_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_manifest(tmp_path / "none.csv")
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 10)
    with pytest.raises(DataError, match="larger than 10 bytes"):
        read_manifest(write(tmp_path, GOOD))


def test_a_box_cuts_the_upright_picture_and_enters_the_digest(tmp_path: Path) -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[2:6, 10:25] = (10, 200, 30)
    turned = Image.fromarray(np.rot90(pixels))  # as a phone stores it: lying on its side, with a note to turn it
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "a.png", exif=exif)
    (tmp_path / "m.csv").write_text(
        "path,type,group,split,box\na.png,hat,anna,train,10 2 25 6\na.png,dress,anna,train,0 0 5 5\n", encoding="utf-8"
    )
    manifest = read_manifest(tmp_path / "m.csv")
    cut = manifest.picture(manifest.rows[0])
    assert isinstance(cut, np.ndarray)
    assert cut.shape == (4, 15, 3)
    assert (cut == (10, 200, 30)).all()
    assert read_manifest(write_manifest(manifest, tmp_path / "out.csv")).rows == manifest.rows
    moved = Manifest("m", (replace(manifest.rows[0], box="10 2 25 7"), manifest.rows[1]), manifest.labels, tmp_path)
    assert moved.digest != manifest.digest
    outside = replace(manifest.rows[0], box="10 2 25 21")
    with pytest.raises(ImageError, match="the box 10 2 25 21 is not in it"):
        manifest.picture(outside)


@pytest.mark.parametrize("box", ["1 2 3", "1 2 3 4 5", "a 0 9 9", "-1 0 9 9", "5 0 5 9", "0 9 9 9", "0 0 9999999 9"])
def test_a_box_must_be_one(box: str) -> None:
    with pytest.raises(DataError, match=r"row 2: A box"):
        parse_manifest(f"path,type,group,split,box\na.jpg,hat,anna,train,{box}\n".encode())


def test_the_same_picture_may_appear_once_a_box() -> None:
    row = "a.jpg,hat,anna,train,0 0 9 9\n"
    with pytest.raises(DataError, match="already in row 2"):
        parse_manifest(f"path,type,group,split,box\n{row}{row}".encode())
