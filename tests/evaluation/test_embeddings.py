"""Embeddings are what the network itself computes in front of its last dense layer."""

import numpy as np
import pytest
from PIL import Image

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError, ModelFileError
from edgefashion.evaluation.embeddings import embedding_network, read_embeddings
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import SHIPPED
from tests.evaluation.handmade import HandmadeModel, dense_model


@pytest.fixture
def pictures(tmp_path, red_shirt):
    """Four pictures: a red shirt, the same upside down, noise, and a damaged file."""
    Image.fromarray(red_shirt).save(tmp_path / "0.png")
    Image.fromarray(red_shirt[::-1]).save(tmp_path / "1.png")
    noise = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "2.png")
    (tmp_path / "3.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    rows = tuple(Row(f"{number}.png", "hat", "g", "train") for number in range(4))
    return Manifest("four", rows, ("hat",), tmp_path)


def test_they_equal_the_tensor_that_the_runtime_keeps(tiny_model, pictures):
    from ai_edge_litert.interpreter import Interpreter as Native

    from edgefashion.runtime.image import prepare

    model = ModelFile.read(tiny_model)
    counted = []
    found = read_embeddings(model, pictures, threads=1, progress=counted.append)
    assert [row.path for row in found.rows] == ["0.png", "1.png", "2.png"]
    assert [item.path for item in found.unreadable] == ["3.png"]
    assert counted == [1, 1, 1, 1]
    with pytest.warns(UserWarning, match="preserve_all_tensors"):
        native = Native(model_content=model.flatbuffer, experimental_preserve_all_tensors=True)
    native.allocate_tensors()
    (dense,) = (item for item in native._get_ops_details() if item["op_name"] == "FULLY_CONNECTED")
    (detail,) = (item for item in native.get_tensor_details() if item["index"] == dense["inputs"][0])
    scale, zero = detail["quantization"]
    for row, values in zip(found.rows, found.values, strict=True):
        native.set_tensor(native.get_input_details()[0]["index"], prepare(pictures.picture(row), 32, 32)[None])
        native.invoke()
        kept = native.get_tensor(detail["index"]).reshape(-1).astype(np.float32)
        np.testing.assert_allclose(values, (kept - zero) * scale, atol=scale * 1.01)  # kernels may differ by one step
    assert found.values.dtype == np.float32
    assert found.values.shape == (3, 24)
    assert not np.array_equal(found.values[0], found.values[2])


def test_the_shipped_model_ends_in_its_pool():
    from edgefashion.runtime.shipped import find_model

    model = ModelFile.read(find_model())
    content, name = embedding_network(model.flatbuffer, model.card.head("type").output)
    network = Interpreter.open(content, threads=1)
    assert network.outputs[name].shape == (1, 1280)
    assert sum(a != b for a, b in zip(content, model.flatbuffer, strict=False)) <= 4


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_what_a_shipped_file_says_before_its_last_layer(name):
    # Flatbuffers share equal vectors: where the list of outputs is an operator's, too, that operator keeps its own.
    model = ModelFile.read(SHIPPED[name])
    content, tensor = embedding_network(model.flatbuffer, model.card.head("type").output)
    network, whole = Interpreter.open(content, threads=1), Interpreter.open(model.content, threads=1)
    picture = np.random.default_rng(2).integers(0, 256, (model.card.input.height, model.card.input.width, 3), np.uint8)
    assert network.outputs.keys() - {tensor} == whole.outputs.keys() - {model.card.head("type").output}
    assert len(np.unique(network.run(picture)[tensor])) > 1


def test_a_float_network_by_hand():
    content, name = embedding_network(dense_model(), "scores")
    assert name == "t2"
    assert next(iter(Interpreter.open(content, threads=1).outputs.values())).shape == (1, 12)


def test_a_network_without_a_dense_layer_says_so():
    model = HandmadeModel()
    picture, out = model.tensor("FLOAT32", (1, 2, 2, 3)), model.tensor("FLOAT32", (1, 2, 2, 3), name="scores")
    model.operator("TANH", [picture], [out])
    model.inputs, model.outputs = [picture], [out]
    with pytest.raises(ModelFileError, match="ends in TANH: use --model"):
        embedding_network(model.content(), "scores")
    with pytest.raises(ModelFileError, match="no output 'probabilities'"):
        embedding_network(model.content(), "probabilities")
    model.outputs = [picture]
    with pytest.raises(ModelFileError, match="comes from no dense layer"):
        embedding_network(model.content(), "t0")


def test_damage_anywhere_ends_in_one_kind_of_error():
    whole = dense_model()
    random = np.random.default_rng(5)
    for _ in range(300):
        content = bytearray(whole)
        for place in random.integers(0, len(content), 3):
            content[place] = random.integers(0, 256)
        try:
            changed, _ = embedding_network(bytes(content), "scores")
        except ModelFileError:
            continue
        assert len(changed) > len(whole)


def test_no_readable_picture_and_no_card_are_errors(tiny_model, pictures):
    model = ModelFile.read(tiny_model)
    with pytest.raises(DataError, match=r"no readable picture.*3\.png"):
        read_embeddings(model, pictures.take([3]))
    with pytest.raises(ModelFileError, match="has no card"):
        read_embeddings(ModelFile.from_bytes(model.flatbuffer), pictures)
