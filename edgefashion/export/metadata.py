"""Standard TFLite metadata inside the model's flatbuffer, so that software that nobody here wrote can use the file.

The metadata is a small flatbuffer of its own (identifier "M001") in a buffer of the model, found by the name
TFLITE_METADATA. Its schema is `metadata_schema.fbs`, semantic version 1.5.0, of the mediapipe package
(mediapipe/tasks/metadata), which can't be installed beside tensorflow-model-optimization; so the tables are written
here by slot number. Every slot used is named in `_SLOTS`.

The model itself is not rebuilt. A flatbuffer's references point forward only, so a new root table, which takes over
every field of the old one, is put *before* the old bytes. Weights stay byte for byte and 16-byte aligned; the cost is
about 300 bytes more than the metadata.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from edgefashion.errors import ModelFileError
from edgefashion.runtime.card import Head, ModelCard

METADATA_NAME = "TFLITE_METADATA"
METADATA_IDENTIFIER = b"M001"
MODEL_IDENTIFIER = b"TFL3"
MIN_PARSER_VERSION = "1.0.0"
"""Every field that is written here exists since the first version of the metadata schema."""

INPUT_MEAN = 128.0
INPUT_STD = 128.0
"""Real value of an input byte = (byte - 128) / 128; a uint8 model carries it in its quantisation too."""

Result = TypeVar("Result")

_ALIGNMENT = 16
_MAX_BYTES = 256 * 1024 * 1024

# Table name → slot of each field that is used, counted from 0 in the order of the schema; a union takes two slots
# (kind, value).
_SLOTS: dict[str, dict[str, int]] = {
    "ModelMetadata": {
        "name": 0, "description": 1, "version": 2, "subgraph_metadata": 3, "license": 5, "min_parser_version": 7,
    },
    "SubGraphMetadata": {"name": 0, "input_tensor_metadata": 2, "output_tensor_metadata": 3},
    "TensorMetadata": {
        "name": 0, "description": 1, "content": 3, "process_units": 4, "stats": 5, "associated_files": 6,
    },
    "Content": {"content_properties_type": 0, "content_properties": 1},
    "ImageProperties": {"color_space": 0},
    "FeatureProperties": {},
    "ProcessUnit": {"options_type": 0, "options": 1},
    "NormalizationOptions": {"mean": 0, "std": 1},
    "Stats": {"max": 0, "min": 1},
    "AssociatedFile": {"name": 0, "description": 1, "type": 2},
}  # fmt: skip
_FIELD_COUNTS = {
    "ModelMetadata": 8, "SubGraphMetadata": 10, "TensorMetadata": 7, "Content": 3, "ImageProperties": 2,
    "FeatureProperties": 0, "ProcessUnit": 2, "NormalizationOptions": 2, "Stats": 2, "AssociatedFile": 5,
}  # fmt: skip
_CONTENT_FEATURE, _CONTENT_IMAGE = 1, 2  # union ContentProperties
_OPTIONS_NORMALIZATION = 1  # union ProcessUnitOptions
_COLOUR_RGB = 1  # enum ColorSpaceType
_TENSOR_AXIS_LABELS = 2  # enum AssociatedFileType

# Slots of the table Model in the TFLite schema.
_VERSION, _BUFFERS, _METADATA = 0, 4, 6
_OFFSET_FIELDS = (1, 2, 3, 5, 7)  # operator_codes, subgraphs, description, metadata_buffer, signature_defs


class _Byte(int):
    """A one-byte field (enum or kind of a union); plain integers in `_Tables.table` are offsets."""


class _Tables:
    """Writes tables of the metadata schema by field name."""

    def __init__(self) -> None:
        """Start an empty buffer."""
        self.builder = flatbuffers.Builder(1024)

    def text(self, value: str) -> int:
        """Return the offset of a string."""
        return int(self.builder.CreateString(value))

    def floats(self, *values: float) -> int:
        """Return the offset of a vector of float32."""
        self.builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self.builder.PrependFloat32(value)
        return int(self.builder.EndVector())

    def vector(self, offsets: Sequence[int]) -> int:
        """Return the offset of a vector of tables."""
        return _offsets(self.builder, offsets)

    def table(self, kind: str, **fields: int | None) -> int:
        """Return the offset of a table; fields that are None are left out."""
        slots = _SLOTS[kind]
        self.builder.StartObject(_FIELD_COUNTS[kind])
        for name, value in fields.items():
            if isinstance(value, _Byte):
                self.builder.PrependUint8Slot(slots[name], int(value), 0)
            elif value is not None:
                self.builder.PrependUOffsetTRelativeSlot(slots[name], value, 0)
        return int(self.builder.EndObject())


def write_metadata(flatbuffer: bytes, card: ModelCard) -> bytes:
    """Write the standard metadata that the card tells into a model.

    The label files that it names, and the card, are to be appended afterwards
    (`edgefashion.runtime.model_file.append_files`). The entry `min_runtime_version`, which the converter writes, is
    kept.

    Args:
        flatbuffer: what the converter returned: one subgraph, input uint8 or float32 (1, height, width, 3), one output
            per head.
        card: names, labels and the heads' output tensor names.

    Returns:
        The model with metadata. Deterministic; its length is a multiple of 16 bytes.

    Raises:
        ModelFileError: not a TFLite flatbuffer, it has metadata already, or the card does not fit its input or outputs.
    """
    model = _read_model(flatbuffer)
    names = {
        (model.Metadata(index).Name() or b"").decode("utf-8", "replace") for index in range(model.MetadataLength())
    }
    if METADATA_NAME in names:
        raise ModelFileError("The model has TFLite metadata already; write it once, into what the converter returned.")
    return _insert(flatbuffer, model, METADATA_NAME, metadata_buffer(card, *_match(model, card)))


def metadata_buffer(card: ModelCard, input_type: int, heads: Sequence[tuple[Head, int]]) -> bytes:
    """Return the metadata flatbuffer (identifier "M001").

    Args:
        card: name, version, description, licence.
        input_type: `TensorType` of the input; it decides the range in the statistics.
        heads: the heads with the `TensorType` of their output tensor, in the order of the model's outputs.
    """
    tables = _Tables()
    outputs = [_output(tables, head, tensor_type) for head, tensor_type in heads]
    subgraph = tables.table(
        "SubGraphMetadata",
        name=tables.text("main"),
        input_tensor_metadata=tables.vector([_input(tables, input_type)]),
        output_tensor_metadata=tables.vector(outputs),
    )
    root = tables.table(
        "ModelMetadata",
        name=tables.text(card.name),
        description=tables.text(card.description) if card.description else None,
        version=tables.text(card.version),
        subgraph_metadata=tables.vector([subgraph]),
        license=tables.text(card.licence) if card.licence else None,
        min_parser_version=tables.text(MIN_PARSER_VERSION),
    )
    tables.builder.Finish(root, file_identifier=METADATA_IDENTIFIER)
    return bytes(tables.builder.Output())


def _input(tables: _Tables, tensor_type: int) -> int:
    """Return the offset of the input's metadata: an RGB picture with mean 128 and deviation 128."""
    content = tables.table(
        "Content",
        content_properties_type=_Byte(_CONTENT_IMAGE),
        content_properties=tables.table("ImageProperties", color_space=_Byte(_COLOUR_RGB)),
    )
    normalization = tables.table("NormalizationOptions", mean=tables.floats(INPUT_MEAN), std=tables.floats(INPUT_STD))
    unit = tables.table("ProcessUnit", options_type=_Byte(_OPTIONS_NORMALIZATION), options=normalization)
    low, high = 0.0, 255.0
    if tensor_type == schema.TensorType.FLOAT32:
        low, high = (low - INPUT_MEAN) / INPUT_STD, (high - INPUT_MEAN) / INPUT_STD
    return tables.table(
        "TensorMetadata",
        name=tables.text("image"),
        description=tables.text("The whole picture, stretched to the input's size; RGB."),
        content=content,
        process_units=tables.vector([unit]),
        stats=tables.table("Stats", max=tables.floats(high), min=tables.floats(low)),
    )


