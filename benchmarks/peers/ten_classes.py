"""The ten classes of clothing-dataset-small: ours and the peers beside the figure published for that set.

The published figure is of that set's own test photos; ours are of contributors that no model here has seen. The
probabilities of types are added up to those of the ten classes, as `edgefashion evaluate` does.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from benchmarks.peers.peer import open_peer
from edgefashion.data.manifest import Manifest
from edgefashion.data.sources import open_source
from edgefashion.evaluation.evaluate import evaluate
from edgefashion.evaluation.predict import Judged
from edgefashion.evaluation.result import Evaluation
from edgefashion.runtime.classifier import Classifier
from edgefashion.taxonomy import Taxonomy

NOTE = "photos of contributors it never saw; another split than the published figure's"


def ten_class_photos(source: str, split: str) -> Manifest | None:
    """The held-out photos of the ten-class set in the same folder; None for other sources than the clothing photos."""
    kind, _, folder = source.partition(":")
    return open_source(f"clothing-ten:{folder}").select(split) if kind == "clothing" else None


def judge_ours(path: Path, photos: Manifest) -> Evaluation:
    """A file of ours, whose card holds the mapping."""
    return evaluate(Classifier.open(path), photos)


def judge_peer(content: bytes, labels: tuple[str, ...], photos: Manifest) -> Evaluation:
    """A peer's file, without a card: its labels are types of the garment taxonomy."""
    classifier = open_peer(content, labels)
    classifier.card = dataclasses.replace(classifier.card, taxonomy=Taxonomy.load("garment"))
    judged: Judged = classifier
    return evaluate(judged, photos)
