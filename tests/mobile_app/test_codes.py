"""A barcode in view: on the card, in the stored scan, in the history's search; and plainly absent where it can't be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgefashion.data.drawn import draw_garment
from edgefashion.store.store import Store

zxingcpp: Any = pytest.importorskip("zxingcpp", reason="needs zxing-cpp: pip install -e '.[codes]'")
EAN = "4006381333931"


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a drawn garment that has a price tag."""
    folder = tmp_path_factory.mktemp("labelled")
    picture = draw_garment("t-shirt", 3, (640, 480), colour="red", ground="sheet").convert("RGB")
    code = zxingcpp.create_barcode(EAN, zxingcpp.BarcodeFormat.EAN13)
    drawn = np.pad(np.array(code.to_image(scale=2)), 10, constant_values=255)
    picture.paste(Image.fromarray(drawn), (20, 340))
    picture.save(folder / "a.png")
    return folder


def test_the_code_in_view_is_shown_stored_and_found(
    drive: Callable[..., Any], store: Store, labelled: Path, garments: Path
) -> None:
    driver = drive(source=f"folder:{labelled}")
    chip = driver.app.live.card.code
    driver.answered()
    driver.until(lambda: chip.text == EAN, "the code on the card")
    driver.frames(2)
    x, _ = chip.to_window(chip.x, chip.y)
    assert x >= driver.app.live.card.x
    assert x + chip.width <= driver.app.live.card.right
    driver.tap("freeze")
    assert chip.text == store.scans()[0].code == EAN

    driver.tap("freeze")  # go on, with a garment that has no tag
    driver.app.source_named = f"folder:{garments}"
    driver.app.open_camera()
    driver.answered()
    assert chip.text == "", "the last garment's code is not the next one's"
    driver.tap("freeze")
    assert [scan.code for scan in store.scans()] == ["", EAN]

    driver.app.open_page("history")
    driver.app.top_screen.field.text = EAN[3:9]
    driver.until(lambda: rows(driver) == ["scan 1"], "only the scan with the code")


def rows(driver: Any) -> list[str]:
    return [w.value for w in driver.app.top_screen.walk(restrict=True) if getattr(w, "value", "").startswith("scan ")]


def test_an_opened_picture_is_searched_too_unless_it_is_switched_off(
    drive: Callable[..., Any], store: Store, labelled: Path
) -> None:
    driver = drive(source=None)
    driver.app.files.open(labelled / "a.png")
    driver.imported()
    assert driver.app.live.card.code.text == EAN
    driver.app.open_page("settings")
    driver.frames(2)
    driver.find("codes False").dispatch("on_release")
    assert store.setting("codes", True) is False
    driver.app.back()
    driver.app.files.open(labelled / "a.png")
    driver.imported()
    assert driver.app.live.card.code.text == ""


@pytest.mark.parametrize("change", ["another source", "continue"])
def test_what_is_found_late_is_not_the_next_garments(window: None, store: Store, labelled: Path, change: str) -> None:
    """Two looks are still under way when the garment changes: their frames are from before."""
    from time import monotonic

    from edgefashion.camera.codes import read_codes
    from edgefashion.camera.frame import Frame
    from edgefashion_app.session import Session

    pixels = np.array(Image.open(labelled / "a.png").convert("RGBA"))
    session = Session(store, lambda call: call())
    before = [Frame(pixels, number, monotonic()) for number in (1, 2, 3)]
    session.use_source(None) if change == "another source" else session.resume()
    for frame in before:
        session._take_codes(frame, read_codes(pixels))
    assert session.code == ""
    for number in (4, 5, 6):
        session._take_codes(Frame(pixels, number, monotonic()), read_codes(pixels))
    assert session.code == EAN


def test_without_zxing_there_is_no_setting_and_nothing_fails(
    drive: Callable[..., Any], store: Store, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "zxingcpp", None)
    driver = drive(source=f"folder:{labelled}")
    driver.answered()
    driver.frames(30)
    driver.tap("freeze")
    assert store.scans()[0].code == ""
    driver.app.open_page("settings")
    assert "Read barcodes" not in driver.words()


def test_a_long_code_is_shortened_and_stays_inside_the_card(drive: Callable[..., Any]) -> None:
    driver = drive(source=None)
    card = driver.app.live.card
    for size in ((800, 480), (360, 640), (1920, 1080)):
        driver.resize(size)
        card.code.show("https://example.org/garment/" + "0123456789" * 9)
        driver.frames(3)
        assert card.x <= card.code.to_window(card.code.x, 0)[0]
        assert card.code.right <= card.right
        assert card.code.width > 100
        assert card.least_height <= card.height + 1
    card.code.show("")
    driver.frames(2)
    assert card.code.width == 0
