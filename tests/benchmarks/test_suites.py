"""Each suite runs to its end on the tiny model. Whatever it measures is not judged here."""

import argparse

import numpy as np
import pytest
from PIL import Image

from benchmarks import run, subject
from benchmarks.contestant import Contestant, ContestantError
from benchmarks.suites import growth, latency, limit, own_folder, precision, resize, seeds, start, whole_path
from edgefashion.data.drawn import draw_garment
from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.sources import open_source
from edgefashion.errors import DataError
from edgefashion.runtime.classifier import Classifier, Look
from tests.conftest import DATA


def _measure(suite, *words):
    parser = argparse.ArgumentParser()
    suite.add_arguments(parser)
    return suite.measure(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def operators_model():
    return DATA / "operators_int8.tflite"


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
    assert list(rows) == ["stretch", "pad", "crop", resize.CLOSER, resize.AGAIN]
    assert result.settings["pictures"] == 40
    assert rows["stretch"]["agrees, stretch"] == 1
    assert rows["crop"]["agrees, stretch"] < 1
    for row in (resize.CLOSER, resize.AGAIN):
        assert rows[row]["top-1"] == rows["stretch"]["top-1"], "a model of no garments shows all of a picture, once"
    assert rows["stretch"]["agrees, plain stretch"] >= 0.9  # Enlarging blocks: nothing to antialias.


def test_resize_shows_what_looking_closer_and_looking_again_change(tmp_path):
    lines = ["path,type,group,split"]
    for seed, kind in enumerate(("dress", "pants", "hat", "shirt") * 3):
        garment, ground = draw_garment(kind, seed, 120), Image.new("RGB", (300, 240), (150, 145, 140))
        ground.paste(garment.resize((90, 90)), (20, 80))
        Image.blend(ground, Image.new("RGB", ground.size, "grey"), 0.3).save(tmp_path / f"{seed}.png")
        lines.append(f"{seed}.png,{kind},p{seed},validation")
    (tmp_path / "small.csv").write_text("\n".join(lines) + "\n")
    result = _measure(resize, "--model", "stretch=garment-small", "--source", tmp_path / "small.csv")
    agrees = {row[0]: dict(zip(result.columns, row, strict=True))["agrees, stretch"] for row in result.rows}
    assert agrees["stretch"] == 1.0
    classifier, manifest = Classifier.open("garment-small"), open_source(str(tmp_path / "small.csv"))
    first, joined, plain = [], [], []
    for row in manifest.rows:
        seen = classifier.look(manifest.picture(row))
        first.append(classifier.probabilities(seen, once=True).argmax())
        joined.append(classifier.probabilities(seen).argmax())
        plain.append(classifier.probabilities(Look(seen.whole)).argmax())
    assert agrees[resize.CLOSER] == pytest.approx(np.equal(first, plain).mean(), abs=1e-4)
    assert agrees[resize.AGAIN] == pytest.approx(np.equal(joined, plain).mean(), abs=1e-4)
    assert first != joined, "or these pictures show no difference"


def test_seeds_trains_once_for_each_seed_and_tells_the_spread(tmp_path, monkeypatch):
    pytest.importorskip("tf_keras", reason="the extra train is not installed")
    random, lines = np.random.default_rng(4), ["path,type,group,split"]
    for i in range(60):
        noise = random.integers(0, 200, (28, 28, 3)) + 55 * (i % 2)
        Image.fromarray(noise.astype(np.uint8)).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{('dress', 'hat')[i % 2]},p{i % 5},{'validation' if i >= 30 else 'train'}")
    (tmp_path / "noise.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "quick.toml").write_text(
        'name = "quick"\nseed = 1\n[data]\nsource = "elsewhere"\n[model]\narchitecture = "seed-mlp"\n'
        "[fit]\nepochs = 1\nbatch = 10\nlearning-rate = 1e-4\n"
    )
    monkeypatch.setattr(seeds, "RUNS", tmp_path / "runs")
    words = ("--recipe", tmp_path / "quick.toml", "--source", tmp_path / "noise.csv", "--seeds", 1, 2, 3)
    result = _measure(seeds, *words)
    rows = {row[0]: row[1] for row in result.rows}
    found = [rows[f"seed {seed}"] for seed in (1, 2, 3)]
    assert rows["mean"] == pytest.approx(sum(found) / 3, abs=1e-4)
    assert rows["largest less smallest"] == pytest.approx(max(found) - min(found), abs=1e-4)
    assert result.settings["pictures"] == 30
    files = sorted((tmp_path / "runs").glob("*/checkpoint.safetensors"))
    assert len({file.read_bytes() for file in files}) == 3
    assert _measure(seeds, *words).rows == result.rows
    assert sorted((tmp_path / "runs").glob("*/checkpoint.safetensors")) == files
    with pytest.raises(SystemExit, match="at least two different seeds"):
        _measure(seeds, "--seeds", 1, 1)


def test_resize_takes_one_model_per_rule(tiny_model, wide_pictures):
    result = _measure(resize, "--model", f"pad={tiny_model}", "--source", wide_pictures, "--limit", 10)
    assert [row[0] for row in result.rows] == ["pad", resize.CLOSER, resize.AGAIN]
    assert result.settings["pictures"] == 10
    for words in (("--model", "squash=x.tflite", "--source", wide_pictures), ("--model", tiny_model)):
        with pytest.raises(SystemExit, match=r"Received|needs --source"):
            _measure(resize, *words)


def test_start_uses_fresh_processes(tiny_model):
    result = _measure(start, "--model", tiny_model, "--repeats", 1)
    assert result.rows[0][0] == start.BASELINE
    assert len(result.rows) == 5
    assert len(result.limits) == 2
    assert result.settings["model"] == "tiny_int8.tflite 1.0.0"


def test_start_stops_where_a_contestant_fails(tmp_path):
    path = tmp_path / "text.tflite"
    path.write_text("no model")
    with pytest.raises(SystemExit, match="A contestant failed"):
        _measure(start, "--model", path, "--repeats", 1)


def test_whole_path_runs_on_one_and_two_threads(tiny_model):
    result = _measure(whole_path, "--model", tiny_model, "--repeats", 3, "--mediapipe-python", "no-such-python")
    assert [row[1] for row in result.rows] == [1] * 4 + [2] * 4
    assert [row[2] for row in result.rows if row[0] == whole_path.NETWORK] == [1, 1]
    assert len(result.limits) == 4
    assert result.comparisons == ()
    assert result.settings["mediapipe"].startswith("skipped (")


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
    assert run.main(["start", "--show", "--model", str(tiny_model), "--repeats", "1"]) == 0
    assert "**A cold start" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="no such model file"):
        run.main(["start", "--show", "--model", "garment-bass"])


