"""The app in a real window without a screen: SDL's offscreen driver, real OpenGL. Skips where Kivy is missing."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgefashion.data.drawn import draw_garment
from edgefashion.store.store import Store

EXAMPLES = Path(__file__).parents[2] / "examples"
MISSING = [name for name in ("edgefashion_app", "kivy", "segno") if importlib.util.find_spec(name) is None]
if not sys.platform.startswith("linux"):
    MISSING.append("SDL's offscreen driver")
collect_ignore = [] if not MISSING else [path.name for path in Path(__file__).parent.glob("test_*.py")]


def pytest_report_header() -> str | None:
    return f"The app's tests are left out: no {', '.join(MISSING)} (pip install '.[app]')" if MISSING else None


def offscreen(folder: Path) -> None:
    """Kivy's environment for windows without a screen, of sizes that don't depend on the machine."""
    os.environ.update(
        SDL_VIDEODRIVER="offscreen", KIVY_METRICS_DENSITY="1", KIVY_DPI="96", KIVY_METRICS_FONTSCALE="1",
        LP_NUM_THREADS="1", LANGUAGE="en",
    )  # fmt: skip
    from edgefashion_app.environment import prepare

    prepare(folder, (1920, 1920))


@pytest.fixture(scope="session")
def window() -> None:
    """Kivy's environment, before its first import; one window serves all tests."""
    if "tensorflow" in sys.modules:
        pytest.skip(
            "TensorFlow is loaded in this process, and Mesa's LLVM crashes beside its own: run tests/mobile_app alone"
        )
    offscreen(Path(tempfile.mkdtemp(prefix="edgefashion-app-")))


@pytest.fixture(scope="session")
def garments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one drawn garment that the tiny model knows."""
    folder = tmp_path_factory.mktemp("garments")
    draw_garment("t-shirt", 3, (320, 240), colour="red", ground="sheet").save(folder / "a.png")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "scans.db") as opened:
        yield opened


@pytest.fixture
def drive(
    window: None, store: Store, tmp_path: Path, garments: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """Starts the app on the drawn garment with the tiny model, and waits for that; ends it after the test."""
    monkeypatch.setattr("edgefashion_app.message.SECONDS", 3600.0)  # a busy machine must not take it away too soon
    from edgefashion_app.app import EdgeFashionApp, Options
    from tests.mobile_app.driver import Driver

    running: list[Driver] = []

    def start(size: tuple[int, int] = (800, 480), source: str | None = f"folder:{garments}", **options: Any) -> Driver:
        options.setdefault("model", str(tiny_model))
        driver = Driver(EdgeFashionApp(store, Options(tmp_path, source, **options)), size)
        running.append(driver)
        driver.opened()
        return driver

    yield start
    for driver in running:
        driver.close()
