"""Descriptions of networks, and the three forms of one network: batch-normalised, folded, folded with ranges."""

import dataclasses
import json

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.errors import CheckpointError, RecipeError
from edgefashion.models import ARCHITECTURES, architecture, build, spec_from_dict, spec_to_dict
from edgefashion.models.architectures import least_weights
from edgefashion.models.checkpoint import read_weights, restore
from edgefashion.models.folding import fold
from edgefashion.models.inverted_residual import INPUT_RANGE, FixedRange
from edgefashion.models.plain import MlpSpec
from tests.models.tiny import FUSED, TINY, drawn_pictures, drawn_weights, real, tiny_checkpoint


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_a_description_survives_json(name):
    spec = architecture(name, classes=7, height=40)
    data = json.loads(json.dumps(spec_to_dict(spec)))
    assert spec_from_dict(data) == spec
    assert (spec.classes, spec.height, spec.width) == (7, 40, ARCHITECTURES[name].width)


def test_every_field_is_in_the_description():
    data = spec_to_dict(TINY)
    assert data["kind"] == "inverted-residual"
    assert {field.name for field in dataclasses.fields(TINY)} == set(data) - {"kind"}
    assert spec_from_dict({**data, "stem": 12}) == dataclasses.replace(TINY, stem=12)


def test_unknown_names_are_errors_that_list_the_known_ones():
    with pytest.raises(
        RecipeError,
        match=r"'resnet'.*efficientnet-lite0, efficientnet-lite0-narrow, mobile-28, nano-28, seed-mlp, small-28",
    ):
        architecture("resnet", 3)
    with pytest.raises(RecipeError, match=r"'tree'.*inverted-residual, mlp"):
        spec_from_dict({"kind": "tree"})
    with pytest.raises(RecipeError, match="None"):
        spec_from_dict({})
    with pytest.raises(RecipeError, match="wings"):
        spec_from_dict({**spec_to_dict(TINY), "wings": 2})
    with pytest.raises(RecipeError, match="mlp"):
        spec_from_dict({"kind": "mlp", "height": 28})


def test_efficientnet_lite0_has_its_published_blocks():
    blocks = ARCHITECTURES["efficientnet-lite0"].blocks
    assert [block.channels for block in blocks] == [16] + [24] * 2 + [40] * 2 + [80] * 3 + [112] * 3 + [192] * 4 + [320]
    assert [block.expansion for block in blocks[:4]] == [32, 96, 144, 144]
    assert [i for i, block in enumerate(blocks) if block.stride == 2] == [1, 3, 5, 11]
    assert [block.expand for block in blocks].count(False) == 1


@pytest.mark.parametrize("spec", [TINY, FUSED])
def test_the_folded_network_equals_the_batch_normalised_one(spec):
    pictures = real(drawn_pictures(8))
    for seed in range(2):
        weights = drawn_weights(spec, seed)
        plain, folded = build(spec), build(spec, folded=True)
        restore(plain, weights)
        restore(folded, fold(weights, spec.bn_epsilon))
        expected = plain(pictures, training=False).numpy()
        assert np.ptp(expected) > 0.1
        np.testing.assert_allclose(folded(pictures).numpy(), expected, atol=1e-4)
        restore(folded, fold(weights, 0.1))  # the epsilon counts
        assert np.abs(folded(pictures).numpy() - expected).max() > 1e-3


def test_a_fused_block_is_two_convolutions_the_first_with_kernel_and_stride():
    network = build(FUSED)
    shapes = {layer.name: layer.kernel.shape.as_list() for layer in network.layers if layer.name.endswith("_conv")
              if "block00" not in layer.name}  # fmt: skip
    assert shapes == {
        "stem_conv": [3, 3, 3, 8],
        "block01_expand_conv": [3, 3, 8, 16],
        "block01_project_conv": [1, 1, 16, 8],
        "block02_expand_conv": [5, 5, 8, 24],
        "block02_project_conv": [3, 3, 24, 12],
        "block03_expand_conv": [3, 3, 12, 16],
        "block03_project_conv": [3, 3, 16, 12],
        "head_conv": [1, 1, 12, 16],
    }
    assert network.get_layer("block02_expand_conv").strides == (2, 2)
    assert network.get_layer("block02_project_conv").strides == (1, 1)
    assert [layer.name for layer in network.layers if layer.name.endswith("_add")] == [
        "block00_add",
        "block01_add",
        "block03_add",
    ]


@pytest.mark.parametrize("name", sorted(set(ARCHITECTURES) - {"seed-mlp"}))
def test_the_least_number_of_weights_is_that_of_the_kernels(name):
    spec = architecture(name, classes=7)
    kernels = sum(array.size for key, array in read_weights(build(spec)).items() if key.endswith("kernel"))
    assert least_weights(spec) == kernels


def test_a_normalisation_without_its_convolution_is_an_error():
    weights = drawn_weights(TINY, 0)
    del weights["block01_expand_conv/kernel"]
    with pytest.raises(CheckpointError, match="block01_expand_bn"):
        fold(weights, 1e-3)


def test_only_inverted_residual_networks_have_a_folded_form():
    spec = MlpSpec(8, 8, 4, 0.0, 2)
    with pytest.raises(RecipeError, match="MlpSpec"):
        build(spec, folded=True)
    with pytest.raises(RecipeError, match="MlpSpec"):
        build(spec, ranges={"input": INPUT_RANGE})


def test_a_fixed_range_rounds_to_256_values():
    values = np.linspace(-3.0, 3.0, 4001, dtype=np.float32)
    found = FixedRange(*INPUT_RANGE)(values).numpy()
    np.testing.assert_array_equal(found, np.clip(np.floor(values * 128.0 + 0.5), -128, 127) / 128.0)
    assert FixedRange.from_config(FixedRange(-1, 2).get_config()).high == 2.0


def test_ranges_stand_where_they_are_asked_for():
    network = build(TINY, folded=True, ranges={"block01_expand_relu": (0.0, 6.0), "block01_add": (-2.0, 2.0)})
    assert [layer.name for layer in network.layers if layer.name.endswith("_range")] == [
        "block01_expand_relu_range",
        "block01_add_range",
    ]
    checkpoint = tiny_checkpoint(folded=True, ranges={"type_dense": (0.0, 1e-3)})
    assert np.ptp(checkpoint.model(ranged=True)(real(drawn_pictures(2))).numpy()) <= 1.001e-3
    assert np.ptp(checkpoint.model()(real(drawn_pictures(2))).numpy()) > 0.1


def test_the_perceptron_reads_the_first_channel_from_0_to_1():
    network = build(MlpSpec(4, 4, 2, 0.0, 2))
    probe = type(network)(network.input, network.get_layer("hidden_dense").input)
    pictures = np.zeros((1, 4, 4, 3), np.uint8)
    pictures[0, 0, :, 0] = (0, 51, 102, 255)
    pictures[..., 1:] = 99
    np.testing.assert_allclose(probe(real(pictures)).numpy()[0, :4], (0.0, 0.2, 0.4, 1.0), atol=1e-6)
