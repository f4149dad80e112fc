"""Makes a small model's file smaller without touching a weight: shared vectors, short tensor names, no empty buffers.

The converter writes, for every channel of every convolution, a scale (4 bytes) and a zero point (8 bytes), for the
kernel and again for the bias. Zero points of symmetric weights are all zero, so each layer's vector equals that of any
other layer of the same width, and many shapes equal each other. A flatbuffer may point to one vector from many
places; readers notice nothing. The names that the converter gives to inner tensors list every operator that was fused
into them; only the layer's own name is kept, and constants are called by what they are.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

_ALIGNMENT = 16
"""`force_align` of Buffer.data in the TFLite schema."""

_CONSTANT_NAMES = {schema.TensorType.INT8: "kernel", schema.TensorType.INT32: "bias"}


class _Builder(flatbuffers.Builder):
    """Stores equal strings and equal vectors of numbers once."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._strings: dict[str | bytes, int] = {}
        self._vectors: dict[tuple[np.dtype[Any], bytes], int] = {}

    def CreateString(self, text: str | bytes) -> int:  # noqa: N802 - generated code calls it
        if text not in self._strings:
            self._strings[text] = super().CreateString(text)
        return self._strings[text]

    def CreateNumpyVector(self, x: npt.NDArray[Any]) -> int:  # noqa: N802 - generated code calls it
        key = (x.dtype, x.tobytes())
        if key not in self._vectors:
            self._vectors[key] = super().CreateNumpyVector(x)
        return self._vectors[key]


def compact(flatbuffer: bytes) -> bytes:
    """Packs a model again with shared vectors.

    Args:
        flatbuffer: what the converter returned, without metadata or associated files.

    Returns:
        The same model, at most as large as before; weights byte for byte, 16-byte aligned.
    """
    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    builder = _Builder(len(flatbuffer))
    for subgraph in model.subgraphs:
        kept = {int(index) for index in (*subgraph.inputs, *subgraph.outputs)}
        for index, tensor in enumerate(subgraph.tensors):
            if model.buffers[tensor.buffer].data is not None and tensor.type in _CONSTANT_NAMES:
                tensor.name = _CONSTANT_NAMES[tensor.type]
            elif index not in kept:
                tensor.name = short_name(tensor.name or b"", index)
            if tensor.quantization is not None:
                tensor.quantization = _Quantisation(tensor.quantization)
    _drop_empty_buffers(model)
    model.buffers = [_Buffer(buffer) for buffer in model.buffers]
    builder.Finish(model.Pack(builder), b"TFL3")
    packed = bytes(builder.Output())
    return packed if len(packed) < len(flatbuffer) else flatbuffer


def _drop_empty_buffers(model: Any) -> None:
    """Gives what has no data the schema's empty buffer 0, where the converter wrote an empty one for each tensor."""
    filled = [i for i, buffer in enumerate(model.buffers) if i and buffer.data is not None and len(buffer.data)]
    numbers = {before: after for after, before in enumerate(filled, start=1)}
    for user in (*(tensor for subgraph in model.subgraphs for tensor in subgraph.tensors), *(model.metadata or ())):
        user.buffer = numbers.get(user.buffer, 0)
    model.buffers = [model.buffers[0], *(model.buffers[i] for i in filled)]


def short_name(name: bytes | str, index: int) -> str:
    """Shortens a fused name to its first layer and the tensor's number: "net/a_conv/x;net/a_relu/y" → "a_conv.7"."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    layer = text.split(";")[0].strip("/").split("/")
    return f"{layer[-2] if len(layer) > 1 else layer[0]}.{index}"


class _Quantisation:
    """Packs one tensor's scales and zero points as arrays, which are shared; the converter's ranges are left out."""

    def __init__(self, parameters: Any) -> None:
        self._parameters = parameters

    def Pack(self, builder: Any) -> int:  # noqa: N802 - the name that the generated code calls
        own = self._parameters
        scale = self._vector(builder, own.scale, np.float32)
        zero_point = self._vector(builder, own.zeroPoint, np.int64)
        schema.QuantizationParametersStart(builder)
        if scale is not None:
            schema.QuantizationParametersAddScale(builder, scale)
        if zero_point is not None:
            schema.QuantizationParametersAddZeroPoint(builder, zero_point)
        schema.QuantizationParametersAddQuantizedDimension(builder, own.quantizedDimension)
        return int(schema.QuantizationParametersEnd(builder))

    def _vector(self, builder: Any, values: Any, dtype: Any) -> int | None:
        if values is None or len(values) == 0:
            return None
        return int(builder.CreateNumpyVector(np.asarray(values, dtype=dtype)))


class _Buffer:
    """Packs one buffer with its data aligned as the schema asks."""

    def __init__(self, buffer: Any) -> None:
        self._buffer = buffer

    def Pack(self, builder: Any) -> int:  # noqa: N802 - the name that the generated code calls
        data, offset = self._buffer.data, None
        if data is not None and len(data) > 0:
            content = np.asarray(data, dtype=np.uint8).tobytes()
            builder.StartVector(1, len(content), _ALIGNMENT)
            builder.head = builder.Head() - len(content)
            builder.Bytes[builder.Head() : builder.Head() + len(content)] = content
            offset = builder.EndVector()
        schema.BufferStart(builder)
        if offset is not None:
            schema.BufferAddData(builder, offset)
        return int(schema.BufferEnd(builder))
