"""Reads what a .tflite file is made of, without running it: tensors, operators, MACs, parameters, sizes.

The flatbuffer schema comes with the package ai-edge-litert (ai_edge_litert.schema_py_generated); on a device that has
another runtime only, `read_graph` says so. A file may be hostile: every count is checked against a limit before it is
used, and whatever an offset points to outside the file ends in ModelFileError.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgefashion.errors import ModelFileError, RuntimeMissingError
from edgefashion.evaluation.bounds import MAX_NAME, bounded_index, bounded_limit, bounded_text
from edgefashion.evaluation.macs import operator_macs
from edgefashion.runtime.zip_tail import read_zip_tail

MAX_SUBGRAPHS = 64
MAX_TENSORS = 50_000
MAX_OPERATORS = 50_000
MAX_NUMBERS = 2_000_000
"""Inputs and outputs of all operators, and scales and zero points of all tensors, together."""
MAX_RANK = 8
MAX_VALUE = 2**62
"""Elements of one tensor, and MACs of one operator."""

FLOAT_TYPES = frozenset({"float16", "float32", "float64", "bfloat16", "float8_e4m3fn", "float8_e5m2"})


@dataclass(frozen=True)
class Tensor:
    """One tensor of the graph.

    Attributes:
        name: The tensor's name in the flatbuffer.
        dtype: For example 'uint8', 'int8', 'float32'.
        shape: Its dimensions; empty for a scalar.
        scale: Scales: none, one, or one per channel (real value = scale × (number − zero point)).
        zero_point: As many zero points.
        constant: Whether its values stand in the file.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: tuple[float, ...] = ()
    zero_point: tuple[int, ...] = ()
    constant: bool = False

    @property
    def elements(self) -> int:
        """Number of values; 1 for a scalar."""
        return math.prod(self.shape)

    @property
    def is_float(self) -> bool:
        """Whether its values are floating-point numbers."""
        return self.dtype in FLOAT_TYPES


@dataclass(frozen=True)
class Operator:
    """One kind of operator: its name as in TFLite's schema (or the custom name), its version, how often it occurs."""

    name: str
    version: int
    count: int


@dataclass(frozen=True)
class Graph:
    """What a .tflite file is made of.

    Attributes:
        inputs: Input tensors of the main subgraph, in order.
        outputs: Output tensors of the main subgraph, in order (the converter reorders heads: go by name).
        operators: Kinds of operators of all subgraphs, most frequent first.
        float_operators: Those that read or write a float tensor; empty for a full-integer model.
        macs: Multiply-accumulates of one run: convolutions, fully connected, transposed convolutions, batch matmul.
        parameters: Numbers the training chose: elements of the constant tensors that are float or quantised (integer
            constants without a scale are shapes and axes), each buffer once.
        tensors: All tensors of all subgraphs.
        min_runtime: The file's metadata entry 'min_runtime_version', '' where it has none. It is the converter's
            estimate, not a trial.
        description: The flatbuffer's own description.
        flatbuffer_bytes: Size without the associated files that are appended as a zip.
        total_bytes: Size of the whole file.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    float_operators: tuple[Operator, ...]
    macs: int
    parameters: int
    tensors: tuple[Tensor, ...]
    min_runtime: str
    description: str
    flatbuffer_bytes: int
    total_bytes: int

    @property
    def full_integer(self) -> bool:
        """Whether no operator touches a float tensor and no input or output is float."""
        return not self.float_operators and not any(tensor.is_float for tensor in self.inputs + self.outputs)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the single tensors, ready for JSON."""
        names = ("inputs", "outputs", "operators", "float_operators")
        lists = {name: [asdict(item) for item in getattr(self, name)] for name in names}
        return lists | {
            "full_integer": self.full_integer,
            "macs": self.macs,
            "parameters": self.parameters,
            "tensors": len(self.tensors),
            "min_runtime": self.min_runtime,
            "description": self.description,
            "flatbuffer_bytes": self.flatbuffer_bytes,
            "total_bytes": self.total_bytes,
        }


