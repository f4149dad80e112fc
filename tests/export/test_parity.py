"""Float against file, tensor by tensor: partners are the right ones, and a damaged layer is found by name."""

import dataclasses
import json

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.errors import CheckpointError
from edgefashion.export.convert import convert
from edgefashion.export.export import _packed
from edgefashion.export.parity import measure_parity
from edgefashion.models.inverted_residual import Block
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile
from edgefashion.taxonomy import Taxonomy
from tests.models.tiny import TINY, drawn_pictures, tiny_checkpoint

LAYERS = [
    "stem_relu", "block00_depthwise_relu", "block00_project_conv", "block00_add",
    "block01_expand_relu", "block01_depthwise_relu", "block01_project_conv", "block01_add",
    "block02_expand_relu", "block02_depthwise_relu", "block02_project_conv",
    "block03_expand_relu", "block03_depthwise_relu", "block03_project_conv", "block03_add",
    "head_relu", "pool", "type_dense",
]  # fmt: skip
PICTURES = {f"noise {i}": picture for i, picture in enumerate(drawn_pictures(4, seed=7))}


def checkpoint(seed=0, folded=True, spec=TINY):
    made = tiny_checkpoint(seed, folded, spec)
    return dataclasses.replace(made, taxonomy=Taxonomy.from_labels(made.labels).to_dict(), temperature=0.8)


def opened(made, number_format):
    calibration = drawn_pictures(20) if number_format == "int8" else None
    content = _packed(made, convert(made, number_format, calibration), number_format, {}, ())
    return Classifier(ModelFile.from_bytes(content), Interpreter.open(content, 1)), content


@pytest.fixture(scope="module")
def int8():
    return opened(checkpoint(), "int8")


@pytest.mark.slow
@pytest.mark.parametrize("folded", [True, False])
def test_a_float_file_is_its_checkpoint(folded):
    made = checkpoint(folded=folded)
    found = measure_parity(*opened(made, "float32"), made, PICTURES)
    assert [item.layer.replace("_bn", "_conv") for item in found.layers] == LAYERS
    assert all(item.sqnr is None or item.sqnr > 90 for item in found.layers)
    assert all(item.rounding is None and item.clipped == 0 for item in found.layers)
    assert (found.inputs, found.same, found.changes, found.foreign) == (4, 4, (), False)
    assert found.largest < 1e-4


@pytest.mark.slow
def test_a_small_garment_is_shown_to_both_as_it_is():
    made = checkpoint()
    made = dataclasses.replace(made, taxonomy={**made.taxonomy, "name": "garment"})
    classifier, content = opened(made, "float32")
    picture = np.full((TINY.height, TINY.width, 3), 150, np.uint8)
    picture[5:11, 5:10] = (200, 30, 40)
    assert not np.array_equal(classifier.look(picture).picture, picture), "or it shows nothing"
    assert measure_parity(classifier, content, made, {"small": picture}).largest < 1e-4


@pytest.mark.slow
def test_int8_costs_what_rounding_costs(int8):
    found = measure_parity(*int8, checkpoint(), PICTURES)
    assert [item.layer for item in found.layers] == LAYERS
    assert found.layers[0].shape == (8, 8, 8)
    for item in found.layers:
        assert item.sqnr > 12
        assert item.rounding > item.sqnr - 1
        assert 0 < item.rms <= item.largest
    assert 0 < found.mean <= found.largest < 0.2
    assert not found.foreign
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.slow
@pytest.mark.parametrize("damaged", ["block01_project_conv", "block03_depthwise_conv", "type_dense"])
def test_a_damaged_layer_is_found_by_name(int8, damaged):
    """The checkpoint is changed in one layer only: that layer is the first that differs."""
    made = checkpoint()
    weights = dict(made.weights)
    weights[f"{damaged}/bias"] = weights[f"{damaged}/bias"] + np.float32(2.0)
    sound = measure_parity(*int8, made, PICTURES)
    found = measure_parity(*int8, dataclasses.replace(made, weights=weights), PICTURES)
    layer = damaged.replace("depthwise_conv", "depthwise_relu")
    falls = [a.sqnr - b.sqnr > 6 for a, b in zip(sound.layers, found.layers, strict=True)]
    assert LAYERS[falls.index(True)] == layer


@pytest.mark.slow
def test_foreign_weights_and_foreign_networks(int8):
    assert measure_parity(*int8, checkpoint(seed=1), PICTURES).foreign
    wider = dataclasses.replace(TINY, blocks=(Block(3, 1, 8, 8, expand=False), *TINY.blocks[1:3], Block(3, 1, 24, 12)))
    with pytest.raises(CheckpointError, match=r"step 12 is Conv2D \(1, 4, 4, 16\) in the file and .* \(1, 4, 4, 24\)"):
        measure_parity(*int8, checkpoint(spec=wider), PICTURES)
    shorter = dataclasses.replace(TINY, head=0)
    with pytest.raises(CheckpointError, match="not what the file was made from, or is of a kind"):
        measure_parity(*int8, checkpoint(spec=shorter), PICTURES)
    larger = dataclasses.replace(TINY, height=32)
    with pytest.raises(CheckpointError, match="32 × 16 input, the file 3 and 16 × 16"):
        measure_parity(*int8, checkpoint(spec=larger), PICTURES)
