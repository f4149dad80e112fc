"""What a file is made of: numbers counted on paper, and files that lie."""

import contextlib
import json
import struct
import time
import zipfile
from io import BytesIO

import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from edgefashion.errors import ModelFileError
from edgefashion.evaluation import bounds, graph
from edgefashion.evaluation.graph import Operator, read_graph, zipped_bytes
from edgefashion.evaluation.macs import operator_macs
from tests.evaluation.handmade import HandmadeModel, dense_model

DENSE = dense_model()


def test_a_dense_network_counted_on_paper():
    found = read_graph(DENSE)
    assert found.macs == 3 * 12
    assert found.parameters == 3 * 12 + 3
    assert found.operators == (Operator("FULLY_CONNECTED", 1, 1), Operator("RESHAPE", 1, 1))
    assert found.float_operators == found.operators
    assert not found.full_integer
    assert found.min_runtime == "1.5.0"
    assert found.description == "by hand"
    assert [(item.dtype, item.shape) for item in found.inputs] == [("float32", (1, 2, 2, 3))]
    assert [item.name for item in found.outputs] == ["scores"]
    assert found.flatbuffer_bytes == found.total_bytes == len(DENSE)
    assert len(found.tensors) == 6


def _convolutions(integer):
    """CONV_2D 3×3 stride 2 of 3 → 4, DEPTHWISE 3×3, TRANSPOSE_CONV 2×2 of 4 → 5, on (1, 8, 8, 3)."""
    kind, one = ("INT8", (0.5,)) if integer else ("FLOAT32", ())
    model = HandmadeModel()
    picture = model.tensor("UINT8" if integer else "FLOAT32", (1, 8, 8, 3), (1 / 128,) if integer else ())
    first = model.tensor(kind, (1, 8, 8, 3), one)
    second, third = (model.tensor(kind, (1, 4, 4, 4), one) for _ in range(2))
    last = model.tensor(kind, (1, 8, 8, 5), one)
    conv = model.tensor(kind, (4, 3, 3, 3), one * 4, constant=True)
    bias = model.tensor("INT32" if integer else "FLOAT32", (4,), one * 4, constant=True)
    depthwise = model.tensor(kind, (1, 3, 3, 4), one * 4, constant=True)
    transpose = model.tensor(kind, (5, 2, 2, 4), one * 5, constant=True)
    shape = model.tensor("INT32", (4,), constant=True)
    model.operator("QUANTIZE", [picture], [first])
    model.operator("CONV_2D", [first, conv, bias], [second], version=3)
    model.operator("DEPTHWISE_CONV_2D", [second, depthwise, -1], [third], version=3)
    model.operator("TRANSPOSE_CONV", [shape, transpose, third], [last])
    model.inputs, model.outputs = [picture], [last]
    return read_graph(model.content())


@pytest.mark.parametrize("integer", [True, False])
def test_convolutions_counted_on_paper(integer):
    found = _convolutions(integer)
    # Outputs 4·4·4 × window 3·3·3; outputs 4·4·4 × 3·3; inputs 4·4·4 × outputs per input 2·2·5.
    assert found.macs == 64 * 27 + 64 * 9 + 64 * 20
    assert found.parameters == 4 * 27 + 4 + 36 + 80  # The shape tensor is no parameter.
    assert found.full_integer is integer
    assert len(found.float_operators) == (0 if integer else 4)
    by_name = {tensor.name: tensor for tensor in found.tensors}
    assert len(by_name["t5"].scale) == (4 if integer else 0)
    assert by_name["t5"].constant
    assert not by_name["t0"].constant


def test_one_float_operator_among_integers_is_named():
    model = HandmadeModel()
    a = model.tensor("INT8", (1, 4), (0.5,))
    b = model.tensor("FLOAT32", (1, 4))
    c = model.tensor("INT8", (1, 4), (0.5,))
    model.operator("DEQUANTIZE", [a], [b])
    model.operator("QUANTIZE", [b], [c])
    model.operator("ADD", [c, c], [c])
    model.inputs, model.outputs = [a], [c]
    found = read_graph(model.content())
    assert found.float_operators == (Operator("DEQUANTIZE", 1, 1), Operator("QUANTIZE", 1, 1))
    assert not found.full_integer


def test_a_float_input_alone_is_not_full_integer():
    model = HandmadeModel()
    a = model.tensor("FLOAT32", (1, 4))
    model.inputs = model.outputs = [a]
    found = read_graph(model.content())
    assert found.float_operators == ()
    assert not found.full_integer


def test_weights_that_share_a_buffer_count_once():
    model = HandmadeModel()
    first = model.tensor("FLOAT32", (10,), constant=True)
    model.tensor("FLOAT32", (10,), constant=True, buffer=model.tensors[first].buffer)
    model.tensor("FLOAT32", (10,), constant=True)
    assert read_graph(model.content()).parameters == 20


def test_versions_and_custom_operators_are_told_apart():
    model = HandmadeModel()
    a = model.tensor("INT8", (1,), (0.5,))
    for name, version in (("ADD", 1), ("ADD", 2), ("ADD", 2), ("MyOwn", 1), ("GELU", 1)):
        model.operator(name, [a], [a], version)
    assert read_graph(model.content()).operators == (
        Operator("ADD", 2, 2),
        Operator("ADD", 1, 1),
        Operator("GELU", 1, 1),
        Operator("MyOwn", 1, 1),
    )


