"""The suites `peers-…`: every peer of a task and our file on the same held-out pictures."""

from __future__ import annotations

import argparse
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers import PEERS
from benchmarks.peers.peer import Answer, Job, SkippedError, find_answer
from benchmarks.result import Comparison, Result
from benchmarks.subject import model_name, model_path
from edgefashion.data.manifest import Manifest
from edgefashion.errors import DataError
from edgefashion.evaluation.bare_model import open_bare
from edgefashion.evaluation.evaluate import score
from edgefashion.evaluation.graph import read_graph, zipped_bytes
from edgefashion.evaluation.metrics import wilson_interval
from edgefashion.evaluation.paired import mcnemar_exact
from edgefashion.evaluation.views import ManyViews, measure_views
from edgefashion.runtime.classifier import Classifier

OURS = {
    "fashion-mnist": ("fashion-mnist-nano", "fashion-mnist-small"),
    "clothing": ("garment-base", "garment-small"),
}
"""Task → the shipped models that are ours where --model names no other; all others are paired with the first."""
PUBLISHED = Path(__file__).with_name("published.toml")
COLUMNS = (
    "what", "accuracy", "95 % interval", "macro-F1", "raw bytes", "zipped", "MACs", "right, ours wrong",
    "wrong, ours right", "p (McNemar)", "ten views", "ten views, 95 % interval", "note",
)  # fmt: skip
VIEWS = slice(-3, -1)
"""Columns of the ten views, in which only types are judged; left out where they weren't asked for."""
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
        views: Whether every file is also judged in ten views of each picture, types only.
    """

    def job_of(folder: Path) -> Job:
        return Job(arguments.source, *splits, folder, arguments.epochs)

    manifest = job_of(Path()).manifest
    held = manifest.select(splits[1])
    if not held.rows:
        raise DataError(f"'{manifest.name}' has no picture in the split '{splits[1]}', which this suite judges on.")
    ours, rows = _ours([arguments.model] if arguments.model else OURS.get(task, ()), held, views)
    comparisons = []
    for peer_name, peer in PEERS[task].items():
        waits = arguments.cached or (arguments.only is not None and peer_name not in arguments.only)
        print(f"{name}: {peer_name}", file=sys.stderr)
        try:
            answer = find_answer(peer_name, task, job_of, peer, waits)
        except SkippedError as reason:
            rows.append(_empty(peer_name, f"skipped: {reason}"))
            continue
        seen = _seen(answer.file, held) if views and answer.file else None
        rows.append(_judged(peer_name, answer, held, ours, f"{peer.title}. {answer.note}".rstrip(". "), seen))
        if ours is not None:
            comparisons += _comparisons(peer_name, answer, ours, held)
    rows += [_published(item) for item in tomllib.loads(PUBLISHED.read_text(encoding="utf-8")).get(task, [])]
    settings: dict[str, Any] = {
        "source": manifest.name, "split": splits[1], "pictures": len(held.rows), "digest": manifest.digest
    }  # fmt: skip
    if arguments.epochs is not None:
        settings["epochs"] = arguments.epochs
    columns: tuple[str, ...] = COLUMNS
    if not views:
        columns = columns[: VIEWS.start] + columns[VIEWS.stop :]
        rows = [row[: VIEWS.start] + row[VIEWS.stop :] for row in rows]
    return Result(name, title, columns, tuple(rows), settings, (), tuple(comparisons))


def _ours(names: Sequence[str], held: Manifest, views: bool) -> tuple[Answer | None, list[Cells]]:
    """The first file's answers, and a row for each."""
    first: Answer | None = None
    rows = []
    for name in names:
        path = model_path(name)
        answer, note, seen = _our_answer(path, held, views)
        if first is not None:
            note = f"paired with {names[0]}. {note}".rstrip(". ")
        rows.append(_judged(f"ours: {model_name(path)}", answer, held, first, note, seen))
        first = first or answer
    return first, rows


def _our_answer(path: Path, held: Manifest, views: bool) -> tuple[Answer, str, ManyViews | None]:
    """What a file of ours says, how often that is none of the pictures' labels, and ten views where asked for."""
    classifier = Classifier.open(path)
    strange = sorted({row.type for row in held.rows} - set(classifier.labels))
    if strange:
        raise DataError(f"'{model_name(path)}' has no label '{strange[0]}', which '{held.name}' holds; give --model.")
    order = [held.labels.index(label) if label in held.labels else -1 for label in classifier.labels]
    said = [int(classifier.probabilities(held.picture(row)).argmax()) for row in held.rows]
    content = path.read_bytes()
    answer = Answer(
        tuple(row.path for row in held.rows), np.array([order[label] for label in said]), content, len(content)
    )
    others = [classifier.labels[label] for label in said if order[label] < 0]
    names = ", ".join(sorted(set(others)))
    note = f"{len(others)} called {names}, which none of these pictures is and no peer can say" if others else ""
    return answer, note, measure_views(classifier, held) if views else None


def _seen(content: bytes, held: Manifest) -> ManyViews:
    """What a peer's file, without a card, says of ten views of every picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peer.tflite"
        path.write_bytes(content)
        return measure_views(open_bare(path, held.labels, logits=True), held)


def _judged(
    name: str, answer: Answer, held: Manifest, ours: Answer | None, note: str, views: ManyViews | None
) -> Cells:
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
        cells += [None, None, None]
    else:
        only_ours, only_peer = discordant(*_both_right(ours, answer, held))
        cells += [only_peer, only_ours, float(f"{mcnemar_exact(only_ours, only_peer):.2g}")]
    if views is None:
        return (*cells, None, None, note)
    low, high = views.mean_interval
    return (*cells, round(views.mean, 4), f"{low:.4f} to {high:.4f}", note)


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
    return (f"published: {item['name']}", item["accuracy"], f"{low:.4f} to {high:.4f}", *[None] * 9, note)


def _empty(name: str, note: str) -> Cells:
    return (name, *[None] * 11, note)
