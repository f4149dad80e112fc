import csv
import dataclasses
import io
import json
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgefashion.data.manifest import read_manifest
from edgefashion.errors import StoreError
from edgefashion.runtime.prediction import Attribute, Prediction
from edgefashion.store import export
from edgefashion.store.place import default_folder
from edgefashion.store.scan import Stock
from edgefashion.store.store import MAX_UNDO, Store
from tests.store.conftest import JPEG, prediction

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_scan_comes_back_as_it_went_in(store: Store) -> None:
    scan = store.add(prediction(), JPEG, "garment-base 1.0.0", "4006381333931", MOMENT)
    assert store.scan(scan.id) == scan == store.scans()[0]
    assert (scan.type, scan.category, scan.confidence, scan.sure) == ("shirt", "tops", 0.75, True)
    assert scan.ranking == (("shirt", 0.75), ("dress", 0.25))
    assert scan.attributes == {"colour": "red", "detail": "-"}
    assert scan.taken_at == "2026-03-01T12:00:00.000Z"
    assert (scan.thumbnail, scan.code, scan.model) == (JPEG, "4006381333931", "garment-base 1.0.0")
    with pytest.raises(dataclasses.FrozenInstanceError):
        scan.id = 7  # type: ignore[misc]


def test_measured_colours_stand_in_where_no_colour_is_named(store: Store) -> None:
    measured = Attribute.of_shares((("navy", 0.7), ("white", 0.2)))
    scan = store.add(
        dataclasses.replace(prediction(), attributes={"colour": measured.main, "colours": measured}), JPEG, "m"
    )
    assert scan.colour == "navy"
    assert dict(scan.attributes) == {"colours": "navy 70 %, white 20 %"}, "told once"
    assert [found.id for found in store.scans(colour="navy")] == [scan.id]
    assert not store.scans(colour="white")
    corrected = store.correct(scan.id, colour="black")
    assert corrected.colour == "black"
    assert [found.id for found in store.scans(colour="black")] == [scan.id]
    assert not store.scans(colour="navy")
    assert store.add(dataclasses.replace(prediction(), attributes={}), JPEG, "m").colour == ""


def test_moments_are_kept_in_utc(store: Store) -> None:
    zone = timezone(timedelta(hours=7))
    scan = store.add(prediction(), JPEG, "m", at=datetime(2026, 3, 1, 2, tzinfo=zone))
    assert scan.taken_at == "2026-02-28T19:00:00.000Z"
    with pytest.raises(StoreError, match="needs a time zone"):
        store.add(prediction(), JPEG, "m", at=datetime(2026, 3, 1, 2))


def test_what_is_kept_is_there_after_closing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.db") as store:
        scan = store.correct(store.add(prediction(), JPEG, "m").id, type="dress")
        store.count("dress", "red", 2)
        store.set_setting("language", "th")
    with pytest.raises(StoreError, match="is closed"):
        store.scans()
    store.close()
    with Store.open(tmp_path / "s.db") as store:
        assert (store.scans(), store.counts()) == ((scan,), (Stock("dress", "red", 2, None),))
        assert (store.setting("language", "en"), store.notice) == ("th", "")


def test_a_correction_brings_the_category_along_and_is_found(store: Store) -> None:
    first, second = store.add(prediction(), JPEG, "m"), store.add(prediction("hat", "blue", "headwear"), JPEG, "m")
    corrected = store.correct(first.id, type="dress", pattern="dotted")
    assert corrected.corrected == {"type": "dress", "category": "one-piece", "pattern": "dotted"}
    assert corrected.final == {
        "type": "dress", "category": "one-piece", "colour": "red", "detail": "-", "pattern": "dotted"
    }  # fmt: skip
    assert corrected.type == "shirt", "what the model said stays"
    assert store.scans(type="dress") == (corrected,) == store.scans(text="DOTTED one-piece")
    assert store.scans(type="shirt") == () == store.scans(text="shirt")
    assert store.scans(corrected=True) == (corrected,)
    assert store.scans(corrected=False) == (second,)
    assert store.correct(first.id, type="poncho").final["category"] == "other"
    assert store.correct(first.id, type="poncho", category="outerwear").final["category"] == "outerwear"