def _output(tables: _Tables, head: Head, tensor_type: int) -> int:
    """Return the offset of one head's metadata; the label file makes it a classification head."""
    files: int | None = None
    if head.labels:
        file = tables.table(
            "AssociatedFile",
            name=tables.text(head.labels_file),
            description=tables.text("One label per line, in output order."),
            type=_Byte(_TENSOR_AXIS_LABELS),
        )
        files = tables.vector([file])
    content = tables.table(
        "Content",
        content_properties_type=_Byte(_CONTENT_FEATURE),
        content_properties=tables.table("FeatureProperties"),
    )
    high = 1.0 if tensor_type == schema.TensorType.FLOAT32 else 255.0
    return tables.table(
        "TensorMetadata",
        name=tables.text(head.name),
        content=content,
        stats=tables.table("Stats", max=tables.floats(high), min=tables.floats(0.0)),
        associated_files=files,
    )


def _read_model(flatbuffer: bytes) -> Any:
    """Return the root table. Raises ModelFileError if the bytes are no TFLite model of a size that is handled."""
    if len(flatbuffer) < 16 or flatbuffer[4:8] != MODEL_IDENTIFIER:
        raise ModelFileError(f"Not a TFLite model: bytes 4 to 8 must be TFL3, received {flatbuffer[4:8]!r}.")
    if len(flatbuffer) > _MAX_BYTES:
        raise ModelFileError(f"A model may have at most {_MAX_BYTES:,} bytes. Received: {len(flatbuffer):,}.")
    return _guarded(lambda: schema.Model.GetRootAs(flatbuffer, 0))


