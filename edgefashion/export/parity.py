"""Float against converted, tensor by tensor: where does a file lose what its checkpoint knew?

The converter renames and fuses, so names lead nowhere. What it keeps is the order of the operators that compute: the
float network's layers of the same kinds, in the same order and with the same shapes, are their partners. A layer's
result is taken after the batch normalisation and the activation that follow it, as they are fused into its operator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from edgefashion.errors import CheckpointError, ModelFileError, RuntimeMissingError
from edgefashion.export.convert import cooled
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.look import Look
from edgefashion.training.augment import normalise
from edgefashion.training.calibrate import softmax

PARTNERS = {
    # Operator in the file → layer in the float network.
    "CONV_2D": "Conv2D",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2D",
    "ADD": "Add",
    "MEAN": "GlobalAveragePooling2D",
    "FULLY_CONNECTED": "Dense",
}
FUSED = ("BatchNormalization", "ReLU", "Dropout")
"""Layers that disappear in the operator before them."""
FOREIGN_DB = 10.0
"""A first layer below this says that the checkpoint's weights aren't the file's; rounding to 8 bits costs far less."""


@dataclass(frozen=True)
class LayerError:
    """How far one tensor of the file is from its float partner, over all pictures.

    Attributes:
        layer: The float network's layer.
        operator: The file's operator.
        shape: Of the tensor, without the batch.
        largest: Largest absolute difference, in the layer's real values.
        rms: Root of the mean squared difference.
        sqnr: Signal to quantisation noise, dB: mean squared float value over mean squared difference, with all errors
            of the layers before. None where there is no difference or no signal.
        rounding: The same if the float tensor itself were rounded to this tensor's 8-bit scale: what this one tensor
            costs. None for a tensor that isn't quantised.
        clipped: Share of float values outside the range of that scale.
    """

    layer: str
    operator: str
    shape: tuple[int, ...]
    largest: float
    rms: float
    sqnr: float | None
    rounding: float | None
    clipped: float


class ScoreChange(NamedTuple):
    """A picture whose best label changed: the float network's label and probability, then the file's."""

    picture: str
    float_label: str
    float_probability: float
    label: str
    probability: float


@dataclass(frozen=True)
class Parity:
    """A file against its float checkpoint.

    Attributes:
        inputs: Number of pictures.
        layers: Every tensor with a float partner, in the order of computation.
        same: Pictures with the same best label.
        largest: Largest difference of a probability.
        mean: Mean absolute difference of all probabilities.
        changes: Pictures with another best label.
        foreign: Whether the first layer already differs so much that the checkpoint can't be the file's.
    """

    inputs: int
    layers: tuple[LayerError, ...]
    same: int
    largest: float
    mean: float
    changes: tuple[ScoreChange, ...]
    foreign: bool

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"changes": [change._asdict() for change in self.changes]}


class _Sums:
    """Adds up one layer's errors over the pictures."""

    def __init__(self) -> None:
        self.values = self.signal = self.noise = self.rounding = self.clipped = self.largest = 0.0

    def add(self, real: npt.NDArray[np.float64], got: npt.NDArray[Any], scale: float, zero_point: int) -> None:
        """Adds one picture: float values, the file's numbers of the same shape, and how those become real."""
        difference = (got.astype(np.float64) - zero_point) * scale - real if scale else got.astype(np.float64) - real
        self.values += real.size
        self.signal += float(np.square(real).sum())
        self.noise += float(np.square(difference).sum())
        self.largest = max(self.largest, float(np.abs(difference).max()))
        if scale:
            limits = np.iinfo(got.dtype)
            steps = np.rint(real / scale) + zero_point
            inside = np.clip(steps, limits.min, limits.max)
            self.rounding += float(np.square((inside - zero_point) * scale - real).sum())
            self.clipped += float(np.count_nonzero(steps != inside))


