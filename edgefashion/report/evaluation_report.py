"""Everything that a report says of a model, and the page made from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgefashion.data.manifest import Manifest
from edgefashion.evaluation.cost import Cost
from edgefashion.evaluation.curves import CoveragePoint, ReliabilityBin, coverage_curve, reliability_curve
from edgefashion.evaluation.evaluate import judge
from edgefashion.evaluation.metrics import wilson_interval
from edgefashion.evaluation.mistakes import Mistake, worst_mistakes
from edgefashion.evaluation.predict import Predictions
from edgefashion.evaluation.result import SMALL, Evaluation, sample_notes
from edgefashion.evaluation.slices import Slicing, slice_scores
from edgefashion.report.charts import confusion_chart, coverage_chart, reliability_chart
from edgefashion.report.page import render, write_report
from edgefashion.report.thumbnails import thumbnail

MISTAKES_SHOWN = 24
SLICES_SHOWN = 16
CONFUSIONS_SHOWN = 8
MATRIX_LABELS = 60
"""More classes than this make no picture that anybody could read; the most frequent confusions stand for it."""


@dataclass(frozen=True)
class EvaluationReport:
    """What is known of a model on labelled pictures.

    Attributes:
        model: Its name, version and path.
        source: Name, split and digest of the pictures.
        evaluation: The figures.
        reliability: Accuracy against confidence.
        coverage_curve: Accuracy against the share of pictures answered.
        slices: Accuracy on parts of the pictures.
        mistakes: Every mistake, the most confident first.
        cost: Size, multiply-accumulates and latency.
        notes: What a reader must know before believing a figure.
    """

    model: dict[str, str]
    source: dict[str, str]
    evaluation: Evaluation
    reliability: tuple[ReliabilityBin, ...]
    coverage_curve: tuple[CoveragePoint, ...]
    slices: tuple[Slicing, ...]
    mistakes: tuple[Mistake, ...]
    cost: Cost
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as dicts, lists, strings and numbers, ready for JSON."""
        return {
            "model": self.model,
            "source": self.source,
            "evaluation": self.evaluation.to_dict(),
            "reliability": [asdict(item) for item in self.reliability],
            "coverage_curve": [asdict(item) for item in self.coverage_curve],
            "slices": [asdict(item) for item in self.slices],
            "mistakes": [
                {**asdict(item), "row": {"path": item.row.path, "group": item.row.group}} for item in self.mistakes
            ],
            "cost": self.cost.to_dict(),
            "notes": list(self.notes),
        }


def make_report(model: dict[str, str], source: dict[str, str], scores: Predictions, cost: Cost) -> EvaluationReport:
    """Works out everything that the report says; arguments as the attributes of `EvaluationReport`."""
    evaluation = judge(scores)
    return EvaluationReport(
        model=model,
        source=source,
        evaluation=evaluation,
        reliability=reliability_curve(scores),
        coverage_curve=coverage_curve(scores),
        slices=slice_scores(scores),
        mistakes=worst_mistakes(scores),
        cost=cost,
        notes=sample_notes(evaluation) + _other_notes(evaluation) + _cost_notes(cost),
    )


def _other_notes(evaluation: Evaluation) -> tuple[str, ...]:
    """What was done to the labels, and what was left out."""
    notes = []
    if evaluation.mapping:
        notes.append(f"The model's types were translated by the mapping '{evaluation.mapping}' of its taxonomy.")
    if evaluation.unreadable:
        total = evaluation.n + len(evaluation.unreadable)
        first = evaluation.unreadable[0]
        notes.append(
            f"{len(evaluation.unreadable)} of {total} pictures can't be read and were left out, "
            f"the first: {first.path} ({first.reason})."
        )
    return tuple(notes)


def _cost_notes(cost: Cost) -> tuple[str, ...]:
    if not cost.busy:
        return ()
    return ("The machine was busy with something else while latency was measured; measure again for a ratio to trust.",)


def evaluation_page(report: EvaluationReport, pictures: list[str]) -> str:
    """The page as HTML.

    Args:
        report: What it says.
        pictures: Thumbnails of the first mistakes, as `data:` addresses.

    Raises:
        MissingExtraError: The package jinja2 is missing.
    """
    found = report.evaluation
    matrix = confusion_chart(found.labels, found.confusion) if len(found.labels) <= MATRIX_LABELS else None
    recalls = [
        wilson_interval(found.confusion[position][position], item.support) if item.support else None
        for position, item in enumerate(found.per_class)
    ]
    confusions = sorted(
        (
            (number, found.labels[true], found.labels[given])
            for true, row in enumerate(found.confusion)
            for given, number in enumerate(row)
            if number and true != given
        ),
        key=lambda item: (-item[0], item[1], item[2]),
    )
    return render(
        "evaluation.html",
        report=report,
        found=found,
        cost=report.cost,
        classes=list(zip(found.per_class, recalls, strict=True)),
        matrix=matrix,
        confusions=confusions[:CONFUSIONS_SHOWN],
        reliability=reliability_chart(report.reliability),
        coverage=coverage_chart(report.coverage_curve, found.coverage),
        slices_shown=SLICES_SHOWN,
        small=SMALL,
        mistakes=list(zip(report.mistakes, pictures, strict=False)),
    )


def write_evaluation(report: EvaluationReport, manifest: Manifest, folder: Path) -> Path:
    """Writes the page and report.json into a folder; gives the page's path.

    Raises:
        DataError: The folder can't be written.
        MissingExtraError: The package jinja2 is missing.
    """
    pictures = [thumbnail(manifest, item.row) for item in report.mistakes[:MISTAKES_SHOWN]]
    return write_report(folder, evaluation_page(report, pictures), report.to_dict())
