"""`edgefashion runs`: runs and the files made from them, side by side in one table and one picture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgefashion.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgefashion.evaluation.experiments import Experiment

HELP = (
    "List runs and the .tflite files in them: recipe, data digest, accuracy with its interval, size raw and zipped, "
    "multiply-accumulates, and latency as a ratio to the first file, measured here in turns."
)
EXAMPLE = "edgefashion runs runs/ --plot runs.png"

DIGEST_SHOWN = 8
"""Characters of a digest in the table; --json has them whole."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument(
        "places",
        nargs="*",
        metavar="FOLDER",
        type=Path,
        help="a run, a folder of runs, a folder with .tflite files, or a .tflite file (default: runs)",
    )
    parser.add_argument(
        "--repeats", type=int, default=20, metavar="N", help="turns of the latency measurement; 0 leaves it out"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of each network (default 1)")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw accuracy against size and latency: .png, .svg or .pdf (needs the extra report)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing picture")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; gives the exit code."""
    from edgefashion.commands import display
    from edgefashion.evaluation.experiments import find_experiments, measure_latency

    _check(arguments)
    rows = find_experiments(arguments.places or [Path("runs")])
    reference = None
    if arguments.repeats and any(row.raw is not None for row in rows):
        count = sum(row.raw is not None for row in rows)
        print(f"Measuring {count} files in {arguments.repeats} turns; --repeats 0 leaves it out.", file=sys.stderr)
        reference, rows = measure_latency(rows, arguments.threads, arguments.repeats)
    if arguments.json:
        listed = [row.to_dict() for row in rows]
        facts = {"threads": arguments.threads, "repeats": arguments.repeats, "latency_reference": reference}
        display.print_json(facts | {"comparable": len(judged_sets(rows)) <= 1, "runs": listed})
    else:
        display.table(_headers(reference), [_cells(row) for row in rows])
        for line in remarks(rows):
            print(line)
    if arguments.plot:
        from edgefashion.evaluation.experiments_picture import draw_experiments

        draw_experiments(rows, arguments.plot, reference)
        print(f"Wrote {arguments.plot}.", file=sys.stderr)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuses wrong words before anything is measured."""
    from edgefashion.evaluation.experiments_picture import PICTURE_TYPES

    if arguments.repeats < 0:
        raise UsageError(f"--repeats must be 0 or more. Received: {arguments.repeats}.")
    if not 1 <= arguments.threads <= 256:
        raise UsageError(f"--threads must be 1 to 256. Received: {arguments.threads}.")
    picture = arguments.plot
    if picture is None:
        return
    if picture.suffix.lower() not in PICTURE_TYPES:
        raise UsageError(f"--plot takes a name that ends in {', '.join(PICTURE_TYPES)}. Received: '{picture}'.")
    if picture.exists() and not arguments.overwrite:
        raise UsageError(f"'{picture}' exists already. Choose another name, or give --overwrite.")


def judged_sets(rows: Sequence[Experiment]) -> tuple[tuple[str, str, int], ...]:
    """The different sets of pictures that the rows' accuracies come from: digest, split, number."""
    return tuple(dict.fromkeys(row.judged_on for row in rows if row.judged_on is not None))


def remarks(rows: Sequence[Experiment]) -> list[str]:
    """What a reader must know before comparing."""
    lines = []
    sets = judged_sets(rows)
    if len(sets) > 1:
        named = "; ".join(f"{digest[:DIGEST_SHOWN] or 'unknown'} {split} n = {n}" for digest, split, n in sets)
        lines.append(
            f"Accuracies come from {len(sets)} different sets of pictures ({named}): "
            "compare only rows with the same data digest, split and n."
        )
    busy = [row.name for row in rows if row.latency_spread is not None and row.latency_spread > 0.2]
    if busy:
        lines.append(f"The machine was busy while measuring {', '.join(busy)} (spread above 0.2): measure again.")
    return lines


def _headers(reference: str | None) -> list[str]:
    ratio = f"latency / {reference}" if reference else "latency ratio"
    return ["run", "recipe", "data", "accuracy", "95 % interval", "n", "raw", "zipped", "MACs", ratio, "note"]


def _cells(row: Experiment) -> list[str]:
    """One row as text; a dash where nothing is known."""
    accuracy, interval, n = "–", "–", "–"
    if row.accuracy is not None:
        low, high = row.accuracy.interval
        accuracy, interval = f"{row.accuracy.top1:.4f} {row.accuracy.of}", f"{low:.4f} to {high:.4f}"
        n = f"{row.accuracy.n} {row.accuracy.split}"
    recipe = " ".join(filter(None, (row.recipe, row.recipe_digest[:DIGEST_SHOWN])))
    data = " ".join(filter(None, (row.data, row.data_digest[:DIGEST_SHOWN])))
    return [
        row.name,
        recipe or "–",
        data or "–",
        accuracy,
        interval,
        n,
        f"{row.raw:,}" if row.raw is not None else "–",
        f"{row.zipped:,}" if row.zipped is not None else "–",
        f"{row.macs / 1e6:.1f} M" if row.macs is not None else "–",
        f"× {row.latency_ratio:.2f}" if row.latency_ratio is not None else "–",
        row.note,
    ]
