"""`export` and shipping on a disk that is really full: one line, exit code 1, nothing half written."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.cli import main
from edgefashion.export import ship

ROOM = 8192
"""Bytes that are left on the disk: less than the smallest model file."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, with nearly everything taken and a file of earlier days on it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root, and a machine that lets tests do so")
    try:
        (folder / "earlier.tflite").write_bytes(b"of earlier days")
        (folder / "tiny.safetensors").write_bytes(b"weights of earlier days")
        facts = os.statvfs(folder)
        (folder / "filling").write_bytes(bytes(facts.f_bavail * facts.f_frsize - ROOM))
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_an_export(disk: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = disk / "earlier.tflite"
    words = ["export", "--int8", str(tiny_run), "-o", str(path), "--max-loss", "100", "--overwrite"]
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert "Wrote" not in out
    assert [line for line in err.splitlines() if line.startswith("edgefashion: ")] == [err.splitlines()[-1]]
    assert "edgefashion: the disk is full; free some space and run it again" in err
    assert path.read_bytes() == b"of earlier days"
    assert {item.name for item in disk.iterdir()} == {"earlier.tflite", "tiny.safetensors", "filling"}
    (disk / "filling").unlink()
    assert main(words) == 0
    assert path.read_bytes()[4:8] == b"TFL3"


@pytest.mark.slow
def test_shipping_writes_both_files_or_none(
    disk: Path, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    (disk / "earlier.tflite").rename(disk / "tiny.tflite")
    monkeypatch.setattr(ship, "SHIPPED_FOLDER", disk)
    monkeypatch.setattr(ship.ship, "__defaults__", (None, 100.0))
    assert ship.main([str(run)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    said = err.splitlines()[-1]
    assert said.startswith("ship: [Errno 28] No space left on device")
    assert said.endswith("The shipped files are as they were.")
    assert (disk / "tiny.tflite").read_bytes() == b"of earlier days"
    assert (disk / "tiny.safetensors").read_bytes() == b"weights of earlier days"
    assert {item.name for item in disk.iterdir()} == {"tiny.tflite", "tiny.safetensors", "filling"}
    (disk / "filling").unlink()
    assert ship.main([str(run)]) == 0
    assert (disk / "tiny.tflite").read_bytes() == (run / "tiny.tflite").read_bytes()
    assert (disk / "tiny.safetensors").read_bytes() == (run / "tiny.safetensors").read_bytes()


def test_a_run_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgefashion.export.ship", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("ship: ")
    assert "Traceback" not in done.stderr
