"""Runs on the emulated board: the app itself, drawn in software, looking at a picture with the shipped model."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from edgefashion.store.store import Store
from tests.pi.boards import BOARDS

EXAMPLES = Path(__file__).parents[3] / "examples"
PICTURE = "t-shirt-red.jpg"
SIZE = (800, 480)  # Raspberry Pi's first touch display
WAIT_SECONDS = 300.0

if not BOARDS[os.environ["EDGEFASHION_BOARD"]].app:
    pytest.skip("the app is tried on another board", allow_module_level=True)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Any]:
    """The app with the shipped model, looking at a red t-shirt."""
    from edgefashion_app.environment import prepare

    prepare(tmp_path, SIZE)
    from edgefashion_app.app import EdgeFashionApp, Options
    from tests.mobile_app.driver import Driver

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    shutil.copy(EXAMPLES / PICTURE, pictures)
    with Store.open(tmp_path / "scans.db") as store:
        running = Driver(EdgeFashionApp(store, Options(tmp_path, f"folder:{pictures}")), SIZE)
        yield running
        running.close()


def test_the_app_draws_the_camera_and_the_answer(driver: Any) -> None:
    from kivy.clock import Clock

    end = monotonic() + WAIT_SECONDS
    while driver.app.session.state.prediction is None and monotonic() < end:
        Clock.tick()  # without drawing, which takes seconds here
        sleep(0.1)
    assert driver.app.session.state.prediction is not None, driver.app.session.problem
    assert driver.app.session.state.prediction.type == "t-shirt"
    driver.frames(2)
    shot = driver.screenshot()
    Image.fromarray(shot).convert("RGB").save(os.environ["EDGEFASHION_SHOT"])
    assert shot.shape == (SIZE[1], SIZE[0], 4)
    assert "t-shirt" in driver.words()
    view = driver.app.live.picture
    with Image.open(EXAMPLES / PICTURE) as picture:
        expected = np.asarray(ImageOps.fit(picture.convert("RGB"), (round(view.width), round(view.height))), dtype=int)
    height, width, _ = expected.shape
    top, left = SIZE[1] - round(view.top), round(view.x)
    drawn = shot[top : top + height, left : left + width, :3]
    assert np.median(np.abs(drawn - expected).max(axis=2)) <= 2, "the camera's picture, upright, in its colours"
    card = shot[20:460, left + width + 30 : SIZE[0] - 30, :3].sum(axis=2, dtype=int)
    assert np.median(card) < 150, "the card is dark"
    assert 0.01 < (card > 600).mean() < 0.3, "with light letters on it"
