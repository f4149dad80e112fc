"""Suspects, decisions and the corrected manifest: what is written is read back, and strangers' files are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgefashion.data.corrections import (
    DECISIONS_FILE,
    LEFT_OUT,
    PROPOSED_FILE,
    SUSPECTS_FILE,
    Changes,
    Review,
    Suspect,
    apply_decisions,
    label_choices,
    read_decisions,
    read_review,
    write_decisions,
    write_review,
)
from edgefashion.data.manifest import Manifest, Row, read_manifest, write_manifest
from edgefashion.errors import DataError

ROWS = tuple(
    Row(f"images/{number}, {'é'}.jpg", ("dress", "hat", "pants")[number % 3], f"g{number}", "train", "red")
    for number in range(6)
)
SUSPECTS = (
    Suspect(ROWS[4].path, "hat", "skirt", 0.91234),
    Suspect(ROWS[0].path, "dress", "hat", 0.5),
    Suspect(ROWS[2].path, "pants", "dress", 0.1),
)


def manifest(root: Path) -> Manifest:
    return Manifest("some", ROWS, ("dress", "hat", "pants"), root)


@pytest.fixture
def review(tmp_path: Path) -> Review:
    return write_review(tmp_path / "review", manifest(tmp_path), SUSPECTS)


def test_a_review_is_read_back_with_paths_that_lead_to_the_pictures(review: Review, tmp_path: Path) -> None:
    assert [Path(item.path) for item in review.suspects] == [tmp_path / item.path for item in SUSPECTS]
    assert [(item.given, item.likelier, item.probability) for item in review.suspects] == [
        ("hat", "skirt", 0.9123),
        ("dress", "hat", 0.5),
        ("pants", "dress", 0.1),
    ]
    proposed = read_manifest(review.folder / PROPOSED_FILE)
    assert [row.type for row in proposed.rows] == ["hat", "hat", "dress", "dress", "skirt", "pants"]
    assert [row.type for row in review.given.rows] == [row.type for row in ROWS]
    assert {row.colour for row in proposed.rows} == {"red"}
    assert label_choices(review) == ("dress", "hat", "pants", "skirt")


def test_an_earlier_search_is_overwritten_only_when_asked_and_decisions_stay(review: Review, tmp_path: Path) -> None:
    write_decisions(review, {review.suspects[0].path: "skirt"})
    with pytest.raises(DataError, match="exists already; choose another --out"):
        write_review(review.folder, manifest(tmp_path), SUSPECTS)
    again = write_review(review.folder, manifest(tmp_path), SUSPECTS[:1], overwrite=True)
    assert len(again.suspects) == 1
    assert read_decisions(again) == {review.suspects[0].path: "skirt"}
    assert not list(review.folder.glob("*.part"))


def test_decisions_change_confirm_and_leave_out(review: Review) -> None:
    first, second, third = (item.path for item in review.suspects)
    write_decisions(review, {first: "skirt", second: "dress", third: LEFT_OUT})
    corrected, changes = apply_decisions(review, read_decisions(review))
    assert changes == Changes(changed=1, confirmed=1, left_out=1)
    assert [row.type for row in corrected.rows] == ["dress", "hat", "dress", "skirt", "pants"]
    assert corrected.labels == ("dress", "hat", "pants", "skirt")
    path = write_manifest(corrected, review.folder / "corrected.csv")
    assert read_manifest(path).rows == corrected.rows


def test_without_a_file_nothing_is_decided_but_a_named_file_must_be_there(review: Review) -> None:
    assert read_decisions(review) == {}
    assert apply_decisions(review, {})[0].rows == review.given.rows
    with pytest.raises(DataError, match=r"Can't read '.*gone\.csv'"):
        read_decisions(review, review.folder / "gone.csv")


def test_leaving_everything_out_is_refused(review: Review) -> None:
    with pytest.raises(DataError, match="leave no picture"):
        apply_decisions(review, {row.path: LEFT_OUT for row in review.given.rows})


def test_pictures_without_files_and_strange_suspects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no picture 'nobody\.jpg'"):
        write_review(tmp_path, manifest(tmp_path), [Suspect("nobody.jpg", "hat", "dress", 0.5)])
    dash = Manifest("dash", (Row("a.jpg", LEFT_OUT, "g", "train"),), (LEFT_OUT,), tmp_path)
    with pytest.raises(DataError, match="rename it"):
        write_review(tmp_path, dash, [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("PATH,hat,dress,nan", "probability must be a number from 0 to 1"),
        ("PATH,hat,dress,2", "received '2'"),
        ("PATH,hat,dress,", "probability must be"),
        ("PATH,pants,dress,0.5", "with its label there, once"),
        ("elsewhere.jpg,hat,dress,0.5", "must be a picture of given.csv"),
        ("PATH,hat,hat,0.5", "likelier must be another label"),
        ("PATH,hat,,0.5", "likelier must be another label"),
        ("PATH,hat,dress", "must have 4 values"),
        ("PATH,hat,dress,0.5\nPATH,hat,dress,0.5", "once"),
    ],
)
def test_a_damaged_list_of_suspects_is_refused_with_its_row(review: Review, line: str, message: str) -> None:
    text = line.replace("PATH", f'"{review.suspects[0].path}"')
    (review.folder / SUSPECTS_FILE).write_text(f"path,given,likelier,probability\n{text}\n")
    with pytest.raises(DataError, match=message) as caught:
        read_review(review.folder)
    assert "row " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("PATH,hat,trousers", "label must be one of dress, hat, pants, skirt, -"),
        ("PATH,hat,", "label must be one of"),
        ("PATH,dress,hat", "decisions of another review"),
        ("elsewhere.jpg,hat,dress", "decisions of another review"),
        ("PATH,hat,dress\nPATH,hat,skirt", "once"),
    ],
)
def test_decisions_that_do_not_fit_are_refused_with_their_row(review: Review, line: str, message: str) -> None:
    text = line.replace("PATH", f'"{review.suspects[0].path}"')
    (review.folder / DECISIONS_FILE).write_text(f"path,given,label\n{text}\n")
    with pytest.raises(DataError, match=message):
        read_decisions(review)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\0\0", b"a,b\n", b'path,given,label\n"', b"[]"])
def test_files_that_are_no_csv_are_refused(review: Review, content: bytes) -> None:
    for name, read in ((DECISIONS_FILE, read_decisions), (SUSPECTS_FILE, lambda it: read_review(it.folder))):
        (review.folder / name).write_bytes(content)
        with pytest.raises(DataError):
            read(review)


def test_a_folder_that_is_no_review_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no given\.csv; make it with: edgefashion labels find"):
        read_review(tmp_path / "nowhere")


@given(st.lists(st.sampled_from(["dress", "hat", "pants", "skirt", LEFT_OUT, None]), min_size=6, max_size=6))
def test_every_picture_is_changed_confirmed_left_out_or_untouched(
    labels: list[str | None],
) -> None:
    review = Review(Path("r"), manifest(Path("r")), SUSPECTS)
    decided = {row.path: label for row, label in zip(ROWS, labels, strict=True) if label is not None}
    if set(labels) == {LEFT_OUT}:
        return
    corrected, changes = apply_decisions(review, decided)
    assert changes.changed + changes.confirmed + changes.left_out == len(decided)
    assert len(corrected.rows) + changes.left_out == 6
    types: Callable[[str], str] = {row.path: row.type for row in corrected.rows}.__getitem__
    assert all(types(path) == label for path, label in decided.items() if label != LEFT_OUT)
