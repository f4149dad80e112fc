"""The runtime ladder, and one interpreter for every rung."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgefashion.errors import ModelFileError, RuntimeMissingError, UsageError
from edgefashion.runtime import interpreter as ladder
from edgefashion.runtime.interpreter import RUNTIMES, Interpreter, default_threads, runtime_reports

DATA = Path(__file__).parents[1] / "data"
TINY = (DATA / "tiny_int8.tflite").read_bytes()


def test_the_best_rung_is_chosen_and_the_others_are_explained() -> None:
    reports = runtime_reports()
    assert [report.name for report in reports] == list(RUNTIMES)
    (chosen,) = [report for report in reports if report.chosen]
    assert chosen.name == Interpreter.open(TINY).runtime
    assert chosen.version
    for report in reports:
        if not report.chosen:
            assert report.reason.startswith(("not installed: pip install", "not needed", "can't be imported"))


def test_reports_import_no_tensorflow_unless_it_is_needed() -> None:
    code = "import sys; from edgefashion.runtime.interpreter import runtime_reports; runtime_reports(); "
    code += "import json; print(json.dumps('tensorflow' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False


def hide(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(ladder, "find_spec", lambda name: None if name in names else real(name))


def test_without_any_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "ai_edge_litert", "tflite_runtime", "tensorflow")
    assert not any(report.chosen for report in runtime_reports())
    with pytest.raises(RuntimeMissingError, match="pip install ai-edge-litert"):
        Interpreter.open(TINY)
    with pytest.raises(RuntimeMissingError, match="pip install tflite-runtime"):
        Interpreter.open(TINY, runtime="tflite_runtime")


def test_the_java_rung_serves_android_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []

    def record(name: str) -> object:
        imported.append(name)
        raise ImportError("no Java here")

    monkeypatch.setattr(ladder, "find_spec", lambda name: name == "jnius" or None)
    monkeypatch.setattr(ladder, "import_module", record)
    with pytest.raises(RuntimeMissingError):
        Interpreter.open(TINY)
    assert [report.reason for report in runtime_reports()][-1] == "not needed: it is for the Android app"
    assert imported == [], "pyjnius would start a Java machine"
    monkeypatch.setattr(sys, "getandroidapilevel", lambda: 35, raising=False)
    with pytest.raises(RuntimeMissingError, match="jnius: no Java here"):
        Interpreter.open(TINY)
    assert runtime_reports()[-1].reason == "can't be imported: no Java here"
    assert imported == ["edgefashion.runtime.android_interpreter"] * 2


def test_a_rung_that_fails_to_load_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a native library is missing: the next rung serves, and the report says why."""
    real = ladder.import_module

    def broken(name: str) -> object:
        if name.startswith("ai_edge_litert"):
            raise OSError("libLiteRt.so: cannot open shared object file\nsecond line")
        if name.startswith("tflite_runtime"):
            return real("ai_edge_litert.interpreter")  # stands in for a rung that may not be installed here
        return real(name)

    real_find = importlib.util.find_spec
    stand_in = {"tflite_runtime": "json"}
    monkeypatch.setattr(ladder, "find_spec", lambda name: real_find(stand_in.get(name, name)))
    monkeypatch.setattr(ladder, "import_module", broken)
    first, second, *_ = runtime_reports()
    assert not first.chosen
    assert first.reason == "can't be imported: libLiteRt.so: cannot open shared object file second line"
    assert second.chosen
    assert Interpreter.open(TINY).runtime == "tflite_runtime"


def test_an_unknown_runtime_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"ai_edge_litert, tflite_runtime, tensorflow\.lite"):
        Interpreter.open(TINY, runtime="onnx")


@pytest.mark.slow
def test_tensorflow_lite_agrees_within_one_step() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    code = (
        "import sys; from pathlib import Path; from edgefashion.cli import main; "
        "sys.exit(main(['verify', sys.argv[1], '--runtime', 'tensorflow.lite', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(DATA / "tiny_int8.tflite")], capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["runtime"] == "tensorflow.lite"
    assert told["passed"]


def test_shapes_types_and_quantisation_come_from_the_file() -> None:
    opened = Interpreter.open(TINY, threads=1)
    assert opened.input_shape == (1, 32, 32, 3)
    assert opened.input_dtype == np.uint8
    ((name, output),) = opened.outputs.items()
    assert output.shape == (1, 5)
    assert output.scale == 1 / 256
    assert output.zero_point == 0
    raw = np.array([0, 1, 128, 255], np.uint8)
    np.testing.assert_array_equal(opened.dequantise(name, raw), np.array([0, 1, 128, 255], np.float32) / 256)


def test_run_returns_copies_and_checks_its_input() -> None:
    opened = Interpreter.open(TINY, threads=1)
    first = opened.run(np.zeros((32, 32, 3), np.uint8))
    kept = {name: raw.copy() for name, raw in first.items()}
    opened.run(np.full((32, 32, 3), 255, np.uint8))
    for name, raw in first.items():
        np.testing.assert_array_equal(raw, kept[name])
    for shape, kind in (((32, 31, 3), np.uint8), ((32, 32, 3), np.float32), ((1, 32, 32, 3), np.uint8)):
        with pytest.raises(ModelFileError, match="Received"):
            opened.run(np.zeros(shape, kind))


def test_a_float_output_is_passed_through() -> None:
    content = (DATA / "operators_float.tflite").read_bytes()
    opened = Interpreter.open(content, threads=1)
    assert {output.scale for output in opened.outputs.values()} == {0.0}
    raw = np.array([0.25, -1.5], np.float32)
    np.testing.assert_array_equal(opened.dequantise(next(iter(opened.outputs)), raw), raw)


def test_default_threads_are_at_most_four_and_at_least_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= default_threads() <= 4
    monkeypatch.setattr(ladder.os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert default_threads() == 4
    monkeypatch.delattr(ladder.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(ladder.os, "cpu_count", lambda: None)
    assert default_threads() == 1
