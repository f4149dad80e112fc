"""One file under LiteRT, with its three sets of kernels; what wrong answers and a refused file do to the table."""

from dataclasses import replace

import numpy as np
import pytest

from edgefashion.errors import ModelFileError
from edgefashion.evaluation import runtimes as room
from edgefashion.evaluation.runtimes import compare_runtimes, count_runs, open_kernels
from edgefashion.runtime import interpreter as ladder
from edgefashion.runtime.model_file import ModelFile, append_files


@pytest.fixture(autouse=True)
def litert_alone(monkeypatch):
    """Leaves TensorFlow, which takes ten seconds to import, out of the ladder."""
    monkeypatch.setattr(ladder, "RUNTIMES", {"ai_edge_litert": ladder.RUNTIMES["ai_edge_litert"]})


@pytest.fixture
def pictures():
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(4)]


def test_threads_and_kernels_agree_on_the_tiny_model(tiny_model, pictures):
    file = ModelFile.read(tiny_model)
    done = []
    runs = compare_runtimes(file, pictures, threads=(1, 2), progress=done.append)
    assert sum(done) == count_runs((1, 2)) * 4 == len(runs) * 4
    assert [(run.runtime, run.threads) for run in runs] == [
        ("ai_edge_litert", 1), ("ai_edge_litert", 2), ("built-in kernels", 1), ("reference kernels", 1),
    ]  # fmt: skip
    assert all(run.passed and run.golden == (6, 6) for run in runs)
    assert runs[0].identical == runs[1].identical == runs[0].same == 4
    assert all(run.largest <= 2 / 256 for run in runs)


def test_a_failed_golden_vector_fails_the_run(tiny_model, pictures):
    file = ModelFile.read(tiny_model)
    wrong = replace(file.card.golden[1], outputs={"type": file.card.golden[0].outputs["type"]})
    card = replace(file.card, golden=(file.card.golden[0], wrong))
    content = append_files(file.flatbuffer, {**file.files, "card.json": card.to_json().encode()})
    for run in compare_runtimes(ModelFile.from_bytes(content), pictures, threads=(1,)):
        assert (run.passed, run.golden) == (False, (1, 2))


def test_a_runtime_that_answers_otherwise_fails(tiny_model, pictures, monkeypatch, red_shirt):
    """The second run sees every picture upside down in colour: as if a delegate computed something else."""
    real = open_kernels

    def other(content, kernels, threads=1):
        interpreter = real(content, kernels, threads)
        run = interpreter.run
        interpreter.run = lambda picture: run(255 - picture)
        return interpreter

    monkeypatch.setattr(room, "open_kernels", other)
    from edgefashion.runtime.image import prepare

    runs = compare_runtimes(ModelFile.read(tiny_model), [prepare(red_shirt, 32, 32)], threads=(1,))
    assert runs[0].passed
    assert not runs[1].passed
    assert runs[1].golden[0] < runs[1].golden[1]
    assert runs[1].largest > 0.1


def test_a_runtime_that_cannot_open_the_file_is_a_row_with_its_reason(tiny_model, pictures, monkeypatch):
    def refuse(content, kernels, threads=1):
        raise ModelFileError("an operator is too new")

    monkeypatch.setattr(room, "open_kernels", refuse)
    runs = compare_runtimes(ModelFile.read(tiny_model), pictures, threads=(1,))
    assert [run.problem for run in runs] == ["", "an operator is too new", "an operator is too new"]
    assert [run.passed for run in runs] == [True, False, False]


def test_a_file_without_a_card_is_refused(tiny_model, pictures):
    with pytest.raises(ModelFileError, match="has no card"):
        compare_runtimes(ModelFile.from_bytes(ModelFile.read(tiny_model).flatbuffer), pictures)
