"""The stopwatch: turns, statistics, and two real files side by side."""

import time

import pytest

from edgefashion.errors import DataError, ModelFileError
from edgefashion.evaluation import latency
from edgefashion.evaluation.latency import compare_latency, interleave


def test_turns_alternate_and_warm_up_is_not_measured():
    calls = []
    found = interleave({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=3, warmup=2)
    assert "".join(calls) == "ab" * 5
    assert [item.repeats for item in found.values()] == [3, 3]
    assert list(found) == ["a", "b"]


def test_statistics_of_a_clock_that_is_known(monkeypatch):
    durations = {"a": iter([1.0, 2.0, 3.0, 4.0]), "b": iter([3.0, 6.0, 9.0, 4.0])}
    now = [0.0]

    def run(name):
        now[0] += next(durations[name]) / 1000

    monkeypatch.setattr(latency.time, "perf_counter", lambda: now[0])
    found = interleave({"a": lambda: run("a"), "b": lambda: run("b")}, repeats=4)
    assert found["a"].median_ms == pytest.approx(2.5)
    assert found["a"].minimum_ms == pytest.approx(1.0)
    assert found["a"].p95_ms == pytest.approx(3.85)
    assert found["a"].spread == pytest.approx((3.25 - 1.75) / 2.5)
    assert found["a"].ratio == 1
    assert found["b"].ratio == pytest.approx(3)  # The median of 3, 3, 3, 1.


def test_a_slower_contestant_has_a_ratio_above_one():
    found = interleave({"quick": lambda: time.sleep(0.001), "slow": lambda: time.sleep(0.01)}, repeats=5)
    assert found["slow"].ratio > 2
    assert found["slow"].to_dict()["ratio"] == found["slow"].ratio


@pytest.mark.parametrize("wrong", [{"repeats": 0}, {"repeats": 5, "warmup": -1}])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(DataError, match="repeats >= 1"):
        interleave({"a": lambda: None}, **wrong)


def test_no_contestant_is_refused():
    with pytest.raises(DataError, match="at least one"):
        compare_latency({})


def test_files_and_opened_interpreters_run_side_by_side(tiny_model):
    from edgefashion.runtime.interpreter import Interpreter

    content = tiny_model.read_bytes()
    found = compare_latency({"file": content, "opened": Interpreter.open(content)}, repeats=5, warmup=1)
    assert list(found) == ["file", "opened"]
    assert all(0 < item.minimum_ms <= item.median_ms <= item.p95_ms for item in found.values())


def test_a_file_that_is_no_model_is_refused():
    with pytest.raises(ModelFileError):
        compare_latency({"text": b"hello, this is a text file called .tflite"})
