"""Runs side by side: what `edgefashion train` left in its folders, and the .tflite files made from them.

A run's folder is read as data that may be damaged: what can't be read becomes a note on its row, never an exception.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgefashion.errors import DataError, EdgeFashionError
from edgefashion.evaluation.graph import read_graph, zipped_bytes
from edgefashion.evaluation.latency import compare_latency
from edgefashion.evaluation.result import Interval
from edgefashion.runtime.model_file import ModelFile

MAX_FACTS_BYTES = 64 * 1024 * 1024
"""A longer run.json or recipe.json is not read."""


@dataclass(frozen=True)
class Accuracy:
    """Top-1 on held-out pictures, with its 95 % Wilson interval; of 'float', 'int8', … weights."""

    of: str
    top1: float
    interval: Interval
    n: int
    split: str


@dataclass(frozen=True)
class Experiment:
    """One row: a run's float network, or one exported file.

    Attributes:
        name: The run's folder; for a file its path below the folder that was searched.
        path: The folder or the file.
        recipe: Name of the recipe, "" where unknown.
        recipe_digest: Its sha256 in hex, "" where unknown.
        data: Name of the data, "" where unknown.
        data_digest: The manifest's sha256 in hex, "" where unknown.
        accuracy: On the held-out split, None where nobody measured it.
        raw: Bytes of the file, None for a run that wasn't exported.
        zipped: Bytes after deflate.
        macs: Multiply-accumulates of one picture.
        latency_ratio: Its latency divided by the reference's, None where not measured.
        latency_spread: Interquartile range divided by the median.
        note: What is missing or wrong, "" for nothing.
    """

    name: str
    path: Path
    recipe: str = ""
    recipe_digest: str = ""
    data: str = ""
    data_digest: str = ""
    accuracy: Accuracy | None = None
    raw: int | None = None
    zipped: int | None = None
    macs: int | None = None
    latency_ratio: float | None = None
    latency_spread: float | None = None
    note: str = ""

    @property
    def judged_on(self) -> tuple[str, str, int] | None:
        """Digest, split and number of pictures that gave the accuracy: only equal ones may be compared."""
        return None if self.accuracy is None else (self.data_digest, self.accuracy.split, self.accuracy.n)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"path": str(self.path)}


def find_experiments(places: Iterable[Path]) -> tuple[Experiment, ...]:
    """Looks for runs and model files.

    Args:
        places: A run's folder, a folder of such folders, a folder with .tflite files, or a .tflite file.

    Returns:
        One row for each .tflite file, and one for each run without any; in the order of the names.

    Raises:
        DataError: A place isn't there, or none of them holds a run or a model file.
    """
    found: dict[Path, Experiment] = {}
    asked = tuple(places)
    for place in asked:
        if not place.exists():
            raise DataError(
                f"'{place}' is not there; give a run's folder, a folder of runs or a .tflite file. "
                "'edgefashion train' makes runs."
            )
        for row in _read_place(place):
            found.setdefault(row.path.resolve(), row)
    if not found:
        names = ", ".join(f"'{place}'" for place in asked)
        raise DataError(f"No run and no .tflite file in {names}. 'edgefashion train' makes runs below runs/.")
    return tuple(found.values())


def _read_place(place: Path) -> list[Experiment]:
    if place.is_file():
        return [_read_file(place, place.name, {})]
    rows = _read_folder(place, place.name or str(place))
    for folder in sorted(path for path in place.iterdir() if path.is_dir()):
        if not (place / "recipe.json").exists():  # A run's own folders (stages, teacher) belong to it.
            rows += _read_folder(folder, folder.name)
    return rows


def _read_folder(folder: Path, name: str) -> list[Experiment]:
    """The rows of one folder: its files, else the run itself; none where it holds neither."""
    files = sorted(folder.glob("*.tflite"))
    run = _read_run(folder, name) if (folder / "recipe.json").exists() or (folder / "run.json").exists() else None
    digest = {} if run is None else {"recipe_digest": run.recipe_digest, "data_digest": run.data_digest}
    rows = [_read_file(path, f"{name}/{path.name}", digest) for path in files]
    return rows or ([run] if run is not None else [])


def _read_run(folder: Path, name: str) -> Experiment:
    """A run without exported file: what its run.json says, or how far it is."""
    mark, facts = _read_json(folder / "recipe.json"), _read_json(folder / "run.json")
    recipe, data = _table(facts or mark, "recipe"), _table(facts, "data")
    row = Experiment(
        name=name,
        path=folder,
        recipe=_text(recipe, "name"),
        recipe_digest=_text(facts, "recipe_digest") or _text(mark, "digest"),
        data=_text(data, "name") or _text(mark, "source").partition(":")[0],
        data_digest=_text(data, "digest") or _text(mark, "data_digest"),
        accuracy=_accuracy("float", _table(_table(facts, "results"), "accuracy")),
    )
    if not facts:
        stages = sorted((folder / "stages").glob("*.json"), key=lambda path: path.stat().st_mtime)
        reached = f"finished stages: {', '.join(path.stem for path in stages)}" if stages else "in its first stage"
        damaged = (folder / "run.json").exists()
        return replace(row, note="run.json can't be read" if damaged else f"unfinished, {reached}")
    return replace(row, note="not exported" if row.accuracy else "not exported; run.json holds no accuracy")


def _read_file(path: Path, name: str, run: Mapping[str, str]) -> Experiment:
    """A model file, by its card; `run` holds the digests of the run whose folder it lies in."""
    row = Experiment(name=name, path=path)
    try:
        file = ModelFile.read(path)
        graph = read_graph(file.content)
    except EdgeFashionError as error:
        return replace(row, note=f"not a readable model: {error}")
    row = replace(row, raw=len(file.content), zipped=zipped_bytes(file.content), macs=graph.macs)
    card = file.card
    if card is None:
        return replace(row, note="no card: recipe, data and accuracy unknown")
    kinds = [kind for kind in card.accuracy if kind != "float" and card.accuracy[kind]]
    kind = kinds[0] if kinds else "float"
    training = dict(card.training)
    row = replace(
        row,
        recipe=_text(training, "recipe") or card.name,
        recipe_digest=_text(training, "recipe_digest"),
        data=_text(training, "data"),
        data_digest=_text(training, "data_digest"),
        accuracy=_accuracy(kind, card.accuracy.get(kind)),
    )
    if run.get("recipe_digest", row.recipe_digest) != row.recipe_digest:
        return replace(row, note="of another recipe than the run it lies in")
    if row.accuracy is None:
        return replace(row, note="no accuracy in the card")
    return row if kinds else replace(row, note="exported without data: accuracy of the float network")


def measure_latency(
    rows: Sequence[Experiment], threads: int = 1, repeats: int = 20
) -> tuple[str | None, tuple[Experiment, ...]]:
    """Adds latency ratios: all files in turns, A B A B, on one random picture.

    Args:
        rows: From `find_experiments`.
        threads: Threads of each network.
        repeats: Measured turns, at least 1.

    Returns:
        The name of the row that the ratios refer to (the first file with an accuracy, else the first; None without a
        file that runs), and the rows with their ratios.
    """
    kept, contents = list(rows), {}
    for position, row in enumerate(rows):
        if row.raw is not None:
            content = row.path.read_bytes()
            try:
                compare_latency({row.name: content}, threads, repeats=1, warmup=0)
                contents[position] = content
            except EdgeFashionError as error:
                kept[position] = replace(row, note=f"can't be run here: {error}")
    if not contents:
        return None, tuple(kept)
    order = sorted(contents, key=lambda position: rows[position].accuracy is None)
    times = compare_latency({str(position): contents[position] for position in order}, threads, repeats)
    for position in order:
        found = times[str(position)]
        kept[position] = replace(kept[position], latency_ratio=found.ratio, latency_spread=found.spread)
    return rows[order[0]].name, tuple(kept)


def pareto_front(costs: Sequence[float], gains: Sequence[float]) -> tuple[int, ...]:
    """The points that no other point beats: none costs at most as much and gains at least as much, one of both truly.

    Args:
        costs: Bytes or time; smaller is better.
        gains: Accuracy; larger is better. As many.

    Returns:
        Their positions, by cost; equal points are all kept.

    Raises:
        DataError: The two are not equally long.
    """
    if len(costs) != len(gains):
        raise DataError(f"Every cost needs a gain. Received: {len(costs)} and {len(gains)}.")
    front: list[int] = []
    best = float("-inf")
    for position in sorted(range(len(costs)), key=lambda i: (costs[i], -gains[i], i)):
        equal = bool(front) and (costs[front[-1]], gains[front[-1]]) == (costs[position], gains[position])
        if gains[position] > best or equal:
            front.append(position)
            best = gains[position]
    return tuple(front)


def _read_json(path: Path) -> Mapping[str, Any]:
    """A JSON object from a file; empty where there is none or it can't be read."""
    try:
        if path.stat().st_size > MAX_FACTS_BYTES:
            return {}
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _table(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _accuracy(of: str, facts: Any) -> Accuracy | None:
    """An accuracy as run.json and cards hold it; None where anything is missing or no number from 0 to 1."""
    try:
        low, high = facts["interval"]
        found = Accuracy(
            of, float(facts["top1"]), (float(low), float(high)), int(facts["n"]), str(facts.get("split", ""))
        )
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return None
    good = 0 <= found.interval[0] <= found.top1 <= found.interval[1] <= 1 and found.n > 0
    return found if good else None
