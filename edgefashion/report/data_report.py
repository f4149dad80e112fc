"""The page of `data check`: what is there twice, what leaks, what can't be read, side by side as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from edgefashion.data.check import Cluster, DataReport
from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.picture_facts import KINDS
from edgefashion.data.split import SPLITS
from edgefashion.report.page import render, write_report
from edgefashion.report.thumbnails import thumbnail

CLUSTERS_SHOWN = 40
COPIES_SHOWN = 6
ODD_SHOWN = 12
LISTED = 100
"""Unreadable pictures, and groups in several splits, that are listed by name."""


class Shot(NamedTuple):
    """A picture on the page: its row, and its thumbnail as a `data:` address, empty where it can't be read."""

    row: Row
    picture: str


class Finding(NamedTuple):
    """Clusters of pictures that are the same.

    Attributes:
        title: What they have in common.
        meaning: Why it matters.
        total: How many clusters there are.
        clusters: The first of them, each with the number of further copies that are not shown.
    """

    title: str
    meaning: str
    total: int
    clusters: tuple[tuple[tuple[Shot, ...], int], ...]


class Odd(NamedTuple):
    """Pictures of an odd kind: what it is, how many there are, and the first of them."""

    meaning: str
    total: int
    shots: tuple[Shot, ...]


class _Shots:
    """Makes each thumbnail once."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._rows = {row.path: row for row in manifest.rows}
        self._made: dict[str, Shot] = {}

    def __call__(self, path: str) -> Shot:
        if path not in self._made:
            row = self._rows[path]
            self._made[path] = Shot(row, thumbnail(self._manifest, row))
        return self._made[path]


def data_page(report: DataReport, manifest: Manifest) -> str:
    """The page as HTML.

    Args:
        report: What `data.check.check` found.
        manifest: What it looked at.

    Raises:
        MissingExtraError: The package jinja2 is missing.
    """
    shots = _Shots(manifest)
    splits: dict[str, dict[str, int]] = {group: dict.fromkeys(SPLITS, 0) for group in report.leaking_groups[:LISTED]}
    for row in manifest.rows:
        if row.group in splits:
            splits[row.group][row.split] += 1
    findings = (
        _finding(
            "Leaks: the same picture in several splits",
            "A model that has seen a picture in training is flattered when it is judged on it.",
            report.leaking_pictures,
            shots,
        ),
        _finding(
            "The same picture under different labels",
            "At most one of these labels is right.",
            report.relabelled,
            shots,
        ),
        _finding(
            "Nearly the same picture",
            "The same photo, saved or scaled anew: it counts twice in training.",
            report.near or (),
            shots,
        ),
        _finding("Exactly the same file", "The same bytes under several names.", report.exact, shots),
    )
    odd = [
        Odd(meaning, len(report.kinds.get(kind, ())), tuple(map(shots, report.kinds.get(kind, ())[:ODD_SHOWN])))
        for kind, meaning in KINDS.items()
    ]
    return render(
        "data.html",
        report=report,
        splits=SPLITS,
        findings=findings,
        near_looked_for=report.near is not None,
        odd=[item for item in odd if item.total],
        unreadable=list(report.unreadable.items())[:LISTED],
        leaking_groups=splits,
        largest=list(report.groups.items())[:8],
    )


def _finding(title: str, meaning: str, clusters: Sequence[Cluster], shots: _Shots) -> Finding:
    shown = tuple(
        (tuple(shots(path) for path in cluster[:COPIES_SHOWN]), max(0, len(cluster) - COPIES_SHOWN))
        for cluster in clusters[:CLUSTERS_SHOWN]
    )
    return Finding(title, meaning, len(clusters), shown)


def write_data_report(report: DataReport, manifest: Manifest, folder: Path) -> Path:
    """Writes the page and report.json into a folder; gives the page's path.

    Raises:
        DataError: The folder can't be written.
        MissingExtraError: The package jinja2 is missing.
    """
    return write_report(folder, data_page(report, manifest), {"digest": manifest.digest, **report.to_dict()})
