"""`edgefashion evaluate`: how good a model file is on labelled pictures, with intervals."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgefashion.commands.evaluation_tables import (
    confusion_lines,
    head_rows,
    rejection_rows,
    retrieval_rows,
    summary_rows,
    unreadable_lines,
)
from edgefashion.commands.judged_model import add_bare_arguments, open_judged
from edgefashion.errors import DataError, UsageError

if TYPE_CHECKING:
    from edgefashion.data.manifest import Manifest
    from edgefashion.evaluation.bare_model import BareClassifier
    from edgefashion.evaluation.compare import Comparison
    from edgefashion.evaluation.evaluate import Evaluation
    from edgefashion.evaluation.result import Rejection, Retrieval
    from edgefashion.evaluation.robustness import Robustness
    from edgefashion.evaluation.views import ManyViews
    from edgefashion.runtime.classifier import Classifier

HELP = "Judge a model file on labelled pictures: accuracy with intervals, per class, confusions, calibration."
EXAMPLE = "edgefashion evaluate garment.tflite my-photos/ --split validation"

SPLIT_ORDER = ("validation", "test")
"""Which split is judged where none is asked for: the first of these that has pictures, else all of them."""
COST_PICTURES = 20
"""Pictures that are decoded in turn where latency is measured against decoding."""
ROBUST_SAMPLE = 200
"""Pictures for --robust where nothing else is asked for: each is judged under more than thirty conditions."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a .tflite file, or the name of a shipped model")
    parser.add_argument(
        "source", metavar="SOURCE", help="labelled pictures; the kinds are listed by 'data check --help'"
    )
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test", "all"),
        help="which part to judge on (default: validation where there is one, else test, else all)",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="judge on N pictures only, taken evenly from the split")
    parser.add_argument(
        "--robust",
        action="store_true",
        help="judge on corrupted pictures instead: turned, blurred, dim, covered and so on, with the loss of each",
    )
    parser.add_argument(
        "--views",
        action="store_true",
        help="judge ten views of each picture instead, moved a little and mirrored: does the accuracy hold?",
    )
    parser.add_argument(
        "--retrieval",
        action="store_true",
        help="also judge the embeddings: do the first five similar pictures have the same type, colour and pattern?",
    )
    parser.add_argument(
        "--others",
        metavar="SOURCE",
        help="pictures without a garment, such as others:FOLDER or a folder 'no garment/': how many are turned away?",
    )
    parser.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help=f"judge on N pictures only, drawn from as many contributors as possible "
        f"(default: all; {ROBUST_SAMPLE} with --robust)",
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads of the network (default: the runtime's choice)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    page = parser.add_argument_group("a page to look at")
    page.add_argument(
        "--report", metavar="FOLDER", type=Path, help="also write index.html with pictures and report.json"
    )
    page.add_argument("--float", metavar="FILE", help="the float .tflite to measure size and latency against")
    page.add_argument("--overwrite", action="store_true", help="replace the report in FOLDER")
    add_bare_arguments(parser, "a file without a card")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; gives the exit code."""
    from edgefashion.commands import display
    from edgefashion.commands.robustness_table import show_robustness
    from edgefashion.commands.views_table import show_views
    from edgefashion.data.sources import open_source
    from edgefashion.evaluation.evaluate import judge
    from edgefashion.evaluation.predict import predict
    from edgefashion.evaluation.result import sample_notes
    from edgefashion.evaluation.sample import sample_by_group
    from edgefashion.runtime.model_file import ModelFile

    for name in ("limit", "sample", "threads"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name} must be at least 1. Received: {value}.")
    if arguments.report is not None:
        from edgefashion.report.page import check_report_folder

        check_report_folder(arguments.report, arguments.overwrite)
    elif arguments.float is not None or arguments.overwrite:
        raise UsageError("--float and --overwrite are for a report; give --report FOLDER too.")
    for name in ("robust", "views"):
        if getattr(arguments, name) and (arguments.retrieval or arguments.others):
            raise UsageError(f"--{name} judges types only; ask for --retrieval and --others in a run of their own.")
        if getattr(arguments, name) and arguments.report is not None:
            raise UsageError(f"--{name} has no page; give --report FOLDER in a run of its own.")
    if arguments.robust and arguments.views:
        raise UsageError("--robust and --views are runs of their own; give one of them.")
    float_content = None if arguments.float is None else ModelFile.read(arguments.float).content
    classifier = open_judged(arguments.model, arguments)
    split, manifest = choose_split(open_source(arguments.source), arguments.split)
    if arguments.limit is not None and arguments.limit < len(manifest.rows):
        count = len(manifest.rows)
        manifest = manifest.take([position * count // arguments.limit for position in range(arguments.limit)])
    if arguments.sample is not None or arguments.robust:
        manifest = sample_by_group(manifest, arguments.sample or ROBUST_SAMPLE)
    if arguments.robust:
        return show_robustness(classifier, manifest, split, arguments.json)
    if arguments.views:
        return show_views(classifier, manifest, split, arguments.json)
    with display.progress(len(manifest.rows), "Judging") as bar:
        scores = predict(classifier, manifest, bar.advance)
    found = judge(scores)
    if arguments.retrieval:
        found = replace(found, retrieval=_retrieval(classifier, manifest))
    if arguments.others:
        found = replace(found, rejection=_rejection(classifier, manifest, arguments))
    about = subject(classifier, manifest, split)
    page = None
    if arguments.report is not None:
        from edgefashion.evaluation.cost import measure_cost
        from edgefashion.report.evaluation_report import make_report, write_evaluation

        pictures = [manifest.picture(row) for row in scores.rows[:COST_PICTURES]]
        content = ModelFile.read(classifier.path).content
        cost = measure_cost(content, classifier.card.input, pictures, float_content)
        page = write_evaluation(make_report(about["model"], about["source"], scores, cost), manifest, arguments.report)
    if arguments.json:
        display.print_json(about | {"notes": sample_notes(found)} | found.to_dict())
        return 0
    print(f"{classifier.card.name} {classifier.card.version} on {manifest.name}, {describe(split, found)}")
    if found.mapping:
        print(f"The model's types were translated by the mapping '{found.mapping}' of its taxonomy.")
    display.table(["measure", "value", "95 % interval"], summary_rows(found))
    if found.heads:
        headers = ["besides the type", "pictures", "accuracy", "or a neighbour", "macro-F1", "calibration error"]
        display.table(headers, head_rows(found))
    if found.retrieval is not None:
        display.table(["similar pictures", "share"], retrieval_rows(found.retrieval))
    if found.rejection is not None:
        display.table(["is it a garment?", "pictures", "share", "95 % interval"], rejection_rows(found.rejection))
    display.table(
        ["class", "precision", "recall", "F1", "pictures"],
        [
            [item.label, f"{item.precision:.3f}", f"{item.recall:.3f}", f"{item.f1:.3f}", str(item.support)]
            for item in found.per_class
        ],
    )
    print("\n".join(confusion_lines(found.labels, found.confusion)))
    for line in (*(f"Note: {note}" for note in sample_notes(found)), *unreadable_lines(found.n, found.unreadable)):
        print(line)
    if page is not None:
        print(f"Wrote {page}: open it in a browser.")
    return 0


def _retrieval(classifier: Classifier | BareClassifier, manifest: Manifest) -> Retrieval:
    """Judges the embeddings.

    Raises:
        UsageError: The model has no card, so nobody knows what its outputs mean.
    """
    from edgefashion.commands import display
    from edgefashion.evaluation.retrieval import retrieve

    classifier = _with_card(classifier, "--retrieval")
    with display.progress(len(manifest.rows), "Finding similar pictures") as bar:
        return retrieve(classifier, manifest, bar.advance)


def _rejection(classifier: Classifier | BareClassifier, manifest: Manifest, arguments: argparse.Namespace) -> Rejection:
    """Judges whether pictures without a garment are turned away.

    Raises:
        UsageError: The model has no card, so nothing says when it is sure.
        DataError: The other pictures are labelled as garments, or can't be read.
    """
    from edgefashion.commands import display
    from edgefashion.data.sources import open_source
    from edgefashion.evaluation.rejection import judge_rejection

    classifier = _with_card(classifier, "--others")
    _, others = choose_split(open_source(arguments.others), arguments.split)
    with display.progress(len(manifest.rows) + len(others.rows), "Garments and others") as bar:
        return judge_rejection(classifier, manifest, others, bar.advance)


def _with_card(classifier: Classifier | BareClassifier, option: str) -> Classifier:
    """The classifier, which has a card; else UsageError."""
    from edgefashion.runtime.classifier import Classifier

    if not isinstance(classifier, Classifier):
        raise UsageError(f"{option} needs a model with a card; leave --labels out.")
    return classifier


def choose_split(manifest: Manifest, asked: str | None) -> tuple[str, Manifest]:
    """Gives the name of the split to judge on and its pictures.

    Raises:
        DataError: The split that was asked for has no picture.
    """
    present = {row.split for row in manifest.rows}
    split = asked or next((name for name in SPLIT_ORDER if name in present), "all")
    if split == "all":
        return split, manifest
    if split not in present:
        raise DataError(
            f"'{manifest.name}' has no picture in the split '{split}'; "
            f"splits with pictures: {', '.join(sorted(present)) or 'none'}."
        )
    return split, manifest.select(split)


def subject(classifier: Classifier | BareClassifier, manifest: Manifest, split: str) -> dict[str, Any]:
    """What was judged and on what, for JSON."""
    facts = {"name": classifier.card.name, "version": classifier.card.version, "path": str(classifier.path)}
    return {"model": facts, "source": {"name": manifest.name, "split": split, "digest": manifest.digest}}


def describe(split: str, found: Evaluation | Robustness | ManyViews | Comparison) -> str:
    """Which pictures, how many, and by how many people."""
    part = "all splits" if split == "all" else f"split {split}"
    people = f" by {found.groups} contributors" if found.resampled == "group" else ""
    return f"{part}: {found.n} pictures{people}"
