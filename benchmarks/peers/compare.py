"""The suites `peers-…`: every peer of a task and our file on the same held-out pictures."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers import BESIDE, CLEAR, PEERS, TEN_CLASSES
from benchmarks.peers.peer import Answer, Job, SkippedError, find_answer, open_peer
from benchmarks.peers.ten_classes import NOTE, judge_ours, judge_peer, ten_class_photos
from benchmarks.result import RESULTS, Comparison, Result
from benchmarks.subject import model_name, model_path
from edgefashion.data.manifest import Manifest
from edgefashion.errors import DataError
from edgefashion.evaluation.evaluate import score
from edgefashion.evaluation.graph import read_graph, zipped_bytes
from edgefashion.evaluation.metrics import wilson_interval
from edgefashion.evaluation.paired import mcnemar_exact
from edgefashion.evaluation.result import Evaluation
from edgefashion.evaluation.views import ManyViews, measure_views
from edgefashion.runtime.classifier import Classifier

OURS = {
    "fashion-mnist": ("fashion-mnist-nano", "fashion-mnist-small"),
    "clothing": ("garment-base", "garment-small"),
}
"""Task → the shipped models that are ours where --model names no other; every peer is paired with each of them."""
PUBLISHED = Path(__file__).with_name("published.toml")
COLUMNS = (
    "what", "accuracy", "95 % interval", "macro-F1", "raw bytes", "zipped", "MACs", "right, ours wrong",
    "wrong, ours right", "p (McNemar)",
)  # fmt: skip
"""The pairs and p are with the first model of ours; a column `BESIDE` follows for each further one."""
UNPAIRED = ". Judged before; not paired with today's files"
VIEWS = ("ten views", "ten views, 95 % interval")
"""Left out where they weren't asked for; only types are judged in them."""
Cells = dict[str, str | float | None]
"""A row, by columns; a column that it lacks is empty."""


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
    photos = ten_class_photos(arguments.source, splits[1])
    ours, rows, tens = _ours([arguments.model] if arguments.model else OURS.get(task, ()), held, views, photos)
    comparisons: list[Comparison] = []
    kept_tens: list[Cells] = []
    for peer_name, peer in PEERS[task].items():
        waits = arguments.cached or (arguments.only is not None and peer_name not in arguments.only)
        print(f"{name}: {peer_name}", file=sys.stderr)
        try:
            answer = find_answer(peer_name, task, job_of, peer, waits)
        except SkippedError as reason:
            kept = _kept(name, peer_name, manifest.digest, splits[1]) if waits else []
            rows += kept[:1] or [{"what": peer_name, "note": f"skipped: {reason}"}]
            kept_tens += kept[1:]
            comparisons += [found for row in kept[:1] for found in _unpaired(row, rows, ours)]
            continue
        seen = _seen(answer.file, held) if views and answer.file else None
        rows.append(_judged(peer_name, answer, held, ours, f"{peer.title}. {answer.note}".rstrip(". "), seen))
        if photos is not None and answer.file:
            tens[peer_name] = judge_peer(answer.file, held.labels, photos)
        comparisons += _comparisons(peer_name, answer, ours, held)
    rows += [*(_ten_row(what, found) for what, found in tens.items()), *kept_tens]
    published = tomllib.loads(PUBLISHED.read_text(encoding="utf-8")).get(task, [])
    rows += [_published(item) for item in published]
    comparisons += _beside_published(published, {what: tens.get(what) for what in ours}, rows)
    settings: dict[str, Any] = {
        "source": manifest.name, "split": splits[1], "pictures": len(held.rows), "digest": manifest.digest
    }  # fmt: skip
    if arguments.epochs is not None:
        settings["epochs"] = arguments.epochs
    columns = (*COLUMNS, *map(BESIDE.format, list(ours)[1:]), *(VIEWS if views else ()), "note")
    cells = tuple(tuple(row.get(column) for column in columns) for row in rows)
    return Result(name, title, columns, cells, settings, (), tuple(comparisons))


def _ours(
    names: Sequence[str], held: Manifest, views: bool, photos: Manifest | None
) -> tuple[dict[str, Answer], list[Cells], dict[str, Evaluation]]:
    """By name: what our files say, a row for each, and what they have right of the ten-class photos."""
    answers: dict[str, Answer] = {}
    rows, tens = [], {}
    for given in names:
        path = model_path(given)
        name = model_name(path)
        answer, note, seen = _our_answer(path, held, views)
        if answers:
            note = f"paired with {next(iter(answers))}. {note}".rstrip(". ")
        rows.append(_judged(f"ours: {name}", answer, held, dict(list(answers.items())[:1]), note, seen))
        answers[name] = answer
        if photos is not None:
            tens[name] = judge_ours(path, photos)
    return answers, rows, tens


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
    return measure_views(open_peer(content, held.labels), held)


