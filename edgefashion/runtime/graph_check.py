"""Checks that a model's graph is one that the runtimes can run without crashing, before they get it.

`flatbuffer_check.py` makes sure that all offsets stay in the file. This makes sure that what they lead to fits
together: operators of a known kind, whose tensors exist, are written before they are read and never in the file's own
memory; constants as long as their shapes say; sane quantisation and options. Found by mutating real model files until
native code no longer crashed (tests/runtime/test_mutations.py does it again).
"""

import math
from typing import Any, NamedTuple

from edgefashion.errors import ModelFileError
from edgefashion.runtime.flatbuffer_check import FlatbufferReader, Vector, check_flatbuffer
from edgefashion.runtime.operators import OPERATORS, Operator, check_options
from edgefashion.runtime.shapes import Call, output_shapes
from edgefashion.runtime.tensor_check import check_quantisation, check_scales, check_types

MAX_RANK = 6
MAX_ELEMENTS = 2**30
MAX_ACTIVATION_BYTES = 2**28
MAX_SHAPE_CONSTANT = 64
"""Constants of at most this many whole numbers are read, for axes, paddings and sizes."""

_ELEMENT_BITS = {
    # TensorType → bits per element; the types that classifiers use.
    0: 32, 1: 16, 2: 32, 3: 8, 4: 64, 6: 8, 7: 16, 9: 8, 17: 4,
}  # fmt: skip


class Tensor(NamedTuple):
    """A tensor as the file declares it: `data` is where its constant lies, `scales` are those of its quantisation."""

    name: str
    shape: tuple[int, ...]
    type: int
    data: Vector | None
    bytes: int
    scales: tuple[float, ...]


def check_graph(content: bytes) -> None:
    """Check a whole model before native code sees it.

    Args:
        content: A .tflite, with or without associated files.

    Raises:
        ModelFileError: The model is damaged or hostile, or uses something that no picture classifier needs.
    """
    if content[4:8] != b"TFL3":
        raise ModelFileError("not a TensorFlow Lite model (the identifier 'TFL3' is missing); name a .tflite file.")
    reader, model = check_flatbuffer(content, len(content))
    version, codes, subgraphs, _, buffers, metadata_buffer, metadata, signatures = model
    if version != 3 or not codes or not subgraphs or not buffers:
        raise ModelFileError(
            f"damaged model: schema version 3 with operators and buffers is allowed. Received: {version}."
        )
    if len(subgraphs) != 1:
        raise ModelFileError(f"a classifier has one subgraph. Received: {len(subgraphs)}.")
    for _, offset, size in buffers:
        if offset or size:
            raise ModelFileError("a model with buffers outside of its flatbuffer is not supported.")
    operators = [_operator_kind(code) for code in codes]
    _check_references(reader, len(buffers), metadata_buffer, metadata or [], signatures or [], subgraphs[0])
    tensors = [_check_tensor(reader, tensor, buffers) for tensor in subgraphs[0][0] or []]
    if sum(tensor.bytes for tensor in tensors if tensor.data is None) > MAX_ACTIVATION_BYTES:
        raise ModelFileError(f"the model needs more than {MAX_ACTIVATION_BYTES} bytes of working memory.")
    _check_subgraph(reader, subgraphs[0], tensors, operators)


def _operator_kind(code: list[Any]) -> Operator:
    """Return the kind of operator that an operator code names."""
    old, custom, version, new = code[0] or 0, code[1] or "", code[2] or 0, code[3] or 0
    kind = OPERATORS.get(max(old, new))
    if kind is None or custom or not 0 <= version <= 100:
        raise ModelFileError(
            f"the model uses the operator {max(old, new)}{f' ({custom[:40]})' if custom else ''}, which is none of the "
            f"{len(OPERATORS)} that picture classifiers need."
        )
    return kind


def _check_references(
    reader: FlatbufferReader,
    buffers: int,
    metadata_buffer: Vector | None,
    metadata: list[list[Any]],
    signatures: list[list[Any]],
    subgraph: list[Any],
) -> None:
    """Check the indexes that metadata and signatures hold."""
    used = [*reader.integers(metadata_buffer), *((buffer or 0) for _, buffer in metadata)]
    if any(not 0 <= index < buffers for index in used):
        raise ModelFileError("damaged model: its metadata name a buffer that does not exist.")
    tensors = len(subgraph[0] or [])
    for inputs, outputs, key, _, number in signatures:
        for name, index in (*(inputs or []), *(outputs or [])):
            if name is None or not 0 <= (index or 0) < tensors:
                raise ModelFileError("damaged model: a signature names a tensor that does not exist.")
        if number or key is None:
            raise ModelFileError("damaged model: a signature without a name or of a subgraph that does not exist.")


