"""`compare` on the tiny model: exit codes, tables, JSON, and a user's mistakes."""

import json

import numpy as np
import pytest
from PIL import Image

from edgefashion.cli import main
from edgefashion.runtime.classifier import Classifier


@pytest.fixture(scope="module")
def source(tiny_model, tmp_path_factory):
    """Ten noisy pictures of two labels by three people."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    lines = ["path,type,group,split"]
    for i in range(10):
        Image.fromarray(random.integers(0, 256, (20, 16, 3), dtype=np.uint8)).save(folder / f"{i}.png")
        lines.append(f"{i}.png,{Classifier.open(tiny_model).labels[i % 2]},person{i % 3},validation")
    (folder / "pictures.csv").write_text("\n".join(lines) + "\n")
    return str(folder / "pictures.csv")


def test_the_exit_code_is_the_answer(tiny_model, source, capsys):
    model = str(tiny_model)
    assert main(["compare", model, model, source]) == 1  # ten pictures rule out nothing
    shown = capsys.readouterr().out
    for text in ("validation: 10 pictures by 3 contributors", "top-1", "macro-F1", "file, raw bytes", "× 1.00",
                 "latency here", "0 pictures get different labels.", "McNemar's exact p = 1.",
                 "B may not replace A: a loss of more than 2 points is not ruled out (--max-loss)."):  # fmt: skip
        assert text in shown
    assert main(["compare", model, model, source, "--max-loss", "50", "--min-gain", "0"]) == 0
    assert (
        "B may replace A: a loss of more than 50 points is ruled out (--max-loss); the gain" in capsys.readouterr().out
    )
    assert main(["compare", model, model, source, "--max-loss", "50", "--min-gain", "1"]) == 1
    assert "not at least 1 (--min-gain)" in capsys.readouterr().out


def test_json_says_everything(tiny_model, source, capsys):
    assert (
        main(["compare", str(tiny_model), str(tiny_model), source, "--max-loss", "50", "--json", "--sample", "6"]) == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["may_replace"] is True
    assert told["limits"] == {"max_loss": 50.0, "min_gain": None}
    assert (told["n"], told["change"], told["only_first"], told["disagreements"]) == (6, 0, 0, [])
    assert [model["raw_bytes"] for model in told["models"]] == [tiny_model.stat().st_size] * 2
    assert told["models"][0]["latency"]["ratio"] == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--max-loss", "-1"], 2, "--max-loss must lie between 0 and 100 points. Received: -1."),
        (["--min-gain", "nan"], 2, "--min-gain must lie between 0 and 100 points. Received: nan."),
        (["--sample", "0"], 2, "--sample must be at least 1. Received: 0."),
        (["--split", "test"], 1, "no picture in the split 'test'"),
    ],
)
def test_mistakes(tiny_model, source, capsys, words, code, message):
    assert main(["compare", str(tiny_model), str(tiny_model), source, *words]) == code
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""


def test_what_is_no_model(tiny_model, source, tmp_path, capsys):
    (tmp_path / "text.tflite").write_text("hello")
    assert main(["compare", str(tiny_model), str(tmp_path / "text.tflite"), source]) == 1
    assert "not a TensorFlow Lite model" in capsys.readouterr().err
