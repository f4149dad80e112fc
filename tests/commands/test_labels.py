"""`labels find`, `review` and `apply` as a user meets them: drawn garments, some of them under a wrong label."""

import json
from pathlib import Path

import pytest

from edgefashion.cli import main
from edgefashion.data.drawn import draw_garment
from edgefashion.data.manifest import read_manifest

pytest.importorskip("cleanlab", reason="the extra labels is not installed")
GARMENTS = {"dress": "pink", "pants": "blue", "shoes": "black"}
WRONG = {("dress", 3): "pants", ("pants", 5): "shoes", ("shoes", 0): "dress"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A manifest of 48 garments by 16 people, three of them under a wrong label; one picture is damaged."""
    folder = tmp_path_factory.mktemp("photos")
    lines = ["path,type,group,split"]
    for garment, colour in GARMENTS.items():
        for number in range(16):
            name = f"{garment}{number}.png"
            draw_garment(garment, number, 64, colour, "plain", "sheet").save(folder / name)
            lines.append(f"{name},{WRONG.get((garment, number), garment)},person{number},train")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    lines.append("broken.png,dress,person1,train")
    (folder / "photos.csv").write_text("\n".join(lines) + "\n")
    return folder / "photos.csv"


@pytest.fixture(scope="module")
def review(photos, tiny_model, tmp_path_factory):
    """A search's folder with the three suspects, and what the search said."""
    folder = tmp_path_factory.mktemp("search") / "review"
    words = ["labels", "find", photos, "--cross-validate", "--embeddings", tiny_model, "--out", folder, "--top", 3]
    assert main([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def answers(monkeypatch):
    """Types words into the terminal; a class of exception is raised instead of typed."""

    def give(*words):
        left = iter(words)

        def answer(prompt=""):
            word = next(left, EOFError)
            if isinstance(word, type):
                raise word
            return word

        monkeypatch.setattr("builtins.input", answer)

    return give


def run(*words):
    return main([str(word) for word in words])


def copy(review, folder):
    """A review of its own, so that tests don't see each other's decisions."""
    folder.mkdir()
    for name in ("given.csv", "suspects.csv"):
        (folder / name).write_bytes((review / name).read_bytes())
    return folder


def test_find_names_the_wrong_labels_and_writes_what_review_and_train_read(review, photos):
    suspects = (review / "suspects.csv").read_text().splitlines()
    assert {Path(line.split(",")[0]).stem for line in suspects[1:]} == {f"{kind}{number}" for kind, number in WRONG}
    proposed = {Path(row.path).stem: row.type for row in read_manifest(review / "proposed.csv").rows}
    assert len(proposed) == 49
    assert all(proposed[f"{kind}{number}"] == kind for kind, number in WRONG)
    assert (review / "contact-sheet.png").read_bytes()[:4] == b"\x89PNG"
    assert main(["data", "check", str(review / "proposed.csv")]) == 0


def test_find_as_json_counts_everything(photos, tiny_model, tmp_path, capsys):
    words = (
        "labels",
        "find",
        photos,
        "--cross-validate",
        "--embeddings",
        tiny_model,
        "--out",
        tmp_path / "r",
        "--json",
    )
    assert run(*words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["judged"] == 48
    assert told["groups"] == 16
    assert [item["path"] for item in told["unreadable"]] == ["broken.png"]
    assert len(told["suspects"]) == told["estimated_wrong"]
    probabilities = [item["probability"] for item in told["suspects"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(item["given"] != item["likelier"] for item in told["suspects"])
    assert run(*words) == 1
    assert "holds a search already" in capsys.readouterr().err


def test_find_by_a_models_own_probabilities(photos, tiny_model, tmp_path, capsys):
    assert run("labels", "find", photos, "--model", tiny_model, "--out", tmp_path / "r", "--top", 2, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["evidence"] == "probabilities of tiny"
    assert len(told["suspects"]) == 2
    assert told["warnings"] == []


def test_a_model_that_learnt_these_labels_is_named(photos):
    from edgefashion.commands.labels import training_warnings

    manifest = read_manifest(photos)
    assert "these very labels: so" in training_warnings({"data_digest": manifest.digest}, manifest, "so")[0]
    assert "pictures of 'photos': so" in training_warnings({"data": "photos"}, manifest, "so")[0]
    several = {"data": "others + photos + drawn", "data_digest": "of all three"}
    assert "pictures of 'photos': so" in training_warnings(several, manifest, "so")[0]
    assert training_warnings({"data": "other photos"}, manifest, "so") == []


def test_a_review_can_stop_and_goes_on_where_it_was(review, tmp_path, answers, capsys):
    folder = copy(review, tmp_path / "r")
    answers("y", "nonsense", "q")
    assert run("labels", "review", folder) == 0
    shown = capsys.readouterr().out
    assert "Labels: dress, pants, shoes." in shown
    assert "1 of 3 decided" in shown
    assert f"Go on with: edgefashion labels review {folder}" in shown
    answers(KeyboardInterrupt)
    assert run("labels", "review", folder) == 130
    assert "1 of 3 decided" in capsys.readouterr().out
    answers("k", "b", "=shoes", "X")
    assert run("labels", "review", folder) == 0
    assert "2 of 3 labels to decide" in capsys.readouterr().out
    lines = (folder / "decisions.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in lines] == [
        "label",
        json.loads(json.dumps(likelier(folder)[0])),
        "shoes",
        "-",
    ]
    answers()
    assert run("labels", "review", folder) == 0
    assert "0 of 3 labels to decide" in capsys.readouterr().out


def likelier(folder):
    return [line.split(",")[2] for line in (folder / "suspects.csv").read_text().splitlines()[1:]]


def test_skipped_pictures_come_again(review, tmp_path, answers, capsys):
    folder = copy(review, tmp_path / "r")
    answers("s", "s", "s")
    assert run("labels", "review", folder) == 0
    assert "0 of 3 decided" in capsys.readouterr().out


def test_apply_writes_what_was_decided(review, tmp_path, answers, capsys):
    folder = copy(review, tmp_path / "r")
    assert run("labels", "apply", folder) == 1
    assert "holds no decision yet" in capsys.readouterr().err
    answers("y", "k", "x")
    assert run("labels", "review", folder) == 0
    capsys.readouterr()
    assert run("labels", "apply", folder, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["pictures"], told["changed"], told["confirmed"], told["left_out"], told["undecided"]) == (
        48,
        1,
        1,
        1,
        0,
    )
    assert len(read_manifest(folder / "corrected.csv").rows) == 48
    assert run("labels", "apply", folder) == 1
    assert "exists already" in capsys.readouterr().err
    assert run("labels", "apply", folder, "-o", tmp_path / "other.csv") == 0
    assert "48 pictures, 1 with a new label" in capsys.readouterr().out


def test_the_page_is_written_once_and_its_decisions_are_applied(review, tmp_path, capsys):
    folder = copy(review, tmp_path / "r")
    assert run("labels", "review", folder, "--page", tmp_path / "page") == 0
    assert run("labels", "review", folder, "--page", tmp_path / "page") == 1
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "page" / "index.html").read_text().startswith("<!doctype html>")
    path, given, likely, _ = (folder / "suspects.csv").read_text().splitlines()[1].split(",")
    exported = tmp_path / "decisions.csv"
    exported.write_text(f"path,given,label\n{path},{given},{likely}\n")
    assert run("labels", "apply", folder, "--decisions", exported) == 0
    assert "undecided, so left as they are: 2" in capsys.readouterr().out


def test_a_picture_in_the_terminal_is_lines_of_half_blocks(photos):
    from edgefashion.commands.label_session import COLUMNS, ROWS, picture_lines

    lines = picture_lines(photos.parent / "dress0.png")
    assert [line.count("▀") for line in lines] == [COLUMNS] * ROWS
    assert all(line.endswith("\x1b[0m") for line in lines)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--model", "TINY", "--cross-validate"), 2, "not allowed with argument"),
        ((), 2, "one of the arguments --model --cross-validate is required"),
        (("--cross-validate", "--folds", "1"), 2, "--folds must be at least 2"),
        (("--cross-validate", "--folds", "17"), 1, "17 folds need at least 17 contributors"),
        (("--model", "TINY", "--folds", "3"), 2, "--folds belongs to --cross-validate"),
        (("--model", "TINY", "--top", "0"), 2, "--top must be at least 1"),
        (("--model", "garment-bass"), 1, "no such model file"),
        (("--model", "TINY", "--split", "test"), 1, "holds pictures under 0 labels"),
    ],
)
def test_mistakes_are_one_line(photos, tiny_model, tmp_path, capsys, words, code, message):
    words = [str(tiny_model) if word == "TINY" else word for word in words]
    assert run("labels", "find", photos, "--out", tmp_path / "r", *words) == code
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert not (tmp_path / "r").exists()


def test_other_labels_and_one_label_are_refused(tmp_path, tiny_model, capsys):
    for number, garment in enumerate(("skirt", "blazer")):
        path = tmp_path / "data" / garment / f"{number}.png"
        path.parent.mkdir(parents=True)
        draw_garment(garment, number, 64).save(path)
    assert run("labels", "find", tmp_path / "data", "--model", tiny_model, "--out", tmp_path / "r") == 1
    assert "aren't the model's" in capsys.readouterr().err
    assert (
        run(
            "labels", "find", tmp_path / "data", "--cross-validate", "--embeddings", tiny_model, "--out", tmp_path / "r"
        )
        == 1
    )
    assert "5 folds need" in capsys.readouterr().err
    (tmp_path / "data" / "blazer" / "1.png").unlink()
    assert run("labels", "find", tmp_path / "data", "--model", tiny_model, "--out", tmp_path / "r") == 1
    assert "under 1 label;" in capsys.readouterr().err


def test_pictures_without_files_are_refused_before_anything_is_read(tmp_path, capsys, monkeypatch):
    import numpy as np

    from edgefashion.commands import labels
    from edgefashion.data.manifest import Manifest, Row
    from edgefashion.errors import DataError

    manifest = Manifest("arrays", (Row("0", "hat", "g", "train"),), ("hat",), arrays=np.zeros((1, 28, 28), np.uint8))
    with pytest.raises(DataError, match="no files of their own"):
        labels.require_files(manifest, tmp_path, overwrite=False)