def test_batch_matmul_knows_which_factor_is_transposed():
    for adjoint, left in ((False, (1, 4, 7)), (True, (1, 7, 4))):
        model = HandmadeModel()
        x, y, z = model.tensor("INT8", left), model.tensor("INT8", (1, 7, 5)), model.tensor("INT8", (1, 4, 5))
        options = schema.BatchMatMulOptionsT()
        options.adjX = adjoint
        model.operator("BATCH_MATMUL", [x, y], [z], options=options)
        assert read_graph(model.content()).macs == 4 * 5 * 7


def test_macs_of_single_operators():
    assert operator_macs("CONV_2D", [(1, 5, 5, 4), (6, 1, 1, 2), (6,)], [(1, 5, 5, 6)]) == 150 * 2  # two groups
    assert operator_macs("FULLY_CONNECTED", [(8, 10), (3, 10), None], [(8, 3)]) == 240
    assert operator_macs("SOFTMAX", [(1, 10)], [(1, 10)]) == 0
    for name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL"):
        for inputs, outputs in (([], []), ([None, None, None], [(1, 2, 2, 1)]), ([(3,)] * 3, [(3,)])):
            with pytest.raises(ModelFileError, match=name):
                operator_macs(name, inputs, outputs)


def test_associated_files_do_not_count_as_flatbuffer():
    stream = BytesIO(DENSE)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("labels.txt", "shirt\ndress\n")
        archive.writestr("card.json", "{}")
    content = stream.getvalue()
    found = read_graph(content)
    assert (found.flatbuffer_bytes, found.total_bytes) == (len(DENSE), len(content))
    assert found.parameters == 39


def test_zipped_size_shows_what_zeros_save():
    assert zipped_bytes(bytes(100_000)) < 500
    noise = bytes((i * i * 31 + i * 7919) >> 5 & 255 for i in range(10_000))
    assert zipped_bytes(noise) > 1000


def test_to_dict_is_json():
    data = json.loads(json.dumps(_convolutions(True).to_dict()))
    assert data["inputs"][0]["dtype"] == "uint8"
    assert data["operators"][0] == {"name": "CONV_2D", "version": 3, "count": 1}
    assert data["float_operators"] == []


def test_the_tiny_model(tiny_model):
    found = read_graph(tiny_model.read_bytes())
    assert found.full_integer
    assert found.inputs[0].dtype == "uint8"
    assert found.inputs[0].shape[3] == 3
    assert found.macs > 0
    assert found.flatbuffer_bytes < found.total_bytes


# Files that lie


@pytest.mark.parametrize(
    "content",
    [b"", b"TFL3", b"hello, this is a text file called .tflite", bytes(1000), b"\x1c\0\0\0TFL3" + b"\xff" * 100],
)
def test_what_is_no_model_is_refused(content):
    with pytest.raises(ModelFileError):
        read_graph(content)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(DENSE) - 1))
def test_cut_files_raise_model_file_error_or_still_read(length):
    try:
        read_graph(DENSE[:length])
    except ModelFileError:
        return
    assert length > len(DENSE) // 2  # Only the end, padding or weights, may be missed by nobody.


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.integers(8, len(DENSE) - 4), st.integers(0, 2**32 - 1)), min_size=1, max_size=8))
def test_mutated_files_raise_nothing_but_model_file_error(changes):
    content = bytearray(DENSE)
    for place, value in changes:
        struct.pack_into("<I", content, place, value)
    with contextlib.suppress(ModelFileError):
        read_graph(bytes(content))


@pytest.mark.parametrize("value", [0x7FFFFFFF, 0xFFFFFFFF, 0x40000000, 0x80000000, 1, 0])
def test_every_word_as_a_lying_length_ends_soon(value):
    start = time.perf_counter()
    for place in range(0, len(DENSE) - 4, 4):
        content = bytearray(DENSE)
        struct.pack_into("<I", content, place, value)
        with contextlib.suppress(ModelFileError):
            read_graph(bytes(content))
    assert time.perf_counter() - start < 30


def test_names_are_cut_and_counts_limited(monkeypatch):
    long = read_graph(dense_model(name="x" * 10_000))
    assert len(long.inputs[0].name) == bounds.MAX_NAME
    for limit, what in (("MAX_TENSORS", "tensors"), ("MAX_OPERATORS", "operators"), ("MAX_NUMBERS", "indices")):
        with monkeypatch.context() as patch:
            patch.setattr(graph, limit, 1)
            with pytest.raises(ModelFileError, match=what):
                read_graph(DENSE)


@pytest.mark.parametrize(
    ("shape", "what"), [((1,) * 9, "dimensions"), ((-1, 3), "axis"), ((2**31 - 1,) * 3, "elements in a tensor")]
)
def test_impossible_shapes_are_refused(shape, what):
    model = HandmadeModel()
    model.tensor("INT8", shape)
    with pytest.raises(ModelFileError, match=what):
        read_graph(model.content())


def test_indices_that_lead_nowhere_are_refused():
    for change in ("tensor", "input", "buffer"):
        model = HandmadeModel()
        a = model.tensor("INT8", (1,))
        model.operator("ADD", [a, 5 if change == "tensor" else a], [a])
        model.inputs = [7 if change == "input" else a]
        model.tensors[a].buffer = 9 if change == "buffer" else 0
        with pytest.raises(ModelFileError, match="it names"):
            read_graph(model.content())
