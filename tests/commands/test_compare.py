"""`compare` on the tiny model: exit codes, tables, JSON, and a user's mistakes."""

import json

import numpy as np
import pytest
from PIL import Image

from edgefashion.cli import main
from edgefashion.commands.compare import MAY_NOT
from edgefashion.runtime.classifier import Classifier
from tests.evaluation.handmade import COLOURS, colour_model


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
    assert main(["compare", model, model, source]) == MAY_NOT == 3  # ten pictures rule out nothing
    shown = capsys.readouterr().out
    for text in ("validation: 10 pictures by 3 contributors", "top-1", "macro-F1", "file, raw bytes", "× 1.00",
                 "latency here", "0 pictures get different labels.", "McNemar's exact p = 1.",
                 "B may not replace A: a loss of more than 2 points is not ruled out (--max-loss)."):  # fmt: skip
        assert text in shown
    assert main(["compare", model, model, source, "--max-loss", "50", "--min-gain", "0"]) == 0
    assert (
        "B may replace A: a loss of more than 50 points is ruled out (--max-loss); the gain" in capsys.readouterr().out
    )
    assert main(["compare", model, model, source, "--max-loss", "50", "--min-gain", "1"]) == MAY_NOT
    assert "not at least 1 (--min-gain)" in capsys.readouterr().out


def test_the_codes_of_both_answers_are_told(tiny_model, source, capsys):
    assert main(["compare", "--help"]) == 0
    assert "Exit code 0: B may replace A. 3: it may not. 1: an error" in capsys.readouterr().out
    assert main(["compare", str(tiny_model), str(tiny_model), source, "--json"]) == MAY_NOT
    assert json.loads(capsys.readouterr().out)["may_replace"] is False


def test_files_without_a_card_are_compared_by_the_labels_given(tmp_path, tiny_model, source, capsys):
    lines = ["path,type,group,split"]
    for label, colour in COLOURS.items():
        Image.new("RGB", (20, 16), colour).save(tmp_path / f"{label}.png")
        lines.append(f"{label}.png,{label},{label},test")
    (tmp_path / "colours.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "right.txt").write_text("\n".join(COLOURS))
    (tmp_path / "turned.txt").write_text("\n".join((*list(COLOURS)[1:], next(iter(COLOURS)))))
    (tmp_path / "float.tflite").write_bytes(colour_model())
    (tmp_path / "bytes.tflite").write_bytes(colour_model(dtype="UINT8", zero_point=128, softmax=False))
    words = ["compare", *(str(tmp_path / name) for name in ("float.tflite", "bytes.tflite", "colours.csv"))]
    first = ["--labels-a", str(tmp_path / "right.txt"), "--input-range-a", "-1", "1"]
    second = ["--labels-b", str(tmp_path / "right.txt"), "--logits-b"]
    assert main([*words, *first, *second, "--max-loss", "100", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["first"]["top1"], told["second"]["top1"]) == (1, 1)
    assert [model["name"] for model in told["models"]] == ["float", "bytes"]
    second[1] = str(tmp_path / "turned.txt")
    assert main([*words, *first, *second, "--max-loss", "100", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["first"]["top1"], told["second"]["top1"]) == (1, 0)
    for more, code, said in (
        (second, 1, "float.tflite: has no card; give its labels with --labels-a FILE"),
        (first, 1, "bytes.tflite: has no card; give its labels with --labels-b FILE"),
        ([*first[:2], *second], 1, "give --input-range-a, as a rule"),
        ([*first, "--logits-b"], 2, "--input-range-b and --logits-b are for a file without a card; give --labels-b"),
        ([*first, "--labels-b", str(tmp_path / "none.txt")], 1, "Can't read the labels"),
    ):
        assert main([*words, *more]) == code
        assert said in capsys.readouterr().err
    assert main(["compare", str(tiny_model), str(tiny_model), source, *second[:2]]) == 1
    assert "has a card with its own labels; leave --labels-b out" in capsys.readouterr().err


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
