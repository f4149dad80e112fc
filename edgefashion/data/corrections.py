"""Doubtful labels on their way to a corrected manifest: suspects, what a person decided about them, and the result.

A review is a folder. `write_review` makes it: `given.csv` (the manifest as it was), `proposed.csv` (the same with the
likelier label of every suspect) and `suspects.csv`. Reviewing adds `decisions.csv`; `apply_decisions` turns
`given.csv` and the decisions into a corrected manifest.
"""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgefashion.data.csv_records import read_records
from edgefashion.data.manifest import Manifest, read_manifest, write_file, write_manifest
from edgefashion.errors import DataError

GIVEN_FILE = "given.csv"
PROPOSED_FILE = "proposed.csv"
SUSPECTS_FILE = "suspects.csv"
DECISIONS_FILE = "decisions.csv"
LEFT_OUT = "-"
"""The decided label of a picture that belongs under no label."""
SUSPECT_COLUMNS = ("path", "given", "likelier", "probability")
DECISION_COLUMNS = ("path", "given", "label")
MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Suspect:
    """A picture whose label is probably wrong.

    Attributes:
        path: The picture, as the manifest names it.
        given: The label that it has.
        likelier: The label that it more probably should have; another one than `given`.
        probability: Estimated probability that the given label is wrong, 0 to 1.
    """

    path: str
    given: str
    likelier: str
    probability: float


@dataclass(frozen=True)
class Review:
    """A review's folder, read and checked.

    Attributes:
        folder: Where it lies.
        given: The manifest as it was.
        suspects: The most probably wrong label first.
    """

    folder: Path
    given: Manifest
    suspects: tuple[Suspect, ...]

    @property
    def decisions_file(self) -> Path:
        """Where decisions are kept."""
        return self.folder / DECISIONS_FILE


def write_review(folder: Path, manifest: Manifest, suspects: Sequence[Suspect], overwrite: bool = False) -> Review:
    """Writes a review's folder and gives it as it is read back.

    Args:
        folder: Is made where it is missing.
        manifest: The pictures with their given labels; the paths of `suspects` are its.
        suspects: In the order in which they are to be reviewed.
        overwrite: Replace the files of an earlier search. Decisions stay and are judged by the new files.

    Raises:
        DataError: A file exists and `overwrite` is not set, the folder can't be written, the pictures have no files,
            or a suspect is none of the manifest's pictures.
    """
    taken = [name for name in (GIVEN_FILE, PROPOSED_FILE, SUSPECTS_FILE) if (folder / name).exists()]
    if taken and not overwrite:
        raise DataError(f"'{folder / taken[0]}' exists already; choose another --out, or ask for it by --overwrite.")
    if LEFT_OUT in manifest.labels:
        raise DataError(f"'{manifest.name}' has a label '{LEFT_OUT}', which means 'left out' here; rename it.")
    position = {row.path: at for at, row in enumerate(manifest.rows)}
    unknown = [suspect.path for suspect in suspects if suspect.path not in position]
    if unknown:
        raise DataError(f"'{manifest.name}' has no picture '{unknown[0]}'.")
    given = read_manifest(write_manifest(manifest, folder / GIVEN_FILE, overwrite))
    # The manifest's paths start at its own folder now, so the suspects follow.
    moved = [replace(suspect, path=given.rows[position[suspect.path]].path) for suspect in suspects]
    proposed, _ = _corrected(given, {suspect.path: suspect.likelier for suspect in moved})
    write_manifest(proposed, folder / PROPOSED_FILE, overwrite)
    rows = [(item.path, item.given, item.likelier, f"{item.probability:.4f}") for item in moved]
    write_file(folder / SUSPECTS_FILE, _csv(SUSPECT_COLUMNS, rows))
    return read_review(folder)


