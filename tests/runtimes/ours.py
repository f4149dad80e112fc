"""Classifies pictures with edgefashion and prints what the card says; runs in the main environment.

    python ours.py picture… < files.json    (a JSON list of paths)

Prints one JSON object, path → {"error": …} or {"card": {…}, "top": {picture: label}}.
"""

import json
import sys

from edgefashion import Classifier
from edgefashion.errors import EdgeFashionError


def main() -> None:
    report: dict[str, dict[str, object]] = {}
    for path in json.load(sys.stdin):
        try:
            classifier = Classifier.open(path)
            card = classifier.card
            report[path] = {
                "card": {
                    "name": card.name,
                    "version": card.version,
                    "heads": {head.name: [head.labels_file] if head.labels else [] for head in card.heads},
                },
                "top": {picture: classifier.classify(picture).type for picture in sys.argv[1:]},
            }
        except EdgeFashionError as error:
            report[path] = {"error": str(error)}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
