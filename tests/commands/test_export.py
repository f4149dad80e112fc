"""`export`: a tiny run becomes a file that verifies and classifies; what is refused writes nothing."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.cli import main
from edgefashion.data.drawn import draw_garment
from edgefashion.data.joined import joined
from edgefashion.data.sources import open_source
from edgefashion.errors import ExportRefusedError
from edgefashion.evaluation.graph import read_graph
from edgefashion.export.export import STEPS, _gate, export, standard_error
from edgefashion.models.checkpoint import load_checkpoint, save_checkpoint
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import SHIPPED_FOLDER


@pytest.fixture(scope="module")
def exported(tiny_run):
    """The tiny run's int8 file, and what `export --json` said of it."""
    path = tiny_run.parent / "tiny.tflite"
    if not path.exists():
        assert main(["export", "--int8", str(tiny_run), "-o", str(path), "--max-loss", "100"]) == 0
    return path


@pytest.mark.slow
def test_train_export_verify_classify(exported, tiny_run, tmp_path, capsys):
    picture = tmp_path / "pants.jpg"
    draw_garment("pants", 3, 200).save(picture)
    assert main(["verify", str(exported)]) == 0
    capsys.readouterr()
    assert main(["classify", "--model", str(exported), "--json", str(picture)]) == 0
    told = capsys.readouterr().out
    assert any(label in told for label in ("dress", "pants", "hat"))
    file = ModelFile.read(exported)
    card = file.card
    assert (card.name, card.labels, bool(card.golden)) == ("tiny", ("dress", "hat", "pants"), True)
    assert card.accuracy["int8"]["n"] == card.accuracy["float"]["n"] == 18
    assert file.files["labels.txt"] == b"dress\nhat\npants\n"
    graph = read_graph(file.content)
    assert graph.full_integer
    assert [(item.dtype, item.shape) for item in graph.inputs] == [("uint8", (1, 32, 32, 3))]
    checkpoint = load_checkpoint(tiny_run / "checkpoint.safetensors")
    assert card.temperature == checkpoint.temperature
    right = [Classifier.open(exported).classify(draw_garment(kind, seed, 40)).type == kind
             for kind in card.labels for seed in range(6)]  # fmt: skip
    assert sum(right) / 18 == pytest.approx(card.accuracy["int8"]["top1"], abs=0.12)