def _check_tensor(reader: FlatbufferReader, fields: list[Any], buffers: list[list[Any]]) -> Tensor:
    """Check one tensor's shape, type, constant and quantisation."""
    shape_vector, kind, buffer, name, quantisation, variable, sparsity, signature, _, variants, external = fields
    kind, buffer, name = kind or 0, buffer or 0, name or ""
    if (shape_vector and shape_vector.length > MAX_RANK) or (signature and signature.length > MAX_RANK):
        raise ModelFileError(f"the tensor '{name[:60]}' has more than {MAX_RANK} dimensions.")
    shape = reader.integers(shape_vector)
    elements = math.prod(shape)
    if kind not in _ELEMENT_BITS or any(side < 1 for side in shape) or elements > MAX_ELEMENTS:
        raise ModelFileError(f"the tensor '{name[:60]}' has the type {kind} and shape {shape}, which can't be run.")
    if sparsity or variants or external or variable:
        raise ModelFileError(f"the tensor '{name[:60]}' is sparse, a variable or external, which is not supported.")
    signed = reader.integers(signature)
    if signed and (len(signed) != len(shape) or any(a not in (-1, b) for a, b in zip(signed, shape, strict=True))):
        raise ModelFileError(f"the tensor '{name[:60]}' contradicts itself about its shape.")
    if not 0 <= buffer < len(buffers):
        raise ModelFileError(f"the tensor '{name[:60]}' names a buffer that does not exist.")
    size = (elements * _ELEMENT_BITS[kind] + 7) // 8
    data: Vector | None = buffers[buffer][0]
    if data is not None and not data.length:
        data = None
    if data is not None and data.length != size:
        raise ModelFileError(f"the constant '{name[:60]}' has {data.length} bytes; its shape needs {size}.")
    scales = check_quantisation(reader, quantisation, name, kind, shape)
    return Tensor(name, shape, kind, data, size, scales)


def _check_subgraph(
    reader: FlatbufferReader, subgraph: list[Any], tensors: list[Tensor], operators: list[Operator]
) -> None:
    """Check that each operator's tensors exist, and are written once and before they are read."""
    inputs, outputs = reader.integers(subgraph[1]), reader.integers(subgraph[2])
    if not inputs or not outputs or any(not 0 <= index < len(tensors) for index in (*inputs, *outputs)):
        raise ModelFileError("damaged model: its inputs or outputs name tensors that do not exist.")
    if any(tensors[index].data is not None for index in inputs):
        raise ModelFileError("damaged model: an input is a constant.")
    ready = {index for index, tensor in enumerate(tensors) if tensor.data is not None} | set(inputs)
    for fields in subgraph[3] or []:
        number = fields[0] or 0
        if not 0 <= number < len(operators):
            raise ModelFileError("damaged model: an operator names an operator code that does not exist.")
        ready |= _check_operator(reader, operators[number], fields, tensors, ready)
    if any(index not in ready for index in outputs):
        raise ModelFileError("damaged model: an output is never written.")


def _check_operator(
    reader: FlatbufferReader, kind: Operator, fields: list[Any], tensors: list[Tensor], ready: set[int]
) -> set[int]:
    """Check one operator; `ready` are the tensors that hold something before it. Return those that it writes."""
    _, read, written, options_type, options, custom, _, mutating, intermediates, large, larger, *second = fields
    lists = [vector for vector in (custom, mutating, intermediates) if vector is not None and vector.length]
    if lists or large or larger or second[0] or second[1]:
        raise ModelFileError(f"the operator {kind.name} has custom options or side effects, which are not supported.")
    reads, writes = reader.integers(read), reader.integers(written)
    if not kind.lowest_inputs <= len(reads) <= kind.highest_inputs or not 1 <= len(writes) <= kind.outputs:
        raise ModelFileError(f"the operator {kind.name} has {len(reads)} inputs and {len(writes)} outputs.")
    for place, index in enumerate(reads):
        optional = index == -1 and place >= kind.lowest_inputs
        if not optional and index not in ready:
            raise ModelFileError(f"the operator {kind.name} reads a tensor that nothing has written.")
    if len(set(writes)) != len(writes) or any(index in ready or not 0 <= index < len(tensors) for index in writes):
        raise ModelFileError(f"the operator {kind.name} writes a tensor that is constant, taken or missing.")
    values = check_options(reader, kind, options_type or 0, options)
    inner = [tensors[index] if index >= 0 else None for index in reads]
    outer = [tensors[index] for index in writes]
    check_types(kind.name, [tensor.type if tensor else None for tensor in inner], [item.type for item in outer])
    _check_shapes(reader, kind, inner, values, outer)
    check_scales(kind.name, [tensor.scales if tensor else () for tensor in inner], outer[0].scales)
    return set(writes)


def _check_shapes(
    reader: FlatbufferReader, kind: Operator, reads: list[Tensor | None], options: list[Any], writes: list[Tensor]
) -> None:
    """Check that the outputs have the shapes that the operator will write."""
    call = Call(
        shapes=tuple(tensor.shape if tensor else () for tensor in reads),
        constants=tuple(_whole_numbers(reader, tensor) for tensor in reads),
        options=options,
        declared=tuple(tensor.shape for tensor in writes),
    )
    try:
        shapes = output_shapes(kind.name, call)
    except ValueError as error:
        raise ModelFileError(f"the operator {kind.name} has {error}.") from error
    if tuple(shapes) != call.declared:
        raise ModelFileError(f"the operator {kind.name} writes {shapes}, but the file declares {list(call.declared)}.")


def _whole_numbers(reader: FlatbufferReader, tensor: Tensor | None) -> tuple[int, ...] | None:
    """Return the items of a small constant of int32 or int64; None for anything else."""
    item_bytes = {2: 4, 4: 8}.get(tensor.type, 0) if tensor else 0
    if tensor is None or tensor.data is None or not item_bytes or tensor.bytes > MAX_SHAPE_CONSTANT * item_bytes:
        return None
    return reader.integers(Vector(tensor.data.start, tensor.bytes // item_bytes, item_bytes))
