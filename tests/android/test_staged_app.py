"""The very files that go into the APK, started by their main.py, with the Java of the phone stood in for.

Nothing else is installed beside them here than on the phone: no LiteRT for Python, no PyAV, no rich.
"""

import csv
import ctypes.util
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from edgefashion.data.drawn import draw_garment
from edgefashion.runtime.golden import golden_input
from edgefashion.runtime.image import prepare
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import find_model
from edgefashion_app.languages.language import Language
from edgefashion_app.session import frame_from_picture
from tests.android.test_java_interpreter import answer
from tests.android.test_java_speech import NO_LANGUAGE
from tests.android.test_package import need


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's own folder."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def picture(private: Path) -> Path:
    """A picture of the gallery, which the stand-in model calls a hat."""
    path = private.parent / "gallery picture.png"
    draw_garment("t-shirt", 3, (320, 240), colour="red", ground="sheet").save(path)
    return path


@pytest.fixture(scope="module")
def told(classes: Path, staged: Path, private: Path, picture: Path) -> dict[str, Any]:
    """What happened when `run_staged.py` ran the app."""
    need("jnius", "kivy", "segno")
    if importlib.util.find_spec("ai_edge_litert") is not None:
        pytest.skip("LiteRT for Python is installed here, which a phone has not: make test-android")
    if ctypes.util.find_library("EGL") is None:
        pytest.skip("no OpenGL: sudo apt-get install libgl1 libegl1 libgles2 libgl1-mesa-dri libmtdev1")
    script = Path(__file__).with_name("run_staged.py")
    table = write_table(private.parent / "table.txt", picture)
    command = [sys.executable, "-OO", str(script), str(staged / "app"), str(classes), str(table), str(private)]
    variables = os.environ | {
        "SDL_VIDEODRIVER": "offscreen", "LP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "KIVY_NO_ARGS": "1",
        "LANGUAGE": "en",
    }  # fmt: skip
    done = subprocess.run(
        [*command, str(private.parent / "screen.png"), str(picture)],
        capture_output=True,
        text=True,
        timeout=600,
        env=variables,
        cwd=private,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert said["exit"] == 0
    return said


def test_the_app_starts_looks_and_answers(told: dict[str, Any], staged: Path, private: Path) -> None:
    assert Path(told["home"]).is_relative_to(staged), "the staged files ran, not the checkout"
    assert (told["problem"], told["source"], told["runtime"]) == ("", "android:back", "jnius")
    assert told["model"].startswith("garment-base ")
    assert (told["state"], told["type"], told["failed"]) == ("sure", "dress", 0)
    assert told["asked"] == 1, "the person was asked for the camera"
    assert (told["in_use"], told["in_use_paused"]) == (1, 0), "a paused app holds no camera"
    assert told["frames_after_resume"] > 0
    assert (private / "edgefashion" / "scans.db").is_file()
    shades = np.asarray(Image.open(told["picture"]).convert("RGB")).reshape(-1, 3)
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)):
        assert (np.abs(shades.astype(int) - colour).max(axis=1) < 40).mean() > 0.02, "the camera's picture is shown"


def test_the_app_speaks_or_says_why_not(told: dict[str, Any]) -> None:
    assert told["said"] == "en dress"
    thai = Language.open("th").text(NO_LANGUAGE)
    assert told["no_voice"] == thai != NO_LANGUAGE


def test_a_picture_of_the_gallery_is_shown_with_its_answer(told: dict[str, Any], picture: Path) -> None:
    shown = told["gallery"][f"content://files{picture}"]
    pixels = crc32(frame_from_picture(picture).rgb().tobytes())
    assert shown == {"page": "", "said": "", "card": "hat", "pixels": pixels}
    shades = np.asarray(Image.open(told["gallery_picture"]).convert("RGB")).reshape(-1, 3).astype(int)
    red = (shades[:, 0] > 150) & (shades[:, 1:] < 80).all(axis=1)
    assert red.mean() > 0.05, "the garment is drawn"
    assert set(told["screens"]) == {"GET_CONTENT image/* -"}
    assert len(told["screens"]) == len(told["gallery"]) - 1, "all but the one that there is not"


def test_what_can_not_be_opened_is_said_and_nothing_is_shown(told: dict[str, Any]) -> None:
    said = {name.removeprefix("content://"): answer for name, answer in told["gallery"].items()}
    assert [answer["pixels"] for answer in said.values()].count(None) == len(said) - 1
    (table,) = (answer["said"] for name, answer in said.items() if name.endswith("table.txt"))
    assert "it is empty, damaged or not a picture" in table
    for name, reason in {
        "back": "", "files/dev/null": "picture of 0 bytes can't be read", "gone/a": "No such file",
        "torn/a": "the connection was closed", "endless/a": "larger than 104857600 bytes",
        "nothing": "No Activity found",
    }.items():  # fmt: skip
        assert reason in said[name]["said"], name
        assert bool(reason) == bool(said[name]["said"]), name


def test_exported_files_are_kept_where_the_person_wants_them(told: dict[str, Any]) -> None:
    both, second, none, full = told["exports"]
    kinds = [asked.rpartition("scans-")[0] for asked in both["asked"]]
    assert kinds == ["CREATE_DOCUMENT text/csv ", "CREATE_DOCUMENT application/json "]
    names = [asked.split()[-1] for asked in both["asked"]]
    assert both["said"] == f"Written: {', '.join(names)}"
    table, document = (bytes.fromhex(content) for content in both["kept"].values())
    (row,) = csv.DictReader(table.decode("utf-8-sig").splitlines())
    (scan,) = json.loads(document)["scans"]
    assert (row["id"], row["type"]) == (str(told["scan"]), "dress")
    assert (scan["id"], scan["type"]) == (told["scan"], "dress")
    assert table.startswith(b"\xef\xbb\xbf"), "with the mark by which spreadsheets know UTF-8"

    assert second["said"].endswith(".json")
    assert ".csv" not in second["said"]
    assert list(second["kept"]) == ["1"]
    assert (none["said"], none["kept"], len(none["asked"])) == ("Nothing was exported.", {}, 2)
    assert full["said"].startswith("The disk is full")
    assert full["kept"] == {}, "half a file is none"
    assert not any(step["left"] for step in told["exports"]), "no copy stays where nobody can reach it"


def write_table(path: Path, hat: Path) -> Path:
    """The shipped model's golden vectors, one picture that is a hat, and every other surely a dress."""
    card = ModelFile.read(find_model()).card
    assert card is not None
    height, width = card.input.height, card.input.width
    lines = [f"input image UINT8 1,{height},{width},3 0.0078125 128"]
    lines += [f"output {head.output} UINT8 1,{len(head.labels)} 0.00390625 0" for head in card.heads]
    for golden in card.golden:
        outputs = [np.array(golden.outputs[head.name], np.uint8) for head in card.heads]
        lines.append(answer(golden_input(golden, height, width), *outputs))
    dress, other = (
        [np.array([250 * (label == name) for label in head.labels], np.uint8) for head in card.heads]
        for name in ("dress", "hat")
    )
    lines.append(answer(prepare(frame_from_picture(hat).rgb(), height, width), *other))
    lines.append(f"answer -1 {' '.join(scores.tobytes().hex() for scores in dress)}")
    path.write_text("\n".join(lines), encoding="ascii")
    return path
