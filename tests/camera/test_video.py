"""Video files as frame sources: whole, turned, odd, damaged, and no video at all."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest

from edgefashion.camera.orientation import Orientation
from edgefashion.camera.video import VideoSource
from tests.camera.frames import check, next_frame, quarters, wait_for, write_video


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "short.mp4")


def test_a_video_once_through(video: Path, close: Callable[[Any], Any]) -> None:
    film = close(VideoSource(video, Orientation(mirror=True), loop=False))
    start = monotonic()
    film.start()
    wait_for(lambda: film.finished)
    assert monotonic() - start >= 0.3, "it is played in its own time"
    frame = next_frame(film)
    check(frame)
    assert (frame.sequence, film.problem) == (10, "")
    assert quarters(frame) == ["green", "red", "blue", "black"]


def test_a_video_again_and_again(video: Path, close: Callable[[Any], Any]) -> None:
    film = close(VideoSource(video))
    film.start()
    assert next_frame(film, after=14).sequence > 14


def test_a_phone_s_upright_video_is_upright(video: Path, tmp_path: Path, close: Callable[[Any], Any]) -> None:
    content = bytearray(video.read_bytes())
    matrix = content.index(b"tkhd") + 44
    content[matrix : matrix + 36] = b"".join(
        number.to_bytes(4, "big", signed=True) for number in (0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30)
    )
    (tmp_path / "phone.mp4").write_bytes(content)
    film = close(VideoSource(tmp_path / "phone.mp4"))
    film.start()
    frame = next_frame(film)
    assert frame.pixels.shape == (64, 48, 4)
    assert quarters(frame) == ["blue", "red", "green", "black"], "turned clockwise by a quarter"


def test_odd_sizes_have_no_padding(tmp_path: Path, close: Callable[[Any], Any]) -> None:
    film = close(VideoSource(write_video(tmp_path / "odd.mp4", size=(50, 70)), loop=False))
    film.start()
    frame = next_frame(film)
    check(frame)
    assert frame.pixels.shape == (50, 70, 4)
    assert quarters(frame) == ["red", "green", "black", "blue"]


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "playlist"])
def test_a_file_that_is_no_video(kind: str, video: Path, tmp_path: Path, close: Callable[[Any], Any]) -> None:
    content = {
        "empty": b"",
        "text": b"not a video" * 100,
        "cut": video.read_bytes()[:60],
        "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    }[kind]
    (tmp_path / "film.mp4").write_bytes(content)
    film = close(VideoSource(tmp_path / "film.mp4", loop=False))
    film.start()
    wait_for(lambda: film.finished)
    assert film.problem.startswith(f"video:{tmp_path / 'film.mp4'}: ")
    assert "\n" not in film.problem
    assert film.latest(0) is None


def test_damage_in_the_middle_is_left_out(tmp_path: Path, close: Callable[[Any], Any]) -> None:
    path = write_video(tmp_path / "film.mp4", seconds=1.0)
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4
    length = int.from_bytes(content[start - 8 : start - 4], "big") - 8
    middle = slice(start + length // 3, start + length * 2 // 3)
    content[middle] = np.random.default_rng(3).bytes(middle.stop - middle.start)
    path.write_bytes(content)
    film = close(VideoSource(path, loop=False))
    film.start()
    wait_for(lambda: film.finished)
    assert next_frame(film).sequence >= 5
    assert "\n" not in film.problem
