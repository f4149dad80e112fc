"""What a phone does to an app: sent to the background it gives the camera back, and takes it again afterwards."""

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

Drive = Callable[..., Any]


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("frames of")]


def test_pause_gives_the_camera_back_and_resume_takes_it_again(drive: Drive) -> None:
    driver = drive()
    driver.answered()
    app = driver.app
    assert len(readers()) == 1
    assert app.dispatch("on_pause"), "the system may keep the app"
    assert readers() == []
    driver.frames(3)
    seen = app.session.frames_seen
    app.dispatch("on_resume")
    driver.until(lambda: app.session.frames_seen > seen, "a frame after the app came back")
    assert len(readers()) == 1
    driver.answered()


FRAMES = """
import sys
from edgefashion_app.environment import give_frames_back
import numpy as np
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
if sys.argv[1] == "yes":
    give_frames_back()
np.zeros(4_000_000, np.uint8)  # from the first large one that is freed glibc keeps all that are no larger
before = resident()
frames, kept = [], []
for _ in range(40):
    frames.append(np.full((480, 640, 4), 7, np.uint8))
    kept.append(bytes(1000))
del frames
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's ways with memory")
def test_the_memory_of_frames_goes_back() -> None:
    def megabytes_that_stay(given_back: str) -> float:
        return float(subprocess.run([sys.executable, "-c", FRAMES, given_back], capture_output=True, check=True).stdout)

    if megabytes_that_stay("no") < 20:
        pytest.skip("this C library gives them back by itself")
    assert megabytes_that_stay("yes") < 5


def test_a_phone_looks_through_its_own_camera_at_first(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jnius", None)
    monkeypatch.setattr(sys, "getandroidapilevel", lambda: 35, raising=False)
    driver = drive(source=None)
    assert driver.app.session.source_name == "android:back"
    driver.until(lambda: "only the Android app has it" in driver.words(), "why there is no picture")
    driver.tap("settings")
    assert driver.find("source android:front")
    driver.tap("source ")
    assert driver.app.source == "", "chosen, none is none"


def test_what_a_closed_page_held_is_given_back_soon(drive: Drive) -> None:
    """Python's own collector is off here: it comes when there are many objects, not when they hold much."""
    driver = drive(source=None)
    gone = []
    gc.disable()
    try:
        for name in ("history", "stock", "history", "stock", "history", "stock"):
            driver.app.open_page(name)
            driver.frames(2)
            gone.append(weakref.ref(driver.app.top_screen))
        driver.app.back()
        del gone[0], gone[3:]  # Kivy holds the first page with a field to write in, and perhaps the newest of a kind
        gone.append(weakref.ref(driver.app.live))
        driver.app.rebuild()
        driver.until(lambda: not any(ref() for ref in gone), "the end of what was closed", seconds=30)
    finally:
        gc.enable()
