"""Sources joined for training."""

from pathlib import Path

import numpy as np
import pytest

from edgefashion.data.joined import joined
from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError


def make(root: Path, name: str, *rows: Row, labels: tuple[str, ...] = ("hat", "dress"), licence: str = "") -> Manifest:
    return Manifest(name, rows, labels, root, licence=licence)


@pytest.fixture
def first(tmp_path: Path) -> Manifest:
    rows = (Row("images/a.jpg", "hat", "anna", "train"), Row("images/b.jpg", "dress", "ben", "validation"))
    return make(tmp_path / "one", "one", *rows, licence="CC0-1.0")


def test_only_training_pictures_of_the_extra_sources_come_in(tmp_path: Path, first: Manifest) -> None:
    extra = make(
        tmp_path / "two" / "deep", "two",
        Row("p/a.jpg", "scarf", "carl", "train", box="0 0 5 5"), Row("p/d.jpg", "hat", "dora", "validation"),
        labels=("scarf", "hat"), licence="Apache-2.0",
    )  # fmt: skip
    both = joined(first, [extra])
    assert both.labels == ("hat", "dress", "scarf")
    assert [row.path for row in both.rows] == ["one/images/a.jpg", "one/images/b.jpg", "two/deep/p/a.jpg"]
    assert both.picture(both.rows[0]) == first.picture(first.rows[0])
    assert both.rows[2].box == "0 0 5 5"
    assert both.select("validation").rows[0].path == "one/images/b.jpg"
    assert (both.name, both.licence, both.root) == ("one + two", "CC0-1.0, Apache-2.0", tmp_path)


def test_the_digest_does_not_know_where_the_folder_lies(tmp_path: Path, first: Manifest) -> None:
    extra = make(tmp_path / "two", "two", Row("c.jpg", "hat", "carl", "train"))
    elsewhere = tmp_path / "elsewhere"
    moved = make(elsewhere / "two", "two", *extra.rows)
    assert joined(first, [extra]).digest == joined(make(elsewhere / "one", "one", *first.rows), [moved]).digest
    assert joined(first, [extra]).digest != first.digest


def test_what_cannot_be_joined_is_refused(tmp_path: Path, first: Manifest) -> None:
    arrays = Manifest("grey", (Row("0", "hat", "g", "train"),), ("hat",), arrays=np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(DataError, match="'grey' can't be joined"):
        joined(first, [arrays])
    with pytest.raises(DataError, match="'two' has no training picture to add to 'one'"):
        joined(first, [make(tmp_path, "two", Row("d.jpg", "hat", "dora", "validation"))])
    mapped = Manifest("ten", (Row("d.jpg", "hat", "dora", "train"),), ("hat",), tmp_path, mapping="clothing-ten")
    with pytest.raises(DataError, match="'ten' and 'one' can't be joined"):
        joined(first, [mapped])
