"""Points a model's outputs to other tensors. No TensorFlow."""

import struct
from collections.abc import Sequence

SUBGRAPHS, OUTPUTS = 2, 2
"""Which field of a model its subgraphs are, and of a subgraph its outputs (`flatbuffer_check.SCHEMA`)."""


def with_outputs(flatbuffer: bytes, indices: Sequence[int]) -> bytes:
    """Gives a model other outputs.

    The list of outputs that stands in the file may be that of an operator as well (flatbuffers share equal vectors), so
    it stays as it is and a new one is added at the end.

    Args:
        flatbuffer: A .tflite without associated files that `check_flatbuffer` has passed and that has outputs.
        indices: Numbers of the tensors that become the first subgraph's outputs.

    Returns:
        The changed flatbuffer; only the offset of the outputs differs, and the new list is longer than the file was.
    """
    content = bytearray(flatbuffer)
    subgraphs = _followed(content, _field(content, _followed(content, 0), SUBGRAPHS))
    place = _field(content, _followed(content, subgraphs + 4), OUTPUTS)
    content += bytes(-len(content) % 4)
    struct.pack_into("<I", content, place, len(content) - place)
    return bytes(content + struct.pack(f"<I{len(indices)}i", len(indices), *indices))


def _followed(content: bytearray, place: int) -> int:
    """Where the offset at a place leads."""
    return place + int(struct.unpack_from("<I", content, place)[0])


def _field(content: bytearray, table: int, number: int) -> int:
    """Where a table's field stands."""
    vtable = table - struct.unpack_from("<i", content, table)[0]
    return table + int(struct.unpack_from("<H", content, vtable + 4 + 2 * number)[0])
