"""An app in a process of its own, as two suites measure it: without a screen, with real OpenGL, telling JSON lines."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contestant import ContestantError
from benchmarks.subject import EXAMPLES, ROOT, frame

SWAY = 6
"""Pixels by which the garment of a film moves to either side, as in a hand."""


def told(script: str, *words: str) -> Iterator[dict[str, Any]]:
    """Runs `benchmarks/children/SCRIPT.py` and gives every line that it prints, as soon as it does.

    A window needs a screen, or SDL's offscreen driver, which is taken where SDL_VIDEODRIVER names no other.

    Raises:
        ContestantError: It ended with an error; the message is its last words.
    """
    environment = {"SDL_VIDEODRIVER": "offscreen"} | os.environ | {"KIVY_NO_ARGS": "1", "LANGUAGE": "en"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.children.{script}", *words],
            stdout=subprocess.PIPE, stderr=said, text=True, cwd=ROOT, env=environment,
        )  # fmt: skip
        try:
            for line in child.stdout or ():
                yield json.loads(line)
            if child.wait():
                said.seek(0)
                last = said.read().strip().splitlines()[-1:] or [f"ended with code {child.returncode}"]
                raise ContestantError(f"{script}: {last[0][:300]}")
        finally:
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def write_film(path: Path, size: tuple[int, int], seconds: float, rate: int = 30, garments: int = 1) -> None:
    """Writes a film as a USB camera would send it (Motion JPEG): example photos one after the other, swaying a little.

    Args:
        path: The file; its ending names the format.
        size: Height and width, pixels.
        seconds: How long it is.
        rate: Pictures a second.
        garments: How many of the example photos are in it, one after the other.

    Raises:
        ContestantError: PyAV is missing.
    """
    try:
        import av
    except ImportError as error:
        raise ContestantError("a film needs PyAV: pip install 'edgefashion[app]'") from error
    photos = sorted(EXAMPLES.glob("*.jpg"))[:garments]
    number = round(seconds * rate)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=Fraction(rate))
        stream.height, stream.width, stream.pix_fmt = *size, "yuvj420p"
        for index in range(number):
            still = frame(size, photos[index * len(photos) // number])
            moved = np.roll(still, round(SWAY * math.sin(index / rate * 2 * math.pi)), axis=1)
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(moved), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
