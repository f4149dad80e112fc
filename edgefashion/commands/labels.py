"""`edgefashion labels find, review, apply`: probably wrong labels, decisions about them, a corrected manifest."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgefashion.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgefashion.data.corrections import Review
    from edgefashion.data.manifest import Manifest
    from edgefashion.evaluation.label_errors import LabelErrors

HELP = "Find probably wrong labels, review them one by one, and write a corrected manifest."
EXAMPLE = "edgefashion labels find photos/ --cross-validate --out review/"

FIND = "Rank the pictures by how probably their label is wrong; write a contact sheet, a list and a proposed manifest."
REVIEW = "Decide about the suspects one at a time, in the terminal or on a page; goes on where it was stopped."
APPLY = "Write the manifest that the decisions lead to; 'train' and 'data check' read it."
SHEET_FILE = "contact-sheet.png"
PAGE_FILE = "index.html"
CORRECTED_FILE = "corrected.csv"
SHOWN = 20
SHEET_TILES = 96
DEFAULT_OUT = "label-review"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    find = actions.add_parser("find", help=FIND, description=FIND, epilog=f"Example: {EXAMPLE}")
    find.add_argument("source", metavar="SOURCE", help="labelled pictures; the kinds are listed by 'data check --help'")
    evidence = find.add_mutually_exclusive_group(required=True)
    evidence.add_argument("--model", metavar="M", help="judge by this model's own probabilities: a .tflite with a card")
    evidence.add_argument(
        "--cross-validate",
        action="store_true",
        help="judge each contributor by a regression on embeddings that was fitted without them; any labels will do",
    )
    find.add_argument(
        "--embeddings", metavar="M", help="the model whose embeddings --cross-validate takes (default: the shipped one)"
    )
    find.add_argument("--folds", type=int, metavar="N", help="parts of --cross-validate (default 5)")
    find.add_argument("--split", choices=("train", "validation", "test"), help="search one split only (default: all)")
    find.add_argument("--top", type=int, metavar="N", help="list the N most suspicious (default: as many as estimated)")
    find.add_argument("--threads", type=int, metavar="N", help="threads of the network (default: the runtime's choice)")
    find.add_argument("--out", type=Path, default=Path(DEFAULT_OUT), metavar="FOLDER", help=f"default: {DEFAULT_OUT}/")
    find.add_argument("--overwrite", action="store_true", help="replace an earlier search's files; decisions stay")
    find.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    review = actions.add_parser(
        "review", help=REVIEW, description=REVIEW, epilog="Example: edgefashion labels review review/ --page page/"
    )
    review.add_argument("folder", nargs="?", default=DEFAULT_OUT, metavar="FOLDER", help="what 'labels find' wrote")
    review.add_argument("--page", type=Path, metavar="FOLDER", help=f"write {PAGE_FILE} there, to decide in a browser")
    review.add_argument("--overwrite", action="store_true", help="replace an earlier page")
    apply = actions.add_parser(
        "apply", help=APPLY, description=APPLY, epilog="Example: edgefashion labels apply review/ -o photos.csv"
    )
    apply.add_argument("folder", nargs="?", default=DEFAULT_OUT, metavar="FOLDER", help="what 'labels find' wrote")
    apply.add_argument("--decisions", metavar="CSV", help="decisions that the page exported (default: the terminal's)")
    apply.add_argument("-o", "--out", type=Path, metavar="CSV", help=f"default: {CORRECTED_FILE} in the folder")
    apply.add_argument("--overwrite", action="store_true", help="replace an earlier manifest")
    apply.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; gives the exit code."""
    actions = {"find": run_find, "review": run_review, "apply": run_apply}
    return actions[arguments.action](arguments)


