from collections import Counter
from pathlib import Path

import pytest

from edgefashion.data.clothing import CLOTHING_SALT, SAME_PERSON
from edgefashion.data.manifest import write_manifest
from edgefashion.data.sources import open_source
from edgefashion.data.split import split_of
from edgefashion.errors import DataError

HEADER = "image,contributor,label,checked_label,kids,colour,pattern,detail,ten_class,ten_class_split\n"


def touch(root: Path, *places: str) -> Path:
    for place in places:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).touch()
    return root


def test_a_folder_of_folders(tmp_path: Path) -> None:
    touch(tmp_path, "hat/1.jpg", "dress/anna/1.PNG", "dress/anna/deep/2.webp", "dress/.hidden.jpg", ".git/x.jpg")
    touch(tmp_path, "dress/notes.txt", "readme.md", "hat/Thumbs.db")
    (tmp_path / "empty").mkdir()
    manifest = open_source(str(tmp_path))
    assert [(row.path, row.type, row.group) for row in manifest.rows] == [
        ("dress/anna/1.PNG", "dress", "anna"),
        ("dress/anna/deep/2.webp", "dress", "anna"),
        ("hat/1.jpg", "hat", "1"),
    ]
    assert all(row.split == split_of(row.group) for row in manifest.rows)
    assert manifest.labels == ("dress", "hat")
    assert manifest.notes == (
        "2 files skipped: no picture by their name",
        "1 files skipped: they lie beside the label folders",
        "label folders without a picture left out: empty",
    )


def test_given_splits_are_honoured(tmp_path: Path) -> None:
    touch(tmp_path, "train/hat/1.jpg", "val/hat/1.jpg", "test/dress/ben/1.jpg", "train/stray.jpg")
    manifest = open_source(str(tmp_path))
    found = {row.path: (row.type, row.split, row.group) for row in manifest.rows}
    assert found == {
        "train/hat/1.jpg": ("hat", "train", "train/hat/1.jpg"),
        "val/hat/1.jpg": ("hat", "validation", "val/hat/1.jpg"),
        "test/dress/ben/1.jpg": ("dress", "test", "ben"),
    }
    assert manifest.notes == ("1 files skipped: they lie beside the label folders",)


def test_a_label_called_test_beside_others_is_a_label(tmp_path: Path) -> None:
    touch(tmp_path, "test/1.jpg", "dress/1.jpg")
    assert open_source(str(tmp_path)).labels == ("dress", "test")


@pytest.mark.parametrize("places", [(), ("loose.jpg",), ("hat/notes.txt",), ("train/1.jpg", "test/2.jpg")])
def test_a_folder_without_a_labelled_picture_is_refused(tmp_path: Path, places: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="holds no picture in a label folder"):
        open_source(str(touch(tmp_path, *places)))


def test_a_folder_becomes_a_manifest_and_comes_back(tmp_path: Path) -> None:
    touch(tmp_path / "photos", "hat/1.jpg", "dress/2.jpg")
    before = open_source(str(tmp_path / "photos"))
    after = open_source(str(write_manifest(before, tmp_path / "photos" / "all.csv")))
    assert after.digest == before.digest


@pytest.mark.parametrize("spec", ["nowhere", "no:where", "", "picture.jpg", "clothing-eleven:x"])
def test_an_unknown_source_is_refused_with_the_known_ones(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"clothing:FOLDER|holds no picture"):
        open_source(spec)


def clothing(root: Path, *rows: str) -> str:
    (root / "images").mkdir()
    (root / "labels.csv").write_text(HEADER + "".join(row + "\n" for row in rows))
    return str(root)


def test_the_two_views_of_the_clothing_photos(tmp_path: Path) -> None:
    folder = clothing(
        tmp_path,
        "a.jpg,9,Blazer,Outwear,false,blue,plain,long,longsleeve,train",
        "b.jpg,9,Not sure,Not sure,false,red,plain,-,,",
        "c.jpg,53,Shoes,Shoes,true,red,plain,sneaker,,",
        "d.jpg,9,Other,Other,false,red,plain,-,hat,train",
    )
    all_types = open_source(f"clothing:{folder}")
    assert [(row.path, row.type, row.colour, row.detail) for row in all_types.rows] == [
        ("images/a.jpg", "outwear", "blue", "long"),
        ("images/c.jpg", "shoes", "red", "sneaker"),
    ]
    assert [row.kids for row in all_types.rows] == ["false", "true"]
    assert len(all_types.labels) == 17
    assert all_types.mapping is None
    assert all_types.notes == ("2 rows of labels.csv without a usable checked_label left out",)
    assert all_types.rows[1].group == SAME_PERSON["53"]
    ten = open_source(f"clothing-ten:{folder}")
    assert [(row.path, row.type) for row in ten.rows] == [("images/a.jpg", "longsleeve"), ("images/d.jpg", "hat")]
    assert len(ten.labels) == 10
    assert ten.mapping == "clothing-ten"
    assert ten.rows[0].split == all_types.rows[0].split == split_of("9", 0.2, salt=CLOTHING_SALT)
    assert ten.rows[1].detail == ""
    checked = open_source(f"clothing-ten-checked:{folder}")
    assert [(row.path, row.type) for row in checked.rows] == [("images/a.jpg", "outwear")]
    assert (checked.labels, checked.mapping) == (ten.labels, ten.mapping)
    assert checked.notes[-1] == "1 pictures that the second look gave none of the ten classes left out"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("../a.jpg,9,Hat,Hat,false,red,plain,-,,", "row 2: image must be a file name"),
        ("a.jpg,,Hat,Hat,false,red,plain,-,,", "row 2: the contributor is missing"),
        ("a.jpg,9,Hat,Bonnet,false,red,plain,-,,", "checked_label must be one of"),
        ("a.jpg,9,Other,Other,false,red,plain,-,,", "no row with a usable checked_label"),
    ],
)
def test_a_damaged_table_of_clothing_is_refused(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_source(f"clothing:{clothing(tmp_path, row)}")


def test_clothing_needs_its_folder(tmp_path: Path) -> None:
    for view in ("clothing", "clothing-ten", "clothing-ten-checked"):
        with pytest.raises(DataError, match=f"write {view}:FOLDER"):
            open_source(view)
    with pytest.raises(DataError, match=r"must hold labels\.csv"):
        open_source(f"clothing:{tmp_path}")


@pytest.mark.parametrize("view", ["clothing", "clothing-ten", "clothing-ten-checked"])
def test_the_split_of_the_real_photos_is_balanced(clothing_folder: Path, view: str) -> None:
    manifest = open_source(f"{view}:{clothing_folder}")
    validation = manifest.select("validation").rows
    assert 0.17 <= len(validation) / len(manifest.rows) <= 0.23
    assert min(Counter(row.type for row in validation).values()) >= 8
    assert {row.type for row in validation} == set(manifest.labels)
    largest = max(Counter(row.group for row in validation).values())
    assert largest / len(validation) <= 0.25
    manifest.require_trainable()


def test_the_second_look_changed_some_published_labels(clothing_folder: Path) -> None:
    """The README says how many."""
    published, checked = (
        {row.path: row.type for row in open_source(f"{view}:{clothing_folder}").select("validation").rows}
        for view in ("clothing-ten", "clothing-ten-checked")
    )
    assert len(published) == len(checked) == 608
    assert sum(checked[path] != label for path, label in published.items()) == 24
