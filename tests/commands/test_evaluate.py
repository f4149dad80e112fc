"""`evaluate` on the tiny model and a manifest of drawn pictures; which split; what the matrix looks like."""

import argparse
import json

import numpy as np
import pytest
from PIL import Image

from edgefashion.commands import evaluate as verb
from edgefashion.commands import evaluation_tables as tables
from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError, ModelFileError, UsageError
from edgefashion.evaluation.evaluate import Unreadable, score
from edgefashion.runtime.classifier import Classifier
from tests.evaluation.handmade import COLOURS, colour_model


def _run(*words):
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return verb.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def source(tiny_model, tmp_path):
    """A manifest of two labels of the tiny model: 12 noisy pictures in validation, 6 in train, one of them damaged."""
    labels = Classifier.open(tiny_model).labels[:2]
    random = np.random.default_rng(0)
    lines = ["path,type,group,split"]
    for i in range(18):
        Image.fromarray(random.integers(0, 256, (20, 16, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{labels[i % 2]},person{i % 4},{'train' if i % 3 == 0 else 'validation'}")
    (tmp_path / "4.png").write_bytes(b"\x89PNG\r\n\x1a\nnot much of a picture")
    path = tmp_path / "pictures.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_json_equals_a_score_made_by_hand(tiny_model, source, capsys):
    assert _run(tiny_model, source, "--json", "--threads", 1) == 0
    data = json.loads(capsys.readouterr().out)
    classifier = Classifier.open(tiny_model)
    kept = [i for i in range(18) if i % 3 and i != 4]
    right = sum(classifier.classify(source.parent / f"{i}.png").type == classifier.labels[i % 2] for i in kept)
    assert data["source"]["split"] == "validation"
    assert data["n"] == len(kept) == 11
    assert data["top1"] == right / 11
    assert [item["path"] for item in data["unreadable"]] == ["4.png"]
    assert data["labels"] == list(classifier.labels)
    assert data["model"]["name"] == classifier.card.name


def test_the_table_names_split_counts_and_intervals(tiny_model, source, capsys):
    assert _run(tiny_model, source) == 0
    shown = capsys.readouterr().out
    for text in ("split validation: 11 pictures by 4 contributors", "top-1", "macro-F1", "calibration error",
                 "Confusion matrix", "Skipped 1 of 12 pictures", "4.png"):  # fmt: skip
        assert text in shown


def test_splits_and_limits(tiny_model, source, capsys):
    for words, expected in (
        (("--split", "train"), ("train", 6)),
        (("--split", "all"), ("all", 17)),
        (("--limit", 3), ("validation", 3)),
        (("--limit", 1000), ("validation", 11)),
    ):
        assert _run(tiny_model, source, "--json", *words) == 0
        data = json.loads(capsys.readouterr().out)
        assert (data["source"]["split"], data["n"]) == expected


def test_wrong_numbers_are_wrong_usage(tiny_model, source):
    for words in (("--limit", 0), ("--threads", -1), ("--sample", 0)):
        with pytest.raises(UsageError, match="at least 1"):
            _run(tiny_model, source, *words)


def test_a_file_without_a_card_is_judged_by_the_labels_given(tmp_path, capsys):
    for i, colour in enumerate([*COLOURS.values(), COLOURS["shirt"]]):
        Image.new("RGB", (20, 16), colour).save(tmp_path / f"{i}.png")
    (tmp_path / "m.csv").write_text(
        "path,type,group,split\n0.png,shirt,a,test\n1.png,dress,a,test\n2.png,hat,b,test\n3.png,hat,b,test\n"
    )
    (tmp_path / "labels.txt").write_text("\n".join(COLOURS))
    bare = tmp_path / "bare.tflite"
    bare.write_bytes(colour_model())
    source, given = tmp_path / "m.csv", ("--labels", tmp_path / "labels.txt")
    assert _run(bare, source, *given, "--input-range", -1, 1, "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["n"], data["top1"], data["labels"]) == (4, 0.75, list(COLOURS))
    assert data["model"]["name"] == "bare"
    for words, error, said in (
        ((bare, source), ModelFileError, "no card; give its labels with --labels"),
        ((bare, source, *given), ModelFileError, "give --input-range"),
        ((bare, source, "--input-range", 0, 1), UsageError, "give --labels FILE too"),
        ((bare, source, "--logits"), UsageError, "give --labels FILE too"),
        ((bare, source, *given, "--input-range", 1, 0), UsageError, "up to a higher one"),
        ((source, source, *given), ModelFileError, "not a TensorFlow Lite model"),
        ((bare, source, "--labels", tmp_path / "none.txt"), DataError, "Can't read the labels"),
    ):
        with pytest.raises(error, match=said):
            _run(*words)


def _manifest(*splits):
    rows = tuple(Row(f"{i}.png", "hat", "g", split) for i, split in enumerate(splits))
    return Manifest("some", rows, ("hat",))


def test_the_default_split_is_validation_then_test_then_all():
    assert [verb.choose_split(_manifest(*splits), None)[0] for splits in (
        ("train", "test", "validation"), ("train", "test"), ("train", "train"),
    )] == ["validation", "test", "all"]  # fmt: skip
    assert len(verb.choose_split(_manifest("train", "validation", "train"), "train")[1].rows) == 2


def test_an_empty_split_is_an_error_that_lists_the_others():
    with pytest.raises(DataError, match="no picture in the split 'test'; splits with pictures: train"):
        verb.choose_split(_manifest("train"), "test")


def test_the_matrix_is_aligned_and_names_confusions():
    lines = tables.confusion_lines(("hat", "t-shirt"), ((100, 0), (7, 3)))
    assert lines[1:4] == [
        "              1   2",
        "    hat  1  100   ·",
        "t-shirt  2    7   3",
    ]
    assert lines[4] == "Most frequent confusions: t-shirt called hat 7×."


def test_a_large_matrix_is_left_out():
    labels = tuple(f"label{i}" for i in range(30))
    lines = tables.confusion_lines(labels, np.roll(np.eye(30, dtype=int), 1, axis=1).tolist())
    assert len(lines) == 1
    assert lines[0].count("×") == tables.MAX_CONFUSIONS


def test_many_unreadable_pictures_are_counted_and_the_first_named():
    found = score(np.eye(2), [0, 1], ("a", "b"), unreadable=[Unreadable(f"{i}.jpg", "cut") for i in range(8)])
    lines = tables.unreadable_lines(found.n, found.unreadable)
    assert lines[0] == "Skipped 8 of 10 pictures that can't be read:"
    assert len(lines) == tables.MAX_UNREADABLE_SHOWN + 2
    assert "3 more" in lines[-1]


def test_robust_prints_every_condition_and_the_mild_mean(tiny_model, source, capsys):
    assert _run(tiny_model, source, "--robust", "--sample", 4) == 0
    shown = capsys.readouterr().out
    for text in ("clean", "rotation", "15 degrees", "busy background", "points lost", "Mean loss over the mild ones: ",
                 "Mild: rotation 15, off-centre 0.1, blur 0.005, dim 1, cast 0.25, jpeg 40."):  # fmt: skip
        assert text in shown
    assert _run(tiny_model, source, "--robust", "--sample", 4, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["n"] + len(told["unreadable"]) == 4
    assert sum(item["mild"] for item in told["conditions"]) == 6
    assert told["source"]["split"] == "validation"


def test_views_prints_every_view_and_the_mean(tiny_model, source, capsys):
    assert _run(tiny_model, source, "--views", "--limit", 6) == 0
    shown = capsys.readouterr().out
    for text in ("as it is", "down, mirrored", "top-1, mean over the views", "Moved by 3 % of each side."):
        assert text in shown
    assert _run(tiny_model, source, "--views", "--limit", 6, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["n"] + len(told["unreadable"]) == 6
    assert len(told["top1"]) == 10
    assert told["mean"] == pytest.approx(sum(told["top1"].values()) / 10)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--views", "--retrieval"), "--views judges types only"),
        (("--views", "--report", "somewhere"), "--views has no page"),
        (("--views", "--robust"), "are runs of their own"),
    ],
)
def test_views_refuses_what_it_does_not_do(tiny_model, source, words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        _run(tiny_model, source, *words)


def test_a_sample_is_drawn_from_all_people(tiny_model, source, capsys):
    assert _run(tiny_model, source, "--json", "--sample", 4, "--split", "train") == 0
    assert json.loads(capsys.readouterr().out)["groups"] == 4
