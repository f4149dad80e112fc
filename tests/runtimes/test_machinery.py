"""The machinery of `make test-runtimes`, without its environments: what counts as agreement, and what it installs."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

HERE = Path(__file__).parent


@pytest.fixture
def machinery(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(HERE))
    import run_all

    return run_all


def reports() -> tuple[dict[str, Any], dict[str, Any]]:
    """What edgefashion and MediaPipe say of one file with two pictures."""
    heads = {"type": ["labels.txt"]}
    card = {"name": "tiny", "version": "1.0.0", "heads": heads}
    ours = {"card": card, "top": {"a.jpg": "hat", "b.jpg": "dress"}}
    metadata = {**card, "heads": dict(heads), "colour": 1, "normalization": [128.0, 128.0]}
    return ours, {"metadata": metadata, "top": {"a.jpg": {"type": "hat"}, "b.jpg": {"type": "dress"}}}


def test_agreement_passes(machinery: Any) -> None:
    assert machinery.compare(*reports(), ["a.jpg", "b.jpg"]) == (True, "same top-1 on 2 of 2 pictures")


def test_a_small_grey_picture_is_light_on_black_and_in_rgb(machinery: Any, tmp_path: Path) -> None:
    drawing = np.full((480, 640, 3), 255, np.uint8)
    drawing[120:360, 160:480] = (20, 20, 90)
    Image.fromarray(drawing).save(tmp_path / "drawing.png")
    (tmp_path / "small").mkdir()
    with Image.open(machinery.small_and_grey(tmp_path / "drawing.png", tmp_path / "small")) as made:
        assert (made.size, made.mode) == ((28, 28), "RGB")
        pixels = np.asarray(made)
    assert np.ptp(pixels, axis=-1).max() == 0
    assert pixels[0, 0, 0] == 0
    assert pixels[14, 14, 0] > 200


@pytest.mark.parametrize(
    ("who", "path", "value", "sentence"),
    [
        (1, ("top", "b.jpg", "type"), "hat", "1 of 2 pictures; b.jpg: ours dress, theirs hat"),
        (1, ("top", "b.jpg"), {}, "b.jpg: ours dress, theirs None"),
        (1, ("metadata", "version"), "2.0.0", "differ in version"),
        (1, ("metadata", "heads"), {"type": []}, "differ in heads"),
        (1, ("metadata", "normalization"), [127.5, 127.5], "mean and deviation 128"),
        (1, ("metadata", "colour"), 0, "not RGB"),
        (1, ("error",), "refused", "MediaPipe: refused"),
        (0, ("error",), "damaged", "edgefashion: damaged"),
    ],
)
def test_every_disagreement_fails(machinery: Any, who: int, path: tuple[str, ...], value: Any, sentence: str) -> None:
    both = reports()
    place: Any = both[who]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    passed, detail = machinery.compare(*both, ["a.jpg", "b.jpg"])
    assert not passed
    assert sentence in detail


def test_so_many_pictures_may_differ_and_no_more(machinery: Any) -> None:
    ours, theirs = reports()
    theirs["top"]["a.jpg"]["type"] = "something else"
    assert [machinery.compare(ours, theirs, ["a.jpg", "b.jpg"], may)[0] for may in (0, 1)] == [False, True]


def test_no_pictures_is_no_agreement(machinery: Any) -> None:
    assert machinery.compare(*reports(), []) == (False, "no pictures to compare on")


@pytest.mark.parametrize(
    ("results", "options", "code"),
    [([True, True], [], 0), ([True, False], [], 1), ([True, None], [], 0), ([True, None], ["--require-all"], 1)],
)
def test_exit_code(
    machinery: Any, monkeypatch: pytest.MonkeyPatch, results: list[bool | None], options: list[str], code: int
) -> None:
    rows = [machinery.Row("a runtime", "m.tflite", result, "because") for result in results]
    monkeypatch.setattr(machinery, "all_rows", lambda files, pictures: rows)
    assert machinery.main([*options, "m.tflite"]) == code


def test_a_python_that_is_missing_is_said(machinery: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import environments

    assert environments.find_python("2.3") is None
    assert environments.find_python(f"{sys.version_info[0]}.{sys.version_info[1]}") == sys.executable
    odd = environments.Environment("odd", "requirements-tflite-old.txt", ("2.3",))
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(machinery, "CHECKS", (("tflite-runtime", odd, machinery.check_standalone),))
    (row,) = machinery.all_rows(["m.tflite"], [])
    assert row.passed is None
    assert "pyenv install 2.3" in row.detail


@pytest.mark.parametrize("path", sorted(HERE.glob("requirements-*.txt")), ids=lambda path: path.stem)
def test_requirements_are_names_versions_and_hashes(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        name = r"[a-z0-9-]+==[0-9.]+( ; [a-z_]+ [<>=!]+ '[^']+')? \\"
        assert re.fullmatch(rf"{name}|    --hash=sha256:[0-9a-f]{{64}}( \\)?", line), line


def test_the_standalone_check_passes_and_fails(tiny_model: Path, tmp_path: Path) -> None:
    def check(path: Path) -> tuple[int, dict[str, Any]]:
        command = [sys.executable, str(HERE / "golden_standalone.py"), str(path)]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout)

    pytest.importorskip("ai_edge_litert")
    code, report = check(tiny_model)
    assert code == 0
    assert report["passed"] is True
    with zipfile.ZipFile(tiny_model) as archive:
        card = json.loads(archive.read("card.json"))
    scores = card["golden"][0]["outputs"]["type"]
    scores[0] += 9 if scores[0] < 128 else -9
    changed = tmp_path / "changed.tflite"
    changed.write_bytes(tiny_model.read_bytes())
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(changed, "a") as archive:
        archive.writestr("card.json", json.dumps(card))
    code, report = check(changed)
    assert code == 1
    assert report["detail"].endswith("largest difference 9 steps")
    changed.write_bytes(tiny_model.read_bytes()[:3000])
    assert check(changed)[0] == 1
