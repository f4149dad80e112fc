"""What a machine computes for the shipped models: run here and on the boards, so that the numbers can be compared.

    python -m tests.pi.answers OUT.npz

Inputs are the pictures in examples/ and the golden inputs of each model.
"""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgefashion.evaluation.outputs import with_outputs
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.flatbuffer_check import check_flatbuffer
from edgefashion.runtime.golden import golden_input
from edgefashion.runtime.image import prepare
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.operators import OPERATORS
from edgefashion.runtime.shipped import SHIPPED

EXAMPLES = Path(__file__).parents[2] / "examples"
DISTRIBUTIONS = ("ai-edge-litert", "numpy", "pillow")
BETWEEN = ("QUANTIZE", "DEQUANTIZE")
"""What may stand between a softmax and an output."""


def answers(name: str) -> dict[str, NDArray[Any]]:
    """Run one shipped model.

    Args:
        name: One of `SHIPPED`.

    Returns:
        "inputs": uint8 (n, height, width, 3), the prepared pictures and then the golden inputs; "logits/HEAD": int8
        (n, k), what the head's softmax reads; "types": float64 (pictures, k), 0-1, what `Classifier.classify` gives
        each type, in the order of the labels; "colours": text (pictures,), its measured colours, "" where it has none.
    """
    model, classifier = ModelFile.read(SHIPPED[name]), Classifier.open(name)
    card, rule = classifier.card, classifier.card.input
    pictures = sorted(EXAMPLES.glob("*.jpg"))
    inputs = [prepare(path, rule.height, rule.width, rule.resize) for path in pictures]
    inputs += [golden_input(golden, rule.height, rule.width) for golden in card.golden]
    heads = [head for head in card.heads if head.labels]
    content, tensors = logits_network(model.flatbuffer, [head.output for head in heads])
    network = Interpreter.open(content)
    runs = [network.run(picture) for picture in inputs]
    found: dict[str, NDArray[Any]] = {"inputs": np.stack(inputs)}
    for head, tensor in zip(heads, tensors, strict=True):
        found[f"logits/{head.name}"] = np.stack([run[tensor] for run in runs])
    told = [classifier.classify(path) for path in pictures]
    ranked = [dict(prediction.ranking) for prediction in told]
    found["types"] = np.array([[ranking.get(label, 0.0) for label in card.labels] for ranking in ranked])
    colours = [prediction.attributes.get("colours") for prediction in told]
    found["colours"] = np.array([colour.value if colour else "" for colour in colours])
    return found


def versions() -> NDArray[np.str_]:
    """What the numbers were computed with, as "name version"."""
    return np.array([f"{name} {version(name)}" for name in DISTRIBUTIONS])


def logits_network(flatbuffer: bytes, outputs: list[str]) -> tuple[bytes, list[str]]:
    """Point outputs to what their softmax reads: its uint8 scores may round otherwise elsewhere, what it reads may not.

    Args:
        flatbuffer: A .tflite without associated files.
        outputs: Names of output tensors that a softmax writes.

    Returns:
        The flatbuffer with other output tensors, and their names.
    """
    reader, model = check_flatbuffer(flatbuffer, len(flatbuffer))
    kinds = [OPERATORS[max(code[0] or 0, code[3] or 0)].name for code in model[1]]
    tensors, written, operators = model[2][0][0], model[2][0][2], model[2][0][3]
    makers = {
        output: (kinds[fields[0] or 0], reader.integers(fields[1]))
        for fields in operators
        for output in reader.integers(fields[2])
    }
    pointed, names = list(reader.integers(written)), []
    places = {tensors[index][3]: place for place, index in enumerate(pointed)}
    for output in outputs:
        kind, read = makers[reader.integers(written)[places[output]]]
        while kind in BETWEEN:
            kind, read = makers[read[0]]
        if kind != "SOFTMAX":
            raise ValueError(f"the output '{output}' comes from {kind} and not from a SOFTMAX")
        pointed[places[output]] = read[0]
        names.append(tensors[read[0]][3])
    return with_outputs(flatbuffer, pointed), names


def main(out: str) -> None:
    """Write the answers of all shipped models to one file."""
    found = {f"{name}/{key}": array for name in SHIPPED for key, array in answers(name).items()}
    np.savez(out, versions=versions(), **found)


if __name__ == "__main__":
    main(sys.argv[1])