def _judged(
    name: str, answer: Answer, held: Manifest, ours: Mapping[str, Answer], note: str, views: ManyViews | None
) -> Cells:
    """A row of figures."""
    position = {row.path: index for index, row in enumerate(held.rows)}
    kept = [position[path] for path in answer.paths]
    classes = len(held.labels)
    # A label that the data lack counts as a class of its own, which is never right.
    given = np.where(answer.predicted < 0, classes, answer.predicted)
    groups = [held.rows[index].group for index in kept]
    found = score(np.eye(classes + 1)[given], held.truth[kept], (*held.labels, ""), groups)
    cells: Cells = {"what": name, **_figures(found), "raw bytes": len(answer.file) or answer.stored, "note": note}
    if answer.file:
        cells |= {"zipped": zipped_bytes(answer.file), "MACs": read_graph(answer.file).macs}
    for number, (other, mine) in enumerate(ours.items()):
        only_ours, only_peer = discordant(*_both_right(mine, answer, held))
        p = float(f"{mcnemar_exact(only_ours, only_peer):.2g}")
        if number == 0:
            cells |= {"right, ours wrong": only_peer, "wrong, ours right": only_ours, "p (McNemar)": p}
        else:
            cells[BESIDE.format(other)] = p
    if views is not None:
        low, high = views.mean_interval
        cells |= dict(zip(VIEWS, (round(views.mean, 4), f"{low:.4f} to {high:.4f}"), strict=True))
    return cells


def _figures(found: Evaluation) -> Cells:
    low, high = found.top1_interval
    return {
        "accuracy": round(found.top1, 4), "95 % interval": f"{low:.4f} to {high:.4f}",
        "macro-F1": round(found.macro_f1, 3),
    }  # fmt: skip


def _ten_row(what: str, found: Evaluation) -> Cells:
    return {"what": f"{TEN_CLASSES}{what}", **_figures(found), "note": f"{found.n} {NOTE}"}


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


def _comparisons(name: str, peer: Answer, ours: Mapping[str, Answer], held: Manifest) -> list[Comparison]:
    """What the table of losses is made from; only the first model of ours goes without its name."""
    found = []
    for number, (mine, answer) in enumerate(ours.items()):
        of = f", {mine}" if number else ""
        first, second = _both_right(answer, peer, held)
        clear = mcnemar_exact(*discordant(first, second)) < CLEAR
        theirs = len(peer.file) or peer.stored
        found += [
            Comparison(f"accuracy{of}", float(first.mean()), name, float(second.mean()), False, clear),
            Comparison(f"bytes{of}", len(answer.file), name, theirs, lower_is_better=True),
        ]
    return found


def _kept(name: str, peer: str, digest: str, split: str) -> list[Cells]:
    """What the committed result says of a peer that is not at hand: its row, and that of the ten classes if any.

    Nothing where it was judged on other pictures, or not at all. Who was right on which picture is not kept, so it is
    paired with nobody.
    """
    if not (RESULTS / f"{name}.json").is_file():
        return []
    before, _ = Result.read(RESULTS / f"{name}.json")
    if (before.settings.get("digest"), before.settings.get("split")) != (digest, split):
        return []
    found = [dict(zip(before.columns, row, strict=True)) for row in before.rows]
    pairs = {"right, ours wrong", "wrong, ours right", "p (McNemar)", *map(BESIDE.format, sum(OURS.values(), ()))}
    rows = [{column: None if column in pairs else value for column, value in row.items()} for row in found
            if row["what"] in (peer, f"{TEN_CLASSES}{peer}") and row["accuracy"] is not None]  # fmt: skip
    for row in rows[:1]:
        row["note"] = f"{str(row['note']).removesuffix(UNPAIRED)}{UNPAIRED}"
    return rows


def _unpaired(peer: Cells, rows: Sequence[Cells], ours: Mapping[str, Answer]) -> list[Comparison]:
    """As `_comparisons`, of a kept row: clear where the intervals don't meet."""
    mine = {str(row["what"]).removeprefix("ours: "): row for row in rows}
    found = []
    for number, name in enumerate(ours):
        of = f", {name}" if number else ""
        (low, high), (other_low, other_high) = (
            [float(end) for end in str(row["95 % interval"]).split(" to ")] for row in (mine[name], peer)
        )
        clear = high < other_low or other_high < low
        values = [float(row[column] or 0) for column in ("accuracy", "raw bytes") for row in (mine[name], peer)]
        rival = str(peer["what"])
        found += [
            Comparison(f"accuracy{of}", values[0], rival, values[1], False, clear),
            Comparison(f"bytes{of}", values[2], rival, values[3], lower_is_better=True),
        ]
    return found


def _beside_published(
    published: Sequence[dict[str, Any]], ours: Mapping[str, Evaluation | None], rows: Sequence[Cells]
) -> list[Comparison]:
    """The same with the quoted figures: of the ten classes where those were judged, else of all pictures."""
    accuracy = {row["what"]: (row["accuracy"], row["95 % interval"]) for row in rows if row.get("accuracy") is not None}
    found = []
    for number, (mine, ten) in enumerate(ours.items()):
        of = f", {mine}" if number else ""
        value, interval = accuracy[f"ours: {mine}" if ten is None else f"{TEN_CLASSES}{mine}"]
        for item in published:
            theirs, other = accuracy[f"published: {item['name']}"]
            low, high, other_low, other_high = (
                float(end) for text in (interval, other) for end in str(text).split(" to ")
            )
            measure = f"accuracy{of}" if ten is None else f"accuracy of ten classes, another split{of}"
            clear = high < other_low or other_high < low
            rival = f"published: {item['name'].partition(';')[0]}"
            found.append(Comparison(measure, float(value or 0), rival, float(theirs or 0), False, clear))
    return found


def _published(item: dict[str, Any]) -> Cells:
    """A quoted figure; its interval from n."""
    low, high = wilson_interval(round(item["accuracy"] * item["n"]), item["n"])
    return {
        "what": f"published: {item['name']}", "accuracy": item["accuracy"], "95 % interval": f"{low:.4f} to {high:.4f}",
        "note": f"{item['size']}; {item['source']}",
    }  # fmt: skip
