"""`camera`: what it prints, when it ends, and with which exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgefashion import Classifier, Prediction
from edgefashion.camera import sources
from edgefashion.cli import main


@pytest.fixture
def folder(tmp_path: Path, red_shirt: NDArray[np.uint8]) -> Path:
    """Two pictures that look alike and one that the tiny model calls something else, a broken one among them."""
    inside = tmp_path / "pictures"
    inside.mkdir()
    Image.fromarray(red_shirt).save(inside / "a.png")
    Image.fromarray(red_shirt[:, ::-1]).save(inside / "b.png")
    (inside / "c.png").write_bytes(b"")
    Image.fromarray(np.full((64, 64, 3), 250, np.uint8)).save(inside / "d.png")
    return inside


@pytest.fixture
def words(folder: Path, tiny_model: Path) -> list[str]:
    return ["camera", "--source", f"folder:{folder}", "--model", str(tiny_model), "--threads", "1"]


def test_what_changes_is_told_and_nothing_else(
    words: list[str], folder: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = [Classifier.open(tiny_model).classify(folder / name).type for name in ("a.png", "b.png", "d.png")]
    assert expected[0] == expected[1] != expected[2]
    assert main([*words, "--json", "--top", "2"]) == 0
    out, err = capsys.readouterr()
    told = [json.loads(line) for line in out.splitlines()]
    seen = [entry["type"] for entry in told if entry["state"] != "looking"]
    assert [name for index, name in enumerate(seen) if seen[index - 1 : index] != [name]] == expected[1:]
    assert all(len(entry["top"]) == 2 for entry in told if entry["state"] != "looking")
    assert all(entry["sure"] == (entry["state"] == "sure") for entry in told if entry["state"] != "looking")
    assert [entry["frame"] for entry in told] == sorted(entry["frame"] for entry in told)
    assert len(told) <= 4, "a frame that says nothing new prints nothing"
    problem, summary = err.splitlines()
    assert problem.startswith(f"edgefashion: {folder / 'c.png'}: ")
    assert summary.startswith(f"folder:{folder}: 90 frames, ")
    assert " 0 failed; from picture to answer " in summary


def test_once(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--once"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert " s: tops › t-shirt " in line


def test_a_frame_is_looked_at_once(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    classify, asked = Classifier.classify, []

    def noted(self: Classifier, image: object, once: bool = False) -> Prediction:
        asked.append(once)
        return classify(self, image, once)

    monkeypatch.setattr(Classifier, "classify", noted)
    assert main([*words, "--once"]) == 0
    assert asked
    assert all(asked)


def test_for_a_time_and_every_so_often(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--for", "1.5", "--every", "0.001", "--loop"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) > 3
    assert "looking" in out.splitlines()[0]
    assert "answered" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--source", "folder:nowhere"], 1, "no such folder"),
        (["--source", "webcam"], 1, "A source must be"),
        (["--source", "folder:.", "--for", "0"], 2, "--for must be"),
        (["--source", "folder:.", "--every", "nan"], 2, "--every must be"),
        (["--source", "folder:.", "--top", "0"], 2, "--top must be"),
        (["--source", "folder:.", "--model", "nowhere.tflite"], 1, "no such model file"),
        ([], 1, "No camera was found"),
    ],
)
def test_mistakes(
    arguments: list[str],
    code: int,
    said: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sources, "usb_cameras", list)
    monkeypatch.setattr(sources, "has_picamera", lambda: False)
    assert main(["camera", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_a_camera_that_is_not_there_is_an_error_after_a_while(
    tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("av", reason="the extra camera is not installed")
    assert main(["camera", "--source", "usb:/dev/no-such-camera", "--model", str(tiny_model)]) == 1
    err = capsys.readouterr().err
    assert "no camera at /dev/no-such-camera; plug it in" in err.splitlines()[-1]


def _heed_interrupts() -> None:
    """Shells start background jobs, such as a whole test run, with Ctrl-C switched off, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("lines", [1, 0], ids=["Ctrl-C", "the reader leaves"])
def test_the_end(lines: int, words: list[str]) -> None:
    command = [sys.executable, "-m", "edgefashion", *words, "--loop", "--json", "--every", "0.01"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_heed_interrupts
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["state"] in ("looking", "unsure", "sure")
        if lines:
            os.kill(process.pid, signal.SIGINT)
        else:
            process.stdout.close()
        start = time.monotonic()
        errors = process.stderr.read()
        code = process.wait(60)
    assert time.monotonic() - start < 60
    assert "Traceback" not in errors
    assert code == (0 if lines else 1)
    assert ("frames" in errors) == bool(lines)
