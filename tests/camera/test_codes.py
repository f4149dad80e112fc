"""Codes in a frame: real ones, drawn by zxing-cpp into a picture, and the rules about which one counts."""

import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgefashion.camera.codes import (
    FORMATS,
    LASTING_SECONDS,
    LONGEST,
    PERIOD_SECONDS,
    Code,
    CodeWatch,
    has_codes,
    read_codes,
)
from edgefashion.data.drawn import draw_garment
from edgefashion.errors import MissingExtraError

zxingcpp: Any = pytest.importorskip("zxingcpp", reason="needs zxing-cpp: pip install -e '.[codes]'")
EAN = "4006381333931"
GARMENT = np.asarray(draw_garment("t-shirt", 3, (640, 480), colour="red").convert("RGB"))


def frame(*codes: tuple[str, str, int, int], turned: int = 0, scale: int = 2) -> np.ndarray:
    """A drawn garment with codes (format, text, left, top) on it. uint8 (480, 640, 4) RGBA."""
    pixels = np.full((480, 640, 4), 255, np.uint8)
    pixels[:, :, :3] = GARMENT
    for name, text, left, top in codes:
        drawn = np.array(zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, name)).to_image(scale=scale))
        drawn = np.rot90(np.pad(drawn, 12, constant_values=255), turned)
        pixels[top : top + drawn.shape[0], left : left + drawn.shape[1], :3] = drawn[:, :, None]
    return pixels


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("EAN13", EAN), ("EAN8", "96385074"), ("UPCA", "036000291452"), ("Code128", "SKU-4711/b"),
        ("QRCode", "Größe M"), ("DataMatrix", "ART 0815"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("turned", [0, 1, 2])
def test_a_code_on_a_garment_is_read(name: str, text: str, turned: int) -> None:
    (code,) = read_codes(frame((name, text, 120, 90), turned=turned))
    assert code.text in (text, f"0{text}")  # a UPC-A is an EAN-13 that begins with 0
    assert code.format in FORMATS
    assert 0 < code.nearness < 1


def test_without_a_code_nothing_is_read() -> None:
    assert read_codes(frame()) == ()
    stripes = np.zeros((480, 640, 4), np.uint8)
    stripes[:, ::7] = stripes[:, ::5] = 255
    assert read_codes(stripes) == ()


def test_the_code_nearest_to_the_middle_comes_first() -> None:
    codes = read_codes(frame(("QRCode", "corner", 5, 5), ("QRCode", "middle", 280, 200)))
    assert [code.text for code in codes] == ["middle", "corner"]


def test_what_is_no_number_of_a_garment_is_left_out() -> None:
    for text in ("two\nlines", "x" * (LONGEST + 1)):
        assert read_codes(frame(("QRCode", text, 100, 60))) == ()
    assert read_codes(frame(("QRCode", "x" * LONGEST, 100, 60)))[0].text == "x" * LONGEST


@settings(deadline=None, max_examples=20)
@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 99))
def test_any_picture_is_survived(height: int, width: int, seed: int) -> None:
    assert isinstance(read_codes(np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)), tuple)


def test_without_zxing_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_codes()
    monkeypatch.setitem(sys.modules, "zxingcpp", None)
    assert not has_codes()
    with pytest.raises(MissingExtraError, match=r"edgefashion\[codes\]"):
        read_codes(frame())


def one(text: str) -> tuple[Code, ...]:
    return (Code(text, "EAN13", 0.5),)


def test_one_look_is_not_enough_and_a_hand_may_cover_it() -> None:
    watch = CodeWatch()
    assert watch.code(0.0) == ""
    watch.update(one(EAN), 1.0)
    assert watch.code(1.0) == ""
    watch.update((), 1.25)
    watch.update(one(EAN), 1.5)
    assert watch.code(1.5) == "", "two looks in a row"
    watch.update(one(EAN), 1.75)
    assert watch.code(1.75) == EAN
    watch.update((), 2.0)
    assert watch.code(1.75 + LASTING_SECONDS) == EAN
    assert watch.code(1.76 + LASTING_SECONDS) == ""


def test_another_code_takes_over_after_two_looks() -> None:
    watch = CodeWatch()
    for at, text in ((1.0, "a"), (1.3, "a"), (1.6, "b")):
        watch.update(one(text), at)
    assert watch.code(1.6) == "a"
    watch.update(one("b"), 1.9)
    assert watch.code(1.9) == "b"


@given(st.lists(st.floats(0, 0.2), min_size=2, max_size=80))
def test_it_looks_only_a_few_times_a_second(gaps: list[float]) -> None:
    watch, now, looks = CodeWatch(), 0.0, []
    for gap in gaps:
        now += gap
        if watch.due(now):
            looks.append(now)
    assert looks[0] == gaps[0]
    assert all(after - before >= PERIOD_SECONDS for before, after in pairwise(looks))
