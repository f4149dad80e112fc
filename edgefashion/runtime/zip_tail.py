"""The associated files: a plain zip at the end of a .tflite, as the TFLite metadata convention has it.

Read by hand and not by `zipfile`: the file may be hostile, so every number is checked against a limit before it is
used, and a device saves the import.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from edgefashion.errors import ModelFileError

MAX_MEMBERS = 64
MAX_MEMBER_BYTES = 16 * 2**20
MAX_TOTAL_BYTES = 32 * 2**20
MAX_RATIO = 200
FREE_RATIO_BYTES = 64 * 2**10
"""Members up to this size may be compressed by any ratio: they can do no harm."""
MAX_NAME_BYTES = 200
MAX_COMMENT_BYTES = 65_535
STORED, DEFLATED = 0, 8
ENCRYPTED, UTF8_NAME = 0x1, 0x800
DATE, TIME = 0x21, 0  # 1980-01-01 00:00, the first moment that a zip can name

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")


class _Member(NamedTuple):
    """One entry of the central directory."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    offset: int


class ZipTail(NamedTuple):
    """The associated files of a model file, and where the zip starts in it (bytes)."""

    start: int
    files: dict[str, bytes]


def read_zip_tail(content: bytes) -> ZipTail:
    """Read the zip at the end of a model file.

    Args:
        content: The whole file.

    Returns:
        The member files by name, and the byte at which the zip starts; without a zip no files and `len(content)`.

    Raises:
        ModelFileError: The zip is damaged, lies about a length, or is larger than the limits of this module.
    """
    end = _find_end(content)
    if end < 0:
        return ZipTail(len(content), {})
    _, disk, first_disk, here, count, directory_bytes, directory, _ = _END.unpack_from(content, end)
    if disk or first_disk or here != count or count > MAX_MEMBERS:
        raise ModelFileError(f"associated files: at most {MAX_MEMBERS} in one zip are allowed. Received: {count}.")
    start = end - directory_bytes - directory  # zips that were glued on count their offsets from their own start
    if start < 0:
        raise ModelFileError("associated files: the zip's directory lies outside of the file; it is damaged.")
    files: dict[str, bytes] = {}
    total, first = 0, end - directory_bytes
    for member in _members(content, start + directory, end, count):
        total += member.size
        if member.name in files:
            raise ModelFileError(f"associated files: '{member.name}' is there twice.")
        if total > MAX_TOTAL_BYTES:
            raise ModelFileError(f"associated files: more than {MAX_TOTAL_BYTES} bytes in all when unpacked.")
        files[member.name] = _unpack(content, start + member.offset, end - directory_bytes, member)
        first = min(first, start + member.offset)
    return ZipTail(first, files)


def append_files(flatbuffer: bytes, files: Mapping[str, bytes]) -> bytes:
    """Append associated files to a flatbuffer as a zip; the same input gives the same bytes.

    Everything is stored, nothing deflated: MediaPipe refuses a whole file for one deflated member. Offsets count from
    the start of the file, as zip tools and MediaPipe expect.

    Args:
        flatbuffer: A .tflite without associated files.
        files: Name → content, in the order in which they are to stand.

    Raises:
        ModelFileError: `flatbuffer` has associated files already, or the files go beyond the limits of this module.
    """
    if _find_end(flatbuffer) >= 0:
        raise ModelFileError("associated files: the flatbuffer has some already; start from the bare flatbuffer.")
    out, directory = bytearray(flatbuffer), bytearray()
    for name, content in files.items():
        encoded = name.encode("utf-8")
        _check_name(name, encoded)
        _check_sizes(name, STORED, len(content), len(content))
        flags = 0 if name.isascii() else UTF8_NAME
        shared = (20, flags, STORED, TIME, DATE, zlib.crc32(content), len(content), len(content), len(encoded), 0)
        directory += _CENTRAL.pack(b"PK\x01\x02", 20, *shared, 0, 0, 0, 0, len(out)) + encoded
        out += _LOCAL.pack(b"PK\x03\x04", *shared) + encoded + content
    if len(files) > MAX_MEMBERS or sum(map(len, files.values())) > MAX_TOTAL_BYTES:
        raise ModelFileError(f"associated files: at most {MAX_MEMBERS} files and {MAX_TOTAL_BYTES} bytes are allowed.")
    end = _END.pack(b"PK\x05\x06", 0, 0, len(files), len(files), len(directory), len(out), 0)
    return bytes(out) + bytes(directory) + end


