"""Looks at every picture of a manifest: what is there, what can't be read, what is there twice, and what leaks."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from edgefashion.data.duplicates import equal_clusters, join_pairs, near_clusters
from edgefashion.data.manifest import Manifest
from edgefashion.data.picture_facts import KINDS, MIN_SIDE, PictureFacts, perceptual_hash, picture_facts
from edgefashion.data.split import SPLITS
from edgefashion.errors import DataError

THREADS = 4
AHEAD = 16
"""Pictures that wait in the queue of each thread, so that Ctrl-C need not wait for the rest."""

MAX_GROUPS_LISTED = 1000

Cluster = tuple[str, ...]
"""Paths of pictures that are the same."""


@dataclass(frozen=True)
class DataReport:
    """What `check` found. Every path is the manifest's.

    Attributes:
        name: The source's name.
        pictures: Number of rows.
        counts: Label → split → number of rows, in the order of labels and splits.
        label_groups: Label → number of groups that hold it.
        groups: Group → number of rows, the largest first.
        unreadable: Path → reason.
        kinds: Kind (see `KINDS`) → paths of such pictures.
        exact: Clusters of pictures with the same bytes.
        near: Clusters of pictures that are nearly, not exactly, the same; None where they were not looked for.
        relabelled: Clusters, exact or near, whose pictures bear different labels.
        leaking_groups: Groups that lie in more than one split.
        leaking_pictures: Clusters, exact or near, that lie in more than one split.
        problems: Why the source can't be used; empty where it can.
        warnings: What should be looked at.
        notes: What the source left out.
    """

    name: str
    pictures: int
    counts: dict[str, dict[str, int]]
    label_groups: dict[str, int]
    groups: dict[str, int]
    unreadable: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    exact: tuple[Cluster, ...] = ()
    near: tuple[Cluster, ...] | None = ()
    relabelled: tuple[Cluster, ...] = ()
    leaking_groups: tuple[str, ...] = ()
    leaking_pictures: tuple[Cluster, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether anything can be trained or judged on it."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Gives the report as what JSON knows."""
        return {
            "name": self.name,
            "usable": self.usable,
            "pictures": self.pictures,
            "labels": {
                label: {**counts, "groups": self.label_groups.get(label, 0)} for label, counts in self.counts.items()
            },
            "groups": {"number": len(self.groups), "largest": dict(islice(self.groups.items(), MAX_GROUPS_LISTED))},
            "unreadable": self.unreadable,
            "kinds": {kind: list(paths) for kind, paths in self.kinds.items()},
            "duplicates": {
                "exact": [list(paths) for paths in self.exact],
                "near": None if self.near is None else [list(paths) for paths in self.near],
            },
            "relabelled": [list(paths) for paths in self.relabelled],
            "leaks": {
                "groups": list(self.leaking_groups),
                "pictures": [list(paths) for paths in self.leaking_pictures],
            },
            "problems": list(self.problems),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }


def check(manifest: Manifest, progress: Callable[[int], object] | None = None) -> DataReport:
    """Reads every picture once and reports; an unreadable picture is reported and never stops it.

    Args:
        manifest: Pictures as files or as arrays. Of arrays only exact duplicates are looked for: at 28 × 28 pixels
            different garments of one type have the same perceptual hash.
        progress: Is called with the number of pictures done since the last call.

    Raises:
        MissingExtraError: The package imagehash is missing.
        DataError: The pictures are made by the source.
    """
    if manifest.make is not None:
        raise DataError(f"The pictures of '{manifest.name}' are made, not read; only pictures in files can be checked.")
    rows = manifest.rows
    facts = []
    for item in _facts(manifest):
        facts.append(item)
        if progress is not None:
            progress(1)
    readable = [position for position, item in enumerate(facts) if not item.reason]
    exact = equal_clusters([item.key or str(position).encode() for position, item in enumerate(facts)])
    firsts = _firsts(readable, exact)
    near = _near(facts, firsts)
    same = join_pairs([(cluster[0], other) for cluster in (*exact, *near) for other in cluster[1:]])
    sides: dict[str, set[str]] = {}
    for row in rows:
        sides.setdefault(row.group, set()).add(row.split)

    def paths(clusters: list[tuple[int, ...]]) -> tuple[Cluster, ...]:
        return tuple(tuple(rows[position].path for position in cluster) for cluster in clusters)

    problems, warnings = _judge(manifest, readable)
    return DataReport(
        name=manifest.name,
        pictures=len(rows),
        counts=_counts(manifest),
        label_groups=dict(Counter(label for label, _ in {(row.type, row.group) for row in rows})),
        groups=dict(Counter(row.group for row in rows).most_common()),
        unreadable={rows[position].path: item.reason for position, item in enumerate(facts) if item.reason},
        kinds={
            kind: tuple(row.path for row, item in zip(rows, facts, strict=True) if kind in item.kinds) for kind in KINDS
        },
        exact=paths(exact),
        near=None if manifest.arrays is not None else paths(near),
        relabelled=paths([cluster for cluster in same if len({rows[position].type for position in cluster}) > 1]),
        leaking_groups=tuple(sorted(group for group, splits in sides.items() if len(splits) > 1)),
        leaking_pictures=paths(
            [cluster for cluster in same if len({rows[position].split for position in cluster}) > 1]
        ),
        problems=problems,
        warnings=warnings,
        notes=manifest.notes,
    )


