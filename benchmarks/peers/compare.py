"""The suites `peers-…`: every peer of a task and our file on the same held-out pictures."""

from __future__ import annotations

import argparse
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers import PEERS
from benchmarks.peers.peer import Answer, Job, SkippedError, find_answer
from benchmarks.result import Comparison, Result
from benchmarks.subject import model_name, model_path
from edgefashion.data.manifest import Manifest
from edgefashion.errors import DataError, ModelFileError
from edgefashion.evaluation.bare_model import open_bare
from edgefashion.evaluation.evaluate import score
from edgefashion.evaluation.graph import read_graph, zipped_bytes
from edgefashion.evaluation.metrics import wilson_interval
from edgefashion.evaluation.paired import mcnemar_exact
from edgefashion.evaluation.views import ManyViews, measure_views
from edgefashion.runtime.classifier import Classifier

OURS = {"fashion-mnist": "fashion-mnist-nano", "clothing": "garment-base"}
"""Task → the shipped model that is ours where --model names no other; it may not be shipped yet."""
PUBLISHED = Path(__file__).with_name("published.toml")
COLUMNS = (
    "what", "accuracy", "95 % interval", "macro-F1", "raw bytes", "zipped", "MACs", "right, ours wrong",
    "wrong, ours right", "p (McNemar)", "note",
)  # fmt: skip
Cells = tuple[str | float | None, ...]


def add_peer_arguments(parser: argparse.ArgumentParser, task: str) -> None:
    """Adds the arguments of both suites."""
    parser.add_argument("--model", help="our .tflite file or shipped name")
    parser.add_argument("--source", help="the pictures")
    parser.add_argument(
        "--only", nargs="+", choices=sorted(PEERS[task]), metavar="PEER",
        help=f"train only these now, take the others from runs/peers: {', '.join(PEERS[task])}",
    )  # fmt: skip
    parser.add_argument("--cached", action="store_true", help="train nothing: only what runs/peers holds")
    parser.add_argument("--epochs", type=int, help="so many epochs a stage, to try out; keeps its own cache")


def measure_peers(
    name: str,
    title: str,
    task: str,
    splits: tuple[tuple[str, ...], str],
    arguments: argparse.Namespace,
    views: bool = False,
) -> Result:
    """Runs a suite.

    Args:
        name: Of the suite.
        title: Above its table.
        task: Of the table PEERS.
        splits: Splits to train on, and the one to judge on.
        arguments: As parsed.
        views: Whether every file is also judged in ten views of each picture; its note tells.
    """

    def job_of(folder: Path) -> Job:
        return Job(arguments.source, *splits, folder, arguments.epochs)

    manifest = job_of(Path()).manifest
    held = manifest.select(splits[1])
    if not held.rows:
        raise DataError(f"'{manifest.name}' has no picture in the split '{splits[1]}', which this suite judges on.")
    ours, rows = _ours(arguments.model, OURS.get(task), held, views)
    comparisons = []
    for peer_name, peer in PEERS[task].items():
        waits = arguments.cached or (arguments.only is not None and peer_name not in arguments.only)
        print(f"{name}: {peer_name}", file=sys.stderr)
        try:
            answer = find_answer(peer_name, task, job_of, peer, waits)
        except SkippedError as reason:
            rows.append(_empty(peer_name, f"skipped: {reason}"))
            continue
        note = f"{peer.title}. {answer.note}".rstrip(". ")
        if views and answer.file:
            note += f". {_seen(answer.file, held)}"
        rows.append(_judged(peer_name, answer, held, ours, note))
        if ours is not None:
            comparisons += _comparisons(peer_name, answer, ours, held)
    rows += [_published(item) for item in tomllib.loads(PUBLISHED.read_text(encoding="utf-8")).get(task, [])]
    settings: dict[str, Any] = {
        "source": manifest.name, "split": splits[1], "pictures": len(held.rows), "digest": manifest.digest
    }  # fmt: skip
    if arguments.epochs is not None:
        settings["epochs"] = arguments.epochs
    return Result(name, title, COLUMNS, tuple(rows), settings, (), tuple(comparisons))


