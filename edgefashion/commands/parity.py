"""`edgefashion parity`: does a file compute what its checkpoint computes, and the same everywhere?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edgefashion.commands import display
from edgefashion.commands.evaluate import choose_split
from edgefashion.errors import CheckFailedError, ImageError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgefashion.evaluation.runtimes import RuntimeRun
    from edgefashion.export.parity import Parity
    from edgefashion.runtime.classifier import Classifier

HELP = (
    "Compare a model file with the float checkpoint it was made from, layer by layer, and with itself under every "
    "runtime installed and 1, 2 and 4 threads.\n"
    "Exit code 0: every runtime passes. 1: one fails golden vectors or changes a clear answer, or an error; told in "
    "one line on stderr."
)
EXAMPLE = "edgefashion parity garment-base garment-base"

SAMPLE = 20
WORST = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a .tflite file with a card, or the name of a shipped model")
    parser.add_argument(
        "checkpoint",
        nargs="?",
        metavar="CHECKPOINT",
        help="what it was made from: a run's folder, a .safetensors file or a shipped model's name; without it only "
        "the runtimes are compared",
    )
    parser.add_argument(
        "--data", metavar="SOURCE", help="pictures to compare on, beside golden vectors and drawn garments"
    )
    parser.add_argument(
        "--split", choices=("train", "validation", "test", "all"), help="which part of SOURCE (default: as 'evaluate')"
    )
    parser.add_argument(
        "--sample",
        type=int,
        default=SAMPLE,
        metavar="N",
        help=f"pictures of SOURCE, drawn from as many contributors as possible (default {SAMPLE})",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb.

    Raises:
        CheckFailedError: A runtime fails; the tables are printed first.
    """
    if arguments.sample < 1:
        raise UsageError(f"--sample must be at least 1. Received: {arguments.sample}.")
    from edgefashion.evaluation.runtimes import compare_runtimes, count_runs
    from edgefashion.runtime.classifier import Classifier
    from edgefashion.runtime.model_file import ModelFile

    classifier = Classifier.open(arguments.model)
    model_file = ModelFile.read(classifier.path)
    pictures = _pictures(classifier, arguments)
    found = None
    if arguments.checkpoint is not None:
        from edgefashion.commands.export import find_checkpoint
        from edgefashion.export.parity import measure_parity
        from edgefashion.models.checkpoint import load_checkpoint

        checkpoint = load_checkpoint(find_checkpoint(arguments.checkpoint)[0])
        with display.progress(len(pictures), "Comparing with float") as bar:
            found = measure_parity(classifier, model_file.content, checkpoint, pictures, bar.advance)
    with display.progress(count_runs() * len(pictures), "Comparing runtimes") as bar:
        runs = compare_runtimes(model_file, tuple(pictures.values()), progress=bar.advance)
    failed = [item for item in runs if not item.passed]
    if arguments.json:
        display.print_json(
            {
                "model": str(classifier.path),
                "pictures": list(pictures),
                "float": None if found is None else found.to_dict(),
                "runtimes": [item.to_dict() for item in runs],
                "passed": not failed,
            }
        )
    else:
        if found is not None:
            _show_float(found)
        _show_runtimes(runs, len(pictures))
    if failed:
        named = ", ".join(f"{item.runtime} with {item.threads} thread{'s' * (item.threads > 1)}" for item in failed)
        raise CheckFailedError(
            f"{classifier.path}: {len(failed)} of {len(runs)} runs fail golden vectors or change a clear answer: "
            f"{named}; don't use this file with them."
        )
    return 0


def _pictures(classifier: Classifier, arguments: argparse.Namespace) -> dict[str, NDArray[np.uint8]]:
    """Golden inputs, the drawn examples, and a sample of SOURCE: name → uint8 of the network's size."""
    from edgefashion.data.drawn import EXAMPLES, draw_garment
    from edgefashion.data.sources import open_source
    from edgefashion.evaluation.sample import sample_by_group
    from edgefashion.runtime.golden import golden_input
    from edgefashion.runtime.image import prepare

    rule = classifier.card.input
    found = {
        f"golden vector {number}": golden_input(golden, rule.height, rule.width)
        for number, golden in enumerate(classifier.card.golden)
    }
    for name, kind, seed, colour, pattern, ground in EXAMPLES:
        drawn = draw_garment(kind, seed, (240, 320), colour, pattern, ground)
        found[f"drawn {name}"] = prepare(drawn, rule.height, rule.width, rule.resize)
    if arguments.data is not None:
        _, manifest = choose_split(open_source(arguments.data), arguments.split)
        sample = sample_by_group(manifest, arguments.sample)
        for row in sample.rows:
            try:
                found[row.path] = prepare(sample.picture(row), rule.height, rule.width, rule.resize)
            except ImageError as error:
                raise ImageError(f"{error} Leave it out of '{manifest.name}'; 'data check' finds all such.") from error
    return found


def _show_float(found: Parity) -> None:
    """Prints the layers, the worst of them, and how the scores differ."""
    from edgefashion.evaluation.metrics import wilson_interval

    display.table(
        ["layer", "operator", "shape", "largest error", "RMS", "SQNR", "rounding alone", "clipped"],
        [
            [
                item.layer, item.operator, " × ".join(map(str, item.shape)), f"{item.largest:.3g}", f"{item.rms:.3g}",
                _decibels(item.sqnr), _decibels(item.rounding), f"{item.clipped:.2%}" if item.clipped else "",
            ]
            for item in found.layers
        ],
    )  # fmt: skip
    measured = [item for item in found.layers if item.sqnr is not None]
    worst = sorted(measured, key=lambda item: item.sqnr or 0.0)[:WORST]
    if worst:
        print(f"Worst: {', '.join(f'{item.layer} {_decibels(item.sqnr)}' for item in worst)}.")
    low, high = wilson_interval(found.same, found.inputs)
    print(
        f"Same best label as float: {found.same} of {found.inputs} pictures (95 % interval {low:.3f} to {high:.3f}); "
        f"probabilities differ by {found.mean:.4f} on average, by {found.largest:.3f} at most."
    )
    for change in found.changes:
        print(
            f"  {change.picture}: {change.float_label} {change.float_probability:.0%} in float, "
            f"{change.label} {change.probability:.0%} in the file"
        )
    if found.foreign:
        print("The first layer differs already: these aren't the weights that the file was made from.")
    print()


def _decibels(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} dB"


def _show_runtimes(runs: tuple[RuntimeRun, ...], pictures: int) -> None:
    """Prints one line for each runtime and number of threads."""
    display.table(
        ["runtime", "version", "threads", "golden", "same label", "same to the bit", "largest difference", "result"],
        [
            [
                item.runtime, item.version, item.threads, f"{item.golden[0]} of {item.golden[1]}",
                f"{item.same} of {pictures}", f"{item.identical} of {pictures}", f"{item.largest:.3f}",
                "passed" if item.passed else f"FAILED{': ' * bool(item.problem)}{item.problem}",
            ]
            for item in runs
        ],
    )  # fmt: skip
    failed = sum(not item.passed for item in runs)
    first = f"{runs[0].runtime} with {runs[0].threads} thread"
    print(f"Compared with {first}: {f'{failed} of {len(runs)} runs FAILED' if failed else 'every run passed'}.")
