"""`runs`: the table, the JSON, the picture, and what it refuses."""

import json

import pytest

from edgefashion.cli import main
from tests.evaluation.test_experiments import write_run


def test_a_table_and_a_warning_about_different_data(tmp_path, capsys):
    write_run(tmp_path / "a")
    write_run(tmp_path / "b", digest="d2")
    assert main(["runs", str(tmp_path), "--repeats", "0"]) == 0
    shown = capsys.readouterr().out
    assert "0.8000 float" in shown
    assert "0.7100 to 0.8700" in shown
    assert "Accuracies come from 2 different sets of pictures (d1 validation n = 100; d2 validation n = 100)" in shown


def test_json_and_latency(tmp_path, capsys, tiny_model):
    run = write_run(tmp_path / "a")
    (run / "m.tflite").write_bytes(tiny_model.read_bytes())
    assert main(["runs", str(tmp_path), "--json", "--repeats", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["latency_reference"] == "a/m.tflite"
    assert found["comparable"] is True
    (row,) = found["runs"]
    assert row["latency_ratio"] == 1
    assert row["raw"] == tiny_model.stat().st_size


def test_the_picture_is_not_overwritten_unless_asked(tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    from edgefashion.runtime.shipped import SHIPPED_FOLDER

    target = tmp_path / "runs.png"
    words = ["runs", str(SHIPPED_FOLDER), "--repeats", "0", "--plot", str(target)]
    assert main(words) == 0
    assert target.read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()
    assert main(words) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--repeats", "-1"], 2, "--repeats must be 0 or more. Received: -1."),
        (["--threads", "0"], 2, "--threads must be 1 to 256. Received: 0."),
        (["--plot", "runs.txt"], 2, "--plot takes a name that ends in .png, .svg, .pdf. Received: 'runs.txt'."),
        (["nowhere"], 1, "'nowhere' is not there"),
        ([], 1, "'runs' is not there"),
    ],
)
def test_wrong_words(words, code, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["runs", *words]) == code
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""
