"""Real model files, damaged in thousands of ways, never crash native code: they run, or they are refused.

Each batch runs in a process of its own, so that a crash is seen as a failure. Without `check_graph` these tests fail.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgefashion.runtime.flatbuffer_check import check_flatbuffer
from edgefashion.runtime.operators import OPERATORS
from edgefashion.runtime.shapes import SHAPE_RULES

DATA = Path(__file__).parents[1] / "data"
MODELS = ("tiny_int8", "operators_int8", "operators_float", "operators_dynamic", "bare_float")
MUTATIONS = 1500


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_damaged_models_run_or_are_refused(name: str) -> None:
    worker = Path(__file__).with_name("mutate.py")
    arguments = [sys.executable, str(worker), str(DATA / f"{name}.tflite"), "0", str(MUTATIONS)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=3600, check=False)
    last = done.stdout.splitlines()[-1]
    assert done.returncode == 0, f"{last} of {name}: exit code {done.returncode}\n{done.stderr[-2000:]}"
    counts = json.loads(last)
    assert sum(counts.values()) == MUTATIONS
    assert counts["refused"] > MUTATIONS / 4, "the mutations no longer hit the model's structure"
    assert counts["ran"] > MUTATIONS / 100, "the mutations damage so much that nothing gets as far as native code"


def test_every_operator_that_is_allowed_is_in_a_model_that_is_mutated() -> None:
    used = set()
    for name in MODELS:
        content = (DATA / f"{name}.tflite").read_bytes()
        _, model = check_flatbuffer(content, len(content))
        used |= {max(code[0] or 0, code[3] or 0) for code in model[1]}
    assert used == set(OPERATORS)


def test_every_operator_has_a_shape_rule() -> None:
    assert {operator.name for operator in OPERATORS.values()} == set(SHAPE_RULES)