def run_find(arguments: argparse.Namespace) -> int:
    """Searches, and writes a review's folder."""
    from edgefashion.commands import display
    from edgefashion.data.corrections import PROPOSED_FILE, write_review
    from edgefashion.data.sources import open_source

    for name in ("folds", "top", "threads"):
        value, least = getattr(arguments, name), 2 if name == "folds" else 1
        if value is not None and value < least:
            raise UsageError(f"--{name} must be at least {least}. Received: {value}.")
    for name in ("folds", "embeddings"):
        if arguments.model is not None and getattr(arguments, name) is not None:
            raise UsageError(f"--{name} belongs to --cross-validate, not to --model.")
    manifest = open_source(arguments.source)
    if arguments.split is not None:
        manifest = manifest.select(arguments.split)
    require_files(manifest, arguments.out, arguments.overwrite)
    found, warnings = search(manifest, arguments)
    listed = found.suspects(arguments.top)
    review = write_review(arguments.out, manifest, listed, arguments.overwrite)
    if listed:
        write_sheet(review, found)
    if arguments.json:
        facts: dict[str, Any] = {"source": {"name": manifest.name, "digest": manifest.digest}, "warnings": warnings}
        display.print_json(facts | found.to_dict() | {"suspects": [asdict(item) for item in review.suspects]})
        return 0
    for line in (*manifest.notes, *warnings):
        print(f"Note: {line}.")
    if found.unreadable:
        first = found.unreadable[0]
        print(f"Skipped {len(found.unreadable)} unreadable pictures; the first: {first.path}: {first.reason}")
    for label, count in found.unjudged.items():
        print(f"Note: {count} pictures of {label} can't be judged: nobody else photographed one.")
    rows = [[n, item.given, item.likelier, f"{item.probability:.0%}", item.path] for n, item in enumerate(listed, 1)]
    heading = f"{manifest.name}: of {len(found.rows):,} labels about {found.ranking.estimated:,} look wrong"
    headers = ["rank", "given", "likelier", "given is wrong", "picture"]
    display.table(headers, rows[:SHOWN], title=f"{heading}; {found.evidence}")
    if not listed:
        print("No label is suspicious.")
        return 0
    print(f"Wrote {len(listed):,} suspects to {arguments.out}: {SHEET_FILE} to look at, {PROPOSED_FILE} to compare.")
    print(f"Next: edgefashion labels review {arguments.out}")
    return 0


def require_files(manifest: Manifest, out: Path, overwrite: bool) -> None:
    """Raises DataError where nothing could be written in the end, before minutes of reading."""
    from edgefashion.data.corrections import GIVEN_FILE

    if manifest.arrays is not None:
        raise DataError(
            f"The pictures of '{manifest.name}' have no files of their own, so no manifest can name them; "
            "'labels find' takes sources of picture files."
        )
    if (out / GIVEN_FILE).exists() and not overwrite:
        raise DataError(f"'{out}' holds a search already; choose another --out, or add --overwrite.")


def search(manifest: Manifest, arguments: argparse.Namespace) -> tuple[LabelErrors, list[str]]:
    """Gathers the evidence and ranks the labels; gives what must be said about the evidence, too."""
    from edgefashion.commands import display
    from edgefashion.evaluation.embeddings import read_embeddings
    from edgefashion.evaluation.label_errors import check_labels, judge_out_of_fold, judge_predictions, require_cleanlab
    from edgefashion.evaluation.out_of_fold import FOLDS, out_of_fold
    from edgefashion.evaluation.predict import predict
    from edgefashion.runtime.classifier import Classifier
    from edgefashion.runtime.model_file import ModelFile
    from edgefashion.runtime.shipped import find_model

    require_cleanlab()
    check_labels(manifest)
    if arguments.model is not None:
        classifier = Classifier.open(arguments.model, arguments.threads)
        with display.progress(len(manifest.rows), "Judging") as bar:
            found = predict(classifier, manifest, bar.advance)
        warnings = training_warnings(classifier.card.training, manifest, "it repeats what it learnt from wrong labels")
        return judge_predictions(found, manifest.name, classifier.card.name), warnings
    model = ModelFile.read(find_model(arguments.embeddings))
    with display.progress(len(manifest.rows), "Reading pictures") as bar:
        embeddings = read_embeddings(model, manifest, arguments.threads, bar.advance)
    folds = arguments.folds or FOLDS
    with display.progress(folds, "Fitting") as bar:
        fitted = out_of_fold(embeddings.values, embeddings.rows, folds, progress=bar.advance)
    training = model.card.training if model.card is not None else {}
    warnings = training_warnings(training, manifest, "wrong labels that it learnt look more natural than they are")
    return judge_out_of_fold(fitted, manifest.name, embeddings.unreadable), warnings


