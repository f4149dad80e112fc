"""`classify`: files, folders and stdin; what goes to stdout, what to stderr, and the exit code."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgefashion import Classifier
from edgefashion.cli import main
from edgefashion.commands.classify import line
from edgefashion.runtime import shipped
from edgefashion.runtime.prediction import Attribute, Prediction


@pytest.fixture
def folder(tmp_path: Path, red_shirt: NDArray[np.uint8]) -> Path:
    """Two good pictures, a damaged one between them, and files that are none."""
    inside = tmp_path / "pictures"
    inside.mkdir()
    Image.fromarray(red_shirt).save(inside / "a.png")
    (inside / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much of a picture")
    Image.fromarray(red_shirt[:, ::-1]).save(inside / "c.JPG", "JPEG")
    (inside / "notes.txt").write_text("no picture", encoding="utf-8")
    (inside / "folder.png").mkdir()
    return inside


def test_one_picture(folder: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "a.png"
    assert main(["classify", str(path), "--model", str(tiny_model)]) == 0
    out, err = capsys.readouterr()
    prediction = Classifier.open(tiny_model).classify(path)
    assert err == ""
    assert out == line(str(path), prediction, 3) + "\n"
    assert out.startswith(f"{path}: tops › t-shirt ")
    assert all(name in out for name, _ in prediction.top(3))


def test_an_unreadable_picture_is_told_and_the_others_go_on(
    folder: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", str(folder), "--model", str(tiny_model)]) == 1
    out, err = capsys.readouterr()
    assert [entry.partition(": ")[0] for entry in out.splitlines()] == [str(folder / "a.png"), str(folder / "c.JPG")]
    assert err.count("\n") == 1
    assert err.startswith(f"edgefashion: {folder / 'b.jpg'}: ")


def test_json(folder: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(folder), "--model", str(tiny_model), "--json", "--top", "2", "--threads", "1"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == {"path": str(tiny_model), "name": "tiny", "version": "1.0.0"}
    first, damaged, last = told["results"]
    assert first["type"] == last["type"] == "t-shirt"
    assert len(first["top"]) == 2
    assert first["top"][0] == {"type": "t-shirt", "probability": first["confidence"]}
    assert set(damaged) == {"image", "error"}


def test_stdin(tiny_model: Path, red_shirt: NDArray[np.uint8]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(red_shirt).save(buffer, "PNG")
    command = [sys.executable, "-m", "edgefashion", "classify", "-", "--model", str(tiny_model)]
    done = subprocess.run(command, input=buffer.getvalue(), capture_output=True, timeout=600, check=False)
    assert done.returncode == 0
    assert done.stdout.decode().startswith("stdin: tops › t-shirt ")
    empty = subprocess.run(command, input=b"", capture_output=True, timeout=600, check=False)
    assert empty.returncode == 1
    assert empty.stderr.decode().startswith("edgefashion: picture of 0 bytes: ")


def test_the_shipped_model_is_the_default(
    folder: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(shipped.SHIPPED, shipped.DEFAULT_MODEL, tiny_model)
    assert main(["classify", str(folder / "a.png"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["path"] == str(tiny_model)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.jpg"], 1, "nowhere.jpg: can't be read"),
        (["a.png", "--top", "0"], 2, "--top must be at least 1"),
        (["a.png", "--threads", "0"], 2, "threads must be 1 to 256"),
        (["a.png", "--model", "nowhere.tflite"], 1, "nowhere.tflite: no such model file"),
        (["a.png", "--model", "a.png"], 1, "not a TensorFlow Lite model"),
        (["empty"], 1, "no pictures in this folder"),
    ],
)
def test_mistakes(
    arguments: list[str],
    code: int,
    said: str,
    folder: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir()
    model = [] if "--model" in arguments else ["--model", str(tiny_model)]
    assert main(["classify", *arguments, *model]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_the_line_shows_doubt_and_attributes() -> None:
    prediction = Prediction((("hat", 0.4), ("shoes", 0.3)), "headwear", False, {"pattern": Attribute("plain", 0.9)})
    assert line("p.jpg", prediction, 1) == "p.jpg: headwear › hat 40.0% (not sure), pattern: plain  [hat 40.0%]"
    ranking = (("shirt", 0.4), ("polo", 0.3))
    prediction = Prediction(ranking, "tops", False, category_sure=True, category_confidence=0.7)
    assert line("p.jpg", prediction, 1) == "p.jpg: tops 70.0%: not sure which  [shirt 40.0%]"