def test_a_confirmed_value_is_reviewed_but_no_correction(store: Store) -> None:
    scan = store.correct(store.add(prediction(), JPEG, "m").id, type="dress")
    scan = store.correct(scan.id, type="shirt")
    assert scan.corrected == {}
    assert scan.reviewed == {"type": "shirt", "category": "tops"}
    assert store.scans(corrected=True) == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"color": "red"}, "can be corrected is type, category, colour, pattern, detail; received color"),
        ({}, "received nothing"),
        ({"type": ""}, "A type must be one line"),
        ({"type": "a\nb"}, "A type must be one line"),
        ({"colour": "r" * 101}, "A colour must be one line of 1 to 100"),
    ],
)
def test_a_wrong_correction_is_refused_and_changes_nothing(store: Store, fields: dict[str, str], message: str) -> None:
    scan = store.add(prediction(), JPEG, "m")
    with pytest.raises(StoreError, match=message):
        store.correct(scan.id, **fields)
    assert store.scans() == (scan,)
    undone = store.undo()
    assert undone is not None
    assert undone.action == "add"


def test_what_is_not_there_can_be_neither_read_nor_changed(store: Store) -> None:
    for call in (store.scan, store.delete, lambda id: store.correct(id, type="hat")):
        with pytest.raises(StoreError, match="There is no scan 5"):
            call(5)


@pytest.mark.parametrize(
    ("thumbnail", "model", "code", "message"),
    [
        (b"GIF89a", "m", "", "must be a JPEG"),
        (JPEG + bytes(600_000), "m", "", "at most 524,288 bytes"),
        (JPEG, "", "", "A model must be one line"),
        (JPEG, "m", "9" * 7_090, "may have 7,089 characters"),
        (JPEG, "m", "\ud800", "A code may have"),
    ],
    ids=["gif", "too large", "no model", "long code", "half a character"],
)
def test_hostile_values_are_refused(store: Store, thumbnail: bytes, model: str, code: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        store.add(prediction(), thumbnail, model, code)
    assert store.usage().scans == 0
    assert store.undo() is None


def test_a_hostile_label_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="A colour must be"):
        store.add(Prediction((("hat", 1.0),), "headwear", True, {"colour": Attribute("\0", 1.0)}), b"", "m")


def test_search_by_words_type_colour_and_date_and_page_by_page(store: Store) -> None:
    types = ["shirt", "hat", "t-shirt"]
    scans = [
        store.add(prediction(types[i % 3], "red" if i % 2 else "ÖKO"), JPEG, "m", f"C{i}", MOMENT + timedelta(days=i))
        for i in range(12)
    ]
    newest_first = tuple(reversed(scans))
    assert store.scans() == newest_first
    assert store.scans(limit=5) == newest_first[:5]
    assert store.scans(limit=5, before=newest_first[4].id) == newest_first[5:10]
    assert store.scans(limit=0) == () == store.scans(limit=-1)
    assert [scan.type for scan in store.scans(text="shirt")] == ["t-shirt", "shirt"] * 4
    assert {scan.type for scan in store.scans(type="shirt")} == {"shirt"}
    assert len(store.scans(colour="red", type="hat")) == 2
    assert store.scans(text="öko c10") == (scans[10],)
    assert store.scans(text="Oeko c10", meanings={"oeko": ("nothing such", "Öko")}) == (scans[10],)
    assert store.scans(text="Oeko c10", meanings={"c10": ("Öko",)}) == ()
    assert store.scans(text="%") == () == store.scans(text="_") == store.scans(text="' OR 1")
    got = store.scans(since=MOMENT + timedelta(days=3), until=MOMENT + timedelta(days=5))
    assert got == (scans[4], scans[3])


def test_the_order_is_that_of_arrival_when_the_clock_jumps_back(store: Store) -> None:
    late = store.add(prediction(), JPEG, "m", at=datetime(2030, 1, 1, tzinfo=UTC))
    early = store.add(prediction(), JPEG, "m", at=datetime(1970, 1, 1, tzinfo=UTC))
    assert store.scans() == (early, late)
    store.clean(max_scans=1)
    assert store.scans() == (early,)


