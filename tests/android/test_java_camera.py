"""The phone's camera: our Java class and its reader, with stand-ins for Android and CameraX in a real Java machine."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgefashion.camera import android, source
from edgefashion.camera.android import AndroidSource
from edgefashion.camera.sources import open_source
from edgefashion.errors import CameraError
from tests.camera.test_sources import check, next_frame, quarters, wait_for


@pytest.fixture
def phone(java: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The stand-in phone: its camera is allowed, free and gives pictures unless a test says otherwise."""
    monkeypatch.setattr(source, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(android, "WAIT_MS", 20)
    monkeypatch.setattr(AndroidSource, "_asked", False)
    activity, provider = java("android.app.Activity"), java("androidx.camera.lifecycle.ProcessCameraProvider")
    activity.granted, activity.willAllow, activity.asked = True, True, 0
    provider.taken = provider.silent = False

    class Phone:
        person, cameras, analysis = activity, provider, java("androidx.camera.core.ImageAnalysis")

    yield Phone
    wait_for(lambda: provider.inUse() == 0)


@pytest.fixture
def close() -> Iterator[Callable[[Any], Any]]:
    opened: list[Any] = []
    yield lambda given: (opened.append(given), given)[1]
    for given in opened:
        given.close()


def test_pictures_come_upright_and_without_padding(phone: Any, close: Callable[[Any], Any]) -> None:
    camera = close(open_source("android:back"))
    camera.start()
    frame = next_frame(camera)
    check(frame)
    assert frame.pixels.shape == (64, 48, 4), "the sensor lies on its side"
    assert quarters(frame) == ["blue", "red", "green", "black"]
    later = next_frame(camera, after=frame.sequence + 5)
    assert quarters(later) == quarters(frame)
    assert (phone.analysis.size.width, phone.analysis.size.height) == (960, 720)
    assert phone.analysis.targetRotation == 3, "it follows the screen's rotation"
    assert camera.problem == ""
    camera.close()
    wait_for(lambda: phone.cameras.inUse() == 0)
    assert phone.person.asked == 0


def test_own_rotation_and_mirror_come_on_top(phone: Any, close: Callable[[Any], Any]) -> None:
    camera = close(open_source("android:back", rotate=90, mirror=True))
    camera.start()
    frame = next_frame(camera)
    assert frame.pixels.shape == (48, 64, 4)
    assert quarters(frame) == ["blue", "black", "green", "red"]


def test_the_person_is_asked_once_and_told_why(phone: Any, close: Callable[[Any], Any]) -> None:
    phone.person.granted = phone.person.willAllow = False
    camera = close(open_source("android:back"))
    camera.start()
    wait_for(lambda: camera.problem == android.REASON)
    wait_for(lambda: phone.person.asked == 1)
    camera.close()
    again = close(open_source("android:back"))
    again.start()
    wait_for(lambda: again.problem == android.REASON)
    assert phone.person.asked == 1
    assert again.latest(0) is None
    phone.person.granted = True  # in the system's settings
    next_frame(again)
    assert again.problem == ""


def test_after_a_yes_pictures_come(phone: Any, close: Callable[[Any], Any]) -> None:
    phone.person.granted = False
    camera = close(open_source("android:back"))
    camera.start()
    next_frame(camera)


def test_why_there_is_no_picture(phone: Any, close: Callable[[Any], Any]) -> None:
    front = close(open_source("android:front"))
    front.start()
    wait_for(lambda: front.problem == "android:front: there is no such camera")
    front.close()
    phone.cameras.taken = True
    back = close(open_source("android:back"))
    back.start()
    wait_for(lambda: back.problem == "android:back: the camera is in use by a call")
    phone.cameras.taken, phone.cameras.silent = False, True
    wait_for(lambda: "no picture comes" in back.problem)
    phone.cameras.silent = False
    next_frame(back)
    assert back.problem == ""
    assert phone.cameras.inUse() == 1


def test_elsewhere_it_says_so(monkeypatch: pytest.MonkeyPatch, close: Callable[[Any], Any]) -> None:
    monkeypatch.setitem(sys.modules, "jnius", None)
    camera = close(open_source("android:back"))
    camera.start()
    assert "only the Android app has it" in camera.problem
    assert camera.latest(0) is None
    with pytest.raises(CameraError, match="android:back or android:front"):
        AndroidSource("top")


def test_the_manifest_needs_no_more_than_the_code_asks_for() -> None:
    java = Path(__file__).parents[2] / "mobile_app" / "apk" / "java"
    asked = {line for path in java.rglob("*.java") for line in path.read_text().splitlines() if "permission." in line}
    assert asked == {'    private static final String PERMISSION = "android.permission.CAMERA";'}
