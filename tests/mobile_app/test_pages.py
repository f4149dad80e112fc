"""The pages: history, stock, settings, QR code, export, and the command's own errors."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefashion.errors import StoreError
from edgefashion.runtime.prediction import Attribute, Prediction
from edgefashion.store.store import Store

HAT = Prediction((("hat", 0.8), ("shoes", 0.2)), "headwear", True)
SHOES = Prediction((("shoes", 0.9), ("hat", 0.1)), "footwear", True)


def test_history_searches_pages_deletes_and_takes_back(drive: Callable[..., Any], store: Store) -> None:
    for number in range(25):
        store.add(HAT if number else SHOES, b"", "tiny 1", code=f"code{number}")
    driver = drive(source=None)
    driver.app.open_page("history")
    driver.frames(2)

    def rows() -> list[str]:
        return [
            w.value for w in driver.app.top_screen.walk(restrict=True) if getattr(w, "value", "").startswith("scan ")
        ]

    assert len(rows()) == 20
    driver.find("more").dispatch("on_release")
    assert len(rows()) == 25
    driver.app.top_screen.field.text = "shoes"
    driver.until(lambda: rows() == ["scan 1"], "the search")
    driver.frames(2)
    driver.tap("scan 1")
    assert driver.app.page == "scan"
    driver.app.top_screen._delete()
    driver.frames(2)
    assert len(store.scans()) == 24
    driver.app.undo()
    assert len(store.scans()) == 25


@pytest.mark.parametrize(
    ("language", "typed", "found"),
    [
        ("de", "rot", 1), ("de", "ROT hut", 1), ("de", "schuhe", 1), ("de", "red", 1), ("de", "rot schuhe", 0),
        ("th", "แดง", 1), ("fr", "chapeau", 1), ("en", "rot", 0), ("de", "ean 77", 1),
    ],
)  # fmt: skip
def test_the_history_is_searched_in_the_screens_language(
    language: str, typed: str, found: int, drive: Callable[..., Any], store: Store
) -> None:
    red = replace(HAT, attributes={"colours": Attribute.of_shares((("red", 0.9),))})
    store.set_setting("language", language)
    store.add(red, b"", "tiny 1", code="EAN 77")
    store.add(SHOES, b"", "tiny 1")
    driver = drive(source=None)
    driver.app.open_page("history")
    driver.frames(2)
    page = driver.app.top_screen
    page.field.text = typed
    page.refresh()
    rows = [w.value for w in page.walk(restrict=True) if getattr(w, "value", "").startswith("scan ")]
    assert len(rows) == found


def test_the_history_of_a_day_a_week_a_month_or_ever(drive: Callable[..., Any], store: Store) -> None:
    for days in (0.5, 3, 20, 90):
        store.add(HAT, b"", "tiny 1", code=f"before {days}", at=datetime.now(UTC) - timedelta(days=days))
    driver = drive(source=None)
    driver.app.open_page("history")
    page = driver.app.top_screen
    for expected in (4, 1, 2, 3, 4):
        driver.frames(2)
        rows = [w for w in page.walk(restrict=True) if getattr(w, "value", "").startswith("scan ")]
        assert len(rows) == expected
        driver.find("filter days").dispatch("on_release")


def test_the_health_page_keeps_what_went_wrong(drive: Callable[..., Any]) -> None:
    from edgefashion_app.health import read_health

    driver = drive(source=None)
    assert read_health(driver.app).last_error == ""
    driver.app.files.open("nowhere.jpg")
    driver.until(lambda: driver.app.last_problem != "", "the message")
    driver.app.messages.hush()
    assert "nowhere.jpg" in read_health(driver.app).last_error


def test_only_models_that_know_photos_are_offered(drive: Callable[..., Any]) -> None:
    driver = drive(source=None)
    driver.app.open_page("settings")
    driver.frames(2)
    offered = [
        w.value for w in driver.app.top_screen.walk(restrict=True) if getattr(w, "value", "").startswith("model ")
    ]
    assert {"model garment-base", "model garment-small"} <= set(offered)
    assert not [value for value in offered if "fashion-mnist" in value]


def test_deleting_all_asks_first(drive: Callable[..., Any], store: Store) -> None:
    store.add(HAT, b"", "tiny 1")
    driver = drive(source=None)
    driver.app.open_page("history")
    driver.frames(2)
    driver.tap("delete all")
    assert len(store.scans()) == 1
    driver.tap("delete all")
    assert not store.scans()


def test_export_writes_both_files_and_overwrites_nothing(store: Store, tmp_path: Path) -> None:
    from edgefashion_app.export import export_scans, free_name

    store.add(HAT, b"", "tiny 1")
    table, document = export_scans(store, tmp_path / "exports")
    assert "hat" in next(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines())).values()
    assert "hat" in json.dumps(json.loads(document.read_text(encoding="utf-8")))
    assert free_name(table).name == f"{table.stem}-2.csv"
    assert not list((tmp_path / "exports").glob("*.part"))


def test_files_are_handed_out_one_by_one_and_leave_no_copy(tmp_path: Path) -> None:
    from edgefashion_app.export import hand_out

    paths = [tmp_path / name for name in ("a.csv", "b.json", "c.csv")]
    for path in paths:
        path.write_text(path.name)
    kept = {}

    def keep(path: Path) -> bool:
        if path.suffix == ".json":
            return False
        kept[path.name] = path.read_text()
        return True

    assert hand_out(paths, keep) == ("a.csv", "c.csv")
    assert kept == {"a.csv": "a.csv", "c.csv": "c.csv"}
    assert not list(tmp_path.iterdir())

    def full(path: Path) -> bool:
        raise StoreError(f"{path.name}: no room")

    paths[0].touch()
    with pytest.raises(StoreError, match=r"a\.csv: no room"):
        hand_out(paths[:1], full)
    assert not list(tmp_path.iterdir())


def test_stock_counts_up_and_down(drive: Callable[..., Any], store: Store) -> None:
    store.count("hat", "red", 2)
    driver = drive(source=None)
    driver.app.open_page("stock")
    driver.frames(2)
    assert driver.find("undo stock").disabled, "what was done elsewhere is not taken back here"
    driver.tap("more hat red")
    driver.tap("target more hat red")
    (stock,) = store.counts()
    assert (stock.count, stock.target) == (3, 1)
    assert "3\u00a0/\u00a01" in driver.words()
    driver.tap("less hat red")
    assert store.counts()[0].count == 2


def test_a_target_goes_down_too_to_none_and_back(drive: Callable[..., Any], store: Store) -> None:
    store.count("hat", "red", 2)
    store.set_target("hat", "red", 2)
    driver = drive((360, 640), source=None)
    driver.app.open_page("stock")
    driver.frames(2)
    for target in (1, None):
        driver.tap("target less hat red")
        assert store.counts()[0].target == target
    for value in ("target less hat red", "target more hat red", "less hat red", "more hat red", "undo stock"):
        assert min(driver.find(value).size) >= 64
    assert driver.find("target less hat red").disabled
    driver.tap("target less hat red")
    assert store.counts()[0].target is None, "never below 0"
    driver.tap("less hat red")
    driver.tap("less hat red")
    assert not store.counts(), "neither a count nor a target"
    for count, target in ((1, None), (2, None), (2, 1), (2, 2)):
        driver.tap("undo stock")
        assert (store.counts()[0].count, store.counts()[0].target) == (count, target)
    assert driver.find("undo stock").disabled
    driver.tap("target more hat red")
    assert store.counts()[0].target == 3
    driver.tap("undo stock")
    assert store.counts()[0].target == 2


def test_a_setting_holds_at_once_and_after_a_restart(drive: Callable[..., Any], store: Store) -> None:
    driver = drive(source=None)
    driver.app.open_page("settings")
    driver.frames(2)
    driver.tap("theme light")
    assert driver.app.look.theme == store.setting("theme", "") == "light"
    assert driver.app.page == "settings"
    driver.app.store.set_setting("text_scale", 1.3)
    driver.app.rebuild()
    assert driver.app.look.scale == 1.3
    driver.frames(2)
    driver.tap("language de")
    assert "Einstellungen" in driver.words()
    driver.frames(2)
    driver.tap("language th")
    assert driver.app.look.font == "NotoSansThai"
    driver.frames(2)
    driver.tap("language en")
    assert "Settings" in driver.words()


def test_the_qr_code_says_the_result(store: Store) -> None:
    zxingcpp = pytest.importorskip("zxingcpp", reason="reading a QR code back needs the extra codes")
    from edgefashion_app.screens.share import payload, qr_grid

    text = payload(store.add(HAT, b"", "tiny 1"))
    grid = np.kron(qr_grid(text), np.ones((8, 8), np.uint8))
    assert [code.text for code in zxingcpp.read_barcodes(grid)] == [text]
    assert len(text.encode()) < 300


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "de",
            [
                "Art: Hut oder Mütze",
                "Gruppe: Kopfbedeckungen",
                "Farbe: rot 70 %, weiß 30 %",
                "Strichcode: 4006381333931",
            ],
        ),
        ("th", ["ความมั่นใจ: 80 %"]),
        ("vi", ["độ tin cậy: 80 %"]),
        ("fr", []),
        ("es", []),
    ],
)
def test_the_qr_code_speaks_the_language_of_the_screen(store: Store, language: str, lines: list[str]) -> None:
    zxingcpp = pytest.importorskip("zxingcpp", reason="reading a QR code back needs the extra codes")
    from edgefashion_app.screens.share import payload, qr_grid
    from edgefashion_app.text import use_language

    colours = Attribute.of_shares((("red", 0.7), ("white", 0.3)))
    told = {"pattern": Attribute("striped", 0.9), "detail": Attribute("other", 0.9), "colours": colours}
    hat = store.add(Prediction((("hat", 0.8), ("shoes", 0.2)), "headwear", True, told), b"", "tiny 1", "4006381333931")
    use_language(language)
    try:
        text = payload(hat)
    finally:
        use_language("en")
    grid = np.kron(qr_grid(text), np.ones((8, 8), np.uint8))
    assert [code.text for code in zxingcpp.read_barcodes(grid)] == [text]
    assert set(lines) <= set(text.splitlines())
    assert len(text.splitlines()) == 8
    english = {"hat", "headwear", "red", "striped", "type", "category", "colours", "pattern", "confidence", "barcode"}
    assert not english & set(re.findall(r"\w+", text)) - {"type", "pattern"}
    assert len(text.encode()) < 500


@pytest.mark.parametrize(("size", "fits"), [("800x480", True), ("800", False), ("1x1", False), ("axb", False)])
def test_sizes_on_the_command_line(size: str, fits: bool) -> None:
    from argparse import ArgumentTypeError

    from edgefashion_app.entry import _size

    if fits:
        assert _size(size) == (800, 480)
    else:
        with pytest.raises(ArgumentTypeError, match=r"size|side"):
            _size(size)


def test_without_kivy_the_command_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['kivy'] = None; from edgefashion_app.entry import main;"
        "sys.exit(main(['--folder', sys.argv[1]]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "edgefashion-app: 'edgefashion-app' needs the extra 'app': pip install 'edgefashion[app]'."
    )