def zipped_bytes(content: bytes) -> int:
    """Size of the whole file after deflate at level 9: what a download costs, and what zeroed weights save."""
    return len(zlib.compress(content, 9))


def read_graph(content: bytes) -> Graph:
    """Reads the graph of a .tflite file.

    Args:
        content: The whole file.

    Returns:
        The graph; bounded work for any content.

    Raises:
        ModelFileError: Not a TFLite file, damaged, or beyond the limits of this module.
        RuntimeMissingError: The schema isn't installed.
    """
    if len(content) < 16 or content[4:8] != b"TFL3":
        raise ModelFileError("Not a TFLite model: bytes 4 to 8 must be 'TFL3'. Give a .tflite file.")
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise RuntimeMissingError("Reading a model's graph needs the schema: pip install ai-edge-litert.") from error
    try:
        return _Reader(content, schema).read()
    except (struct.error, ValueError, TypeError, IndexError, OverflowError, AttributeError, MemoryError) as error:
        raise ModelFileError(f"The TFLite model is damaged: {type(error).__name__} while reading its graph.") from error


class _Reader:
    """Walks the flatbuffer once; the limits above bound the work."""

    def __init__(self, content: bytes, schema: Any) -> None:
        self.content = content
        self.schema = schema
        self.model = schema.Model.GetRootAs(content, 0)
        self.types = {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
        self.builtins = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
        self.numbers_read = 0
        self.weights: dict[int, int] = {}

    def read(self) -> Graph:
        """Reads everything."""
        model = self.model
        subgraphs = [
            model.Subgraphs(i) for i in range(bounded_limit(model.SubgraphsLength(), MAX_SUBGRAPHS, "subgraphs"))
        ]
        if not subgraphs:
            raise ModelFileError("The TFLite model has no subgraph; it needs one.")
        bounded_limit(sum(subgraph.TensorsLength() for subgraph in subgraphs), MAX_TENSORS, "tensors")
        bounded_limit(sum(subgraph.OperatorsLength() for subgraph in subgraphs), MAX_OPERATORS, "operators")
        codes = [
            self.code(i) for i in range(bounded_limit(model.OperatorCodesLength(), MAX_OPERATORS, "operator codes"))
        ]
        counts: Counter[tuple[str, int]] = Counter()
        floats: Counter[tuple[str, int]] = Counter()
        tensors: list[Tensor] = []
        ends: list[tuple[Tensor, ...]] = []
        macs = 0
        for subgraph in subgraphs:
            own = [self.tensor(subgraph.Tensors(i)) for i in range(subgraph.TensorsLength())]
            for i in range(subgraph.OperatorsLength()):
                operator = subgraph.Operators(i)
                code = codes[bounded_index(operator.OpcodeIndex(), len(codes), "operator code")]
                read = self.chosen(operator.InputsLength(), operator.Inputs, own)
                written = self.chosen(operator.OutputsLength(), operator.Outputs, own)
                counts[code] += 1
                if any(tensor is not None and tensor.is_float for tensor in (*read, *written)):
                    floats[code] += 1
                macs += bounded_limit(
                    operator_macs(code[0], _shapes(read), _shapes(written), self.adjoint(code[0], operator)),
                    MAX_VALUE,
                    "multiply-accumulates",
                )
            if not ends:
                inputs = self.chosen(subgraph.InputsLength(), subgraph.Inputs, own)
                outputs = self.chosen(subgraph.OutputsLength(), subgraph.Outputs, own)
                ends = [tuple(tensor for tensor in side if tensor is not None) for side in (inputs, outputs)]
            tensors += own
        return Graph(
            inputs=ends[0],
            outputs=ends[1],
            operators=_operators(counts),
            float_operators=_operators(floats),
            macs=macs,
            parameters=sum(self.weights.values()),
            tensors=tuple(tensors),
            min_runtime=self.min_runtime(),
            description=bounded_text(model, 10),
            flatbuffer_bytes=read_zip_tail(self.content).start,
            total_bytes=len(self.content),
        )

    def code(self, i: int) -> tuple[str, int]:
        """Name and version of operator code i; numbers above 127 stand in the newer field only."""
        code = self.model.OperatorCodes(i)
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        name = self.builtins.get(number, f"BUILTIN_{number}")
        return (bounded_text(code, 6) or name) if name == "CUSTOM" else name, int(code.Version())

    def tensor(self, tensor: Any) -> Tensor:
        """One tensor; its elements are noted where they are trained numbers."""
        rank = bounded_limit(tensor.ShapeLength(), MAX_RANK, "dimensions")
        shape = tuple(bounded_limit(int(tensor.Shape(axis)), 2**31 - 1, "elements on an axis") for axis in range(rank))
        bounded_limit(math.prod(shape), MAX_VALUE, "elements in a tensor")
        scale: tuple[float, ...] = ()
        zero_point: tuple[int, ...] = ()
        quantisation = tensor.Quantization()
        if quantisation is not None:
            self.count(quantisation.ScaleLength() + quantisation.ZeroPointLength())
            if quantisation.ScaleLength():
                scale = tuple(float(value) for value in quantisation.ScaleAsNumpy())
            if quantisation.ZeroPointLength():
                zero_point = tuple(int(value) for value in quantisation.ZeroPointAsNumpy())
        buffer = bounded_index(tensor.Buffer(), self.model.BuffersLength(), "buffer")
        data = self.model.Buffers(buffer)
        constant = bool(data.DataLength() or data.Offset() > 1)
        dtype = self.types.get(tensor.Type(), f"type {tensor.Type()}")
        found = Tensor(bounded_text(tensor, 10), dtype, shape, scale, zero_point, constant)
        if constant and (found.is_float or scale):
            self.weights[buffer] = found.elements
        return found

    def chosen(self, length: int, item: Callable[[int], int], own: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
        """The tensors that a vector of indices names; -1 stands for an input left out."""
        self.count(length)
        indices = [int(item(i)) for i in range(length)]
        return tuple(None if index == -1 else own[bounded_index(index, len(own), "tensor")] for index in indices)

    def adjoint(self, name: str, operator: Any) -> bool:
        """Whether a batch matmul transposes its first factor."""
        if name != "BATCH_MATMUL" or operator.BuiltinOptionsType() != self.schema.BuiltinOptions.BatchMatMulOptions:
            return False
        table = operator.BuiltinOptions()
        options = self.schema.BatchMatMulOptions()
        options.Init(table.Bytes, table.Pos)
        return bool(options.AdjX())

    def min_runtime(self) -> str:
        """The text of the metadata entry 'min_runtime_version'; '' where there is none."""
        for i in range(bounded_limit(self.model.MetadataLength(), MAX_NAME, "metadata entries")):
            entry = self.model.Metadata(i)
            if bounded_text(entry, 4) == "min_runtime_version":
                data = self.model.Buffers(bounded_index(entry.Buffer(), self.model.BuffersLength(), "buffer"))
                text = bytes(data.Data(j) for j in range(min(data.DataLength(), 64)))
                return text.split(b"\0")[0].decode("ascii", "replace")
        return ""

    def count(self, numbers: int) -> None:
        """Notes how much has been read, and stops a file whose vectors all lead to the same long one."""
        self.numbers_read = bounded_limit(self.numbers_read + numbers, MAX_NUMBERS, "indices and scales")


def _shapes(tensors: Sequence[Tensor | None]) -> list[tuple[int, ...] | None]:
    """Shapes of an operator's tensors, None for one left out."""
    return [None if tensor is None else tensor.shape for tensor in tensors]


def _operators(counts: Counter[tuple[str, int]]) -> tuple[Operator, ...]:
    """Most frequent first, then by name and version."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Operator(name, version, count) for (name, version), count in ordered)
