"""Runs side by side: folders as training leaves them, foreign and damaged ones, and the Pareto front."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgefashion.errors import DataError
from edgefashion.evaluation.experiments import (
    Accuracy,
    Experiment,
    _accuracy,
    find_experiments,
    measure_latency,
    pareto_front,
)
from edgefashion.evaluation.experiments_picture import draw_experiments
from edgefashion.evaluation.metrics import wilson_interval

ACCURACY = {"split": "validation", "n": 100, "top1": 0.8, "interval": [0.71, 0.87]}


def write_run(folder, recipe="first", digest="d1", accuracy=ACCURACY):
    """A run's folder as training leaves it."""
    folder.mkdir(parents=True)
    mark = {"recipe": {"name": recipe}, "digest": f"r-{recipe}", "data_digest": digest, "source": "clothing:somewhere"}
    (folder / "recipe.json").write_text(json.dumps(mark))
    facts = {
        "recipe": {"name": recipe},
        "recipe_digest": f"r-{recipe}",
        "data": {"name": "clothing", "digest": digest},
        "results": {"accuracy": accuracy},
    }
    (folder / "run.json").write_text(json.dumps(facts))
    return folder


def test_a_run_without_file_shows_its_float_network(tmp_path):
    write_run(tmp_path / "one")
    (row,) = find_experiments([tmp_path])
    assert (row.name, row.recipe, row.recipe_digest) == ("one", "first", "r-first")
    assert (row.data, row.data_digest) == ("clothing", "d1")
    assert row.accuracy == Accuracy("float", 0.8, (0.71, 0.87), 100, "validation")
    assert row.raw is None
    assert row.note == "not exported"


def test_files_stand_for_their_run_and_a_stranger_is_told(tmp_path, tiny_model):
    write_run(tmp_path / "one")
    (tmp_path / "one" / "a.tflite").write_bytes(tiny_model.read_bytes())
    (row,) = find_experiments([tmp_path])
    assert row.name == "one/a.tflite"
    assert row.raw == tiny_model.stat().st_size
    assert 0 < row.zipped < row.raw
    assert row.macs > 0
    assert row.note == "of another recipe than the run it lies in"
    (alone,) = find_experiments([tiny_model])
    assert alone.name == tiny_model.name
    assert alone.note == "no accuracy in the card"


def test_an_unfinished_run_says_how_far_it_is_and_its_own_folders_are_no_runs(tmp_path):
    run = write_run(tmp_path / "one")
    (run / "run.json").unlink()
    write_run(run / "teacher", "teacher")
    (row,) = find_experiments([tmp_path])
    assert row.note == "unfinished, in its first stage"
    assert row.data_digest == "d1"
    (run / "stages").mkdir()
    (run / "stages" / "fit.json").write_text("{}")
    (row,) = find_experiments([run])
    assert row.note == "unfinished, finished stages: fit"


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00", '{"recipe": 3, "data": [], "results": {"accuracy": "x"}}'])
def test_a_damaged_run_is_a_row_with_a_note(tmp_path, text):
    run = write_run(tmp_path / "one")
    (run / "run.json").write_text(text)
    (run / "broken.tflite").write_bytes(b"no model at all")
    (row,) = find_experiments([tmp_path])
    assert row.note.startswith("not a readable model: ")
    assert row.raw is None
    (run / "broken.tflite").unlink()
    (row,) = find_experiments([tmp_path])
    assert row.accuracy is None
    assert row.note


def test_places_without_runs_are_an_error(tmp_path):
    with pytest.raises(DataError, match="is not there"):
        find_experiments([tmp_path / "nowhere"])
    with pytest.raises(DataError, match=r"No run and no \.tflite file"):
        find_experiments([tmp_path])


def test_a_place_given_twice_is_listed_once(tmp_path):
    write_run(tmp_path / "one")
    assert len(find_experiments([tmp_path, tmp_path / "one"])) == 1


def test_only_equal_pictures_are_comparable(tmp_path):
    write_run(tmp_path / "a")
    write_run(tmp_path / "b", digest="d2")
    write_run(tmp_path / "c", accuracy=ACCURACY | {"n": 99})
    assert len({row.judged_on for row in find_experiments([tmp_path])}) == 3


def test_latency_refers_to_the_first_file_with_an_accuracy(tiny_model, tmp_path):
    (tmp_path / "broken.tflite").write_bytes(b"no model at all")
    rows = [
        Experiment("plain", tiny_model, raw=1),
        Experiment("run", tmp_path),
        Experiment("judged", tiny_model, raw=1, accuracy=Accuracy("int8", 0.5, (0.4, 0.6), 10, "test")),
        Experiment("broken", tmp_path / "broken.tflite", raw=1),
    ]
    reference, measured = measure_latency(rows, repeats=3)
    assert reference == "judged"
    assert measured[2].latency_ratio == 1
    assert measured[0].latency_ratio > 0
    assert measured[1].latency_ratio is None
    assert measured[3].note.startswith("can't be run here: ")
    assert measure_latency(rows[1:2]) == (None, (rows[1],))


points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12)


@given(points)
def test_the_front_is_what_no_point_beats(found):
    costs, gains = [float(cost) for cost, _ in found], [float(gain) for _, gain in found]
    front = pareto_front(costs, gains)

    def beaten(i):
        return any(
            costs[j] <= costs[i] and gains[j] >= gains[i] and (costs[j], gains[j]) != (costs[i], gains[i])
            for j in range(len(found))
        )

    assert sorted(front) == [i for i in range(len(found)) if not beaten(i)]
    assert [costs[i] for i in front] == sorted(costs[i] for i in front)


def test_a_front_needs_a_gain_for_every_cost():
    with pytest.raises(DataError, match="1 and 2"):
        pareto_front([1.0], [1.0, 2.0])


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["interval", "top1", "n", "split"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(json_values)
def test_whatever_stands_in_the_json_an_accuracy_is_sound_or_none(value):
    found = _accuracy("float", value)
    assert found is None or 0 <= found.interval[0] <= found.top1 <= found.interval[1] <= 1


def test_the_picture_is_drawn_and_nothing_to_draw_is_an_error(tmp_path):
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    rows = [
        Experiment(
            f"run {i}",
            tmp_path,
            data="clothing",
            data_digest=f"d{i // 3}",
            raw=1000 * (i + 1),
            latency_ratio=1.0 + i,
            accuracy=Accuracy("int8", (80 + i) / 100, wilson_interval(80 + i, 100), 100, "test"),
        )
        for i in range(5)
    ]
    for name in ("a.png", "a.svg"):
        draw_experiments(rows, tmp_path / name, "run 0")
        assert (tmp_path / name).stat().st_size > 5000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]
    with pytest.raises(DataError, match="nothing to draw"):
        draw_experiments([Experiment("run", tmp_path)], tmp_path / "b.png", None)