def training_warnings(training: Mapping[str, Any], manifest: Manifest, consequence: str) -> list[str]:
    """What to say where a model was trained on these pictures, by its card."""
    if training.get("data_digest") == manifest.digest:
        return [f"by its card the model was trained on these very labels: {consequence}"]
    if manifest.name in str(training.get("data", "")).split(" + "):  # joined sources, as in `edgefashion.data.joined`
        return [f"by its card the model was trained on pictures of '{manifest.name}': {consequence}"]
    return []


def write_sheet(review: Review, found: LabelErrors) -> None:
    """Draws the first suspects."""
    from io import BytesIO

    from edgefashion.data.manifest import write_file
    from edgefashion.evaluation.contact_sheet import Tile, contact_sheet

    rows = {row.path: row for row in review.given.rows}
    tiles = [
        Tile(
            review.given.picture(rows[item.path]),
            (f"{number}: given {item.given}", f"likelier {item.likelier}, {item.probability:.0%}"),
        )
        for number, item in enumerate(review.suspects[:SHEET_TILES], start=1)
    ]
    title = f"{found.name}: the {len(tiles)} most suspicious of {len(found.rows):,} labels"
    stream = BytesIO()
    contact_sheet(tiles, title).save(stream, "PNG")
    write_file(review.folder / SHEET_FILE, stream.getvalue())


def run_review(arguments: argparse.Namespace) -> int:
    """Reviews in the terminal, or writes the page."""
    from edgefashion.commands import display
    from edgefashion.commands.label_session import review_in_terminal
    from edgefashion.data.corrections import read_decisions, read_review

    review = read_review(arguments.folder)
    decided = read_decisions(review)
    if not review.suspects:
        print(f"'{review.folder}' holds no suspect: there is nothing to decide.")
        return 0
    if arguments.page is not None:
        from edgefashion.data.manifest import write_file
        from edgefashion.evaluation.label_page import review_page

        path = arguments.page / PAGE_FILE
        if path.exists() and not arguments.overwrite:
            raise DataError(f"'{path}' exists already; choose another --page, or add --overwrite.")
        with display.progress(len(review.suspects), "Reading pictures") as bar:
            page = review_page(review, decided, bar.advance)
        write_file(path, page.encode())
        print(f"Wrote {path}: open it in a browser, decide, export the decisions. Then:")
        print(f"edgefashion labels apply {review.folder} --decisions decisions.csv")
        return 0
    try:
        review_in_terminal(review, decided)
    finally:  # Ctrl-C too: whatever was decided is on the disk.
        done = sum(suspect.path in decided for suspect in review.suspects)
        again = "" if done == len(review.suspects) else f" Go on with: edgefashion labels review {review.folder}"
        print(f"{done} of {len(review.suspects)} decided, kept in {review.decisions_file}.{again}")
    print(f"To write the corrected manifest: edgefashion labels apply {review.folder}")
    return 0


def run_apply(arguments: argparse.Namespace) -> int:
    """Writes the corrected manifest."""
    from edgefashion.commands import display
    from edgefashion.data.corrections import apply_decisions, read_decisions, read_review
    from edgefashion.data.manifest import write_manifest

    review = read_review(arguments.folder)
    decided = read_decisions(review, arguments.decisions)
    if not decided:
        raise DataError(
            f"'{review.folder}' holds no decision yet; make some with: edgefashion labels review {review.folder}."
        )
    corrected, changes = apply_decisions(review, decided)
    path = write_manifest(corrected, arguments.out or review.folder / CORRECTED_FILE, arguments.overwrite)
    undecided = sum(suspect.path not in decided for suspect in review.suspects)
    facts = {"changed": changes.changed, "confirmed": changes.confirmed, "left_out": changes.left_out}
    if arguments.json:
        display.print_json({"manifest": str(path), "pictures": len(corrected.rows), **facts, "undecided": undecided})
        return 0
    print(f"Wrote {path}: {len(corrected.rows):,} pictures, {changes.changed} with a new label.")
    print(f"Confirmed: {changes.confirmed}; left out: {changes.left_out}; undecided, so left as they are: {undecided}.")
    print(f"Next: edgefashion data check {path}")
    return 0