def read_review(folder: str | os.PathLike[str]) -> Review:
    """Reads and checks a review's folder.

    Raises:
        DataError: A file is missing or damaged, or the files contradict each other.
    """
    folder = Path(folder)
    for name in (GIVEN_FILE, SUSPECTS_FILE):
        if not (folder / name).is_file():
            raise DataError(f"'{folder}' holds no {name}; make it with: edgefashion labels find SOURCE --out {folder}.")
    given = read_manifest(folder / GIVEN_FILE)
    labels = {row.path: row.type for row in given.rows}
    name = str(folder / SUSPECTS_FILE)
    suspects: dict[str, Suspect] = {}
    for number, record in read_records(_bytes(folder / SUSPECTS_FILE), name, SUSPECT_COLUMNS, SUSPECT_COLUMNS):
        where = f"'{name}', row {number}"
        try:
            probability = float(record["probability"])
        except ValueError:
            probability = float("nan")
        if not 0 <= probability <= 1:
            raise DataError(
                f"{where}: probability must be a number from 0 to 1; received '{record['probability'][:40]}'."
            )
        suspect = Suspect(record["path"], record["given"], record["likelier"], probability)
        if labels.get(suspect.path) != suspect.given or suspect.path in suspects:
            raise DataError(
                f"{where}: '{suspect.path[:200]}' must be a picture of {GIVEN_FILE} with its label there, once; "
                "search anew with: edgefashion labels find."
            )
        if not suspect.likelier or suspect.likelier == suspect.given:
            raise DataError(f"{where}: likelier must be another label than given; received '{suspect.likelier[:40]}'.")
        suspects[suspect.path] = suspect
    return Review(folder, given, tuple(suspects.values()))


def label_choices(review: Review) -> tuple[str, ...]:
    """Gives the labels that a decision may choose: those of the pictures, and those that were proposed; sorted."""
    return tuple(sorted({*review.given.labels, *(suspect.likelier for suspect in review.suspects)}))


def read_decisions(review: Review, path: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """Gives the decisions made so far: path → label, `LEFT_OUT` for a picture that belongs under none.

    Args:
        review: The review.
        path: A file of decisions, for example one that the page has exported; the review's own if None, which may be
            missing as long as nothing is decided.

    Raises:
        DataError: Damaged, or a decision about a picture or label that the review doesn't know.
    """
    place = review.decisions_file if path is None else Path(path)
    if path is None and not place.exists():
        return {}
    labels, choices = {row.path: row.type for row in review.given.rows}, (*label_choices(review), LEFT_OUT)
    decided: dict[str, str] = {}
    for number, record in read_records(_bytes(place), str(place), DECISION_COLUMNS, DECISION_COLUMNS):
        where = f"'{place}', row {number}"
        if labels.get(record["path"]) != record["given"] or record["path"] in decided:
            raise DataError(
                f"{where}: '{record['path'][:200]}' must be a picture of this review with its given label, once; "
                "are these the decisions of another review?"
            )
        if record["label"] not in choices:
            raise DataError(
                f"{where}: label must be one of {', '.join(choices)} ('{LEFT_OUT}' leaves the picture out); "
                f"received '{record['label'][:40]}'."
            )
        decided[record["path"]] = record["label"]
    return decided


def write_decisions(review: Review, decided: Mapping[str, str]) -> Path:
    """Writes the review's decisions, path → label, in the order in which they were made; gives the file's path."""
    labels = {row.path: row.type for row in review.given.rows}
    write_file(
        review.decisions_file,
        _csv(DECISION_COLUMNS, [(path, labels[path], label) for path, label in decided.items()]),
    )
    return review.decisions_file


@dataclass(frozen=True)
class Changes:
    """What decisions did to a manifest: pictures with a new label, with the old one confirmed, left out."""

    changed: int
    confirmed: int
    left_out: int


def apply_decisions(review: Review, decided: Mapping[str, str]) -> tuple[Manifest, Changes]:
    """Gives the corrected manifest; pictures without a decision keep their label.

    Args:
        review: The review.
        decided: Path → label, as `read_decisions` gives them.

    Raises:
        DataError: No picture is left.
    """
    corrected, changes = _corrected(review.given, decided)
    if not corrected.rows:
        raise DataError(f"The decisions in '{review.folder}' leave no picture; a manifest needs at least one.")
    return corrected, changes


def _corrected(given: Manifest, decided: Mapping[str, str]) -> tuple[Manifest, Changes]:
    rows, changed, confirmed = [], 0, 0
    for row in given.rows:
        label = decided.get(row.path, row.type)
        if label != LEFT_OUT:
            rows.append(replace(row, type=label))
            changed += label != row.type
            confirmed += row.path in decided and label == row.type
    labels = tuple(sorted({row.type for row in rows}))
    left_out = len(given.rows) - len(rows)
    return replace(given, rows=tuple(rows), labels=labels), Changes(changed, confirmed, left_out)


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DataError(f"Can't read '{path}': {error.strerror or error}.") from error
    if len(content) > MAX_FILE_BYTES:
        raise DataError(f"'{path}' is larger than {MAX_FILE_BYTES:,} bytes; it is no file of a review.")
    return content
