"""The screenshot tour: every screen, really drawn; and on every screen, no text that isn't translated."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgefashion.data.drawn import draw_garment
from edgefashion.errors import EdgeFashionError
from edgefashion.store.store import Store

SCREENS = {
    "live", "message", "correct", "correct-colour", "history", "scan", "stock", "share", "import", "settings", "health",
    "pin", "attract",
}  # fmt: skip


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three drawn garments that the tiny model tells apart."""
    folder = tmp_path_factory.mktemp("types")
    for name, seed in (("t-shirt", 3), ("pants", 3), ("shoes", 3)):
        draw_garment(name, seed, (320, 240), colour="red", ground="sheet").save(folder / f"{name}.png")
    return folder


@pytest.fixture
def few(window: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One garment in the lists is enough here, and a busy machine must not take the message away too soon."""
    from edgefashion_app import message, tour

    monkeypatch.setattr(tour, "SCANS", 1)
    monkeypatch.setattr(message, "SECONDS", 3600.0)


def test_every_screen_is_drawn(few: None, tmp_path: Path, types: Path, tiny_model: Path) -> None:
    from edgefashion_app.tour import run_tour

    out = tmp_path / "shots"
    run_tour(out, f"folder:{types}", str(tiny_model), sizes=((360, 640), (800, 480)), themes=("dark", "light"))
    for size in ((360, 640), (800, 480)):
        for theme in ("dark", "light"):
            folder = out / f"{size[0]}x{size[1]}" / theme
            assert {path.stem for path in folder.iterdir()} == SCREENS
            pictures = {path.stem: np.asarray(Image.open(path).convert("RGB")) for path in folder.iterdir()}
            assert {picture.shape for picture in pictures.values()} == {(size[1], size[0], 3)}
            for name, picture in pictures.items():
                assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 8, f"{name} is empty"
                others = [other for each, other in pictures.items() if each != name]
                assert not any(np.array_equal(picture, other) for other in others), f"{name} looks like another screen"
    light, dark = (np.asarray(Image.open(out / "800x480" / theme / "settings.png")) for theme in ("light", "dark"))
    assert light.mean() > dark.mean() + 60
    with pytest.raises(EdgeFashionError, match="is not empty"):
        run_tour(out, f"folder:{types}", str(tiny_model))


NAMES = re.compile(
    r"English|Deutsch|Français|Español|Tiếng Việt|ไทย"  # languages, each in itself
    r"|/\S*|[\w-]+\.(?:png|jpg|tflite|db)|tiny\S*( \d[\d.]*)?|folder:\S+|usb:\d+|picamera2"
    r"|garment-base|garment-small|fashion-mnist-nano|fashion-mnist-small|LiteRT|XNNPACK|EdgeFashion|CPU|QR|MB|GB|ms|PIN|SKU|CSV|JSON"
)
"""What is a name or a unit in every language."""


def test_every_text_on_every_screen_is_translated(
    drive: Callable[..., Any], few: None, store: Store, types: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a language of brackets, whatever stands outside of them was never given to the translators."""
    from edgefashion_app.languages.language import Language
    from edgefashion_app.tour import _collect, _visits

    monkeypatch.setattr(Language, "text", lambda self, message: f"«{message}»" if message else "")
    store.set_setting("pictures", str(types))
    driver = drive(source=f"folder:{types}", kiosk=True, idle_seconds=3600)
    _collect(driver.app, driver)
    bare: set[tuple[str, str]] = set()
    seen = 0
    for name, visit in _visits(driver.app):
        visit()
        driver.frames(3)
        words = driver.words()
        seen += words.count("«")
        left = NAMES.sub(" ", re.sub(r"«[^»]*»", " ", words))
        bare |= {(name, word) for word in re.findall(r"[^\W\d_]{2,}", left)}
    assert seen > 100, "the brackets are there"
    assert not bare
