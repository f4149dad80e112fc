"""Checks that a flatbuffer is a well-formed TensorFlow Lite model before native code follows its offsets.

The runtimes read model files without looking at their bounds, so a damaged offset ends in a crash. This walk follows
every table, vector and string of the schema (except operator options, see `graph_check.py`) within the file's bounds
and within a budget of tables, so time and memory stay bounded.
"""

import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

from edgefashion.errors import ModelFileError

MAX_TABLES = 200_000

SCHEMA: dict[str, tuple[str, ...]] = {
    # Table → its fields in order. A digit is a scalar of that many bytes; "v4" a vector of 4-byte scalars; "s" a
    # string; a name a table; "[name" a vector of tables; "U" a table of a union, told by the scalar before it; "" a
    # field that the schema has retired.
    "Model": ("4", "[OperatorCode", "[SubGraph", "s", "[Buffer", "v4", "[Metadata", "[SignatureDef"),
    "OperatorCode": ("1", "s", "4", "4"),
    "SubGraph": ("[Tensor", "v4", "v4", "[Operator", "s", "4"),
    "Tensor": (
        "v4", "1", "4", "s", "QuantizationParameters", "1", "SparsityParameters", "v4", "1", "[VariantSubType", "4",
    ),
    "QuantizationParameters": ("v4", "v4", "v4", "v8", "1", "U", "4"),
    "SparsityParameters": ("v4", "v4", "[DimensionMetadata"),
    "DimensionMetadata": ("1", "4", "1", "U", "1", "U"),
    "VariantSubType": ("v4", "1", "1"),
    "Operator": ("4", "v4", "v4", "1", "U", "v1", "1", "v1", "v4", "8", "8", "1", "U", "4"),
    "Buffer": ("v1", "8", "8"),
    "Metadata": ("s", "4"),
    "SignatureDef": ("[TensorMap", "[TensorMap", "s", "", "4"),
    "TensorMap": ("s", "4"),
}  # fmt: skip

_INT32, _UINT16 = struct.Struct("<i"), struct.Struct("<H")
_UINT32 = struct.Struct("<I")
_SCALARS = {"1": struct.Struct("<B"), "2": _UINT16, "4": _INT32, "8": struct.Struct("<q")}
_VECTORS = {"v1": 1, "v2": 2, "v4": 4, "v8": 8}


class Vector(NamedTuple):
    """Where a vector of scalars lies: the first item's byte, the number of items, bytes per item."""

    start: int
    length: int
    item_bytes: int


