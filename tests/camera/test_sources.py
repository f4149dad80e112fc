"""Frame sources: what they hand out, what they say when there is nothing, and that they come back."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from time import sleep
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgefashion.camera import picamera, sources
from edgefashion.camera.folder import FolderSource
from edgefashion.camera.orientation import Orientation
from edgefashion.camera.rows import without_padding
from edgefashion.camera.sources import find_camera, local_cameras, open_source
from edgefashion.camera.usb import UsbSource, usb_cameras
from edgefashion.errors import CameraError, EdgeFashionError, MissingExtraError
from tests.camera.frames import asymmetric, check, next_frame, quarters, wait_for, write_video

# --- folders ---------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(asymmetric()).save(folder / "a.png")
    (folder / "b.jpg").write_bytes(b"")
    Image.fromarray(asymmetric()[:, ::-1]).save(folder / "c.png")
    (folder / "notes.txt").write_text("none")
    return folder


def test_a_folder_once_through(pictures: Path, close: Callable[[FolderSource], FolderSource]) -> None:
    folder = close(FolderSource(pictures, loop=False, rate=50, seconds=0.1))
    assert (folder.latest(0), folder.problem, folder.finished) == (None, "", False)
    folder.start()
    folder.start()
    seen: dict[int, list[str]] = {}
    problems = set()
    while not folder.finished:
        problems.add(folder.problem)
        frame = folder.latest(max(seen, default=0))
        if frame is not None:
            check(frame)
            seen[frame.sequence] = quarters(frame)
    last = next_frame(folder)
    seen[last.sequence] = quarters(last)
    assert last.sequence == 10, "five frames of each picture that can be read"
    assert sorted(seen) == list(seen), "the numbers rise"
    for sequence, colours in seen.items():
        assert colours == (["red", "green", "black", "blue"] if sequence <= 5 else ["green", "red", "blue", "black"])
    assert any("b.jpg" in problem for problem in problems), "a picture of zero bytes is told"
    assert folder.latest(last.sequence) is None


def test_a_folder_again_and_again(pictures: Path, close: Callable[[FolderSource], FolderSource]) -> None:
    folder = close(FolderSource(pictures, Orientation(90), rate=200, seconds=0.01))
    folder.start()
    frame = next_frame(folder, after=9)
    assert quarters(frame) in (["blue", "red", "green", "black"], ["black", "green", "red", "blue"])
    assert not folder.finished
    folder.close()
    assert folder.finished
    number = next_frame(folder).sequence
    sleep(0.05)
    assert folder.latest(number) is None, "nothing comes after close"


def test_a_folder_of_nothing_but_damage_goes_on(tmp_path: Path, close: Callable[[FolderSource], FolderSource]) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff no")
    folder = close(FolderSource(tmp_path, loop=False, rate=100, seconds=0.01))
    folder.start()
    wait_for(lambda: folder.finished)
    assert folder.latest(0) is None
    assert "a.jpg" in folder.problem


def test_an_8k_picture_is_reduced(tmp_path: Path, close: Callable[[FolderSource], FolderSource]) -> None:
    Image.fromarray(asymmetric(4320, 7680)).save(tmp_path / "large.jpg", quality=50)
    folder = close(FolderSource(tmp_path, loop=False))
    folder.start()
    frame = next_frame(folder)
    check(frame)
    assert frame.pixels.shape == (1080, 1920, 4)
    assert quarters(frame) == ["red", "green", "black", "blue"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("folder:nowhere", "no such folder"),
        ("folder:empty", "no pictures"),
        ("folder:", "A source must be"),
        ("video:nowhere.mp4", "no such file"),
        ("usb:front", "number"),
        ("usb:../video0", "number"),
        ("usb", "A source must be"),
        ("picamera2:0", "A source must be"),
        ("android:top", "android:back or android:front"),
        ("http://camera/stream", "A source must be"),
        ("", "A source must be"),
    ],
)
def test_specs_that_name_nothing(spec: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if spec.startswith(("video", "usb:")):
        pytest.importorskip("av", reason="the extra camera is not installed")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EdgeFashionError, match=said) as raised:
        open_source(spec)
    assert "\n" not in str(raised.value)


def test_without_pyav_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    for spec in ("usb:0", "video:a.mp4"):
        with pytest.raises(MissingExtraError, match=r"edgefashion\[camera\]"):
            open_source(spec)


# --- USB -------------------------------------------------------------------------------------------


def test_a_camera_is_unplugged_and_back(tmp_path: Path, close: Callable[[Any], Any]) -> None:
    """The device is a file of MJPEG here, read by the same code: it ends as a camera does that is pulled out."""
    stored = write_video(tmp_path / "camera.mjpeg", suffix="mjpeg")
    device = tmp_path / "video0"
    camera = close(UsbSource(str(device), container_format="mjpeg"))
    camera.start()
    wait_for(lambda: "plug it in" in camera.problem)
    assert camera.latest(0) is None
    shutil.copy(stored, device)
    frame = next_frame(camera)
    check(frame)
    assert quarters(frame) == ["red", "green", "black", "blue"]
    device.unlink()
    wait_for(lambda: f"no camera at {device}" in camera.problem)
    gone = next_frame(camera).sequence
    assert not camera.finished
    shutil.copy(stored, device)
    assert next_frame(camera, after=gone).sequence > gone, "the numbers go on"


def test_a_device_that_gives_no_picture(tmp_path: Path, close: Callable[[Any], Any]) -> None:
    pytest.importorskip("av", reason="the extra camera is not installed")
    if "video4linux2,v4l2" not in __import__("av").formats_available:
        pytest.skip("this build of FFmpeg has no V4L2")
    (tmp_path / "video0").write_bytes(b"no camera")
    camera = close(UsbSource(str(tmp_path / "video0")))
    camera.start()
    wait_for(lambda: "gives no picture" in camera.problem)
    assert "\n" not in camera.problem


def test_cameras_on_usb_are_found(tmp_path: Path) -> None:
    for number, index, bus in ((10, 0, "usb"), (0, 0, "usb"), (1, 1, "usb"), (2, 0, "platform"), (3, 0, None)):
        entry = tmp_path / f"video{number}"
        (entry / "device").mkdir(parents=True)
        (entry / "index").write_text(f"{index}\n")
        if bus:
            (tmp_path / "bus" / bus).mkdir(parents=True, exist_ok=True)
            (entry / "device" / "subsystem").symlink_to(tmp_path / "bus" / bus)
    (tmp_path / "video-none").mkdir()
    assert usb_cameras(tmp_path) == ["usb:0", "usb:10"]
    assert usb_cameras(tmp_path / "nowhere") == []


def test_the_camera_that_is_taken_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "has_picamera", lambda: False)
    monkeypatch.setattr(sources, "usb_cameras", lambda: ["usb:2", "usb:4"])
    assert find_camera() == "usb:2"
    monkeypatch.setattr(sources, "has_picamera", lambda: True)
    assert find_camera() == "picamera2"
    assert local_cameras() == ("usb:0", "usb:1", "picamera2")
    monkeypatch.setattr(sources, "has_picamera", lambda: False)
    monkeypatch.setattr(sources, "usb_cameras", list)
    with pytest.raises(CameraError, match=r"Plug one in.*folder:PATH"):
        find_camera()
    monkeypatch.setattr(sys, "getandroidapilevel", lambda: 35, raising=False)
    assert local_cameras() == ("android:back", "android:front")
    assert find_camera() == "android:back"


# --- picamera2 -------------------------------------------------------------------------------------


def test_row_padding_is_cut_off() -> None:
    picture = np.dstack([asymmetric(6, 10), np.full((6, 10), 255, np.uint8)])
    padded = np.full((6, 64), 7, np.uint8)
    padded[:, :40] = picture.reshape(6, 40)
    buffer = np.concatenate([padded.ravel(), np.full(100, 9, np.uint8)])  # and pages at the end
    assert np.array_equal(without_padding(buffer, 6, 10, 64), picture)
    assert np.array_equal(without_padding(picture.ravel(), 6, 10, 40), picture)
    for height, stride in ((6, 39), (8, 64)):
        with pytest.raises(CameraError, match="can't hold"):
            without_padding(buffer, height, 10, stride)


class StandIn:
    """What of picamera2 the source calls. The package itself runs on a Raspberry Pi only."""

    closed = 0
    cameras: tuple[dict[str, int], ...] = ({"Num": 0},)

    @classmethod
    def global_camera_info(cls) -> list[dict[str, int]]:
        return list(cls.cameras)

    def create_video_configuration(self, main: dict[str, Any]) -> dict[str, Any]:
        assert main == {"size": (1280, 960), "format": "XBGR8888"}
        return {"main": {"size": (64, 48), "format": "XBGR8888", "stride": 320}}

    def configure(self, configuration: dict[str, Any]) -> None:
        self.configuration = configuration

    def camera_configuration(self) -> dict[str, Any]:
        return self.configuration

    def start(self) -> None:
        self.started = True

    def capture_buffer(self, name: str) -> NDArray[np.uint8]:
        assert (name, self.started) == ("main", True)
        sleep(0.005)
        rows = np.full((48, 320), 7, np.uint8)
        rows[:, :256] = np.dstack([asymmetric(), np.full((48, 64), 255, np.uint8)]).reshape(48, 256)
        return rows.ravel()

    def close(self) -> None:
        type(self).closed += 1


def test_picamera2(monkeypatch: pytest.MonkeyPatch, close: Callable[[Any], Any]) -> None:
    monkeypatch.setitem(__import__("sys").modules, "picamera2", SimpleNamespace(Picamera2=StandIn))
    camera = close(open_source("picamera2", rotate=180))
    camera.start()
    frame = next_frame(camera, after=2)
    check(frame)
    assert frame.pixels.shape == (48, 64, 4)
    assert quarters(frame) == ["black", "blue", "red", "green"]
    camera.close()
    assert StandIn.closed == 1
    monkeypatch.setattr(StandIn, "cameras", ())
    unconnected = close(open_source("picamera2"))
    unconnected.start()
    wait_for(lambda: "no camera is connected" in unconnected.problem)


def test_picamera2_that_is_not_there(monkeypatch: pytest.MonkeyPatch, close: Callable[[Any], Any]) -> None:
    monkeypatch.setitem(__import__("sys").modules, "picamera2", None)
    assert not picamera.has_picamera()
    camera = close(open_source("picamera2"))
    camera.start()
    wait_for(lambda: "sudo apt install python3-picamera2" in camera.problem)


def test_a_driver_that_raises_anything_is_told_and_tried_again(close: Callable[[Any], Any], pictures: Path) -> None:
    class Flaky(FolderSource):
        tries = 0

        def _read(self) -> Any:
            self.tries += 1
            if self.tries < 3:
                raise OSError(5, "Input/output error\nin two lines")
            return super()._read()

    camera = close(Flaky(pictures))
    camera.start()
    wait_for(lambda: "OSError" in camera.problem)
    assert "\n" not in camera.problem
    next_frame(camera)
    assert camera.problem == ""
