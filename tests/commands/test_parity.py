"""`parity`: the file against its checkpoint and under every runtime; a user's mistakes."""

import json
from dataclasses import replace

import pytest

from edgefashion.cli import main
from edgefashion.runtime import interpreter as ladder
from edgefashion.runtime.model_file import ModelFile, append_files


@pytest.fixture
def litert_alone(monkeypatch):
    """Leaves TensorFlow, which takes ten seconds to import, out of the ladder."""
    monkeypatch.setattr(ladder, "RUNTIMES", {"ai_edge_litert": ladder.RUNTIMES["ai_edge_litert"]})


def test_runtimes_alone(tiny_model, litert_alone, capsys):
    assert main(["parity", str(tiny_model)]) == 0
    shown = capsys.readouterr().out
    for text in ("ai_edge_litert", "built-in kernels", "reference kernels", "6 of 6", "18 of 18",
                 "Compared with ai_edge_litert with 1 thread: every run passed."):  # fmt: skip
        assert text in shown
    assert main(["parity", str(tiny_model), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["float"], told["passed"], len(told["pictures"])) == (None, True, 18)
    assert [item["threads"] for item in told["runtimes"]] == [1, 2, 4, 1, 1]


def test_a_failed_check_is_one_line_and_exit_code_1(tiny_model, tmp_path, litert_alone, capsys):
    model = ModelFile.read(tiny_model)
    wrong = replace(model.card.golden[1], outputs={"type": model.card.golden[0].outputs["type"]})
    card = replace(model.card, golden=(model.card.golden[0], wrong))
    path = tmp_path / "other.tflite"
    path.write_bytes(append_files(model.flatbuffer, {**model.files, "card.json": card.to_json().encode()}))
    assert main(["parity", str(path)]) == 1
    out, err = capsys.readouterr()
    assert "5 of 5 runs FAILED" in out
    assert f"{path}: 5 of 5 runs fail golden vectors or change a clear answer: ai_edge_litert with 1 thread, " in err
    assert err.count("\n") == 1
    assert main(["parity", str(path), "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["passed"] is False
    assert err.count("\n") == 1


@pytest.mark.slow
def test_a_run_and_its_file(tiny_recipe, tiny_run, tmp_path, litert_alone, capsys):
    path = tmp_path / "tiny.tflite"
    assert main(["export", "--int8", str(tiny_run), "-o", str(path), "--max-loss", "100"]) == 0
    capsys.readouterr()
    data = str(tiny_recipe.parent / "garments")
    assert main(["parity", str(path), str(tiny_run), "--data", data, "--sample", "5"]) == 0
    shown = capsys.readouterr().out
    for text in ("stem_relu", "type_dense", "FULLY_CONNECTED", "rounding alone", "Worst: ",
                 "Same best label as float: ", "95 % interval", "every run passed"):  # fmt: skip
        assert text in shown
    assert "aren't the weights" not in shown
    assert main(["parity", str(path), str(tiny_run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["float"]["inputs"] == len(told["pictures"])
    assert all(layer["sqnr"] > 8 for layer in told["float"]["layers"])


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--sample", "0"], 2, "--sample must be at least 1. Received: 0."),
        (["nothing.safetensors"], 1, "There is no checkpoint 'nothing.safetensors'"),
        (["--data", "nowhere"], 1, "A source must be"),
    ],
)
def test_mistakes(tiny_model, litert_alone, capsys, words, code, message):
    if words[0] == "nothing.safetensors":
        pytest.importorskip("tf_keras", reason="the extra train is not installed")
    assert main(["parity", str(tiny_model), *words]) == code
    assert message in capsys.readouterr().err


def test_another_networks_checkpoint_is_refused(tiny_model, litert_alone, capsys):
    pytest.importorskip("tf_keras", reason="the extra train is not installed")
    assert main(["parity", str(tiny_model), "garment-base"]) == 1
    assert (
        "'garment-base' is not what the file was made from: it has 18 labels and a 192 × 192" in capsys.readouterr().err
    )
