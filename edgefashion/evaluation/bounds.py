"""Bounded reads from a flatbuffer that may be hostile: numbers, indices and strings."""

from __future__ import annotations

import struct
from typing import Any

from edgefashion.errors import ModelFileError

MAX_NAME = 1024
"""Bytes of a name that are read; more are cut off."""


def bounded_limit(value: int, allowed: int, what: str) -> int:
    """Returns the value where it lies from 0 to `allowed`."""
    if not 0 <= value <= allowed:
        raise ModelFileError(f"The TFLite model is damaged or too large: 0 to {allowed} {what}. Received: {value}.")
    return value


def bounded_index(value: int, length: int, what: str) -> int:
    """Returns the value where it is an index of something `length` long."""
    if not 0 <= value < length:
        raise ModelFileError(f"The TFLite model is damaged: it names {what} {value} of {length}.")
    return value


def bounded_text(table: Any, slot: int) -> str:
    """A string field, at most MAX_NAME bytes of it ('' where absent); slot is 4 + 2 × the field's number."""
    raw = table._tab
    offset = raw.Offset(slot)
    if not offset:
        return ""
    start = raw.Pos + offset
    start += struct.unpack_from("<I", raw.Bytes, start)[0]
    length = min(struct.unpack_from("<I", raw.Bytes, start)[0], MAX_NAME)
    return bytes(raw.Bytes[start + 4 : start + 4 + length]).decode("utf-8", "replace")