def _find_end(content: bytes) -> int:
    """Return where the end-of-directory record starts, or -1. Its comment must end where the file ends."""
    lowest = max(0, len(content) - _END.size - MAX_COMMENT_BYTES)
    position = content.rfind(b"PK\x05\x06", lowest)
    while position >= 0:
        if position + _END.size <= len(content):
            comment = struct.unpack_from("<H", content, position + 20)[0]
            if position + _END.size + comment == len(content):
                return position
        position = content.rfind(b"PK\x05\x06", lowest, position)
    return -1


def _members(content: bytes, position: int, end: int, count: int) -> Iterator[_Member]:
    """Walk the central directory between two positions."""
    for _ in range(count):
        if position + _CENTRAL.size > end:
            raise ModelFileError("associated files: the zip's directory is cut short; the file is damaged.")
        fields = _CENTRAL.unpack_from(content, position)
        flags, method, crc, packed, size, name_bytes, extra_bytes, comment_bytes = fields[3], fields[4], *fields[7:13]
        after = position + _CENTRAL.size + name_bytes
        if fields[0] != b"PK\x01\x02" or after > end or name_bytes > MAX_NAME_BYTES:
            raise ModelFileError("associated files: the zip's directory is damaged.")
        encoded = content[position + _CENTRAL.size : after]
        try:
            name = encoded.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ModelFileError("associated files: a name is not UTF-8.") from error
        _check_name(name, encoded)
        if flags & ENCRYPTED or method not in (STORED, DEFLATED):
            raise ModelFileError(f"associated files: '{name}' is encrypted or packed by method {method}; use 0 or 8.")
        _check_sizes(name, method, packed, size)
        yield _Member(name, method, crc, packed, size, fields[16])
        position = after + extra_bytes + comment_bytes


def _unpack(content: bytes, position: int, end: int, member: _Member) -> bytes:
    """Return one member's content; its bytes must lie between `position` and `end`."""
    if position < 0 or position + _LOCAL.size > end or content[position : position + 4] != b"PK\x03\x04":
        raise ModelFileError(f"associated files: '{member.name}' does not lie where the directory says.")
    name_bytes, extra_bytes = _LOCAL.unpack_from(content, position)[9:11]
    begin = position + _LOCAL.size + name_bytes + extra_bytes
    packed = content[begin : begin + member.packed]
    if begin + member.packed > end:
        raise ModelFileError(f"associated files: '{member.name}' goes beyond the zip; the file is cut short.")
    if member.method == DEFLATED:
        try:
            unpacked = zlib.decompressobj(-15).decompress(packed, member.size + 1)
        except zlib.error as error:
            raise ModelFileError(f"associated files: '{member.name}' can't be unpacked ({error}).") from error
    else:
        unpacked = packed
    if len(unpacked) != member.size or zlib.crc32(unpacked) != member.crc:
        raise ModelFileError(f"associated files: '{member.name}' differs from its length or checksum; it is damaged.")
    return unpacked


def _check_sizes(name: str, method: int, packed: int, size: int) -> None:
    """Refuse what is too large, or too large for its packed size (a zip bomb)."""
    if size > MAX_MEMBER_BYTES:
        raise ModelFileError(f"associated files: '{name}' has {size} bytes; at most {MAX_MEMBER_BYTES} are allowed.")
    if (method == STORED and packed != size) or (size > FREE_RATIO_BYTES and size > MAX_RATIO * packed):
        raise ModelFileError(
            f"associated files: '{name}' claims to unpack {packed} bytes into {size}; {MAX_RATIO}-fold is allowed."
        )


def _check_name(name: str, encoded: bytes) -> None:
    """Refuse names that a careless tool could write somewhere else."""
    plain = name.isprintable() and not name.startswith("/") and "\\" not in name and ".." not in name
    if not plain or not 0 < len(encoded) <= MAX_NAME_BYTES:
        raise ModelFileError(f"associated files: the name {name[:60]!r} is not allowed; use a plain file name.")
