"""A camera is unplugged and plugged in again: a folder, a film, a USB camera."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edgefashion.store.store import Store


class FolderCamera:
    """A folder of pictures that is taken away and put back."""

    def __init__(self, tmp_path: Path, garments: Path) -> None:
        self.place = tmp_path / "camera"
        self.place.mkdir()
        for number in range(2):
            (self.place / f"{number}.png").write_bytes((garments / "a.png").read_bytes())
        self.spec = f"folder:{self.place}"
        self.told = "0.png is not there"

    def unplug(self) -> None:
        self.place.rename(self.place.with_name("away"))

    def plug(self) -> None:
        self.place.with_name("away").rename(self.place)


class VideoCamera(FolderCamera):
    """A film that is taken away and put back."""

    def __init__(self, tmp_path: Path, garments: Path) -> None:
        self.place = film(tmp_path / "film.avi", garments)
        self.spec = f"video:{self.place}"
        self.told = "film.avi is not there"


class UsbCamera:
    """The container that PyAV would open on a V4L2 device: it gives a film's data, and raises once it is pulled out."""

    def __init__(self, tmp_path: Path, garments: Path) -> None:
        import av

        self._open, self._film = av.open, film(tmp_path / "film.avi", garments)
        self._gone = av.error.OSError(19, "No such device")
        self.device = tmp_path / "video0"
        self.spec = f"usb:{self.device}"
        self.told = "The camera video0 was not found"
        self.plug()

    def plug(self) -> None:
        self.device.touch()

    def unplug(self) -> None:
        self.device.unlink()

    def open(self, path: str, format: str | None, **_: Any) -> "UsbCamera":
        assert (path, format) == (str(self.device), "v4l2")
        self._container = self._open(str(self._film))
        self.streams = self._container.streams
        return self

    def demux(self, stream: Any) -> Iterator[Any]:
        while True:
            for packet in self._container.demux(stream):
                if not self.device.exists():
                    raise self._gone
                if packet.size:
                    time.sleep(1 / 30)
                    yield packet
            self._container.seek(0)

    def __enter__(self) -> "UsbCamera":
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()


def film(path: Path, garments: Path) -> Path:
    """A second of a drawn garment, as Motion JPEG."""
    av = pytest.importorskip("av", reason="the extra camera is not installed")
    with av.open(str(path), "w") as container, Image.open(garments / "a.png") as picture:
        stream = container.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = *picture.size, "yuvj420p"
        for _ in range(30):
            for packet in stream.encode(av.VideoFrame.from_image(picture.convert("RGB"))):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


@pytest.mark.parametrize("kind", [FolderCamera, VideoCamera, UsbCamera])
def test_a_camera_is_unplugged_and_back(
    kind: Any,
    drive: Callable[..., Any],
    store: Store,
    garments: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgefashion.camera.source.RETRY_SECONDS", 0.05)
    camera = kind(tmp_path, garments)
    if kind is UsbCamera:
        monkeypatch.setattr("av.open", camera.open)
    driver = drive(source=camera.spec)
    live, session = driver.app.live, driver.app.session
    driver.answered()
    driver.tap("freeze")
    driver.tap("freeze")
    driver.answered()

    camera.unplug()
    driver.until(lambda: camera.told in live.picture.notice.text, "the reason why there is no picture")
    assert "\n" not in live.picture.notice.text
    assert not live.picture.has_picture
    driver.until(lambda: session.worker.statistics().idle, "the last frame's answer")
    driver.until(lambda: live.card.freeze.disabled, "that what was there before is no answer any more")
    assert live.card.type.text == "…"
    driver.app.open_page("history")
    driver.frames(1)
    driver.app.back()

    camera.plug()
    driver.answered()
    assert live.picture.has_picture
    assert session.problem == ""
    driver.tap("freeze")
    assert [scan.id for scan in store.scans()] == [2, 1]


def test_without_a_picture_nothing_is_drawn_again_and_again(drive: Callable[..., Any]) -> None:
    driver = drive(source=None)
    driver.frames(5)
    drawn: list[object] = []
    driver.window.bind(on_flip=drawn.append)
    driver.frames(10)
    driver.window.unbind(on_flip=drawn.append)
    assert not drawn