def _facts(manifest: Manifest) -> Iterator[PictureFacts]:
    """Yields the facts of every picture in order, some of them read ahead by threads (Pillow frees the lock)."""
    if manifest.arrays is not None:
        kinds = ("tiny", "grey") if min(manifest.arrays.shape[1:]) < MIN_SIDE else ("grey",)
        for picture in manifest.arrays:
            yield PictureFacts(kinds=kinds, key=hashlib.sha256(picture.tobytes()).digest())
        return
    # Without the package it stops here, not after minutes of reading.
    perceptual_hash(np.zeros((8, 8, 3), dtype=np.uint8))
    threads = min(THREADS, os.cpu_count() or 1)
    left = iter([_path(manifest, position) for position in range(len(manifest.rows))])
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(_one, place) for place in islice(left, threads * AHEAD)]
        try:
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(_one, place) for place in islice(left, 1)]
        finally:
            pool.shutdown(cancel_futures=True)


def _path(manifest: Manifest, position: int) -> Path | str:
    """Gives a picture's path, or the reason why it has none."""
    try:
        place = manifest.picture(manifest.rows[position])
    except DataError as error:
        return str(error)
    return place if isinstance(place, Path) else "is not a file"


def _one(place: Path | str) -> PictureFacts:
    return picture_facts(place) if isinstance(place, Path) else PictureFacts(reason=place)


def _firsts(readable: list[int], exact: list[tuple[int, ...]]) -> list[int]:
    """Gives the readable positions without the further copies of exact duplicates."""
    further = {position for cluster in exact for position in cluster[1:]}
    return [position for position in readable if position not in further]


def _near(facts: list[PictureFacts], positions: list[int]) -> list[tuple[int, ...]]:
    hashed = [(position, facts[position].hash, facts[position].fields) for position in positions]
    kept = [(position, number, fields) for position, number, fields in hashed if number is not None]
    if not kept:
        return []
    hashes = np.array([number for _, number, _ in kept], dtype=np.uint64)
    found = near_clusters(hashes, np.array([fields for _, _, fields in kept], dtype=np.uint8))
    return [tuple(kept[index][0] for index in cluster) for cluster in found]


def _counts(manifest: Manifest) -> dict[str, dict[str, int]]:
    found = Counter((row.type, row.split) for row in manifest.rows)
    return {label: {split: found[label, split] for split in SPLITS} for label in manifest.labels}


def _judge(manifest: Manifest, readable: list[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Gives problems and warnings about what is left when the unreadable pictures are left out."""
    if not manifest.rows:
        return ("it holds no labelled picture",), ()
    if not readable:
        return ("none of its pictures can be read",), ()
    kept = manifest.take(readable)
    labels = {row.type for row in kept.rows}
    if len(labels) < 2:
        return (
            f"it holds readable pictures of one label only ('{labels.pop()}'); a classifier needs at least two",
        ), ()
    warnings = []
    numbers = Counter(row.type for row in kept.rows)
    alone = [label for label in manifest.labels if numbers[label] == 1]
    if alone:
        warnings.append(f"labels with one readable picture, which can't be both learnt and judged: {', '.join(alone)}")
    absent = [label for label in manifest.labels if not numbers[label]]
    if absent:
        warnings.append(f"labels without a readable picture: {', '.join(absent)}")
    for split, purpose in (("train", "trained"), ("validation", "judged while training")):
        missing = sorted(labels - {row.type for row in kept.rows if row.split == split})
        if missing:
            names = "no label at all" if len(missing) == len(labels) else f"all labels but {', '.join(missing)}"
            warnings.append(f"in {split}: {names}; what is absent can't be {purpose}")
    return (), tuple(warnings)
