"""Opens the model that a verb judges: by its card, or a file without one by labels given beside it."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from edgefashion.errors import ModelFileError, UsageError

if TYPE_CHECKING:
    from edgefashion.evaluation.bare_model import BareClassifier
    from edgefashion.runtime.classifier import Classifier

OPTION = re.compile(r"--(labels|input-range|logits)\b")


def add_bare_arguments(parser: argparse.ArgumentParser, title: str, which: str = "") -> None:
    """Adds the options for a file without a card; their names end in `which`."""
    bare = parser.add_argument_group(title)
    bare.add_argument(f"--labels{which}", metavar="FILE", help="its labels, one a line, in the order of its outputs")
    bare.add_argument(
        f"--input-range{which}",
        nargs=2,
        type=float,
        metavar=("LOW", "HIGH"),
        help="what the bytes 0 and 255 become, where its metadata don't say (as a rule 0 1 or -1 1)",
    )
    bare.add_argument(f"--logits{which}", action="store_true", help="its outputs are logits: apply a softmax")


def open_judged(model: str, arguments: argparse.Namespace, which: str = "") -> Classifier | BareClassifier:
    """Opens a model, with its card or with the labels that were given.

    Args:
        model: A path, or a shipped model's name.
        arguments: As parsed; `threads`, and the options of `add_bare_arguments`.
        which: What the options' names end in; errors name them so.

    Raises:
        UsageError: --input-range or --logits without --labels.
        ModelFileError: As `Classifier.open` and `open_bare`; a file without a card and labels says what to give.
        DataError: The labels can't be read.
    """
    labels, input_range, logits = (
        getattr(arguments, name + which.replace("-", "_")) for name in ("labels", "input_range", "logits")
    )
    try:
        return _opened(model, labels, input_range, logits, arguments.threads)
    except (ModelFileError, UsageError) as error:
        if not which:
            raise
        raise type(error)(OPTION.sub(rf"--\1{which}", str(error))) from error


def _opened(
    model: str, labels_file: str | None, input_range: list[float] | None, logits: bool, threads: int | None
) -> Classifier | BareClassifier:
    from edgefashion.evaluation.bare_model import open_bare, read_labels
    from edgefashion.evaluation.normalisation import Normalisation
    from edgefashion.runtime.classifier import Classifier
    from edgefashion.runtime.model_file import ModelFile
    from edgefashion.runtime.shipped import find_model

    path = find_model(model)
    if labels_file is None:
        if input_range is not None or logits:
            raise UsageError("--input-range and --logits are for a file without a card; give --labels FILE too.")
        if ModelFile.read(path).card is None:
            raise ModelFileError(f"{path}: has no card; give its labels with --labels FILE, one a line.")
        return Classifier.open(path, threads)
    labels = read_labels(labels_file)
    normalisation = None if input_range is None else Normalisation.of_range(*input_range)
    return open_bare(path, labels, threads, normalisation, logits)