def test_undo_takes_back_one_step_after_the_other(store: Store) -> None:
    first = store.add(prediction(), JPEG, "m")
    corrected = store.correct(first.id, type="dress")
    store.correct(first.id, type="dress")  # changes nothing, so there is nothing to take back
    store.delete(first.id)
    store.count("dress", "red")
    assert store.count("dress", "red", -9) == 0
    steps = [store.undo() for _ in range(6)]
    assert [step and step.action for step in steps] == ["count", "count", "delete", "correct", "add", None]
    assert [step.stock and step.stock.count for step in steps if step and step.stock] == [1, 0]
    assert steps[2] is not None
    assert steps[2].scan == corrected
    assert steps[3] is not None
    assert steps[3].scan == first == (steps[4] and steps[4].scan)
    assert store.scans() == () == store.counts()
    assert store.add(prediction(), JPEG, "m").id > first.id, "an id is never used twice"


def test_undo_passes_over_what_was_cleaned_away_and_is_bounded(store: Store) -> None:
    store.count("hat", "red")
    store.add(prediction(), JPEG, "m")
    assert store.clean(max_scans=0) == 1
    undone = store.undo()
    assert undone is not None
    assert undone.stock == Stock("hat", "red", 0, None)
    for _ in range(MAX_UNDO + 3):
        store.count("hat", "red")
    assert sum(store.undo() is not None for _ in range(MAX_UNDO + 3)) == MAX_UNDO
    assert store.counts() == (Stock("hat", "red", 3, None),)


def test_counts_have_targets(store: Store) -> None:
    store.set_target("hat", "", 4)
    assert store.count("hat", "", 3) == 3
    store.count("dress", "red")
    assert store.counts() == (Stock("dress", "red", 1, None), Stock("hat", "", 3, 4))
    store.set_target("hat", "", None)
    assert store.counts()[1] == Stock("hat", "", 3, None)
    for wrong in (-1, 10**10):
        with pytest.raises(StoreError, match=r"A target must be 0 to 1,000,000,000"):
            store.set_target("hat", "", wrong)
    with pytest.raises(StoreError, match="A count must be"):
        store.count("hat", "", 10**10)
    with pytest.raises(StoreError, match="A type must be"):
        store.count("", "red")


def test_deleted_scans_leave_no_trace_in_the_files(store: Store) -> None:
    secrets = [f"secret{number:02}".encode() * 3_000 for number in range(8)]
    for secret in secrets:
        store.add(prediction(), JPEG + secret, "m", "codesecret")
    files = lambda: b"".join(path.read_bytes() for path in store.path.parent.iterdir())  # noqa: E731
    assert all(secret[:64] in files() for secret in secrets)
    store.delete(3)
    assert secrets[2][:64] not in files()
    assert secrets[3][:64] in files()
    assert store.delete_all() == 7
    assert b"secret" not in files()
    assert store.undo() is None, "what is deleted for good does not come back"
    assert store.path.stat().st_size < 80_000


def test_cleaning_removes_the_oldest_first_and_reviewed_ones_last(store: Store) -> None:
    scans = [store.add(prediction(), JPEG + bytes(20_000), "m") for _ in range(30)]
    store.correct(scans[0].id, type="dress")
    store.correct(scans[1].id, type="shirt")
    assert store.clean() == 0 == store.clean(max_scans=30, max_bytes=10**9)
    assert store.clean(max_scans=20) == 10
    assert [scan.id for scan in store.scans()] == [*range(30, 12, -1), 2, 1]
    limit = 300_000
    removed = store.clean(max_bytes=limit)
    assert 5 <= removed <= 12
    assert store.usage().bytes <= limit
    assert store.path.stat().st_size <= limit, "the disk has the space back"
    assert [scan.id for scan in store.scans()[-2:]] == [2, 1]
    assert store.clean(max_bytes=0) == 20 - removed
    assert store.usage().scans == 0