def test_latency_asks_processes_and_says_who_is_skipped(tiny_model, operators_model):
    words = ("--model", tiny_model, "--rivals", "--runtimes", "tflite_runtime", "--tflite-python", "no-such-python")
    result = _measure(latency, *words, "--repeats", 3, "--starts", 1, "--threads", 1)
    (row,) = (dict(zip(result.columns, row, strict=True)) for row in result.rows)
    assert (row["runtime"], row["threads"], row["latency ratio"], row["cold start ratio"]) == (
        "ai_edge_litert",
        1,
        1,
        1,
    )
    assert 20 < row["peak memory, MB"] < 400
    assert row["raw bytes"] == tiny_model.stat().st_size
    assert result.settings["tiny_int8.tflite, tflite_runtime"].startswith("skipped (")
    assert result.comparisons == ()


def test_latency_compares_with_a_rival(tiny_model, operators_model, monkeypatch):
    monkeypatch.setattr(latency, "built", lambda name: operators_model)
    monkeypatch.setitem(latency.BARS, "tiny_int8.tflite", 0.4)
    words = ("--model", tiny_model, "--rivals", "mobilenet-v2-224", "--runtimes")
    result = _measure(latency, *words, "--repeats", 3, "--starts", 1, "--threads", 1)
    assert [row[0] for row in result.rows] == ["tiny_int8.tflite", "mobilenet-v2-224"]
    measures = [item.measure for item in result.comparisons]
    assert measures == ["latency ratio, 1 thread", "cold start ratio", "peak memory, MB, 1 thread"]
    assert all(item.rival == "mobilenet-v2-224, ai_edge_litert" for item in result.comparisons)
    (limit,) = result.limits
    assert limit.what == "tiny_int8.tflite: latency, times MobileNetV2-1.0-224's, 1 thread"
    assert limit.measured == pytest.approx(1 / result.rows[1][3], rel=0.2)