@pytest.mark.slow
def test_the_table_and_the_json_say_the_same(exported, tiny_run, tmp_path, capsys):
    path = tmp_path / "again.tflite"
    assert main(["export", str(tiny_run), "-o", str(path), "--max-loss", "100", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["format"] == "int8"
    assert told["exported"]["raw_bytes"] == path.stat().st_size
    assert told["float"]["parameters"] == pytest.approx(told["exported"]["parameters"], abs=8)
    assert told["exported"]["parameters"] > 1000
    assert told["float"]["macs"] == told["exported"]["macs"] > 10_000
    assert told["exported"]["raw_bytes"] < told["float"]["raw_bytes"]
    assert told["golden_vectors"] >= 1
    assert path.read_bytes() == exported.read_bytes(), "the same checkpoint gives the same file"
    assert main(["export", "--float16", str(tiny_run), "-o", str(path), "--overwrite", "--max-loss", "100"]) == 0
    shown = capsys.readouterr().out
    for text in ("accuracy, 18 validation pictures", "95 % interval", "parameters", "multiply-accumulates", "raw bytes",
                 "zipped bytes", "latency here", "float16"):  # fmt: skip
        assert text in shown
    assert not read_graph(path.read_bytes()).full_integer


@pytest.mark.slow
def test_a_run_with_extra_sources_remembers_its_data(tiny_run, tmp_path, capsys):
    """What is judged is the recipe's own source; one that has changed is left out, the extra one too."""
    run, extra = tmp_path / "run", tmp_path / "more"
    shutil.copytree(tiny_run, run)
    for kind in ("pants", "hat"):
        (extra / "train" / kind).mkdir(parents=True)
        draw_garment(kind, 1, 40).save(extra / "train" / kind / "1.png")
    mark = json.loads((run / "recipe.json").read_text())
    mark["recipe"]["data"]["extra"] = [str(extra)]
    (run / "recipe.json").write_text(json.dumps(mark))
    whole = joined(open_source(mark["source"]), [open_source(str(extra))])
    checkpoint = load_checkpoint(run / "checkpoint.safetensors")
    training = {**checkpoint.training, "data_digest": whole.digest}
    save_checkpoint(dataclasses.replace(checkpoint, training=training), run / "checkpoint.safetensors")
    words = ["export", "--float32", str(run), "-o", str(tmp_path / "a.tflite"), "--max-loss", "100", "--overwrite"]
    assert main(words) == 0
    assert "accuracy, 18 validation pictures" in capsys.readouterr().out
    draw_garment("hat", 2, 40).save(extra / "train" / "hat" / "2.png")
    assert main(words) == 0
    assert "accuracy," not in capsys.readouterr().out


@pytest.mark.slow
def test_the_bar_moves_without_pictures_too_and_ends_full(tiny_run, tmp_path):
    checkpoint, data = load_checkpoint(tiny_run / "checkpoint.safetensors"), None
    for judged in (0, 2 * 18):
        steps = []
        export(checkpoint, tmp_path / f"{judged}.tflite", max_loss=100.0, data=data, progress=steps.append)
        assert sum(steps) == STEPS + judged
        data = open_source(json.loads((tiny_run / "recipe.json").read_text())["source"])


@pytest.fixture
def broken(tiny_run, tmp_path):
    """The tiny run with ranges that no activation fits into: int8 has lost everything that float still knows."""
    shutil.copytree(tiny_run, tmp_path / "broken")
    path = tmp_path / "broken" / "checkpoint.safetensors"
    checkpoint = load_checkpoint(path)
    ranges = {name: (0.0, 1e-3) if name.endswith("relu") else ends for name, ends in checkpoint.ranges.items()}
    save_checkpoint(dataclasses.replace(checkpoint, ranges=ranges), path)
    return tmp_path / "broken"


@pytest.mark.slow
def test_a_file_that_loses_too_much_is_not_written(broken, tmp_path, capsys):
    output = tmp_path / "out" / "model.tflite"
    assert main(["export", "--int8", str(broken), "-o", str(output), "--max-loss", "0"]) == 1
    shown = capsys.readouterr()
    *_, last = shown.err.splitlines()  # before it, how far the judging was
    assert "was not written: it loses" in last
    assert "0 are allowed (--max-loss)" in last
    assert sum(line.startswith("edgefashion:") for line in shown.err.splitlines()) == 1
    assert "accuracy, 18 validation pictures" in shown.out
    assert list(tmp_path.iterdir()) == [broken]


@pytest.mark.slow
def test_without_data_the_drawn_inputs_judge(broken, tmp_path, capsys):
    """The checkpoint alone: no held-out pictures, yet a file that answers differently is refused."""
    output = tmp_path / "model.tflite"
    assert main(["export", "--int8", str(broken / "checkpoint.safetensors"), "-o", str(output)]) == 1
    assert "was not written" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.slow
@pytest.mark.parametrize("times", [1.0, 2.0])
def test_without_data_a_shipped_file_passes_and_one_with_wrong_ranges_does_not(times, tmp_path):
    checkpoint = load_checkpoint(SHIPPED_FOLDER / "fashion-mnist-nano.safetensors")
    ranges = {name: (times * low, times * high) for name, (low, high) in checkpoint.ranges.items()}
    checkpoint, output = dataclasses.replace(checkpoint, ranges=ranges), tmp_path / "model.tflite"
    if times == 1.0:
        export(checkpoint, output)
    else:
        with pytest.raises(ExportRefusedError, match="agrees with the float network on only"):
            export(checkpoint, output)
    assert output.exists() == (times == 1.0)


@pytest.mark.slow
def test_before_quantise_aware_training_int8_needs_pictures(tiny_recipe, tiny_run, tmp_path, capsys):
    stage, output = tiny_run / "stages" / "fit.safetensors", tmp_path / "model.tflite"
    assert main(["export", "--int8", str(stage), "-o", str(output)]) == 1
    assert "calibration pictures" in capsys.readouterr().err
    assert not output.exists()
    data = str(tiny_recipe.parent / "garments")
    assert main(["export", "--int8", str(stage), "-o", str(output), "--data", data, "--max-loss", "100"]) == 0
    assert read_graph(output.read_bytes()).full_integer


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--max-loss", "-1"], 2, "--max-loss must lie between 0 and 100 points. Received: -1"),
        (["--max-loss", "101"], 2, "between 0 and 100 points"),
        (["--max-loss", "nan"], 2, "between 0 and 100 points"),
        (["--max-loss", "some"], 2, "invalid float value"),
        (["--int8", "--float16"], 2, "not allowed with argument"),
        (["--int4"], 2, "unrecognized arguments: --int4"),
        (["nothing.safetensors"], 1, "There is no checkpoint 'nothing.safetensors'. Give a run folder or"),
        (["nowhere"], 1, "There is no checkpoint 'nowhere'"),
        (["text.safetensors"], 1, "'text.safetensors' is not an EdgeFashion checkpoint, or it is damaged"),
        (["unfinished"], 1, "'unfinished' holds no finished checkpoint: finish the run with 'edgefashion train'"),
    ],
)
def test_wrong_words(tmp_path, monkeypatch, capsys, words, code, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "unfinished" / "state").mkdir(parents=True)
    (tmp_path / "text.safetensors").write_text("hello")
    before = sorted(tmp_path.rglob("*"))
    assert main(["export", *words]) == code
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_an_existing_file_stays_as_it_is(tiny_run, tmp_path, capsys, monkeypatch):
    (tmp_path / "mine.tflite").write_text("precious")
    (tmp_path / "tiny.tflite").write_text("precious")
    monkeypatch.chdir(tmp_path)
    for words in (["-o", "mine.tflite"], []):
        assert main(["export", str(tiny_run), *words]) == 2
        assert "exists already. Choose another name with -o, or give --overwrite." in capsys.readouterr().err
    assert {path.read_text() for path in tmp_path.iterdir()} == {"precious"}
    assert main(["export", str(tiny_run), "-o", str(tmp_path), "--overwrite"]) == 2
    assert f"'{tmp_path}' is a folder. Name the file to write with -o." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lost", "gained", "n", "limit", "passes"),
    [
        (1, 0, 168, 0.5, True),  # one picture of a few is no evidence
        (2, 0, 40, 0.5, False),
        (6, 3, 504, 0.5, True),  # 0.6 points, give or take 0.6
        (3, 0, 504, 0.5, True),
        (6, 0, 504, 0.5, False),
        (8, 3, 504, 0.5, True),
        (12, 3, 504, 0.5, False),
        (40, 10, 5000, 0.5, True),  # 0.6 points, give or take 0.14, are no more than 0.5 beyond doubt
        (45, 10, 5000, 0.5, False),
        (1, 0, 168, 0.0, False),
        (1, 1, 168, 0.0, True),
    ],
)
def test_a_loss_counts_as_far_as_the_pictures_can_tell(lost, gained, n, limit, passes, tiny_model):
    before, after = np.ones(n, bool), np.ones(n, bool)
    before[:gained] = False
    after[gained : gained + lost] = False
    report = SimpleNamespace(
        path="x", golden=1, loss=100.0 * (lost - gained) / n, doubt=standard_error(before, after), number_format="int8"
    )
    if passes:
        _gate(report, limit, tiny_model.read_bytes())
    else:
        with pytest.raises(ExportRefusedError, match="it loses"):
            _gate(report, limit, tiny_model.read_bytes())
