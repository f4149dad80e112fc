"""Real model files, damaged in thousands of ways, never crash native code: they run, or they are refused.

Each batch runs in a process of its own, so that a crash is seen as a failure. Without `check_graph` these tests fail.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgefashion.runtime.flatbuffer_check import check_flatbuffer
from edgefashion.runtime.operators import OPERATORS
from edgefashion.runtime.shapes import SHAPE_RULES
from edgefashion.runtime.shipped import SHIPPED

DATA = Path(__file__).parents[1] / "data"
MODELS = ("tiny_int8", "operators_int8", "operators_float", "operators_dynamic", "bare_float")
MUTATIONS = 1500
NANO = SHIPPED["fashion-mnist-nano"]
"""A file as it ships, the smallest."""
SLOWEST, MEMORY = 5.0, 256
"""Seconds of computing for one damaged file, and MB for all of them beyond what the sound one took."""


def mutated(path: Path, *options: str) -> dict[str, Any]:
    """Tries MUTATIONS damaged forms of a file in a process of its own; gives what it printed."""
    worker = Path(__file__).with_name("mutate.py")
    arguments = [sys.executable, str(worker), str(path), "0", str(MUTATIONS), *options]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=3600, check=False)
    last = done.stdout.splitlines()[-1]
    assert done.returncode == 0, f"{last} of {path.name}: exit code {done.returncode}\n{done.stderr[-2000:]}"
    told: dict[str, Any] = json.loads(last)
    counts = told["counts"]
    assert sum(counts.values()) == MUTATIONS
    assert counts["refused"] > MUTATIONS / 4, "the mutations no longer hit the model's structure"
    return told


@pytest.mark.slow
@pytest.mark.parametrize("path", [*(DATA / f"{name}.tflite" for name in MODELS), NANO], ids=lambda path: path.stem)
def test_damaged_models_run_or_are_refused(path: Path) -> None:
    told = mutated(path)
    assert told["counts"]["ran"] > MUTATIONS / 100, "so much damage that nothing gets as far as native code"
    assert told["slowest"] < SLOWEST
    assert told["grown"] < MEMORY


@pytest.mark.slow
def test_a_shipped_file_damaged_anywhere_is_refused_or_answers_sensibly() -> None:
    """Labels and card too. The card is sealed to the network's bytes, so that nearly all damage is noticed."""
    told = mutated(NANO, "--whole")
    assert told["counts"]["ran"] > 0, "nothing gets as far as an answer"
    assert told["slowest"] < SLOWEST
    assert told["grown"] < MEMORY


def test_every_operator_that_is_allowed_is_in_a_model_that_is_mutated() -> None:
    used = set()
    for name in MODELS:
        content = (DATA / f"{name}.tflite").read_bytes()
        _, model = check_flatbuffer(content, len(content))
        used |= {max(code[0] or 0, code[3] or 0) for code in model[1]}
    assert used == set(OPERATORS)


def test_every_operator_has_a_shape_rule() -> None:
    assert {operator.name for operator in OPERATORS.values()} == set(SHAPE_RULES)
