"""What a peer is given and gives back, and the cache that lets an hours-long comparison go on where it stopped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest
from edgefashion.data.sources import open_source
from edgefashion.evaluation.bare_model import BareClassifier
from edgefashion.evaluation.graph import read_graph
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile
from edgefashion.training.pipeline import Pictures, as_rgb, load_pictures

CACHE = Path("runs") / "peers"
"""Ignored by git; a finished peer is never trained again while its folder stands."""


KERAS_MODELS = Path.home() / ".keras" / "models"
"""Where Keras keeps weights that it has downloaded."""


class SkippedError(Exception):
    """A peer that can't be had here; the message says why and what would help."""


@dataclass(frozen=True)
class Job:
    """What a peer is to do.

    Attributes:
        source: Pictures, as `open_source` takes it.
        train: Splits to train on.
        held_out: Split to answer.
        folder: The peer's own, for what it keeps between two starts; it exists.
        epochs: So many epochs a stage, to try out; None for the peer's own.
    """

    source: str
    train: tuple[str, ...]
    held_out: str
    folder: Path
    epochs: int | None = None

    @cached_property
    def manifest(self) -> Manifest:
        """All pictures."""
        return open_source(self.source)

    def pictures(self, side: int) -> tuple[Pictures, Pictures]:
        """Training and held-out pictures, prepared as everywhere in EdgeFashion."""
        parts = (self.manifest.select(*self.train), self.manifest.select(self.held_out))
        train, held = (load_pictures(part, side, side) for part in parts)
        return train, held


@dataclass(frozen=True)
class Answer:
    """What a peer said of the held-out pictures.

    Attributes:
        paths: The pictures it answered, as in the manifest.
        predicted: int64 (n,), index of its label.
        file: Its .tflite, b"" where it has none.
        stored: Bytes that it needs where it has no file.
        note: Anything a reader should know.
    """

    paths: tuple[str, ...]
    predicted: npt.NDArray[np.int64]
    file: bytes = b""
    stored: int = 0
    note: str = ""


@dataclass(frozen=True)
class Peer:
    """A line of PEERS: the module in this folder, what it is, and the packages that it needs.

    `weights`: a file of Keras's ImageNet weights, which come with no package; nothing is downloaded here.
    """

    module: str
    title: str
    needs: tuple[str, ...]
    weights: str = ""


def answer_of_file(content: bytes, pictures: Pictures, note: str = "") -> Answer:
    """Runs a .tflite (uint8 RGB in, one output of scores) over prepared pictures."""
    interpreter = Interpreter.open(content)
    predicted = [
        int(next(iter(interpreter.run(as_rgb(image[None])[0]).values())).argmax()) for image in pictures.images
    ]
    return Answer(
        tuple(row.path for row in pictures.rows), np.array(predicted, np.int64), content, len(content), note
    )  # fmt: skip


def open_peer(content: bytes, labels: tuple[str, ...]) -> BareClassifier:
    """A peer's file as judges take it; some end in a softmax, others in logits."""
    model_file = ModelFile.from_bytes(content)
    operators = {operator.name for operator in read_graph(content).operators}
    return BareClassifier(model_file, Interpreter.open(content), labels, logits="SOFTMAX" not in operators)


def find_answer(name: str, task: str, job_of: Callable[[Path], Job], peer: Peer, cached_only: bool) -> Answer:
    """Gives a peer's answer: the kept one, or trains the peer now.

    Args:
        name: Of the peer.
        task: Of the table PEERS.
        job_of: Makes the job for a folder.
        peer: Its line in PEERS.
        cached_only: Whether to skip what would have to be trained.

    Raises:
        SkippedError: It can't be had here, or was not trained yet and mustn't be now.
    """
    probe = job_of(CACHE)
    facts = (probe.manifest.digest, probe.train, probe.held_out, probe.epochs)
    key = hashlib.sha256(repr(facts).encode()).hexdigest()[:8]
    folder = CACHE / task / f"{name}-{key}"
    kept = folder / "answer.npz"
    if kept.exists():
        return _read(kept)
    missing = [package for package in peer.needs if find_spec(package) is None]
    if missing:
        raise SkippedError(f"not installed: {', '.join(missing)}")
    if peer.weights and not (KERAS_MODELS / peer.weights).is_file():
        raise SkippedError(f"ImageNet weights come with no package; put Keras's {peer.weights} into ~/.keras/models")
    if cached_only:
        raise SkippedError("not trained yet")
    folder.mkdir(parents=True, exist_ok=True)
    made: Answer = import_module(f"benchmarks.peers.{peer.module}").make(job_of(folder))
    _write(kept, made)
    return made


def _write(path: Path, answer: Answer) -> None:
    """Under a temporary name first."""
    temporary = path.with_name(f".{os.getpid()}.npz")
    np.savez(
        temporary, paths=np.array(answer.paths), predicted=answer.predicted, stored=np.array(answer.stored),
        content=np.frombuffer(answer.file, np.uint8), note=np.array(answer.note),
    )  # fmt: skip
    os.replace(temporary, path)


def _read(path: Path) -> Answer:
    with np.load(path, allow_pickle=False) as kept:
        return Answer(
            tuple(kept["paths"].tolist()), kept["predicted"], kept["content"].tobytes(), int(kept["stored"]),
            str(kept["note"]),
        )  # fmt: skip
