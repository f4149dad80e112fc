"""The metadata of a model as a small flatbuffer of its own (identifier "M001").

Its schema is `metadata_schema.fbs`, semantic version 1.5.0, of the mediapipe package (mediapipe/tasks/metadata), which
can't be installed beside tensorflow-model-optimization; so the tables are written here by slot number. Every slot used
is named in `_SLOTS`.
"""

from collections.abc import Sequence
from typing import Any

import flatbuffers
from ai_edge_litert.schema_py_generated import TensorType

from edgefashion.runtime.card import Head, InputRule, ModelCard

METADATA_IDENTIFIER = b"M001"
MIN_PARSER_VERSION = "1.0.0"
"""Every field that is written here exists since the first version of the metadata schema."""

INPUT_MEAN = 128.0
INPUT_STD = 128.0
"""Real value of an input byte = (byte - 128) / 128; a uint8 model carries it in its quantisation too."""


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
        return offsets_vector(self.builder, offsets)

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
        input_tensor_metadata=tables.vector([_input(tables, input_type, card.input)]),
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


def _input(tables: _Tables, tensor_type: int, rule: InputRule) -> int:
    """Return the offset of the input's metadata: an RGB picture with mean 128 and deviation 128."""
    content = tables.table(
        "Content",
        content_properties_type=_Byte(_CONTENT_IMAGE),
        content_properties=tables.table("ImageProperties", color_space=_Byte(_COLOUR_RGB)),
    )
    normalization = tables.table("NormalizationOptions", mean=tables.floats(INPUT_MEAN), std=tables.floats(INPUT_STD))
    unit = tables.table("ProcessUnit", options_type=_Byte(_OPTIONS_NORMALIZATION), options=normalization)
    low, high = 0.0, 255.0
    if tensor_type == TensorType.FLOAT32:
        low, high = (low - INPUT_MEAN) / INPUT_STD, (high - INPUT_MEAN) / INPUT_STD
    return tables.table(
        "TensorMetadata",
        name=tables.text("image"),
        description=tables.text(f"RGB picture; resize rule: {rule.resize}."),
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
    high = 1.0 if tensor_type == TensorType.FLOAT32 else 255.0
    return tables.table(
        "TensorMetadata",
        name=tables.text(head.name),
        content=content,
        stats=tables.table("Stats", max=tables.floats(high), min=tables.floats(0.0)),
        associated_files=files,
    )


def offsets_vector(builder: Any, offsets: Sequence[int]) -> int:
    """Return the offset of a vector of references."""
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
