"""The very files that go into the APK, started by their main.py, with the Java of the phone stood in for.

Nothing else is installed beside them here than on the phone: no LiteRT for Python, no PyAV, no rich.
"""

import ctypes.util
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgefashion.runtime.golden import golden_input
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import find_model
from tests.android.test_java_interpreter import answer
from tests.android.test_package import need


def test_the_app_starts_looks_and_answers(classes: Path, staged: Path, tmp_path: Path) -> None:
    need("jnius", "kivy", "segno")
    if importlib.util.find_spec("ai_edge_litert") is not None:
        pytest.skip("LiteRT for Python is installed here, which a phone has not: make test-android")
    if ctypes.util.find_library("EGL") is None:
        pytest.skip("no OpenGL: sudo apt-get install libgl1 libegl1 libgles2 libgl1-mesa-dri libmtdev1")
    private = tmp_path / "files"
    private.mkdir()
    script = Path(__file__).with_name("run_staged.py")
    table = write_table(tmp_path / "table.txt")
    command = [sys.executable, "-OO", str(script), str(staged / "app"), str(classes), str(table), str(private)]
    variables = os.environ | {
        "SDL_VIDEODRIVER": "offscreen", "LP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "KIVY_NO_ARGS": "1",
        "LANGUAGE": "en",
    }  # fmt: skip
    done = subprocess.run(
        [*command, str(tmp_path / "screen.png")],
        capture_output=True,
        text=True,
        timeout=240,
        env=variables,
        cwd=private,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert Path(told["home"]).is_relative_to(staged), "the staged files ran, not the checkout"
    assert (told["problem"], told["source"], told["runtime"]) == ("", "android:back", "jnius")
    assert told["model"].startswith("garment-base ")
    assert (told["state"], told["type"], told["failed"]) == ("sure", "dress", 0)
    assert told["asked"] == 1, "the person was asked for the camera"
    assert (told["in_use"], told["in_use_paused"]) == (1, 0), "a paused app holds no camera"
    assert told["frames_after_resume"] > 0
    assert told["exit"] == 0
    assert (private / "edgefashion" / "scans.db").is_file()
    shades = np.asarray(Image.open(told["picture"]).convert("RGB")).reshape(-1, 3)
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)):
        assert (np.abs(shades.astype(int) - colour).max(axis=1) < 40).mean() > 0.02, "the camera's picture is shown"


def write_table(path: Path) -> Path:
    """The shipped model's golden vectors, and to every other picture: surely a dress."""
    card = ModelFile.read(find_model()).card
    assert card is not None
    height, width = card.input.height, card.input.width
    lines = [f"input image UINT8 1,{height},{width},3 0.0078125 128"]
    lines += [f"output {head.output} UINT8 1,{len(head.labels)} 0.00390625 0" for head in card.heads]
    for golden in card.golden:
        outputs = [np.array(golden.outputs[head.name], np.uint8) for head in card.heads]
        lines.append(answer(golden_input(golden, height, width), *outputs))
    dress = [np.array([250 * (label == "dress") for label in head.labels], np.uint8) for head in card.heads]
    lines.append(f"answer -1 {' '.join(scores.tobytes().hex() for scores in dress)}")
    path.write_text("\n".join(lines), encoding="ascii")
    return path
