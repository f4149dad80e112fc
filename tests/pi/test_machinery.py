"""The machinery of `make test-pi`, without its boards: what it fetches, and what it takes for equal."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement

from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile
from tests.pi import answers, boards, run_all, sysroot

ROOT = Path(__file__).parents[2]
BOARDS = list(boards.BOARDS.values())
LOCK = """\
numpy==2.4.6 ; python_full_version < '3.13' \\
    --hash=sha256:aa \\
    --hash=sha256:ab
numpy==2.5.0 ; python_full_version >= '3.13' \\
    --hash=sha256:bb
pillow==13.0.0 \\
    --hash=sha256:cc
only-windows==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:dd
only-intel==1.0 ; platform_machine == 'x86_64' \\
    --hash=sha256:ee
"""


@pytest.mark.parametrize(
    ("python", "numpy_lines"),
    [
        ("3.11", "numpy==2.4.6 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\n"),
        ("3.13", "numpy==2.5.0 \\\n    --hash=sha256:bb\n"),
    ],
)
def test_markers_are_judged_for_the_board(python: str, numpy_lines: str) -> None:
    expected = f"{numpy_lines}pillow==13.0.0 \\\n    --hash=sha256:cc\n"
    assert sysroot.pinned(LOCK, ("numpy", "pillow"), python) == expected


@pytest.mark.parametrize("name", ["only-windows", "only-intel", "absent"])
def test_what_is_not_pinned_for_the_board_is_said(name: str) -> None:
    with pytest.raises(sysroot.UnavailableError, match=f"pins no {name} for Python 3.11"):
        sysroot.pinned(LOCK, ("numpy", name), "3.11")


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_everything_that_a_board_needs_is_pinned(board: boards.Board) -> None:
    names = sysroot.PYTHON_PACKAGES + sysroot.APP_PYTHON_PACKAGES
    lines = sysroot.pinned(sysroot.requirements(board), names, board.python)
    assert lines.count("==") == len(names)
    assert ";" not in lines


def test_bookworm_is_tested_with_the_numpy_that_the_installer_puts_there() -> None:
    installer = (ROOT / "deploy/install-kiosk.sh").read_text(encoding="utf-8")
    (rule,) = re.findall(r'= bookworm \] && old=\("(numpy[^"]+)"\)', installer)
    for board in BOARDS:
        (version,) = re.findall("numpy==(\\S+)", sysroot.pinned(sysroot.requirements(board), ("numpy",), board.python))
        assert Requirement(rule).specifier.contains(version) is (board.release == "bookworm"), version


def test_the_mirror_is_the_first_archive_of_debian() -> None:
    told = (
        "http://other.example/x/ Elsewhere\nhttp://a.example/debian-security/ Debian\nhttp://a.example/debian/ Debian\n"
    )
    assert sysroot.debian_mirror(told) == "http://a.example/debian/"
    for none in ("", "http://archive.example/ubuntu/ Ubuntu\n", "http://a.example/debian/ \n"):
        with pytest.raises(sysroot.UnavailableError, match="sudo apt-get update"):
            sysroot.debian_mirror(none)


def test_what_is_not_installed_is_one_command(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_all.main([]) == 1
    assert capsys.readouterr().err == ("To emulate a Raspberry Pi: sudo apt-get install mmdebstrap qemu-user-static\n")


def test_a_program_that_fails_says_why() -> None:
    with pytest.raises(sysroot.UnavailableError, match="failed: E: no such package"):
        sysroot._run(sys.executable, "-c", "import sys; sys.exit('I: begin\\nE: no such package\\nI: end')")
    with pytest.raises(sysroot.UnavailableError, match="no-such-program: No such file"):
        sysroot._run("no-such-program")


def test_an_unknown_board_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run_all.main(["pi3"])
    assert stop.value.code == 2
    assert "Known: pi4-bookworm, pi5-trixie" in capsys.readouterr().err


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_core_is_described(board: boards.Board) -> None:
    files = boards.processor_files(board)
    assert files["proc/cpuinfo"].count(f"Features\t: {board.features}\n") == boards.CORES
    assert files["proc/cpuinfo"].endswith(f"Model\t\t: {board.model}\n")
    assert files["sys/devices/system/cpu/possible"] == "0-3\n"
    assert all(files[f"sys/devices/system/cpu/cpu{core}/topology/core_siblings_list"] for core in range(boards.CORES))


def test_what_runs_on_a_board_exists() -> None:
    for name in (*run_all.TESTS, *(test.partition("::")[0] for test in run_all.LEFT_OUT)):
        assert (ROOT / name).exists(), name


def test_nothing_of_this_python_reaches_a_board(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run_all, "FOLDER", tmp_path)
    monkeypatch.setenv("PYTHONHOME", "/outside")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/outside")
    told = run_all.board_environment(BOARDS[0], tmp_path / "root")
    assert "/outside" not in told.values()
    assert told["PYTHONPATH"] == f"{tmp_path}/root/opt/wheels{os.pathsep}{ROOT}"
    assert Path(told["HOME"]).is_dir()  # Kivy doesn't start without one


def test_the_logits_are_what_the_softmax_reads(tiny_model: Path) -> None:
    model = ModelFile.read(tiny_model)
    assert model.card is not None
    (head,) = model.card.heads
    content, (tensor,) = answers.logits_network(model.flatbuffer, [head.output])
    whole, cut = Interpreter.open(model.content, 1), Interpreter.open(content, 1)
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    logits = cut.run(picture)[tensor]
    assert logits.dtype == np.int8
    real = cut.dequantise(tensor, logits).astype(np.float64)
    softmax = np.exp(real) / np.exp(real).sum()
    np.testing.assert_allclose(whole.dequantise(head.output, whole.run(picture)[head.output]), softmax, atol=1.01 / 256)


def test_an_output_without_a_softmax_is_refused(tiny_model: Path) -> None:
    model = ModelFile.read(tiny_model)
    assert model.card is not None
    content, (tensor,) = answers.logits_network(model.flatbuffer, [model.card.heads[0].output])
    with pytest.raises(ValueError, match="comes from FULLY_CONNECTED and not from a SOFTMAX"):
        answers.logits_network(content, [tensor])


def test_the_boards_tests_are_not_collected_outside() -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", "tests/pi"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0
    assert "on_board" not in done.stdout
    assert "test_machinery" in done.stdout
