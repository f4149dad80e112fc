"""The Keras twin of EfficientNet-Lite: names and transposes are strict, and its outputs are those of the original."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgefashion_converters.efficientnet_lite as converter
from edgefashion.errors import CheckpointError
from edgefashion_converters.efficientnet_lite import (
    block_count,
    convert,
    keras_weights,
    original_logits,
    parity_pictures,
)
from edgefashion_converters.pytorch_weights import efficientnet_lite_weights_path, read_pytorch_weights


@pytest.fixture(scope="module")
def pytorch() -> dict[str, Any]:
    return read_pytorch_weights(efficientnet_lite_weights_path())


def test_every_weight_gets_a_place(pytorch: dict[str, Any]) -> None:
    layers = keras_weights(pytorch)
    assert block_count(layers) == 16
    assert "block00_expand_conv" not in layers
    assert layers["stem_conv"]["kernel"].shape == (3, 3, 3, 32)
    assert layers["block03_depthwise_conv"]["depthwise_kernel"].shape == (5, 5, 144, 1)
    assert layers["block15_project_conv"]["kernel"].shape == (1, 1, 1152, 320)
    assert layers["type_dense"]["kernel"].shape == (1280, 1000)
    counters = sum(1 for name in pytorch if name.endswith("num_batches_tracked"))
    assert sum(len(weights) for weights in layers.values()) == len(pytorch) - counters
    assert all(array.dtype == np.float32 for weights in layers.values() for array in weights.values())
    assert keras_weights(pytorch, include_top=False).keys() == layers.keys() - {"type_dense"}


def test_transposes_put_every_number_where_keras_reads_it(pytorch: dict[str, Any]) -> None:
    layers = keras_weights(pytorch)
    assert layers["stem_conv"]["kernel"][2, 1, 0, 31] == pytorch["_conv_stem.weight"][31, 0, 2, 1]
    depthwise = layers["block02_depthwise_conv"]["depthwise_kernel"]
    assert depthwise[2, 1, 7, 0] == pytorch["_blocks.2._depthwise_conv.weight"][7, 0, 2, 1]
    assert layers["type_dense"]["kernel"][5, 9] == pytorch["_fc.weight"][9, 5]
    np.testing.assert_array_equal(layers["block04_expand_bn"]["moving_variance"], pytorch["_blocks.4._bn0.running_var"])


def test_a_missing_weight_is_refused(pytorch: dict[str, Any]) -> None:
    for name in pytorch:
        if name.endswith("num_batches_tracked") or not name.startswith(("_conv", "_bn", "_fc", "_blocks.7.")):
            continue
        rest = {other: array for other, array in pytorch.items() if other != name}
        with pytest.raises(CheckpointError, match="incomplete"):
            keras_weights(rest)
    without_block = {name: array for name, array in pytorch.items() if not name.startswith("_blocks.7.")}
    with pytest.raises(CheckpointError, match="block07_depthwise_bn"):
        keras_weights(without_block)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("_blocks.3._se_reduce.weight", (8, 144, 1, 1)),
        ("_blocks.3._se_reduce.bias", (8,)),
        ("_conv_stem.bias", (32,)),
        ("_fc.scale", (1000,)),
        ("layer1.0.conv1.weight", (64, 64, 3, 3)),
        ("_blocks.3._depthwise_conv.weight", (144, 2, 3, 3)),
        ("_blocks.100._depthwise_conv.weight", (144, 1, 3, 3)),
        ("_bn0.num_batches", ()),
        ("_conv_stem.num_batches_tracked", ()),
        ("", ()),
    ],
)
def test_a_weight_of_another_network_is_refused(pytorch: dict[str, Any], name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(CheckpointError, match="has no weight"):
        keras_weights({**pytorch, name: np.zeros(shape, np.float32)})


needs_original = pytest.mark.skipif(
    not (importlib.util.find_spec("torch") and importlib.util.find_spec("efficientnet_lite_pytorch")),
    reason="torch and the original network are not installed; `make test-converters` runs the parity tests",
)


@pytest.mark.slow
@needs_original
def test_the_twin_gives_the_outputs_of_the_original_at_the_house_size(pytorch: dict[str, Any]) -> None:
    checkpoint = pytest.importorskip("edgefashion.models.checkpoint", reason="the extra train is not installed")
    from edgefashion.models import architecture, build

    pictures = parity_pictures(192)
    twin = build(architecture("efficientnet-lite0", 1000, 192, 192))
    layers = keras_weights(pytorch)
    checkpoint.restore(twin, {f"{layer}/{name}": array for layer in layers for name, array in layers[layer].items()})
    expected = original_logits(pytorch, pictures)
    assert expected.std() > 0.5
    assert np.abs(twin.predict(pictures, verbose=0) - expected).max() <= 1e-4


@pytest.mark.slow
@needs_original
def test_convert_proves_itself_and_writes_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = pytest.importorskip("edgefashion.models.checkpoint", reason="the extra train is not installed")
    destination = tmp_path / "lite0.safetensors"
    source = efficientnet_lite_weights_path()
    monkeypatch.setattr(converter, "original_logits", lambda pytorch, pictures: np.zeros((len(pictures), 1000)))
    with pytest.raises(CheckpointError, match="differ by"):
        convert(source, destination)
    assert not destination.exists()
    monkeypatch.undo()
    assert 0 < convert(source, destination) <= 1e-4
    written = checkpoint.load_checkpoint(destination)
    np.testing.assert_array_equal(
        written.weights["type_dense/kernel"][:, 3], read_pytorch_weights(source)["_fc.weight"][3]
    )
    with pytest.raises(CheckpointError, match="exists"):
        convert(source, destination)
