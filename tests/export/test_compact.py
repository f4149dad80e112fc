"""Compacting a model changes its size and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgefashion.evaluation.graph import read_graph
from edgefashion.export.compact import compact, short_name
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile


@pytest.fixture(scope="module")
def bare(tiny_model: Path) -> bytes:
    """The tiny model without its associated files."""
    return ModelFile.read(tiny_model).flatbuffer


def test_the_outputs_stay_byte_for_byte(bare: bytes) -> None:
    before, after = Interpreter.open(bare, 1), Interpreter.open(compact(bare), 1)
    for seed in range(20):
        picture = np.random.default_rng(seed).integers(0, 256, before.input_shape[1:], dtype=np.uint8)
        for name, raw in before.run(picture).items():
            np.testing.assert_array_equal(after.run(picture)[name], raw)


def test_it_gets_smaller_and_keeps_every_tensor(bare: bytes) -> None:
    small = compact(bare)
    assert len(small) < len(bare)
    before, after = read_graph(bare), read_graph(small)
    assert [(t.dtype, t.shape, t.scale, t.zero_point) for t in before.tensors] == [
        (t.dtype, t.shape, t.scale, t.zero_point) for t in after.tensors
    ]
    assert (before.inputs, before.outputs, before.operators) == (after.inputs, after.outputs, after.operators)
    assert (before.macs, before.parameters, before.min_runtime) == (after.macs, after.parameters, after.min_runtime)


def test_weights_are_the_same_and_aligned(bare: bytes) -> None:
    small = compact(bare)
    old, new = schema.Model.GetRootAs(bare, 0), schema.Model.GetRootAs(small, 0)
    users = [old.Subgraphs(0).Tensors(i).Buffer() for i in range(old.Subgraphs(0).TensorsLength())]
    for index, buffer in enumerate(users):
        first, second = old.Buffers(buffer), new.Buffers(new.Subgraphs(0).Tensors(index).Buffer())
        assert bytes(first.DataAsNumpy() if first.DataLength() else b"") == bytes(
            second.DataAsNumpy() if second.DataLength() else b""
        )
        if second.DataLength():
            data = second._tab.Vector(second._tab.Offset(4))
            assert data % 16 == 0


def test_only_the_first_buffer_is_empty_and_metadata_keep_theirs(bare: bytes) -> None:
    old, new = (schema.ModelT.InitFromPackedBuf(content, 0) for content in (bare, compact(bare)))
    assert [i for i, buffer in enumerate(new.buffers) if buffer.data is None or not len(buffer.data)] == [0]
    kept = [{m.name: bytes(model.buffers[m.buffer].data) for m in model.metadata} for model in (old, new)]
    assert kept[0]
    assert kept[0] == kept[1]


def test_equal_shapes_are_stored_once(bare: bytes) -> None:
    graph = schema.Model.GetRootAs(compact(bare), 0).Subgraphs(0)
    places: dict[bytes, set[int]] = {}
    for i in range(graph.TensorsLength()):
        tensor = graph.Tensors(i)
        if tensor.ShapeLength():
            places.setdefault(tensor.ShapeAsNumpy().tobytes(), set()).add(tensor._tab.Vector(tensor._tab.Offset(4)))
    assert len(places) < graph.TensorsLength()
    assert all(len(at) == 1 for at in places.values())


def test_constants_are_called_by_what_they_are(bare: bytes) -> None:
    model = schema.ModelT.InitFromPackedBuf(compact(bare), 0)
    names = [tensor.name for tensor in model.subgraphs[0].tensors]
    assert names.count(b"kernel") > 1 < names.count(b"bias")
    others = [name for name in names if name not in (b"kernel", b"bias")]
    assert len(set(others)) == len(others)


def test_compacting_twice_changes_nothing_more(bare: bytes) -> None:
    small = compact(bare)
    assert len(compact(small)) <= len(small)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        (b"net/a_conv/Conv2D;net/a_relu/Relu6", "a_conv.7"),  # a fused name: its first layer
        (b"tfl.quantize", "tfl.quantize.7"),  # no layer: the name itself
        (b"", ".7"),  # nameless tensors stay told apart
    ],
)
def test_short_names(name: bytes, short: str) -> None:
    assert short_name(name, 7) == short
