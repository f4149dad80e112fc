"""Golden vectors: they pass where the model computes what it should, and fail where it does not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgefashion.errors import ModelFileError
from edgefashion.runtime.card import Golden, Head, ModelCard
from edgefashion.runtime.golden import check_golden, golden_input, golden_scores, make_golden
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile

TINY = ModelFile.read(Path(__file__).parents[1] / "data" / "tiny_int8.tflite")


@pytest.fixture(scope="module")
def interpreter() -> Interpreter:
    return Interpreter.open(TINY.content, threads=1)


def card() -> ModelCard:
    assert TINY.card is not None
    return TINY.card


def test_a_grid_is_spelt_out_as_documented() -> None:
    grid = np.random.default_rng(0).integers(0, 256, (3, 5, 3), np.uint8)
    golden = Golden(3, 5, grid.tobytes(), {})
    spelt = golden_input(golden, 10, 12)
    assert spelt.shape == (10, 12, 3)
    assert spelt.dtype == np.uint8
    for y in range(10):
        for x in range(12):
            assert (spelt[y, x] == grid[y * 3 // 10, x * 5 // 12]).all()


def test_the_model_passes_its_own_vectors(interpreter: Interpreter) -> None:
    report = check_golden(TINY, interpreter)
    assert report.passed
    assert len(report.results) == len(card().golden) >= 5
    assert {result.expected for result in report.results} == set(card().labels)


def moved(golden: Golden, steps: tuple[int, ...]) -> Golden:
    scores = tuple(score + step for score, step in zip(golden.outputs["type"], steps, strict=True))
    return replace(golden, outputs={"type": scores})


@pytest.mark.parametrize(
    ("steps", "passes"), [((1, -1, 1, 0, 0), True), ((2, 0, 0, 0, 0), False), ((0, 0, -2, 0, 0), False)]
)
def test_one_step_is_allowed_and_two_are_not(steps: tuple[int, ...], passes: bool, interpreter: Interpreter) -> None:
    changed = replace(TINY, card=replace(card(), golden=(moved(card().golden[0], steps),)))
    report = check_golden(changed, interpreter)
    assert report.passed is passes
    assert report.results[0].difference == max(map(abs, steps))


def test_another_best_label_fails_even_within_one_step(interpreter: Interpreter) -> None:
    picture = np.full((1, 1, 3), 128, np.uint8)
    golden = Golden(1, 1, picture.tobytes(), {})
    head = card().head("type")
    scores = list(golden_scores(interpreter, head, interpreter.run(golden_input(golden, 32, 32))[head.output]))
    best, second = np.argsort(scores)[-1], np.argsort(scores)[-2]
    scores[second] = scores[best] + 1
    changed = replace(TINY, card=replace(card(), golden=(replace(golden, outputs={"type": tuple(scores)}),)))
    (result,) = check_golden(changed, interpreter).results
    assert not result.passed
    assert result.expected == head.labels[second]
    assert result.received == head.labels[best]


def test_one_failure_fails_the_report(interpreter: Interpreter) -> None:
    golden = (*card().golden[:2], moved(card().golden[2], (9, 0, 0, 0, 0)))
    report = check_golden(replace(TINY, card=replace(card(), golden=golden)), interpreter)
    assert [result.passed for result in report.results] == [True, True, False]
    assert not report.passed


def test_nothing_to_verify_by_is_no_pass(interpreter: Interpreter) -> None:
    for without in (replace(TINY, card=None), replace(TINY, card=replace(card(), golden=()))):
        with pytest.raises(ModelFileError, match="no golden vectors"):
            check_golden(without, interpreter)


def test_a_card_whose_output_is_missing(interpreter: Interpreter) -> None:
    heads = (replace(card().head("type"), output="nowhere"),)
    with pytest.raises(ModelFileError, match="no output 'nowhere'"):
        check_golden(replace(TINY, card=replace(card(), heads=heads)), interpreter)


def test_unclear_grids_are_left_out(interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    grids = [np.full((2, 2, 3), value, np.uint8) for value in (0, 255)]
    head = card().head("type")
    assert len(make_golden(grids, card(), interpreter)) == 2
    close = {head.output: np.array([100, 98, 0, 0, 0], np.uint8)}
    monkeypatch.setattr(interpreter, "run", lambda picture: close)
    assert make_golden(grids, card(), interpreter) == ()
    close[head.output][1] = 97
    assert len(make_golden(grids, card(), interpreter)) == 2


def test_float_and_int8_outputs_are_written_in_steps(interpreter: Interpreter) -> None:
    content = (Path(__file__).parents[1] / "data" / "operators_float.tflite").read_bytes()
    floats = Interpreter.open(content, threads=1)
    head = Head("type", next(iter(floats.outputs)))
    assert golden_scores(floats, head, np.array([0.0, 0.5, 0.501, 1.0, -3.0], np.float32)) == (0, 128, 128, 255, 0)
    assert golden_scores(floats, head, np.array([-128, 0, 127], np.int8)) == (0, 128, 255)
