"""Standard TFLite metadata inside the model's flatbuffer, so that software that nobody here wrote can use the file.

The metadata (`metadata_tables.py`) stand in a buffer of the model, which is found by the name TFLITE_METADATA.

The model itself is not rebuilt. A flatbuffer's references point forward only, so a new root table, which takes over
every field of the old one, is put *before* the old bytes. Weights stay byte for byte, at the same alignment; the cost
is about 300 bytes more than the metadata.
"""

import io
import struct
import zipfile
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from edgefashion.errors import ModelFileError
from edgefashion.export.metadata_tables import metadata_buffer, offsets_vector
from edgefashion.runtime.card import Head, ModelCard

METADATA_NAME = "TFLITE_METADATA"
MODEL_IDENTIFIER = b"TFL3"

_ALIGNMENT = 16
_MAX_BYTES = 256 * 1024 * 1024

# Slots of the table Model in the TFLite schema.
_VERSION, _BUFFERS, _METADATA = 0, 4, 6
_OFFSET_FIELDS = (1, 2, 3, 5, 7)  # operator_codes, subgraphs, description, metadata_buffer, signature_defs


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
    if len(flatbuffer) < 16 or flatbuffer[4:8] != MODEL_IDENTIFIER:
        raise ModelFileError(f"Not a TFLite model: bytes 4 to 8 must be TFL3. Received: {flatbuffer[4:8]!r}.")
    if len(flatbuffer) > _MAX_BYTES:
        raise ModelFileError(f"A model may have at most {_MAX_BYTES:,} bytes. Received: {len(flatbuffer):,}.")
    if zipfile.is_zipfile(io.BytesIO(flatbuffer)):
        raise ModelFileError("The model has associated files already; write the metadata first, then append the files.")
    try:
        return _write(flatbuffer, card)
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, OverflowError) as error:
        # Python's flatbuffer reader checks nothing; damage shows as one of these.
        raise ModelFileError(f"The model's flatbuffer is damaged ({type(error).__name__}).") from error


def _write(flatbuffer: bytes, card: ModelCard) -> bytes:
    """Do what `write_metadata` says, without translating the errors of a damaged flatbuffer."""
    model = schema.Model.GetRootAs(flatbuffer, 0)
    if METADATA_NAME in {_text(model.Metadata(index).Name()) for index in range(model.MetadataLength())}:
        raise ModelFileError("The model has TFLite metadata already; write it once, into what the converter returned.")
    return _insert(flatbuffer, model, METADATA_NAME, metadata_buffer(card, *_match(model, card)))


def _match(model: Any, card: ModelCard) -> tuple[int, list[tuple[Head, int]]]:
    """Return (input type, [(head, output type)] in output order), matching heads to outputs by tensor name."""
    if model.SubgraphsLength() < 1:
        raise ModelFileError("The model has no subgraph; is it a TFLite model?")
    subgraph = model.Subgraphs(0)
    if subgraph.InputsLength() != 1:
        raise ModelFileError(
            f"A model of garments has one input, a picture. Received: {subgraph.InputsLength()} inputs."
        )
    picture = subgraph.Tensors(subgraph.Inputs(0))
    expected = [1, card.input.height, card.input.width, 3]
    # Every real shape is in the signature where there is one: -1 for a side that may change.
    shape = [picture.ShapeSignature(index) for index in range(picture.ShapeSignatureLength())]
    shape = shape or [picture.Shape(index) for index in range(picture.ShapeLength())]
    if shape != expected or picture.Type() not in (schema.TensorType.UINT8, schema.TensorType.FLOAT32):
        raise ModelFileError(
            f"The input must be uint8 or float32 of shape {expected}, as the card says. "
            f"Received: TensorType {picture.Type()} of shape {shape}."
        )
    heads = {head.output: head for head in card.heads}
    tensors = [subgraph.Tensors(subgraph.Outputs(index)) for index in range(subgraph.OutputsLength())]
    names = [_text(tensor.Name()) for tensor in tensors]
    if sorted(names) != sorted(head.output for head in card.heads):
        raise ModelFileError(f"The card's heads must name the model's outputs {names}. Received: {list(heads)}.")
    matched = []
    for name, tensor in zip(names, tensors, strict=True):
        head, size = heads[name], tensor.Shape(tensor.ShapeLength() - 1) if tensor.ShapeLength() else 1
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

    fields = {slot: table.Offset(4 + 2 * slot) for slot in _OFFSET_FIELDS}
    kept = {slot: from_end(table.Indirect(table.Pos + field)) for slot, field in fields.items() if field}
    buffers, entries = elements(_BUFFERS), elements(_METADATA)
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
    kept[_BUFFERS], kept[_METADATA] = offsets_vector(builder, buffers), offsets_vector(builder, entries)
    builder.StartObject(8)
    for slot, offset in kept.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.PrependUint32Slot(_VERSION, model.Version(), 0)
    builder.Finish(builder.EndObject(), file_identifier=MODEL_IDENTIFIER)
    return bytes(builder.Output())


def _text(value: bytes | None) -> str:
    """Return a flatbuffer's string; a missing one is empty."""
    return (value or b"").decode("utf-8", "replace")
