"""`doctor`: tells what is there, and what to install for what is not."""

import json
from importlib import metadata
from pathlib import Path

import pytest

from edgefashion.cli import main
from edgefashion.commands import doctor
from edgefashion.runtime import interpreter, shipped


@pytest.fixture
def models(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model in the place of the shipped ones."""
    for name in shipped.SHIPPED:
        monkeypatch.setitem(shipped.SHIPPED, name, tiny_model)


def told(capsys: pytest.CaptureFixture[str], code: int) -> dict:
    assert main(["doctor", "--json"]) == code
    out, err = capsys.readouterr()
    assert err.count("\n") == code, "a failed check is told in one line"
    return json.loads(out)


@pytest.mark.usefixtures("models")
def test_a_healthy_machine(capsys: pytest.CaptureFixture[str]) -> None:
    facts = told(capsys, 0)
    assert facts["python"].count(".") == 2
    assert 1 <= facts["threads"] <= 4
    assert sum(report["chosen"] for report in facts["runtimes"]) == 1
    assert all(report["reason"] for report in facts["runtimes"])
    assert {model["name"] for model in facts["models"]} == set(shipped.SHIPPED)
    assert all(model["state"] == "verified: 6 of 6 golden vectors" for model in facts["models"])
    assert facts["packages"]["numpy"] == metadata.version("numpy")
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "chosen" in shown
    assert "verified: 6 of 6 golden vectors" in shown


def test_a_missing_model_is_told_with_what_to_do(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(tiny_model.read_bytes()[:9000])
    monkeypatch.setitem(shipped.SHIPPED, "garment-base", tmp_path / "gone.tflite")
    monkeypatch.setitem(shipped.SHIPPED, "fashion-mnist-nano", damaged)
    states = {model["name"]: model["state"] for model in told(capsys, 1)["models"]}
    assert states["garment-base"] == "missing: reinstall edgefashion"
    assert "damaged" in states["fashion-mnist-nano"]
    assert states["garment-small"].startswith("verified")
    assert main(["doctor"]) == 1
    assert "Shipped models can't be used here: garment-base (missing: reinstall edgefashion); fashion-mnist-nano (" in (
        capsys.readouterr().err
    )


@pytest.mark.usefixtures("models")
def test_without_a_runtime(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(interpreter, "find_spec", lambda name: None)
    facts = told(capsys, 1)
    assert not any(report["chosen"] for report in facts["runtimes"])
    assert facts["runtimes"][0]["reason"] == "not installed: pip install ai-edge-litert"
    assert facts["models"][0]["state"] == "found; no runtime to verify it with"


@pytest.mark.usefixtures("models")
def test_extras_name_what_is_lacking(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class About:
        def get_all(self, key: str) -> list[str]:
            assert key == "Provides-Extra"
            return ["data", "moon"]

    monkeypatch.setattr(doctor.metadata, "metadata", lambda name: About())
    wanted = ["numpy>=1", 'pillow>=9; extra == "data"', "moon-rocket>=2; extra == 'moon'"]
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: wanted)
    data, moon = told(capsys, 0)["extras"]
    assert data == {"name": "data", "missing": [], "state": "installed"}
    assert moon["missing"] == ["moon-rocket"]
    assert moon["state"] == "lacks moon-rocket: pip install 'edgefashion[moon]'"


@pytest.mark.usefixtures("models")
def test_a_checkout_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "metadata", missing)
    (extra,) = told(capsys, 0)["extras"]
    assert "pip install -e ." in extra["state"]


@pytest.mark.usefixtures("models")
def test_cameras(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor.glob, "glob", lambda pattern: ["/dev/video1", "/dev/video0"])
    monkeypatch.setattr(doctor, "CAMERA_MODULES", ("json", "no_such_camera"))
    assert told(capsys, 0)["cameras"] == {"devices": ["/dev/video0", "/dev/video1"], "modules": ["json"]}
    assert main(["doctor"]) == 0
    assert "need PyAV: pip install 'edgefashion[camera]'" in capsys.readouterr().out