def test_a_contestant_that_fails_says_why(tmp_path):
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(ContestantError, match=r"^(?!Traceback).+"):
        Contestant("network", str(tmp_path / "text.tflite"), "ai_edge_litert", "1")
    with pytest.raises(ContestantError, match="No module named"):
        Contestant("no_such_script")


def test_limit_is_a_fraction_of_the_fastest_product(tiny_model, operators_model, monkeypatch):
    monkeypatch.setattr(limit, "built", lambda name: tiny_model)
    result = _measure(limit, "--model", tiny_model, "--repeats", 3, "--threads", 1, "--products", 512)
    ours, product = (dict(zip(result.columns, row, strict=True)) for row in result.rows)
    assert product["fraction of the limit"] == 1
    assert 0 < ours["fraction of the limit"] < 20
    assert ours["MACs"] == product["MACs"]


def test_growth_counts_pictures_threads_and_sides(tiny_model):
    result = _measure(growth, "--model", tiny_model, "--pictures", 1, 3, "--threads", 1, 2, "--sides", "--repeats", 3)
    assert [row[1] for row in result.rows] == ["1", "3", "1 thread", "2 threads", "32 × 32, 0.4 M MACs"]
    assert [row[2] for row in result.rows if row[1] in ("1", "1 thread")] == [1, 1]
    assert 0 < result.rows[1][2] < 1  # Three pictures share one start of Python.
    assert result.rows[0][3] > 20


def test_of_many_suites_one_that_fails_is_told_and_the_others_run(capsys, monkeypatch):
    seen = []

    def fails(arguments):
        raise DataError("no photos here.")

    def runs(arguments):
        seen.append(arguments.suite)
        return run.Result(arguments.suite, "T", ("a",), (("b",),))

    for name in run.FULL:
        monkeypatch.setattr(run.SUITES[name], "measure", fails if name == "growth" else runs)
    assert run.main(["--full", "--show"]) == 1
    assert seen == [name for name in run.FULL if name != "growth"]
    assert "growth failed: no photos here." in capsys.readouterr().err


def test_the_frame_is_a_cameras():
    assert subject.frame().shape == (480, 640, 3)
    assert subject.frame_jpeg()[:2] == b"\xff\xd8"


def test_own_photos_and_those_that_judge_them_are_by_different_people():
    types = ("dress", "hat")
    rows = [Row(f"{i}.png", types[i % 2], f"p{i % 7}", "validation") for i in range(140)]
    manifest = Manifest("photos", tuple(rows), types)
    found = own_folder.subset(manifest, seed=3, share=0.5, each=15)
    mine, theirs = ([row for row in found.rows if row.split == split] for split in ("train", "validation"))
    assert not {row.group for row in mine} & {row.group for row in theirs}
    assert [sum(row.type == name for row in mine) for name in types] == [15, 15]
    assert len(theirs) == 20 * len({row.group for row in theirs}), "all photos of the others"
    assert own_folder.subset(manifest, seed=4, share=0.5).rows != found.rows
