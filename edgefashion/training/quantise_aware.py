"""Trains with 8-bit rounding in place, so that the export needs no calibration pictures and loses next to nothing.

tfmot's prune-preserving scheme does the training: fake quantisation of weights and activations with straight-through
gradients (Jacob et al. 2018, arXiv 1712.05877), zeros kept. Two things are set here because tfmot's defaults would
cost accuracy: depthwise kernels get one scale a channel, as TensorFlow Lite quantises them (tfmot gives them one in
all), and the picture's range is exactly that of its bytes. What is learnt — folded weights and the range of every
activation — goes into the checkpoint; the converter meets no tfmot layer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.prune_preserve import (
    default_8bit_prune_preserve_quantize_scheme as scheme,
)
from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
    default_8bit_quantize_registry as registry,
)
from tensorflow_model_optimization.quantization import keras as quantization

from edgefashion.models.checkpoint import Checkpoint, Weights, read_weights
from edgefashion.models.inverted_residual import INPUT_RANGE, Range
from edgefashion.training.augment import normalise
from edgefashion.training.loop import Stage, Teacher, run_stage
from edgefashion.training.pipeline import batches
from edgefashion.training.prune_weights import MakeStage, folded
from edgefashion.training.recipe import QuantiseAware

RANGE_BATCHES = 8
"""Batches of 32 training pictures on which the first ranges are measured."""


class PerChannelDepthwise(quantization.quantizers.LastValueQuantizer):
    """Symmetric 8-bit quantiser of a depthwise kernel (height, width, channels, 1), one scale a channel."""

    def __init__(self) -> None:
        super().__init__(num_bits=8, per_axis=True, symmetric=True, narrow_range=True)

    def build(self, tensor_shape: Any, name: str, layer: tf_keras.layers.Layer) -> dict[str, tf.Variable]:
        """Makes the range variables, float32 (channels,)."""
        return {
            f"{end}_var": layer.add_weight(
                f"{name}_{end}",
                shape=(tensor_shape[-2],),
                initializer=tf_keras.initializers.Constant(value),
                trainable=False,
            )
            for end, value in (("min", -6.0), ("max", 6.0))
        }

    def __call__(self, inputs: tf.Tensor, training: bool, weights: dict[str, tf.Variable], **kwargs: Any) -> tf.Tensor:
        """Quantises along the channels, which tfmot's operator wants last."""
        turned = super().__call__(tf.transpose(inputs, (0, 1, 3, 2)), training, weights, **kwargs)
        return tf.transpose(turned, (0, 1, 3, 2))


class DepthwiseConfig(registry.Default8BitQuantizeConfig):
    """tfmot's description of a depthwise convolution, with the per-channel quantiser."""

    def __init__(self, weight_attrs: Any = None, activation_attrs: Any = None, quantize_output: bool = False) -> None:
        """The arguments are tfmot's; the defaults fit `DepthwiseConv2D`."""
        super().__init__(weight_attrs or ["depthwise_kernel"], activation_attrs or ["activation"], quantize_output)
        self.weight_quantizer = PerChannelDepthwise()


def train_quantise_aware(
    checkpoint: Checkpoint, plan: QuantiseAware, make_stage: MakeStage, teacher: Teacher | None
) -> tuple[Checkpoint, list[dict[str, float]]]:
    """Trains the folded network with rounding in place.

    Args:
        checkpoint: folded or not; it is folded first.
        plan: schedule.
        make_stage: describes a stage with the changes given.
        teacher: network to be matched, or None for the network as it was.

    Returns:
        The checkpoint with its weights and ranges, and the history.
    """
    checkpoint = folded(checkpoint)
    network = checkpoint.model()
    stage = make_stage({"teacher": (teacher or checkpoint.model()) if plan.weight else None, "weight": plan.weight,
                        "temperature": plan.temperature})  # fmt: skip
    rounded = quantised(network)
    set_ranges(rounded, measured_ranges(network, list(ranges_of(rounded)), stage))
    history = run_stage(rounded, stage)
    ranges = ranges_of(rounded)
    weights = _plain_weights(rounded, network)
    return dataclasses.replace(checkpoint, weights=weights, ranges=ranges, folded=True), history