def measure_parity(
    classifier: Classifier,
    content: bytes,
    checkpoint: Checkpoint,
    pictures: Mapping[str, npt.NDArray[np.uint8]],
    progress: Callable[[int], None] | None = None,
) -> Parity:
    """Runs a file and its float checkpoint on the same pictures and compares every tensor that both have.

    Inner tensors come from LiteRT's built-in kernels, because XNNPACK keeps its own to itself; scores come from the
    classifier as it is.

    Args:
        classifier: The file, opened.
        content: The file's bytes.
        checkpoint: The checkpoint that it was made from.
        pictures: Name → uint8 (height, width, 3) RGB of the network's size; at least one.
        progress: Called with 1 after each picture.

    Raises:
        CheckpointError: The checkpoint isn't what the file was made from: other labels, size or layers.
        ModelFileError: The file can't be run with all its tensors kept.
        RuntimeMissingError: LiteRT is not installed.
    """
    rule = classifier.card.input
    theirs = (checkpoint.labels, checkpoint.spec.height, checkpoint.spec.width)
    if theirs != (classifier.labels, rule.height, rule.width):
        raise CheckpointError(
            f"'{checkpoint.name}' is not what the file was made from: it has {len(theirs[0])} labels and a "
            f"{theirs[1]} × {theirs[2]} input, the file {len(classifier.labels)} and {rule.height} × {rule.width}, or "
            "other names; give the checkpoint that was exported."
        )
    network = cooled(checkpoint).model(batch=1)
    native, operators = _open(content), _operators(content)
    partners = _partners(network)
    _check(operators, partners, checkpoint.name)
    probe = tf_keras.Model(network.input, [tensor for _, _, tensor in partners] + [network.output])
    details = {detail["index"]: detail["quantization"] for detail in native.get_tensor_details()}
    sums = [_Sums() for _ in operators]
    differences, changes = [], []
    for name, picture in pictures.items():
        *real, logits = (tensor.numpy() for tensor in probe(normalise(tf.constant(picture[None])), training=False))
        native.set_tensor(native.get_input_details()[0]["index"], picture[None])
        native.invoke()
        for total, (_, index, _), value in zip(sums, operators, real, strict=True):
            total.add(value.astype(np.float64), native.get_tensor(index), *details[index])
        before, after = softmax(logits)[0], classifier.probabilities(Look(picture))
        differences.append(np.abs(before - after))
        if before.argmax() != after.argmax():
            a, b = int(before.argmax()), int(after.argmax())
            labels = classifier.labels
            changes.append(ScoreChange(name, labels[a], float(before[a]), labels[b], float(after[b])))
        if progress is not None:
            progress(1)
    layers = tuple(
        LayerError(
            name, operator, shape[1:], total.largest, float(np.sqrt(total.noise / total.values)),
            _decibels(total.signal, total.noise),
            _decibels(total.signal, total.rounding) if details[index][0] else None, total.clipped / total.values,
        )
        for total, (operator, index, shape), (name, _, _) in zip(sums, operators, partners, strict=True)
    )  # fmt: skip
    first = layers[0].sqnr
    return Parity(
        inputs=len(pictures),
        layers=layers,
        same=len(pictures) - len(changes),
        largest=float(np.max(differences)),
        mean=float(np.mean(differences)),
        changes=tuple(changes),
        foreign=first is not None and first < FOREIGN_DB,
    )


def _decibels(signal: float, noise: float) -> float | None:
    return 10.0 * float(np.log10(signal / noise)) if signal and noise else None


def _open(content: bytes) -> Any:
    """Opens a file in LiteRT with every tensor kept."""
    try:
        from ai_edge_litert import interpreter as litert
    except ImportError as error:
        raise RuntimeMissingError("Comparing tensors needs LiteRT: pip install ai-edge-litert.") from error
    try:
        native = litert.Interpreter(
            model_content=content,
            num_threads=1,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        native.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelFileError(f"LiteRT can't open this model with all its tensors kept ({error}).") from error
    return native


def _operators(content: bytes) -> list[tuple[str, int, tuple[int, ...]]]:
    """Name, index of the output tensor and its shape, for each operator that has a partner; `content` was checked."""
    from ai_edge_litert import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    found = []
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        code = model.OperatorCodes(operator.OpcodeIndex())
        name = names.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), "")
        if name in PARTNERS:
            index = int(operator.Outputs(0))
            tensor = graph.Tensors(index)
            found.append((name, index, tuple(int(tensor.Shape(axis)) for axis in range(tensor.ShapeLength()))))
    return found


def _partners(network: tf_keras.Model) -> list[tuple[str, str, Any]]:
    """Name, kind and result of each layer that has an operator, in the order of computation."""
    found = []
    for layer in network.layers:
        kind = type(layer).__name__
        if kind not in PARTNERS.values():
            continue
        last = layer
        while True:
            after = [node.outbound_layer for node in last.outbound_nodes]
            if len(after) != 1 or type(after[0]).__name__ not in FUSED:
                break
            last = after[0]
        found.append((last.name, kind, last.output))
    return found


def _check(operators: list[tuple[str, int, tuple[int, ...]]], partners: list[tuple[str, str, Any]], name: str) -> None:
    """Raises CheckpointError where operators and layers don't go together one by one."""
    ours = [(PARTNERS[operator], shape) for operator, _, shape in operators]
    theirs = [(kind, tuple(tensor.shape)) for _, kind, tensor in partners]
    if ours == theirs and ours:
        return
    place = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    shown = [f"{item[place][0]} {item[place][1]}" if place < len(item) else "nothing" for item in (ours, theirs)]
    raise CheckpointError(
        f"'{name}' is not what the file was made from, or is of a kind that can't be compared: step {place + 1} is "
        f"{shown[0]} in the file and {shown[1]} in the checkpoint; give the checkpoint that was exported."
    )
