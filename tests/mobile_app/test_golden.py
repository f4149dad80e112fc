"""The main screens against pictures of them that a person has looked at, kept small in golden/.

Fonts are drawn a little differently by every version of FreeType and every graphics driver, so it is the mean colour
of small squares that is compared. After a wanted change, look at what this writes:

    GOLDEN=write python -m pytest tests/mobile_app/test_golden.py
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from edgefashion.data.drawn import draw_garment
from edgefashion.runtime.prediction import Attribute, Prediction
from edgefashion.store.store import Store

GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("GOLDEN") == "write"
SIZE = (800, 480)
SQUARE = 10
"""Pixels of the kept picture, which is half as large as the screen."""
MOST_OFF, MOST_OFF_ON_AVERAGE = 18.0, 1.2
"""Levels, 0–255, by which one square, and all on average, may differ."""
HAT = Prediction(
    (("hat", 0.94), ("shoes", 0.06)),
    "headwear",
    True,
    {"colour": Attribute("red", 0.9), "pattern": Attribute("plain", 0.9)},
)
NOT_SURE = Prediction((("shoes", 0.41), ("hat", 0.4)), "footwear", False)


def squares(picture: Image.Image) -> NDArray[np.float64]:
    """Mean colours: float (rows, columns, 3), 0–255."""
    pixels = np.asarray(picture.convert("RGB"), np.float64)
    height, width = (side // SQUARE * SQUARE for side in pixels.shape[:2])
    return pixels[:height, :width].reshape(height // SQUARE, SQUARE, width // SQUARE, SQUARE, 3).mean(axis=(1, 3))


def differences(seen: Image.Image, kept: Image.Image) -> list[str]:
    """What is too different, in words."""
    if seen.size != kept.size:
        return [f"{seen.size} pixels, not {kept.size}"]
    off = np.abs(squares(seen) - squares(kept)).max(axis=2)
    row, column = np.unravel_index(off.argmax(), off.shape)
    found = []
    if off.max() > MOST_OFF:
        found.append(f"{off.max():.0f} levels off at x {column * SQUARE * 2}, y {row * SQUARE * 2} of the screen")
    if off.mean() > MOST_OFF_ON_AVERAGE:
        found.append(f"{off.mean():.1f} levels off on average")
    return found


@pytest.fixture
def screen(drive: Callable[..., Any], store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The app with a frozen hat and a history, the same on every machine and every day."""
    from edgefashion.camera.frame import Frame
    from edgefashion.camera.orientation import Orientation
    from edgefashion_app.session import Frozen, thumbnail

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    driver = drive(SIZE, source=None)
    for number, (kind, colour, prediction) in enumerate((("hat", "red", HAT), ("shoes", "blue", NOT_SURE)), 1):
        drawn = np.asarray(draw_garment(kind, 3, (640, 480), colour=colour, ground="sheet").convert("RGB"))
        frame = Frame(Orientation().apply(drawn), number, 0.0)
        moment = datetime(2026, 11, 22, 9, number, tzinfo=UTC)
        store.add(prediction, thumbnail(frame), "tiny 1", "4006381333931" if kind == "hat" else "", at=moment)
        driver.app.session.frozen = Frozen(frame, prediction, prediction.sure, "4006381333931")
        if kind == "hat":
            hat = driver.app.session.frozen
    store.correct(2, type="hat", category="headwear")
    for colour, number in (("red", 2), ("blue", 5)):
        store.count("hat", colour, number)
        store.set_target("hat", colour, 4)
    driver.app.session.frozen = hat
    driver.app.session.scan = store.scan(1)
    driver.app.live.refresh()
    yield driver
    monkeypatch.undo()
    time.tzset()


def show(driver: Any, name: str) -> None:
    """Go to a screen."""
    if name == "attract":
        driver.app.kiosk.invite()
    elif name == "light":
        driver.app.store.set_setting("theme", "light")
        driver.app.rebuild()
    elif name == "correct":
        driver.app.open_correction("type")
    elif name != "live":
        driver.app.open_page(name)
    driver.app.messages.hush()
    driver.frames(4)


@pytest.mark.parametrize("name", ["attract", "correct", "history", "light", "live", "stock"])
def test_the_screen_looks_as_it_did(screen: Any, name: str) -> None:
    show(screen, name)
    seen = Image.fromarray(screen.screenshot()).convert("RGB").reduce(2)
    path = GOLDEN / f"{name}.png"
    if WRITE:
        GOLDEN.mkdir(exist_ok=True)
        seen.quantize(128).save(path, optimize=True)
    with Image.open(path) as kept:
        assert differences(seen, kept) == []


@pytest.mark.parametrize("name", ["live", "history"])
def test_the_comparison_sees_what_matters_and_forgives_what_does_not(name: str) -> None:
    with Image.open(GOLDEN / f"{name}.png") as opened:
        kept = opened.convert("RGB")
    noise = np.random.default_rng(0).normal(0, 3, (kept.height, kept.width, 3))
    noisy = Image.fromarray(np.clip(np.asarray(kept) + noise, 0, 255).astype(np.uint8))
    assert differences(noisy, kept) == []
    assert differences(kept.filter(ImageFilter.GaussianBlur(0.6)), kept) == []
    red, green, blue = kept.split()
    swapped = Image.merge("RGB", (blue, green, red))
    without_button = kept.copy()
    ImageDraw.Draw(without_button).rectangle((210, 160, 300, 200), fill=(21, 27, 35))
    for wrong in (
        kept.transpose(Image.Transpose.FLIP_LEFT_RIGHT), kept.transpose(Image.Transpose.FLIP_TOP_BOTTOM), swapped,
        without_button, kept.resize((kept.width // 2, kept.height)),
    ):  # fmt: skip
        assert differences(wrong, kept)
