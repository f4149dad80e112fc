"""How many wrong labels `edgefashion labels find` finds on the clothing photos.

Two tasks. Exchanged: 5 % of the 17 types of the careful second look are exchanged at random (seeded) for any other
type; how many of the first N flagged are exchanged ones, N being their number? Published: the publisher's `label`,
translated to the ten classes of clothing-dataset-small, is searched on the photos of that subset; how many of the rows
whose published `ten_class` disagrees with it are among the first 5 %?

The shipped model was trained on the right labels of about four fifths of the contributors, so its embeddings know
those photos: the column "unseen" counts the validation contributors only, whom it never saw, and --imagenet adds
embeddings of a network that saw no photo of the set (EfficientNet-Lite0, ImageNet weights; needs the extra train).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.result import Limit, Result
from benchmarks.subject import add_model_argument, model_name, model_path, model_version
from edgefashion.data.csv_records import read_records
from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.sources import open_source
from edgefashion.evaluation.embeddings import read_embeddings
from edgefashion.evaluation.label_errors import rank_labels
from edgefashion.evaluation.out_of_fold import out_of_fold
from edgefashion.evaluation.predict import predict
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.model_file import ModelFile
from edgefashion.taxonomy import Taxonomy

NAME = "labels"
TITLE = "Wrong labels found on the clothing photos"
SHARE = 0.05
OURS = "labels find"
RANKINGS = (OURS, "self_confidence", "normalized_margin", "confidence_weighted_entropy")
"""Ours, and cleanlab's three scores on the probabilities as they are."""

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_model_argument(parser)
    parser.add_argument("--source", help="the clothing photos: clothing:FOLDER (needed)")
    parser.add_argument("--seeds", type=int, default=5, help="exchanges that are averaged (default 5)")
    parser.add_argument("--imagenet", action="store_true", help="also with ImageNet-only embeddings (slow)")
    parser.add_argument("--cache", type=Path, help="folder for what was read from the photos, to be used again")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    if not arguments.source:
        raise SystemExit("The suite 'labels' needs --source clothing:FOLDER.")
    manifest = open_source(arguments.source)
    path = model_path(arguments.model)
    name = model_name(path)
    tables: dict[str, Numbers] = {
        name: _cached(arguments.cache, name, manifest, lambda: read_embeddings(ModelFile.read(path), manifest).values)
    }
    if arguments.imagenet:
        tables["ImageNet only"] = _cached(arguments.cache, "imagenet", manifest, lambda: _imagenet(manifest))
    own = _cached(
        arguments.cache, f"{name}-own", manifest, lambda: predict(Classifier.open(path), manifest).probabilities
    )
    ten = _ten_classes(manifest)
    rows: list[tuple[str | float | None, ...]] = []
    missed: dict[str, tuple[float, float]] = {}
    for what, values in tables.items():
        exchanged, unseen, promised = _exchanged(manifest, values, arguments.seeds)
        published = None if ten is None else _published(ten, values)
        for number, ranking in enumerate(RANKINGS):
            found = None if published is None else f"{published[ranking]} of {int(ten[1].sum())}" if ten else None
            rows.append(
                (f"{what}, cross-validated", ranking, *_spread(exchanged[ranking]), _mean(unseen[ranking]), found)
            )
            if number == 0:
                share = 0.0 if ten is None or published is None else published[ranking] / int(ten[1].sum())
                missed[what] = (1 - float(np.mean(exchanged[ranking])), 1 - share)
                rows.append((f"{what}, cross-validated", "mean probability of these", *_spread(promised), None, None))
    exchanged, unseen, _ = _exchanged(manifest, own, arguments.seeds, fitted=True)
    rows.append((f"{name}'s own probabilities", OURS, *_spread(exchanged[OURS]), _mean(unseen[OURS]), None))
    limits = [
        limit
        for what, (one, other) in missed.items()
        for limit in (
            Limit(f"{what}: of the first N flagged, the share that wasn't exchanged", 0.2, round(one, 3)),
            Limit(f"{what}: rows of the disputed ten_class not among the first 5 %", 0.3, round(other, 3)),
        )
    ]
    columns = ("evidence", "ranking", "exchanged, found", "lowest to highest", "unseen, found", "ten_class, in 5 %")
    settings = {
        "model": model_version(path),
        "pictures": len(manifest.rows),
        "unseen pictures": sum(row.split == "validation" for row in manifest.rows),
        "exchanged": round(SHARE * len(manifest.rows)),
        "seeds": arguments.seeds,
        "digest": manifest.digest,
    }
    return Result(NAME, TITLE, columns, tuple(rows), settings, tuple(limits))


def exchange(given: npt.NDArray[np.int64], classes: int, seed: int) -> tuple[npt.NDArray[np.int64], Flags]:
    """Exchanges 5 % of the labels for any other one alike; gives the new labels and which were exchanged."""
    random = np.random.default_rng(seed)
    count = round(SHARE * len(given))
    places = random.choice(len(given), count, replace=False)
    changed, flags = given.copy(), np.zeros(len(given), dtype=np.bool_)
    changed[places] = (given[places] + random.integers(1, classes, count)) % classes
    flags[places] = True
    return changed, flags