class FlatbufferReader:
    """Reads tables of one file; every offset is checked against the bounds before it is followed."""

    def __init__(self, content: bytes, end: int, schema: Mapping[str, tuple[str, ...]] = SCHEMA) -> None:
        """Args: content, the file; end, the byte at which the flatbuffer ends; schema, its tables, as `SCHEMA`."""
        self.content = content
        self.end = end
        self.schema = schema
        self.tables = 0

    def table(self, position: int, name: str, fields: tuple[str, ...]) -> list[Any]:
        """Read one table and everything below it.

        Args:
            position: The table's first byte.
            name: The table's name, for messages.
            fields: The kinds of its fields, as in `SCHEMA`.

        Returns:
            One value per field: an int, a str, a `Vector`, a list (of a table's values, or of tables), the position of
            a union's table; None for a field that is absent.

        Raises:
            ModelFileError: An offset or length leads out of the file, or the model has too many tables.
        """
        self.tables += 1
        if self.tables > MAX_TABLES:
            raise ModelFileError(f"damaged model: more than {MAX_TABLES} tables.")
        offsets, table_bytes = self._field_offsets(position, name, len(fields))
        values: list[Any] = []
        for kind, offset in zip(fields, offsets, strict=False):
            if not offset or not kind:
                values.append(None)
                continue
            scalar = _SCALARS.get(kind)
            if offset < 4 or offset + (scalar.size if scalar else 4) > table_bytes:
                raise ModelFileError(f"damaged model: a field of a {name} lies outside of it.")
            place = position + offset
            values.append(scalar.unpack_from(self.content, place)[0] if scalar else self._follow(place, kind, name))
        return values + [None] * (len(fields) - len(values))

    def _field_offsets(self, position: int, name: str, known: int) -> tuple[tuple[int, ...], int]:
        """Return the offsets of a table's fields (0 = absent) and the table's length in bytes."""
        content, end = self.content, self.end
        if position % 4 or not 4 <= position <= end - 4:
            raise ModelFileError(f"damaged model: a {name} lies outside of the file.")
        vtable = position - _INT32.unpack_from(content, position)[0]
        if vtable % 2 or not 4 <= vtable <= end - 4:
            raise ModelFileError(f"damaged model: the field list of a {name} lies outside of the file.")
        vtable_bytes, table_bytes = struct.unpack_from("<HH", content, vtable)
        listed = vtable_bytes >= 4 and vtable_bytes % 2 == 0 and vtable + vtable_bytes <= end
        if not listed or not 4 <= table_bytes <= end - position:
            raise ModelFileError(f"damaged model: a {name} claims more bytes than the file has.")
        count = (vtable_bytes - 4) // 2
        offsets = struct.unpack_from(f"<{count}H", content, vtable + 4)
        if any(offsets[known:]):
            raise ModelFileError(f"a {name} has fields that this version does not know; update edgefashion to open it.")
        return offsets, table_bytes

    def _follow(self, place: int, kind: str, name: str) -> Any:
        """Follow the offset at `place` to a string, vector or table."""
        target = place + _UINT32.unpack_from(self.content, place)[0]
        if kind == "U":
            return target
        if kind in self.schema:
            return self.table(target, kind, self.schema[kind])
        item_bytes = _VECTORS.get(kind, 1 if kind == "s" else 4)
        vector = self.vector(target, item_bytes, name)
        if kind == "s":
            return self._string(vector, name)
        if kind in _VECTORS:
            return vector
        if vector.length > MAX_TABLES:
            raise ModelFileError(f"damaged model: more than {MAX_TABLES} tables.")
        inner = kind[1:]
        offsets = struct.unpack_from(f"<{vector.length}I", self.content, vector.start)
        fields = self.schema[inner]
        return [self.table(vector.start + 4 * index + offset, inner, fields) for index, offset in enumerate(offsets)]

    def vector(self, position: int, item_bytes: int, name: str) -> Vector:
        """Check a vector's bounds; `position` is where its length stands."""
        if position % 4 or not 4 <= position <= self.end - 4:
            raise ModelFileError(f"damaged model: a list in a {name} lies outside of the file.")
        count = _UINT32.unpack_from(self.content, position)[0]
        if position + 4 + count * item_bytes > self.end:
            raise ModelFileError(f"damaged model: a list in a {name} claims more bytes than the file has.")
        return Vector(position + 4, count, item_bytes)

    def _string(self, vector: Vector, name: str) -> str:
        """Return a string; native code relies on the zero byte after it."""
        stop = vector.start + vector.length
        if stop >= self.end or self.content[stop]:
            raise ModelFileError(f"damaged model: a text in a {name} has no end.")
        try:
            return self.content[vector.start : stop].decode("utf-8")
        except UnicodeDecodeError as error:
            raise ModelFileError(f"damaged model: a text in a {name} is not UTF-8.") from error

    def integers(self, vector: Vector | None) -> tuple[int, ...]:
        """Return the items of a vector of int32 or int64; none for an absent one."""
        if vector is None:
            return ()
        code = {1: "b", 2: "h", 4: "i", 8: "q"}[vector.item_bytes]
        return struct.unpack_from(f"<{vector.length}{code}", self.content, vector.start)

    def floats(self, vector: Vector | None) -> tuple[float, ...]:
        """Return the items of a vector of float32; none for an absent one."""
        if vector is None:
            return ()
        return struct.unpack_from(f"<{vector.length}f", self.content, vector.start)


def check_flatbuffer(content: bytes, end: int) -> tuple[FlatbufferReader, list[Any]]:
    """Walk a model's tables, vectors and strings.

    Args:
        content: The whole file; the identifier is checked already.
        end: The byte at which the flatbuffer ends and the associated files begin.

    Returns:
        The reader, and the fields of the root table `Model`, nested as `FlatbufferReader.table` says.

    Raises:
        ModelFileError: Something leads out of the file, or has more tables than any real model.
    """
    reader = FlatbufferReader(content, end)
    if end < 8:
        raise ModelFileError("damaged model: the file is cut short.")
    model = reader.table(_UINT32.unpack_from(content, 0)[0], "Model", SCHEMA["Model"])
    return reader, model
