"""Finds probably wrong labels: what would be expected of a picture is held against the label that it has.

The evidence is a table of probabilities, one row a picture: a model's own, or those of a regression on embeddings that
never saw the picture's contributor. The ranking and the number of wrong labels come from confident learning (C. G.
Northcutt, L. Jiang and I. L. Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR 70 (2021),
pp. 1373-1411) by the package cleanlab; the probability of a label being wrong from `label_noise`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from edgefashion.data.corrections import Suspect
from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError, MissingExtraError
from edgefashion.evaluation.checks import Floats, Indices, check_indices, check_probabilities
from edgefashion.evaluation.label_noise import probability_wrong, sharpen
from edgefashion.evaluation.out_of_fold import OutOfFold
from edgefashion.evaluation.predict import Predictions
from edgefashion.evaluation.result import Unreadable


@dataclass(frozen=True)
class Ranking:
    """The labels of n pictures, judged.

    Attributes:
        order: int64 (n,), positions of the pictures, the most suspicious label first.
        wrong: float64 (n,), probability that the given label is wrong, 0 to 1.
        likelier: int64 (n,), the likeliest class other than the given one.
        estimated: How many labels confident learning takes to be wrong.
    """

    order: Indices
    wrong: Floats
    likelier: Indices
    estimated: int


@dataclass(frozen=True)
class LabelErrors:
    """What a search has found.

    Attributes:
        name: The source's name.
        evidence: What the judgement rests on, in words.
        rows: The pictures that were judged.
        labels: Class names.
        ranking: The judgement of each of `rows`.
        unjudged: Label → pictures that couldn't be judged, because nobody else photographed such a thing.
        unreadable: Pictures that were skipped.
    """

    name: str
    evidence: str
    rows: tuple[Row, ...]
    labels: tuple[str, ...]
    ranking: Ranking
    unjudged: dict[str, int]
    unreadable: tuple[Unreadable, ...]

    def suspects(self, top: int | None = None) -> tuple[Suspect, ...]:
        """Gives the `top` most suspicious labels; as many as confident learning takes to be wrong if None."""
        count = self.ranking.estimated if top is None else top
        return tuple(
            Suspect(
                self.rows[position].path,
                self.rows[position].type,
                self.labels[self.ranking.likelier[position]],
                float(self.ranking.wrong[position]),
            )
            for position in self.ranking.order[:count].tolist()
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything but the single pictures, ready for JSON."""
        return {
            "evidence": self.evidence,
            "judged": len(self.rows),
            "groups": len({row.group for row in self.rows}),
            "estimated_wrong": self.ranking.estimated,
            "unjudged": self.unjudged,
            "unreadable": [asdict(item) for item in self.unreadable],
        }


def require_cleanlab() -> None:
    """Raises MissingExtraError where the packages of the extra `labels` are missing; imports nothing."""
    if find_spec("cleanlab") is None or find_spec("sklearn") is None:
        raise MissingExtraError("labels", "Finding wrong labels")


def check_labels(manifest: Manifest) -> None:
    """Raises DataError unless the manifest has pictures under two labels."""
    held = {row.type for row in manifest.rows}
    if len(held) < 2:
        raise DataError(
            f"'{manifest.name}' holds pictures under {len(held)} label{'' if len(held) == 1 else 's'}; a wrong label "
            "can only be told where there are at least two."
        )


def rank_labels(probabilities: Any, given: Any) -> Ranking:
    """Ranks labels by how little they are expected.

    Args:
        probabilities: Shape (n, k), n >= 1, k >= 2, 0 to 1; not from a model that learnt these very labels.
        given: Class indices 0 to k - 1, shape (n,).

    Returns:
        The ranking; equal labels keep the order of the pictures.

    Raises:
        DataError: Wrong shapes, NaN, values that are no probabilities, indices out of range, fewer than two classes.
        MissingExtraError: The package cleanlab is missing.
    """
    scores = check_probabilities(probabilities)
    labels = check_indices(given, scores.shape[1], "given label")
    if len(labels) != len(scores) or scores.shape[1] < 2:
        raise DataError(f"Needs a label a picture and 2 classes. Received: shape {scores.shape}, {len(labels)} labels.")
    require_cleanlab()
    from cleanlab.count import num_label_issues
    from cleanlab.rank import get_label_quality_scores

    clean, share = sharpen(scores, labels)
    quality = get_label_quality_scores(labels, clean, method="self_confidence")
    held = np.unique(labels)  # cleanlab estimates a threshold a class, which one without pictures has none of
    among = clean[:, held] / clean[:, held].sum(axis=1, keepdims=True)
    estimated = int(num_label_issues(np.searchsorted(held, labels), among)) if len(held) > 1 else 0
    # The share knows exchanges at random only; confident learning also counts what the evidence itself confuses.
    wrong = probability_wrong(clean, labels, (share * len(labels) + estimated) / 2)
    others = clean.copy()
    others[np.arange(len(labels)), labels] = -1
    likelier = others.argmax(axis=1).astype(np.int64)
    return Ranking(np.argsort(quality, kind="stable").astype(np.int64), wrong, likelier, estimated)


def judge_predictions(found: Predictions, name: str, model: str) -> LabelErrors:
    """Judges the labels of a source by a model's own probabilities.

    Args:
        found: What the model said.
        name: The source's name.
        model: The model's name.

    Raises:
        DataError: As `rank_labels`.
    """
    ranking = rank_labels(found.probabilities, found.truth)
    return LabelErrors(name, f"probabilities of {model}", found.rows, found.labels, ranking, {}, found.unreadable)


def judge_out_of_fold(found: OutOfFold, name: str, unreadable: Sequence[Unreadable] = ()) -> LabelErrors:
    """Judges the labels of a source by out-of-fold probabilities; pictures that have none are left out and counted.

    Args:
        found: The probabilities, with the pictures that they belong to.
        name: The source's name.
        unreadable: Pictures that were skipped, to be carried along.

    Raises:
        DataError: As `rank_labels`, or no picture can be judged.
    """
    kept = np.flatnonzero(found.judged)
    if not len(kept):
        raise DataError(f"No label of '{name}' was used by two contributors, so none can be judged by the others.")
    ranking = rank_labels(found.probabilities[kept], found.given[kept])
    unjudged = Counter(row.type for row, judged in zip(found.rows, found.judged, strict=True) if not judged)
    evidence = f"{found.folds}-fold regression on embeddings, whole contributors held out"
    rows = tuple(found.rows[position] for position in kept.tolist())
    return LabelErrors(name, evidence, rows, found.labels, ranking, dict(unjudged), tuple(unreadable))
