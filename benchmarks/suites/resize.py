"""Which resize rule: accuracy under each, and how often the answer equals that of a client that stretches.

MediaPipe, ML Kit and most clients stretch the whole picture to the input, many without antialiasing. The client here is
written apart from the package: it turns the picture upright, stretches it, and runs the same network. A model does best
under the rule that it was trained with, so give one model per rule (--model stretch=A.tflite pad=B.tflite), or read a
single model's rows as "what a mismatch costs". The row "a small garment alone" is `Classifier` looking once: by the
card's rule, of the garment alone where it is small (`runtime.look`); the last is `Classifier` as it is, which looks
again where it is unsure. The other rows show the network all of every picture.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from benchmarks.result import Result
from benchmarks.subject import model_name
from edgefashion.commands.evaluate import choose_split
from edgefashion.data.manifest import Manifest
from edgefashion.data.sources import open_source
from edgefashion.evaluation.evaluate import evaluate
from edgefashion.runtime.card import TYPE_HEAD
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.image import RESIZE_RULES
from edgefashion.runtime.look import Look
from edgefashion.runtime.shipped import find_model

NAME = "resize"
CLOSER = "a small garment alone"
AGAIN = "and looked at again where unsure"
TITLE = "Resize rules: accuracy, and agreement with a client that stretches"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    parser.add_argument(
        "--model", nargs="+", default=["garment-base"], help="a model for all rules, or RULE=MODEL pairs"
    )
    parser.add_argument("--source", help="labelled pictures, for example clothing-ten:FOLDER (needed)")
    parser.add_argument("--split", help="default: validation, else test, else all")
    parser.add_argument("--limit", type=int, help="judge on so many pictures only, taken evenly")


class Ruled:
    """A classifier with another resize rule; it remembers the best label of each picture, in order."""

    def __init__(self, classifier: Classifier, rule: str) -> None:
        self.classifier = classifier
        self.labels = classifier.labels
        self.card = replace(classifier.card, input=replace(classifier.card.input, resize=rule))
        self.answers: list[int] = []

    def probabilities(self, image: Any) -> npt.NDArray[np.float32]:
        """As the classifier's; the picture has the input's size already, so its own rule changes nothing."""
        return self._noted(Look(image))

    def _noted(self, seen: Look, once: bool = True) -> npt.NDArray[np.float32]:
        found = self.classifier.probabilities(seen, once)
        self.answers.append(int(found.argmax()))
        return found


class Closer(Ruled):
    """The classifier as it is, which chooses what it shows its network, and how often."""

    def __init__(self, classifier: Classifier, once: bool) -> None:
        super().__init__(classifier, classifier.card.input.resize)
        self.once = once

    def look(self, image: Any) -> Look:
        """As the classifier's."""
        return self.classifier.look(image)

    def probabilities(self, image: Any) -> npt.NDArray[np.float32]:
        """As the classifier's, of what `look` gave."""
        return self._noted(image, self.once)


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    if not arguments.source:
        raise SystemExit("The suite 'resize' needs --source, for example --source clothing-ten:FOLDER.")
    split, manifest = choose_split(open_source(arguments.source), arguments.split)
    count = len(manifest.rows)
    if arguments.limit and arguments.limit < count:
        manifest = manifest.take([position * count // arguments.limit for position in range(arguments.limit)])
    models = _models(arguments.model)
    rows: list[tuple[str | float | None, ...]] = []
    closer = [(rule, path) for path in dict.fromkeys(models.values()) for rule in (CLOSER, AGAIN)]
    for rule, path in (*models.items(), *closer):
        classifier = Classifier.open(path, 2)
        ruled = Closer(classifier, rule == CLOSER) if rule in (CLOSER, AGAIN) else Ruled(classifier, rule)
        found = evaluate(ruled, manifest)
        low, high = found.top1_interval
        plain = _client(classifier, manifest, {item.path for item in found.unreadable})
        smooth = Ruled(classifier, "stretch")
        evaluate(smooth, manifest)
        rows.append(
            (
                rule,
                model_name(path),
                classifier.card.input.resize,
                round(found.top1, 4),
                f"{low:.4f} to {high:.4f}",
                _agreement(ruled.answers, smooth.answers),
                _agreement(ruled.answers, plain),
            )
        )
    columns = ("rule", "model", "trained with", "top-1", "95 % interval", "agrees, stretch", "agrees, plain stretch")
    settings = {"source": manifest.name, "split": split, "pictures": found.n, "digest": manifest.digest}
    return Result(NAME, TITLE, columns, tuple(rows), settings)


def _models(words: list[str]) -> dict[str, Path]:
    """Rule to model file."""
    if len(words) == 1 and "=" not in words[0]:
        return dict.fromkeys(RESIZE_RULES, find_model(words[0]))
    pairs = {rule: model for rule, _, model in (word.partition("=") for word in words)}
    unknown = sorted(set(pairs) - set(RESIZE_RULES))
    if unknown:
        raise SystemExit(f"--model takes one model, or RULE=MODEL with a rule of {RESIZE_RULES}. Received: {unknown}.")
    return {rule: find_model(model) for rule, model in pairs.items()}


def _agreement(ours: list[int], theirs: list[int]) -> float:
    """Share of pictures with the same best label."""
    return round(float(np.mean(np.array(ours) == np.array(theirs))), 4)


def _client(classifier: Classifier, manifest: Manifest, skipped: set[str]) -> list[int]:
    """Best labels by a client that decodes at full size and stretches without antialiasing."""
    answers = []
    for row in manifest.rows:
        if row.path in skipped:
            continue
        picture = manifest.picture(row)
        if isinstance(picture, Path):
            with Image.open(picture) as opened:
                pixels = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
        else:
            pixels = np.repeat(picture[:, :, None], 3, axis=2)
        rule = classifier.card.input
        stretched = plain_stretch(pixels, rule.height, rule.width)
        head = classifier.card.head(TYPE_HEAD)
        answers.append(int(classifier.interpreter.run(stretched)[head.output].argmax()))
    return answers


def plain_stretch(pixels: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    """Bilinear resize from the four nearest pixels, without antialiasing: half-pixel centres, as OpenCV's INTER_LINEAR.

    Args:
        pixels: uint8 (rows, columns, 3).
        height: Rows of the result.
        width: Columns of the result.

    Returns:
        uint8 (height, width, 3).
    """

    def steps(size: int, length: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        position = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        low = np.floor(position).astype(np.int64)
        return low, np.minimum(low + 1, length - 1), position - low

    top, bottom, down = steps(height, pixels.shape[0])
    left, right, across = steps(width, pixels.shape[1])
    across, down = across[None, :, None], down[:, None, None]
    upper = pixels[top][:, left] * (1 - across) + pixels[top][:, right] * across
    lower = pixels[bottom][:, left] * (1 - across) + pixels[bottom][:, right] * across
    return np.rint(upper * (1 - down) + lower * down).astype(np.uint8)