def quantised(network: tf_keras.Model) -> tf_keras.Model:
    """Wraps a folded network in tfmot's fake quantisation; zeros in its weights will stay zeros."""

    def annotate(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        if isinstance(layer, tf_keras.layers.DepthwiseConv2D):
            return quantization.quantize_annotate_layer(layer, DepthwiseConfig())
        if isinstance(layer, (tf_keras.layers.InputLayer, tf_keras.layers.Dropout)):
            return layer
        return quantization.quantize_annotate_layer(layer)

    annotated = tf_keras.models.clone_model(network, clone_function=annotate)
    by_name = {layer.name: layer for layer in network.layers}
    for layer in annotated.layers:
        inner = getattr(layer, "layer", layer)
        inner.set_weights(by_name[inner.name].get_weights())
    with quantization.quantize_scope({"DepthwiseConfig": DepthwiseConfig, "PerChannelDepthwise": PerChannelDepthwise}):
        rounded = quantization.quantize_apply(annotated, scheme.Default8BitPrunePreserveQuantizeScheme())
    for layer in rounded.layers:
        if layer.name.startswith("quantize_layer"):
            for weight in layer.weights:
                if weight.name.endswith(("_min:0", "_max:0")):
                    weight.assign(INPUT_RANGE[0] if weight.name.endswith("_min:0") else INPUT_RANGE[1])
    return rounded


def measured_ranges(network: tf_keras.Model, names: Sequence[str], stage: Stage) -> dict[str, Range]:
    """Measures how far the activations go on training pictures: mean over batches of the smallest and largest value.

    tfmot starts every range at ±6 and moves it by a thousandth a step; a short stage would never get away from there.
    """
    names = [name for name in names if name != "input"]
    probe = tf_keras.Model(network.input, [network.get_layer(name).output for name in names])
    lows, highs = [], []
    for number, (images, _) in enumerate(batches(stage.train, 32, stage.seed, 0)):
        if number >= RANGE_BATCHES:
            break
        x = tf.image.resize(normalise(tf.constant(images)), (stage.height, stage.width))
        found = [value.numpy() for value in probe(x, training=False)]
        lows.append([float(value.min()) for value in found])
        highs.append([float(value.max()) for value in found])
    return {name: (min(0.0, low), max(1e-3, high)) for name, low, high in zip(
        names, np.mean(lows, axis=0).tolist(), np.mean(highs, axis=0).tolist(), strict=True)}  # fmt: skip


def set_ranges(rounded: tf_keras.Model, ranges: Mapping[str, Range]) -> None:
    """Puts measured ranges where tfmot keeps them."""
    for layer in rounded.layers:
        name = layer.name.removeprefix("quant_")
        for weight in layer.weights:
            short = weight.name.split("/")[-1].split(":")[0]
            if name in ranges and short in ("post_activation_min", "output_min", "post_activation_max", "output_max"):
                weight.assign(tf.fill(weight.shape, ranges[name][0 if short.endswith("_min") else 1]))


def ranges_of(rounded: tf_keras.Model) -> dict[str, Range]:
    """Reads the range of every activation, by the name of the layer after which it stands; "input" is the picture."""
    ranges: dict[str, Range] = {"input": INPUT_RANGE}
    for layer in rounded.layers:
        found: dict[str, float] = {}
        for weight in layer.weights:
            short = weight.name.split("/")[-1].split(":")[0]
            for end in ("min", "max"):
                if short in (f"post_activation_{end}", f"output_{end}"):
                    found[end] = float(np.asarray(weight.numpy()).reshape(-1)[0])
        if found:
            low, high = min(0.0, found["min"]), max(0.0, found["max"], 1e-3)
            ranges[layer.name.removeprefix("quant_")] = (low, high)
    return ranges


def _plain_weights(rounded: tf_keras.Model, network: tf_keras.Model) -> Weights:
    """The trained kernels and biases by the plain network's names; weights that were zero are set to zero again."""
    weights = read_weights(network)
    for layer in rounded.layers:
        name = layer.name.removeprefix("quant_")
        for weight in layer.weights:
            key = f"{name}/{weight.name.split('/')[-1].split(':')[0]}"
            if key in weights:
                zeros = (weights[key] == 0.0) & key.endswith("kernel") & ("depthwise" not in key)
                weights[key] = np.where(zeros, 0.0, weight.numpy()).astype(np.float32)
    return weights
