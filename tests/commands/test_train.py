"""`train`: a good run on a tiny recipe, what it says, and every way of asking wrongly."""

import errno
import json

import pytest

from edgefashion.cli import main
from edgefashion.data.drawn import draw_garment


def test_the_shipped_recipes_are_listed(capsys):
    assert main(["train", "--list"]) == 0
    assert {"fashion-mnist-nano", "garment-base", "seed-mlp"} <= set(capsys.readouterr().out.split())


def test_help_has_an_example(capsys):
    assert main(["train", "--help"]) == 0
    assert "edgefashion train --data my-photos/ --out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "Give a recipe (fashion-mnist-mobile, "),
        (["seed-mlp", "another"], 2, "unrecognized arguments: another"),
        (["--epochs", "3"], 2, "unrecognized arguments"),
        (["seed-mpl"], 1, "There is no recipe 'seed-mpl'. Known: fashion-mnist-mobile, "),
        (["--data", "nowhere"], 1, "received 'nowhere', which is none of these or is not there"),
        (["seed-mlp", "--data", "nowhere"], 1, "received 'nowhere'"),
        (["--quick"], 2, "--quick is for your own pictures: give --data SOURCE"),
        (["seed-mlp", "--quick", "--data", "fashion-mnist"], 2, "--quick is for your own pictures"),
    ],
)
def test_wrong_words(capsys, words, code, message, tmp_path, monkeypatch):
    pytest.importorskip("tf_keras", reason="the extra train is not installed")
    monkeypatch.chdir(tmp_path)
    assert main(["train", *words]) == code
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.out == ""
    assert list(tmp_path.iterdir()) == []


def _draw(folder, kinds, count):
    for kind in kinds:
        (folder / kind).mkdir(parents=True)
        for seed in range(count):
            draw_garment(kind, seed, 32).save(folder / kind / f"{seed}.png")


@pytest.mark.parametrize(
    ("kinds", "count", "message"),
    [
        (("hat",), 5, "holds one label only ('hat'); a classifier needs at least two"),
        (("hat", "dress"), 1, "picture"),
        ((), 0, "holds no picture in a label folder"),
    ],
    ids=["one label", "one picture each", "empty"],
)
def test_folders_that_can_not_train(capsys, tmp_path, kinds, count, message):
    pytest.importorskip("tf_keras", reason="the extra train is not installed")
    (tmp_path / "photos").mkdir()
    _draw(tmp_path / "photos", kinds, count)
    assert main(["train", "--data", str(tmp_path / "photos"), "--out", str(tmp_path / "run")]) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_run_says_what_comes_next_and_goes_on_at_once(tiny_recipe, tiny_run, capsys):
    words = ["train", str(tiny_recipe), "--data", str(tiny_recipe.parent / "garments"), "--out", str(tiny_run)]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert "tiny: fit 8, quantise-aware 1 on " in shown.err
    assert "of 18 validation pictures right (95 % interval " in shown.out
    assert "1 pictures could not be read and were skipped; run.json names them." in shown.out
    assert f"Next: edgefashion export --int8 {tiny_run}" in shown.out
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["run"] == str(tiny_run)
    assert found["accuracy"]["n"] == 18
    assert found["accuracy"]["top1"] > 0.5
    told = json.loads((tiny_run / "run.json").read_text(encoding="utf-8"))
    assert told["results"]["accuracy"] == found["accuracy"]
    for stage in ("fit", "quantise-aware"):
        assert list((tiny_run / "tensorboard" / stage).glob("events.out.tfevents.*"))


@pytest.mark.slow
def test_a_stage_is_shown_line_by_line_and_an_interruption_costs_nothing(tiny_recipe, tmp_path, capsys, monkeypatch):
    """Ctrl-C in the third epoch: exit code 130, one line; the same command goes on with that epoch."""
    from edgefashion.commands import train

    words = ["train", str(tiny_recipe), "--data", str(tiny_recipe.parent / "garments"), "--out", str(tmp_path / "run")]
    show = train._Table.show

    def stop(table, at):
        if (at.epoch, at.step) == (3, 2):
            raise KeyboardInterrupt
        show(table, at)

    monkeypatch.setattr(train._Table, "show", stop)
    assert main(words) == 130
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "edgefashion: interrupted"
    assert train.HEADERS in lines
    assert [line.split()[:2] for line in lines if line.startswith("fit ")] == [["fit", "1/8"], ["fit", "2/8"]]
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()
    left = {path.name for path in (tmp_path / "run").rglob("*")}
    assert left == {"recipe.json", "state", "fit.npz"}
    seen = []

    def full(table, at):
        seen.append(at)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(train._Table, "show", full)
    assert main(words) == 1
    assert "the disk is full; free some space and run it again" in capsys.readouterr().err
    assert seen[0].epoch == 3


@pytest.mark.slow
def test_another_recipe_in_the_same_folder_is_refused(tiny_recipe, tiny_run, tmp_path, capsys):
    other = tmp_path / "other.toml"
    other.write_text(tiny_recipe.read_text().replace("epochs = 8", "epochs = 9"))
    assert main(["train", str(other), "--data", str(tiny_recipe.parent / "garments"), "--out", str(tiny_run)]) == 1
    assert "holds the run of another recipe or other data. Choose another --out" in capsys.readouterr().err