def _ours(given: str | None, usual: str | None, held: Manifest, views: bool) -> tuple[Answer | None, list[Cells]]:
    """Our file's answers, and its row; none, and why, where there is no such file yet."""
    try:
        path = model_path(given or usual)
    except ModelFileError as error:
        if given:
            raise
        return None, [_empty("ours", f"skipped: {error}")]
    classifier = Classifier.open(path)
    strange = sorted({row.type for row in held.rows} - set(classifier.labels))
    if strange:
        raise DataError(f"'{model_name(path)}' has no label '{strange[0]}', which '{held.name}' holds; give --model.")
    order = [held.labels.index(label) if label in held.labels else -1 for label in classifier.labels]
    said = [int(classifier.probabilities(held.picture(row)).argmax()) for row in held.rows]
    predicted = [order[label] for label in said]
    content = path.read_bytes()
    answer = Answer(tuple(row.path for row in held.rows), np.array(predicted), content, len(content))
    others = [classifier.labels[label] for label in said if order[label] < 0]
    names = ", ".join(sorted(set(others)))
    note = f"{len(others)} called {names}, which none of these pictures is and no peer can say" if others else ""
    if views:
        note = f"{note}. {_told(measure_views(classifier, held))}".lstrip(". ")
    return answer, [_judged(f"ours: {model_name(path)}", answer, held, None, note)]


def _seen(content: bytes, held: Manifest) -> str:
    """What a peer's file, without a card, says of ten views of every picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peer.tflite"
        path.write_bytes(content)
        return _told(measure_views(open_bare(path, held.labels, logits=True), held))


def _told(found: ManyViews) -> str:
    low, high = found.mean_interval
    return f"Seen in ten ways, types only: {found.mean:.4f} ({low:.4f} to {high:.4f})"


def _judged(name: str, answer: Answer, held: Manifest, ours: Answer | None, note: str) -> Cells:
    """A row of figures."""
    position = {row.path: index for index, row in enumerate(held.rows)}
    kept = [position[path] for path in answer.paths]
    classes = len(held.labels)
    # A label that the data lack counts as a class of its own, which is never right.
    given = np.where(answer.predicted < 0, classes, answer.predicted)
    groups = [held.rows[index].group for index in kept]
    found = score(np.eye(classes + 1)[given], held.truth[kept], (*held.labels, ""), groups)
    low, high = found.top1_interval
    cells: list[str | float | None] = [name, round(found.top1, 4), f"{low:.4f} to {high:.4f}", round(found.macro_f1, 3)]
    if answer.file:
        cells += [len(answer.file), zipped_bytes(answer.file), read_graph(answer.file).macs]
    else:
        cells += [answer.stored, None, None]
    if ours is None:
        return (*cells, None, None, None, note)
    both = _both_right(ours, answer, held)
    only_ours, only_peer = discordant(*both)
    return (*cells, only_peer, only_ours, float(f"{mcnemar_exact(only_ours, only_peer):.2g}"), note)


def discordant(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """How many pictures only the first has right, and only the second; both bool (n,), in the same order."""
    return int((first & ~second).sum()), int((second & ~first).sum())


def _both_right(ours: Answer, peer: Answer, held: Manifest) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Who was right on the pictures that both answered: bool (n,) each."""
    truth = dict(zip((row.path for row in held.rows), held.truth.tolist(), strict=True))
    first = dict(zip(ours.paths, ours.predicted.tolist(), strict=True))
    second = dict(zip(peer.paths, peer.predicted.tolist(), strict=True))
    common = [path for path in ours.paths if path in second]
    right = [np.array([said[path] == truth[path] for path in common], bool) for said in (first, second)]
    return right[0], right[1]


def _comparisons(name: str, peer: Answer, ours: Answer, held: Manifest) -> list[Comparison]:
    """What the table of losses is made from."""
    first, second = _both_right(ours, peer, held)
    clear = mcnemar_exact(*discordant(first, second)) < 0.05
    raw = Comparison("bytes", len(ours.file), name, len(peer.file) or peer.stored, lower_is_better=True)
    return [Comparison("accuracy", float(first.mean()), name, float(second.mean()), False, clear), raw]


def _published(item: dict[str, Any]) -> Cells:
    """A quoted figure; its interval from n."""
    low, high = wilson_interval(round(item["accuracy"] * item["n"]), item["n"])
    note = f"{item['size']}; {item['source']}"
    return (f"published: {item['name']}", item["accuracy"], f"{low:.4f} to {high:.4f}", *[None] * 7, note)


def _empty(name: str, note: str) -> Cells:
    return (name, *[None] * 9, note)
