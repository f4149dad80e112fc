"""`edgefashion classify`: what garments pictures show."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgefashion.commands import display
from edgefashion.errors import ImageError, UsageError
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.image import MAX_FILE_BYTES
from edgefashion.runtime.picture_folder import pictures_in
from edgefashion.runtime.prediction import Prediction

HELP = "Tell what garments pictures show: category, type, confidence and the best few types."
EXAMPLE = "edgefashion classify examples/ --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="picture files, folders of them, or - for stdin")
    parser.add_argument("--model", help="a .tflite file with a card, or the name of a shipped model")
    parser.add_argument("--top", type=int, default=3, metavar="K", help="how many types to list (default: 3)")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of the network (default: cores, at most 4)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run the verb; 1 if a picture could not be read, although the others were."""
    if arguments.top < 1:
        raise UsageError(f"--top must be at least 1. Received: {arguments.top}.")
    pictures = list(_pictures(arguments.images))
    classifier = Classifier.open(arguments.model, threads=arguments.threads)
    results: list[dict[str, Any]] = []
    failed = 0
    with display.progress(len(pictures), "Classifying") as bar:
        for name, source in pictures:
            try:
                prediction = classifier.classify(source)
            except ImageError as error:
                failed += 1
                print(f"edgefashion: {error}", file=sys.stderr)
                results.append({"image": name, "error": str(error)})
            else:
                found = prediction.to_dict()
                found["top"] = found["top"][: arguments.top]
                results.append({"image": name, **found})
                if not arguments.json:
                    print(line(name, prediction, arguments.top), flush=True)
            bar.advance()
    if arguments.json:
        card = classifier.card
        model = {"path": str(classifier.path), "name": card.name, "version": card.version}
        display.print_json({"model": model, "results": results})
    return 1 if failed else 0


def line(name: str, prediction: Prediction, top: int) -> str:
    """Return one picture's answer as one line."""
    best = f"{prediction.category} › {prediction.type} {prediction.confidence:.1%}"
    if prediction.sure_of == "category":
        best = f"{prediction.category} {prediction.category_confidence:.1%}: not sure which"
    elif prediction.sure_of is None:
        best += " (not sure)"
    others = ", ".join(f"{type_name} {probability:.1%}" for type_name, probability in prediction.top(top))
    attributes = "".join(f", {key}: {value.value}" for key, value in prediction.details.items())
    return f"{name}: {best}{attributes}  [{others}]"


def _pictures(names: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield each picture's name and source; folders are read in order of name, without their subfolders."""
    for name in names:
        if name == "-":
            yield "stdin", sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        elif Path(name).is_dir():
            yield from ((str(path), path) for path in pictures_in(name))
        else:
            yield name, name