def _exchanged(
    manifest: Manifest, values: Numbers, seeds: int, fitted: bool = False
) -> tuple[dict[str, list[float]], dict[str, list[float]], list[float]]:
    """Shares of exchanged labels among the first N, of all and of unseen pictures; our mean probability of those N."""
    unseen = np.array([row.split == "validation" for row in manifest.rows])
    everywhere: dict[str, list[float]] = {ranking: [] for ranking in RANKINGS}
    elsewhere: dict[str, list[float]] = {ranking: [] for ranking in RANKINGS}
    promised = []
    for seed in range(seeds):
        given, flags = exchange(manifest.truth, len(manifest.labels), seed)
        table = values if fitted else _probabilities(manifest, manifest.labels, values, given, seed)
        for ranking, order in _orders(table, given).items():
            everywhere[ranking].append(_first(flags, order))
            elsewhere[ranking].append(_first(flags, order[unseen[order]]))
        ours = rank_labels(table, given)
        promised.append(float(ours.wrong[ours.order[: int(flags.sum())]].mean()))
    return everywhere, elsewhere, promised


def _published(ten: tuple[Manifest, Flags, npt.NDArray[np.int64]], values: Numbers) -> dict[str, int]:
    """Rows whose published labels disagree, among the first 5 % by each ranking."""
    manifest, disputed, places = ten
    table = _probabilities(manifest, manifest.labels, values[places], manifest.truth, 0)
    first = round(SHARE * len(places))
    return {ranking: int(disputed[order[:first]].sum()) for ranking, order in _orders(table, manifest.truth).items()}


def _probabilities(
    manifest: Manifest, labels: tuple[str, ...], values: Numbers, given: npt.NDArray[np.int64], seed: int
) -> Numbers:
    """Out-of-fold probabilities of `labels`, learnt from `given`."""
    rows = [replace(row, type=labels[index]) for row, index in zip(manifest.rows, given.tolist(), strict=True)]
    found = out_of_fold(values, rows, seed=seed)
    table = np.zeros((len(rows), len(labels)))
    table[:, [labels.index(label) for label in found.labels]] = found.probabilities
    return table


def _orders(table: Numbers, given: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
    """The most suspicious first, by each ranking."""
    from cleanlab.rank import get_label_quality_scores

    orders = {OURS: rank_labels(table, given).order}
    for method in RANKINGS[1:]:
        clipped = np.maximum(table, 1e-6)
        scores = get_label_quality_scores(given, clipped / clipped.sum(axis=1, keepdims=True), method=method)
        orders[method] = np.argsort(scores, kind="stable")
    return orders


def _first(flags: Flags, order: npt.NDArray[np.int64]) -> float:
    """Of the first N of an order, the share that is flagged, N being the number of those in the order."""
    count = int(flags[order].sum())
    return float(flags[order[:count]].mean())


def _ten_classes(manifest: Manifest) -> tuple[Manifest, Flags, npt.NDArray[np.int64]] | None:
    """The photos of the published subset under the publisher's `label`, which are disputed, and their places."""
    mapping = Taxonomy.load("garment").mappings["clothing-ten"]
    table = (manifest.root or Path()) / "labels.csv"
    if not table.is_file():
        return None
    published = {
        f"images/{record['image']}": (mapping[record["label"].lower()], record["ten_class"])
        for _, record in read_records(table.read_bytes(), table.name, ("image", "label", "ten_class"))
        if record["ten_class"]
    }
    places = [place for place, row in enumerate(manifest.rows) if row.path in published]
    rows: list[Row] = [replace(row, type=published[row.path][0]) for row in manifest.take(places).rows]
    disputed = np.array([label != ten for label, ten in (published[row.path] for row in rows)])
    labels = tuple(sorted(set(mapping.values())))
    return Manifest("published", tuple(rows), labels, manifest.root), disputed, np.array(places, dtype=np.int64)


def _imagenet(manifest: Manifest) -> Numbers:
    """Embeddings of EfficientNet-Lite0 with ImageNet weights: (n, 1280)."""
    from benchmarks.suites.resize_probe import SIDE, imagenet_network
    from edgefashion.training.pipeline import load_pictures

    return imagenet_network()(load_pictures(manifest, SIDE, SIDE, "stretch").images).astype(np.float64)


def _cached(folder: Path | None, name: str, manifest: Manifest, read: Callable[[], npt.ArrayLike]) -> Numbers:
    """What `read` gives, one row a picture, from the folder where it was read before."""
    path = None if folder is None else folder / f"{name}-{manifest.digest[:12]}.npy"
    if path is not None and path.is_file():
        values = np.load(path, allow_pickle=False)
    else:
        values = np.asarray(read())
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, values)
    if len(values) != len(manifest.rows):
        raise SystemExit(f"The suite 'labels' needs every picture: {len(manifest.rows)} rows, {len(values)} readable.")
    return np.asarray(values, dtype=np.float64)


def _spread(shares: list[float]) -> tuple[float, str]:
    """Mean, and lowest to highest."""
    return _mean(shares), f"{min(shares):.3f} to {max(shares):.3f}"


def _mean(shares: list[float]) -> float:
    return round(float(np.mean(shares)), 3)
