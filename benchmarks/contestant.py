"""A contestant in a process of its own: its memory is its own, and so may be its Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from benchmarks.subject import ROOT


class ContestantError(Exception):
    """A contestant ended before its turn; the message is its last words."""


class Contestant:
    """A child that has run once when this returns; each `turn` makes it run once more.

    Attributes:
        facts: What it told of itself: runtime and version.
        peak_bytes: Most memory that it held, known after `close`; 0 where the system doesn't say.
    """

    def __init__(self, script: str, *words: str, python: Path | str = sys.executable) -> None:
        """Start `benchmarks/children/SCRIPT.py` with these words and wait until it has run once."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
        environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open while the child lives; a full pipe would stop it)
        try:
            self._child = subprocess.Popen(
                [str(python), "-m", f"benchmarks.children.{script}", *words],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True, cwd=ROOT, env=environment,
            )  # fmt: skip
        except OSError as error:
            self._said.close()
            raise ContestantError(f"{script} can't be started: {error.strerror}") from error
        self._input, self._output = cast(IO[str], self._child.stdin), cast(IO[str], self._child.stdout)
        self.peak_bytes = 0
        try:
            self.facts: dict[str, str] = json.loads(self._line())
        except (ContestantError, json.JSONDecodeError) as error:
            self._release()
            raise ContestantError(f"{script}: {error}") from error

    def turn(self) -> None:
        """One run."""
        self._input.write("\n")
        self._input.flush()
        self._line()

    def close(self) -> None:
        """Ends the child and reads its peak memory."""
        try:
            self._input.close()
            self.peak_bytes = int(json.loads(self._line())["peak_bytes"])
            self._child.wait(timeout=60)
        finally:
            self._release()

    def _line(self) -> str:
        line = self._output.readline()
        if not line:
            self._child.wait(timeout=60)
            self._said.seek(0)
            said = self._said.read().strip().splitlines()
            raise ContestantError(said[-1][:300] if said else f"ended with code {self._child.returncode}")
        return line

    def _release(self) -> None:
        """Stops the child if it still runs, and closes what leads to it."""
        self._child.kill()
        self._child.wait()
        for stream in (self._input, self._output, self._said):
            with suppress(OSError):
                stream.close()

    def __enter__(self) -> Contestant:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._release()
