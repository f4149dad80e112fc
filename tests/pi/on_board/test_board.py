"""Runs on the emulated board: it is the board that it says, XNNPACK runs there, and the numbers are this machine's.

`tests/pi/run_all.py` starts it with EDGEFASHION_BOARD, the board's name, and EDGEFASHION_ANSWERS, what the machine
outside computed.
"""

import os
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgefashion.cli import main
from edgefashion.evaluation.runtimes import open_kernels
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import SHIPPED
from tests.pi.answers import answers, versions
from tests.pi.boards import BOARDS
from tests.pi.run_all import MEASURED

BOARD = BOARDS[os.environ["EDGEFASHION_BOARD"]]
STEP = 1 / 256
"""Of a quantised probability."""


@pytest.fixture(scope="session")
def outside() -> Mapping[str, NDArray[Any]]:
    """What the machine outside computed."""
    with np.load(os.environ["EDGEFASHION_ANSWERS"]) as file:
        return dict(file)


@pytest.fixture(scope="session", params=SHIPPED)
def both(request: pytest.FixtureRequest, outside: Mapping[str, NDArray[Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Here and outside: the answers of one shipped model."""
    prefix = f"{request.param}/"
    theirs = {key.removeprefix(prefix): array for key, array in outside.items() if key.startswith(prefix)}
    ours = answers(request.param)
    assert ours.keys() == theirs.keys()
    return ours, theirs


def test_this_is_the_board() -> None:
    assert platform.machine() == "aarch64"
    assert f"{sys.version_info[0]}.{sys.version_info[1]}" == BOARD.python
    assert f"VERSION_CODENAME={BOARD.release}" in Path("/etc/os-release").read_text(encoding="utf-8")
    processor = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    assert f"CPU part\t: {BOARD.part}" in processor
    assert BOARD.features.split()[-1] in processor
    assert (np.__version__ < "2") is (BOARD.release == "bookworm"), "as deploy/install-kiosk.sh installs it"


@pytest.mark.parametrize("name", SHIPPED)
def test_xnnpack_takes_the_whole_network(name: str) -> None:
    """LiteRT drops XNNPACK without a word where it can't read the processor, and then computes other numbers."""
    content = ModelFile.read(SHIPPED[name]).content
    kinds, without = ([step["op_name"] for step in opened._native._get_ops_details()] for opened in (
        Interpreter.open(content), open_kernels(content, "built-in kernels"),
    ))  # fmt: skip
    assert kinds.count("DELEGATE") == 1
    assert len(kinds) == len(without) + 1


@pytest.mark.parametrize("name", SHIPPED)
def test_golden_vectors(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", name]) == 0
    assert re.search(r"passed: (\d+) of \1 golden vectors, runtime ai_edge_litert", capsys.readouterr().out)


MAY_DIFFER = 1
"""Logits of a head, over all examples. garment-base 0.2.0 had none, 0.3.0 one of the 288 of the types.

garment-base 0.6.0 has one of the 156 of the details.
"""


def test_the_versions_are_the_same(outside: Mapping[str, NDArray[Any]]) -> None:
    """All but numpy, where the installer takes an older one: then the same answers show that it makes no difference."""
    differ = set(versions().tolist()) ^ set(outside["versions"].tolist())
    assert [version for version in differ if not (BOARD.instead and version.startswith("numpy "))] == []


def test_pictures_are_prepared_alike(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    ours, theirs = both
    np.testing.assert_array_equal(ours["inputs"], theirs["inputs"])


def test_logits_are_equal_but_for_the_last_bit_of_one(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Where a sum lies half way between two bytes, the processors' kernels may round it to different sides."""
    ours, theirs = both
    heads = [key for key in theirs if key.startswith("logits/")]
    assert heads
    for key in heads:
        assert ours[key].dtype == theirs[key].dtype == np.int8
        assert len(np.unique(ours[key], axis=0)) == len(ours[key]), "different pictures have different logits"
        differ = np.abs(ours[key].astype(int) - theirs[key].astype(int))
        assert differ.max() <= 1
        assert np.count_nonzero(differ) <= MAY_DIFFER


def test_the_classifier_gives_the_same(
    both: tuple[dict[str, Any], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The best type is the same; LiteRT's uint8 softmax may round the last bit otherwise on this processor."""
    ours, theirs = both
    np.testing.assert_array_equal(ours["types"].argmax(axis=1), theirs["types"].argmax(axis=1))
    assert np.abs(ours["types"] - theirs["types"]).max() <= STEP
    differ = int((ours["types"] != theirs["types"]).sum())
    with capsys.disabled():
        print(f"\n{differ} of {theirs['types'].size} probabilities {MEASURED}, by 1/256")
    assert ours["colours"].tolist() == theirs["colours"].tolist()