def test_settings_keep_their_kind(store: Store) -> None:
    for name, value in {"theme": "dark", "threshold": 0.5, "mirror": True, "size": 3, "list": [1, 2]}.items():
        store.set_setting(name, value)
        assert store.setting(name, type(value)()) == value
    assert store.setting("none", 7) == 7
    assert store.setting("theme", 7) == 7, "a value of another kind counts as none"
    assert store.setting("size", True) is True
    with pytest.raises(StoreError, match="must be text, a number"):
        store.set_setting("bad", object())
    with pytest.raises(StoreError, match="must be text, a number"):
        store.set_setting("bad", float("nan"))


def test_csv_has_the_values_that_hold(store: Store) -> None:
    store.add(prediction(), JPEG, "m", "=HYPERLINK(1)", MOMENT)
    store.correct(1, type="dress")
    text = io.StringIO(newline="")
    assert store.write_csv(text) == 1
    (row,) = csv.DictReader(io.StringIO(text.getvalue(), newline=""))
    assert row == {
        "id": "1", "taken_at": "2026-03-01T12:00:00.000Z", "type": "dress", "category": "one-piece", "colour": "red",
        "pattern": "", "detail": "-", "corrected": "category type", "model_type": "shirt", "confidence": "0.7500",
        "sure": "yes", "code": "'=HYPERLINK(1)", "model": "m",
    }  # fmt: skip


@given(st.text())
def test_no_cell_is_a_formula(text: str) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerow([export.safe_cell(text), "end"])
    ((cell, end),) = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    stripped = cell.strip()
    assert end == "end"
    assert len(stripped) < 2 or stripped[0] not in "=+-@＝＋－＠\t\r\n"
    assert cell.removeprefix("'") == "".join(c if c.isprintable() else " " for c in text).removeprefix("'")


@pytest.mark.parametrize("number", [0, 1, 450])
def test_json_holds_every_scan_newest_first(store: Store, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(min(number, 9)):
        store.add(prediction(), JPEG, "m", '"\n')
    monkeypatch.setattr("edgefashion.store.store.PAGE", 4)
    text = io.StringIO()
    assert store.write_json(text) == min(number, 9)
    told = json.loads(text.getvalue())["scans"]
    assert [scan["id"] for scan in told] == list(range(min(number, 9), 0, -1))
    assert told == [scan.to_dict() | {"top": [dict(t) for t in scan.to_dict()["top"]]} for scan in store.scans()]


def test_reviewed_scans_become_a_manifest(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No scan has a reviewed type"):
        store.write_reviewed(tmp_path / "none", "till 1")
    for number in range(5):
        store.add(prediction(), JPEG + bytes([number]) if number != 4 else b"", "m")
    store.correct(1, type="dress", colour="blue")
    store.correct(2, type="shirt")
    store.correct(3, colour="blue")  # the type is still the model's guess
    store.correct(5, type="hat")  # has no picture
    assert store.write_reviewed(tmp_path / "out", "till 1") == 2
    manifest = read_manifest(tmp_path / "out" / "manifest.csv")
    assert [(row.type, row.colour, row.group, row.split) for row in manifest.rows] == [
        ("shirt", "", "till 1", "train"),
        ("dress", "blue", "till 1", "train"),
    ]
    picture = manifest.picture(manifest.rows[1])
    assert isinstance(picture, Path)
    assert picture.read_bytes() == JPEG + bytes([0])
    with pytest.raises(StoreError, match="exists already"):
        store.write_reviewed(tmp_path / "out", "till 1")


def test_the_folder_is_for_its_owner_only_and_follows_the_desktop_rules(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        assert default_folder() == tmp_path / "edgefashion"
        for relative in ("", "here"):
            monkeypatch.setenv("XDG_DATA_HOME", relative)
            monkeypatch.setenv("HOME", "/home/anna")
            assert default_folder() == Path("/home/anna/.local/share/edgefashion")


def test_the_store_needs_nothing_but_the_standard_library() -> None:
    code = "import sys, edgefashion.store.store, edgefashion.store.place; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    foreign = {name.partition(".")[0] for name in done.stdout.split()} - set(sys.stdlib_module_names)
    assert {name for name in foreign if not name.startswith("_")} == {"edgefashion"}
