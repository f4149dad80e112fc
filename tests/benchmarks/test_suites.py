"""Each suite runs to its end on the tiny model. Whatever it measures is not judged here."""

import argparse

import numpy as np
import pytest
from PIL import Image

from benchmarks import run, subject
from benchmarks.suites import precision, resize, start, whole_path


def _measure(suite, *words):
    parser = argparse.ArgumentParser()
    suite.add_arguments(parser)
    return suite.measure(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def wide_pictures(tmp_path):
    """40 pictures of coloured blocks, 24 × 8: three times as wide as high, so that a crop sees something else."""
    random = np.random.default_rng(3)
    lines = ["path,type,group,split"]
    for i in range(40):
        blocks = random.integers(0, 256, (2, 6, 3), dtype=np.uint8)
        Image.fromarray(np.repeat(np.repeat(blocks, 4, axis=0), 4, axis=1)).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{('dress', 'hat')[i % 2]},p{i % 5},validation")
    path = tmp_path / "wide.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_resize_compares_the_rules(tiny_model, wide_pictures):
    result = _measure(resize, "--model", tiny_model, "--source", wide_pictures)
    rows = {row[0]: dict(zip(result.columns, row, strict=True)) for row in result.rows}
    assert list(rows) == ["stretch", "pad", "crop"]
    assert result.settings["pictures"] == 40
    assert rows["stretch"]["agrees, stretch"] == 1
    assert rows["crop"]["agrees, stretch"] < 1
    assert rows["stretch"]["agrees, plain stretch"] >= 0.9  # Enlarging blocks: nothing to antialias.


def test_resize_takes_one_model_per_rule(tiny_model, wide_pictures):
    result = _measure(resize, "--model", f"pad={tiny_model}", "--source", wide_pictures, "--limit", 10)
    assert [row[0] for row in result.rows] == ["pad"]
    assert result.settings["pictures"] == 10
    for words in (("--model", "squash=x.tflite", "--source", wide_pictures), ("--model", tiny_model)):
        with pytest.raises(SystemExit, match=r"Received|needs --source"):
            _measure(resize, *words)


def test_start_uses_fresh_processes(tiny_model):
    result = _measure(start, "--model", tiny_model, "--repeats", 1)
    assert result.rows[0][0] == start.BASELINE
    assert len(result.rows) == 5
    assert len(result.limits) == 2
    assert result.settings["model"] == "tiny_int8.tflite"


def test_start_stops_where_a_contestant_fails(tmp_path):
    path = tmp_path / "text.tflite"
    path.write_text("no model")
    with pytest.raises(SystemExit, match="A contestant failed"):
        _measure(start, "--model", path, "--repeats", 1)


def test_whole_path_runs_on_one_and_two_threads(tiny_model):
    result = _measure(whole_path, "--model", tiny_model, "--repeats", 3)
    assert [row[1] for row in result.rows] == [1, 1, 1, 2, 2, 2]
    assert [row[2] for row in result.rows if row[0] == whole_path.NETWORK] == [1, 1]
    assert len(result.limits) == 4


def test_precision_compares_with_the_float_file(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "SHIPPED", {"tiny": tiny_model, "absent": tmp_path / "absent.tflite"})
    (tmp_path / "tiny.tflite").write_bytes(tiny_model.read_bytes())
    result = _measure(precision, "--floats", tmp_path, "--repeats", 3)
    assert [row[:2] for row in result.rows] == [("tiny", "float32"), ("tiny", "int8")]
    assert result.rows[1][4:6] == (1, 1)
    monkeypatch.setattr(precision, "SHIPPED", {})
    with pytest.raises(SystemExit, match="No shipped model"):
        _measure(precision)


def test_show_writes_nothing_and_mistakes_are_one_line(tiny_model, capsys, monkeypatch):
    monkeypatch.setattr(run.Result, "write", lambda self: pytest.fail("wrote a result"))
    monkeypatch.setattr(run.table, "update_all", lambda: pytest.fail("wrote a page"))
    assert run.main(["whole-path", "--show", "--model", str(tiny_model), "--repeats", "2"]) == 0
    assert "**Classifier.classify" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="no such model file"):
        run.main(["whole-path", "--show", "--model", "garment-bass"])


def test_the_frame_is_a_cameras():
    assert subject.frame().shape == (480, 640, 3)
    assert subject.frame_jpeg()[:2] == b"\xff\xd8"
