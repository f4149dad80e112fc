"""`verify`: passes on the model as made, fails on one that computes something else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgefashion.cli import main
from edgefashion.runtime.model_file import ModelFile, append_files


def with_card(source: Path, target: Path, **changes: object) -> Path:
    model = ModelFile.read(source)
    assert model.card is not None
    card = replace(model.card, **changes)
    target.write_bytes(append_files(model.flatbuffer, {**model.files, "card.json": card.to_json().encode()}))
    return target


def test_a_good_model(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tiny_model)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "passed: 6 of 6 golden vectors, runtime " in out
    assert "FAILED" not in out


def test_json(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tiny_model), "--json", "--threads", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is True
    assert told["threads"] == 1
    assert told["runtime"]
    assert {result["expected"] for result in told["results"]} == {"t-shirt", "dress", "pants", "shoes", "hat"}
    assert all(result["difference"] <= 1 for result in told["results"])


def test_a_model_that_computes_something_else(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = ModelFile.read(tiny_model).card
    assert card is not None
    wrong = replace(card.golden[1], outputs={"type": card.golden[0].outputs["type"]})
    path = with_card(tiny_model, tmp_path / "other.tflite", golden=(card.golden[0], wrong))
    assert main(["verify", str(path), "--runtime", "ai_edge_litert"]) == 1
    out, err = capsys.readouterr()
    assert "FAILED: 1 of 2 golden vectors" in out
    said = f"edgefashion: {path}: 1 of 2 golden vectors fail here with the runtime ai_edge_litert; don't use this file"
    assert err.startswith(said)
    assert err.count("\n") == 1
    assert main(["verify", str(path), "--json"]) == 1
    out, err = capsys.readouterr()
    assert err.startswith(f"edgefashion: {path}: 1 of 2 golden vectors fail")
    told = json.loads(out)
    assert [result["passed"] for result in told["results"]] == [True, False]
    assert told["passed"] is False


def test_nothing_to_verify_is_an_error(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = with_card(tiny_model, tmp_path / "empty.tflite", golden=())
    assert main(["verify", str(path)]) == 1
    assert "holds no golden vectors" in capsys.readouterr().err


def test_a_runtime_can_be_forced(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tiny_model), "--runtime", "onnx"]) == 2
    capsys.readouterr()
    assert main(["verify", str(tiny_model), "--runtime", "ai_edge_litert", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runtime"] == "ai_edge_litert"