def _match(model: Any, card: ModelCard) -> tuple[int, list[tuple[Head, int]]]:
    """Return (input type, [(head, output type)] in output order), matching heads to outputs by tensor name."""
    if _guarded(model.SubgraphsLength) < 1:
        raise ModelFileError("The model has no subgraph; is it a TFLite model?")
    subgraph = model.Subgraphs(0)
    if subgraph.InputsLength() != 1:
        raise ModelFileError(
            f"A model of garments has one input, a picture. Received: {subgraph.InputsLength()} inputs."
        )
    picture = subgraph.Tensors(subgraph.Inputs(0))
    shape, expected = list(picture.ShapeAsNumpy()), [1, card.input.height, card.input.width, 3]
    if shape != expected or picture.Type() not in (schema.TensorType.UINT8, schema.TensorType.FLOAT32):
        raise ModelFileError(
            f"The input must be uint8 or float32 of shape {expected}, as the card says. "
            f"Received: TensorType {picture.Type()} of shape {[int(side) for side in shape]}."
        )
    heads = {head.output: head for head in card.heads}
    tensors = [subgraph.Tensors(subgraph.Outputs(index)) for index in range(subgraph.OutputsLength())]
    names = [(tensor.Name() or b"").decode("utf-8", "replace") for tensor in tensors]
    if sorted(names) != sorted(head.output for head in card.heads):
        raise ModelFileError(f"The card's heads must name the model's outputs {names}. Received: {list(heads)}.")
    matched = []
    for name, tensor in zip(names, tensors, strict=True):
        head, size = heads[name], int(tensor.ShapeAsNumpy()[-1])
        if head.labels and (len(head.labels) != size or not head.labels_file):
            raise ModelFileError(
                f"Head '{head.name}' needs {size} labels and the name of a label file. "
                f"Received: {len(head.labels)} labels, file '{head.labels_file}'."
            )
        matched.append((head, int(tensor.Type())))
    return int(picture.Type()), matched


def _insert(flatbuffer: bytes, model: Any, name: str, content: bytes) -> bytes:
    """Return the model with one more buffer and a metadata entry that names it; the old bytes follow unchanged."""
    old = flatbuffer + bytes(-len(flatbuffer) % _ALIGNMENT)
    table = model._tab  # the generated reader has no public way to a field's position

    def from_end(position: int) -> int:
        return len(old) - position

    def elements(slot: int) -> list[int]:
        field = table.Offset(4 + 2 * slot)
        if not field:
            return []
        start = table.Vector(field)
        return [from_end(table.Indirect(start + 4 * index)) for index in range(table.VectorLen(field))]

    def read() -> tuple[int, dict[int, int], list[int], list[int]]:
        fields = {slot: table.Offset(4 + 2 * slot) for slot in _OFFSET_FIELDS}
        kept = {slot: from_end(table.Indirect(table.Pos + field)) for slot, field in fields.items() if field}
        return int(model.Version()), kept, elements(_BUFFERS), elements(_METADATA)

    version, kept, buffers, entries = _guarded(read)
    if any(model.Buffers(index).Offset() > 1 for index in range(model.BuffersLength())):
        raise ModelFileError(
            "The model keeps weights behind its flatbuffer (a format for more than 2 GB), which can't be extended."
        )
    room = len(content) + 4 * (len(buffers) + len(entries)) + 1024
    builder = flatbuffers.Builder(0)
    builder.Bytes, builder.head, builder.minalign = bytearray(room) + old, room, _ALIGNMENT

    builder.StartVector(1, len(content), _ALIGNMENT)
    builder.head -= len(content)
    builder.Bytes[builder.head : builder.head + len(content)] = content
    data = builder.EndVector()
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, data, 0)
    buffers.append(builder.EndObject())
    title = builder.CreateString(name)
    builder.StartObject(2)
    builder.PrependUOffsetTRelativeSlot(0, title, 0)
    builder.PrependUint32Slot(1, len(buffers) - 1, 0)
    entries.append(builder.EndObject())
    kept[_BUFFERS], kept[_METADATA] = _offsets(builder, buffers), _offsets(builder, entries)
    builder.StartObject(8)
    for slot, offset in kept.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.PrependUint32Slot(_VERSION, version, 0)
    builder.Finish(builder.EndObject(), file_identifier=MODEL_IDENTIFIER)
    return bytes(builder.Output())


def _offsets(builder: Any, offsets: Sequence[int]) -> int:
    """Return the offset of a vector of references."""
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _guarded(read: Callable[[], Result]) -> Result:
    """Return what `read` returns; a damaged flatbuffer shows as one of many errors of Python's reader."""
    try:
        return read()
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ModelFileError(f"The model's flatbuffer is damaged ({type(error).__name__}).") from error
