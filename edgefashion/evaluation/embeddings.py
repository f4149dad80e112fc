"""What a network sees before it decides: the numbers that the last dense layer in front of an output reads.

They are read from the model file itself, by any runtime: in a copy of the flatbuffer the output is pointed to the input
of its last dense layer (`outputs.py`), and the copy is opened like any other model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import ModelFileError
from edgefashion.evaluation.outputs import with_outputs
from edgefashion.evaluation.predict import loaded, require_pictures
from edgefashion.evaluation.result import Unreadable
from edgefashion.runtime.card import TYPE_HEAD
from edgefashion.runtime.flatbuffer_check import check_flatbuffer
from edgefashion.runtime.image import prepare
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.operators import OPERATORS

DENSE = "FULLY_CONNECTED"
AFTER_DENSE = ("SOFTMAX", "LOGISTIC", "QUANTIZE", "DEQUANTIZE", "RESHAPE", "MUL", "RELU", "RELU6")
"""Operators that may stand between the last dense layer and the output."""


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of a manifest's readable pictures.

    Attributes:
        rows: The pictures that could be read.
        values: float32 (n, d), one row a picture.
        unreadable: The pictures that were skipped.
    """

    rows: tuple[Row, ...]
    values: npt.NDArray[np.float32]
    unreadable: tuple[Unreadable, ...]


def read_embeddings(
    model: ModelFile, manifest: Manifest, threads: int | None = None, progress: Callable[[int], None] | None = None
) -> Embeddings:
    """Reads the embedding of every picture of a manifest.

    Args:
        model: A model file with a card.
        manifest: The pictures; their labels play no part.
        threads: Threads of the network; the runtime's choice if None.
        progress: Called with 1 after each picture, in the calling thread.

    Raises:
        ModelFileError: The model has no card, or its output doesn't end in a dense layer.
        DataError: There is no readable picture.
    """
    if model.card is None:
        raise ModelFileError(f"{model.path}: has no card, so its input rule is unknown; export it anew.")
    rule = model.card.input
    content, name = embedding_network(model.flatbuffer, model.card.head(TYPE_HEAD).output)
    network = Interpreter.open(content, threads)

    def load(row: Row) -> npt.NDArray[np.uint8]:
        return prepare(manifest.picture(row), rule.height, rule.width, rule.resize)

    values: list[npt.NDArray[np.float32]] = []
    rows: list[Row] = []
    unreadable: list[Unreadable] = []
    for row, picture in loaded(manifest.rows, load):
        if isinstance(picture, Unreadable):
            unreadable.append(picture)
        else:
            values.append(network.dequantise(name, network.run(picture)[name]))
            rows.append(row)
        if progress is not None:
            progress(1)
    require_pictures(manifest, len(values), unreadable)
    return Embeddings(tuple(rows), np.stack(values), tuple(unreadable))


def embedding_network(flatbuffer: bytes, output: str) -> tuple[bytes, str]:
    """Gives the same network, with an output pointed to what the last dense layer in front of it reads.

    Args:
        flatbuffer: A .tflite without associated files.
        output: Name of the output tensor.

    Returns:
        The changed flatbuffer, and the name of its new output tensor.

    Raises:
        ModelFileError: The file is damaged, has no such output, or that output doesn't come from a dense layer.
    """
    reader, model = check_flatbuffer(flatbuffer, len(flatbuffer))
    codes, subgraph = model[1] or [], (model[2] or [[None] * 6])[0]
    tensors, written, operators = subgraph[0] or [], subgraph[2], subgraph[3] or []
    names = [tensor[3] or "" for tensor in tensors]
    outputs = reader.integers(written)
    place = next((at for at, index in enumerate(outputs) if 0 <= index < len(names) and names[index] == output), None)
    if place is None:
        raise ModelFileError(f"the model has no output '{output}'; its card doesn't fit it.")
    index = _dense_input([_operator(reader, codes, fields) for fields in operators], outputs[place], output)
    if not 0 <= index < len(names):
        raise ModelFileError("damaged model: a dense layer reads a tensor that does not exist.")
    return with_outputs(flatbuffer, [*outputs[:place], index, *outputs[place + 1 :]]), names[index]


_Step = tuple[str, tuple[int, ...], tuple[int, ...]]


def _operator(reader: Any, codes: Sequence[Any], fields: list[Any]) -> _Step:
    """An operator's name, and the tensors that it reads and writes."""
    number = fields[0] or 0
    code = codes[number] if 0 <= number < len(codes) else [0, None, None, -1]
    kind = OPERATORS.get(max(code[0] or 0, code[3] or 0))
    return (kind.name if kind else "?", reader.integers(fields[1]), reader.integers(fields[2]))


def _dense_input(steps: Sequence[_Step], tensor: int, output: str) -> int:
    """The tensor that the last dense layer on the way to a tensor reads."""
    for name, read, written in reversed(steps):
        if tensor in written and read:
            if name == DENSE:
                return read[0]
            if name not in AFTER_DENSE:
                raise ModelFileError(
                    f"embeddings need a model whose output '{output}' ends in a dense layer ({DENSE}); received one "
                    f"that ends in {name}: use --model, which needs probabilities only, or another model."
                )
            tensor = read[0]
    raise ModelFileError(f"the output '{output}' comes from no dense layer ({DENSE}); choose another model.")
