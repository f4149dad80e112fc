"""`inspect` on the tiny model, on a file without a card, and on what is no model."""

import argparse
import json

import pytest

from edgefashion.commands import inspect
from edgefashion.errors import ModelFileError
from edgefashion.runtime.model_file import ModelFile
from tests.evaluation.handmade import dense_model


def _run(*words):
    parser = argparse.ArgumentParser()
    inspect.add_arguments(parser)
    return inspect.run(parser.parse_args([str(word) for word in words]))


def test_json_of_the_tiny_model(tiny_model, capsys):
    assert _run(tiny_model, "--json") == 0
    data = json.loads(capsys.readouterr().out)
    card = ModelFile.read(tiny_model).card
    assert data["card"]["name"] == card.name
    assert data["golden"] == len(card.golden) > 0
    assert data["sizes"]["raw"] == tiny_model.stat().st_size
    assert data["sizes"]["flatbuffer"] < data["sizes"]["raw"]
    assert "labels.txt" in data["sizes"]["associated_files"]
    assert data["graph"]["full_integer"] is True
    assert data["graph"]["inputs"][0]["dtype"] == "uint8"
    assert data["graph"]["macs"] > 0


def test_tables_of_the_tiny_model(tiny_model, capsys):
    assert _run(tiny_model) == 0
    shown = capsys.readouterr().out
    card = ModelFile.read(tiny_model).card
    for text in (card.name, card.labels[0], "golden vectors", "uint8", "multiply-accumulates", "labels.txt"):
        assert text in shown


def test_a_file_without_a_card_says_so(tmp_path, capsys):
    path = tmp_path / "plain.tflite"
    path.write_bytes(dense_model())
    assert _run(path) == 0
    shown = capsys.readouterr().out
    assert "no card" in shown
    assert "FULLY_CONNECTED" in shown
    assert "float" in shown
    assert _run(path, "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["card"] is None
    assert data["golden"] == 0
    assert data["graph"]["macs"] == 36


def test_what_is_no_model_is_refused(tmp_path):
    path = tmp_path / "text.tflite"
    path.write_text("hello, this is a text file called .tflite")
    with pytest.raises(ModelFileError):
        _run(path)
    with pytest.raises(ModelFileError, match="no such model"):
        _run("garment-bass")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {"split": "test", "n": 7, "top1": 0.5, "interval": [0.2, 0.8]},
            "top-1 0.5000 (0.2000 to 0.8000) n 7 split test",
        ),
        ({"split": "validation", "n": 0}, "split validation"),
        ({"top1": "high", "interval": "wide"}, ""),
        ("unknown", "unknown"),
    ],
)
def test_an_open_accuracy_table_never_breaks_the_verb(facts, expected):
    assert inspect._accuracy(facts) == expected
