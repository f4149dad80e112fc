"""Judges any .tflite picture classifier: one without a card, whose labels are given beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefashion.errors import DataError, ModelFileError
from edgefashion.evaluation.normalisation import Normalisation, read_normalisation
from edgefashion.runtime.card import TYPE_HEAD, Head, InputRule, ModelCard
from edgefashion.runtime.image import prepare
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile
from edgefashion.taxonomy import Taxonomy

MAX_LABELS_BYTES = 1024 * 1024
INPUT_TYPES = ("uint8", "int8", "float32")


class BareClassifier:
    """A model file without a card, as `evaluate.Judged`: its card is made up from its input, output and labels.

    A uint8 input takes the bytes as they are, as TFLite's task library does; so does int8, less 128, unless a
    normalisation is known: then the real numbers are quantised by the input's own parameters. A float32 input needs a
    normalisation. The made-up card has the threshold 0: every answer is given.
    """

    def __init__(
        self,
        model_file: ModelFile,
        interpreter: Interpreter,
        labels: tuple[str, ...],
        normalisation: Normalisation | None = None,
        logits: bool = False,
    ) -> None:
        """Args: normalisation, instead of that of the metadata; logits, whether a softmax is still to be applied.

        Raises:
            ModelFileError: The file has a card, its input is no RGB picture, no single output has as many numbers as
                there are labels, or a float32 input has no known range.
        """
        if model_file.card is not None:
            raise ModelFileError(f"{model_file.path}: has a card with its own labels; leave --labels out.")
        shape, kind = interpreter.input_shape, str(interpreter.input_dtype)
        if len(shape) != 4 or shape[0] != 1 or shape[3] != 3 or kind not in INPUT_TYPES:
            raise ModelFileError(
                f"{model_file.path}: its input must be one RGB picture (1, height, width, 3) of "
                f"{', '.join(INPUT_TYPES)}. Received: {kind} {shape}."
            )
        fitting = [name for name, tensor in interpreter.outputs.items() if tensor.shape == (1, len(labels))]
        if len(fitting) != 1:
            received = ", ".join(f"{name} {tensor.shape}" for name, tensor in interpreter.outputs.items())
            raise ModelFileError(
                f"{model_file.path}: {len(labels)} labels need exactly one output of shape (1, {len(labels)}). "
                f"Received: {received}."
            )
        self._normalisation = normalisation or read_normalisation(model_file.flatbuffer)
        if kind == "float32" and self._normalisation is None:
            raise ModelFileError(
                f"{model_file.path}: its input is float32 and nothing in it says which numbers stand for the bytes 0 "
                "to 255; give --input-range, as a rule 0 1, -1 1 or 0 255."
            )
        self.path = model_file.path
        self.interpreter = interpreter
        self.labels = labels
        self.card = ModelCard(
            name=model_file.path.stem or "model",
            version="no card",
            input=InputRule(shape[1], shape[2]),
            heads=(Head(TYPE_HEAD, fitting[0], labels=labels),),
            taxonomy=Taxonomy.from_labels(labels),
            threshold=0.0,
        )
        self._logits = logits

    def probabilities(self, image: Any) -> npt.NDArray[np.float32]:
        """float32 (k,) scores of a picture in the order of the labels; NaN where the network computed one.

        Args:
            image: As `runtime.image.prepare`.

        Raises:
            ImageError: The picture can't be read.
            ModelFileError: The runtime fails.
        """
        rule = self.card.input
        picture = prepare(image, rule.height, rule.width, rule.resize)
        output = self.card.head(TYPE_HEAD).output
        scores = self.interpreter.dequantise(output, self.interpreter.run(self._input(picture))[output])
        if not self._logits:
            return scores
        powers = np.exp(scores.astype(np.float64) - scores.max())
        shares: npt.NDArray[np.float32] = (powers / powers.sum()).astype(np.float32)
        return shares

    def _input(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """What the network takes, of its own type, from uint8 (height, width, 3) RGB."""
        kind, scale = self.interpreter.input_dtype, self.interpreter.input_scale
        if kind == np.uint8:
            return picture
        if kind == np.int8 and (self._normalisation is None or not scale):
            return np.asarray(picture.astype(np.int16) - 128, dtype=np.int8)
        if self._normalisation is None:  # float32 without one is refused when the file is opened
            raise ModelFileError(f"{self.path}: the range of its input is unknown.")
        real = self._normalisation.real(picture)
        if kind == np.float32:
            return real
        stored = np.round(real / scale) + self.interpreter.input_zero_point
        return np.asarray(np.clip(stored, -128, 127), dtype=np.int8)


def read_labels(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Reads labels in the order of a model's outputs, one a line, UTF-8; empty lines at the end are passed over.

    Raises:
        DataError: Can't be read, is too large, not UTF-8, empty, or a line is empty or there twice.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_LABELS_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"Can't read the labels '{path}': {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"The labels '{path}' must be UTF-8 text, one label a line (byte {error.start} is not)."
        ) from error
    if len(content) > MAX_LABELS_BYTES:
        raise DataError(f"The labels '{path}' may have {MAX_LABELS_BYTES:,} bytes; name a text file, one label a line.")
    labels = tuple(line.strip() for line in text.rstrip().splitlines())
    for number, label in enumerate(labels, start=1):
        if not label or not label.isprintable():
            raise DataError(f"The labels '{path}', line {number}: a label must be printable text, not empty.")
        if label in labels[: number - 1]:
            raise DataError(f"The labels '{path}', line {number}: '{label[:60]}' is there twice; each may stand once.")
    if not labels:
        raise DataError(f"The labels '{path}' are empty; write one label a line, in the order of the model's outputs.")
    return labels


def open_bare(
    path: str | os.PathLike[str],
    labels: tuple[str, ...],
    threads: int | None = None,
    normalisation: Normalisation | None = None,
    logits: bool = False,
) -> BareClassifier:
    """Opens a model file without a card; arguments and errors as `BareClassifier` and `Interpreter.open`."""
    model_file = ModelFile.read(path)
    try:
        interpreter = Interpreter.open(model_file.content, threads)
    except ModelFileError as error:
        raise ModelFileError(f"{model_file.path}: {error}") from error
    return BareClassifier(model_file, interpreter, labels, normalisation, logits)
