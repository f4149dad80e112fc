"""Inverted residual networks (Sandler et al. 2018, arXiv 1801.04381), EfficientNet-Lite among them.

A block may be fused (Tan & Le 2021, arXiv 2104.00298): one k × k convolution does the work of the expansion and of the
depthwise one. With a projection of 3 × 3 it is the block of a residual network (He et al. 2016, arXiv 1512.03385)
without the last ReLU. Per multiply-accumulate such blocks train several times as fast on a CPU.

One builder makes three forms of the same network, with the same layer names:

* with batch normalisation, for training;
* folded: every batch normalisation is merged into the convolution before it (weights and bias only), the form that is
  quantised and shipped;
* folded with `ranges`: after each layer named there stands a fixed fake-quantisation, from which the converter takes
  the int8 scale and zero point, so that no calibration data are needed.

Layer names: `stem_conv`, `stem_bn`, `block{i:02d}_{expand,depthwise,project}_{conv,bn,relu}`, `block{i:02d}_add`,
`head_conv`, `head_bn`, `pool`, `type_dense`. A channel-pruned network is the same description with smaller `expansion`
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
import tf_keras

Range = tuple[float, float]

INPUT_RANGE: Range = (-1.0, 127.0 / 128.0)
"""The real values of the bytes 0 and 255 under real = (byte - 128) / 128."""


@dataclass(frozen=True)
class Block:
    """One inverted residual block.

    Attributes:
        kernel: side of the depthwise kernel, or of the expansion's in a fused block, pixels.
        stride: 1 or 2.
        expansion: channels between the expansion and the projection.
        channels: channels that leave the block.
        expand: whether there is a convolution before the depthwise one.
        fused: whether that convolution has the kernel and the stride, and there is no depthwise one.
        projection: side of the projection's kernel, pixels.
    """

    kernel: int
    stride: int
    expansion: int
    channels: int
    expand: bool = True
    fused: bool = False
    projection: int = 1


@dataclass(frozen=True)
class InvertedResidualSpec:
    """Describes an inverted residual network completely.

    Attributes:
        height, width: input picture, pixels.
        stem: channels of the first 3 × 3 convolution; stem_stride: its stride.
        blocks: the blocks in order.
        head: channels of the last pointwise convolution; 0 leaves it out.
        classes: number of logits.
        dropout: share of pooled features dropped in training.
        bn_momentum, bn_epsilon: of every batch normalisation.
        drop_path: stochastic depth of the last residual block, linearly less before it (Huang et al. 2016,
            arXiv 1603.09382).
    """

    height: int
    width: int
    stem: int
    stem_stride: int
    blocks: tuple[Block, ...]
    head: int
    classes: int
    dropout: float = 0.2
    bn_momentum: float = 0.99
    bn_epsilon: float = 1e-3
    drop_path: float = 0.0


class FixedRange(tf_keras.layers.Layer):
    """Fake quantisation to 8 bits with a fixed range; tells the converter the scale of a tensor."""

    def __init__(self, low: float, high: float, **kwargs: Any) -> None:
        """Args: low, high: real values of the smallest and the largest byte; zero must lie between them."""
        super().__init__(**kwargs)
        self.low, self.high = float(low), float(high)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Rounds to the 256 values of the range and clips."""
        return tf.quantization.fake_quant_with_min_max_args(inputs, min=self.low, max=self.high, num_bits=8)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "low": self.low, "high": self.high}


class _Maker:
    """Adds layers with the house's names; knows whether the network is folded and which tensors have a range."""

    def __init__(self, spec: InvertedResidualSpec, folded: bool, ranges: Mapping[str, Range]) -> None:
        self.spec, self.folded, self.ranges = spec, folded, dict(ranges)

    def ranged(self, name: str, x: tf.Tensor) -> tf.Tensor:
        if name in self.ranges:
            low, high = self.ranges[name]
            x = FixedRange(low, high, name=f"{name}_range")(x)
        return x

    def normalised(self, name: str, x: tf.Tensor, relu: bool) -> tf.Tensor:
        if not self.folded:
            x = tf_keras.layers.BatchNormalization(
                momentum=self.spec.bn_momentum, epsilon=self.spec.bn_epsilon, name=f"{name}_bn"
            )(x)
        if relu:
            x = tf_keras.layers.ReLU(6.0, name=f"{name}_relu")(x)
            return self.ranged(f"{name}_relu", x)
        return self.ranged(f"{name}_conv", x)

    def conv(self, name: str, x: tf.Tensor, channels: int, kernel: int, stride: int, relu: bool) -> tf.Tensor:
        x = tf_keras.layers.Conv2D(
            channels, kernel, stride, padding="same", use_bias=self.folded,
            kernel_initializer="he_normal", name=f"{name}_conv",
        )(x)  # fmt: skip
        return self.normalised(name, x, relu)

    def depthwise(self, name: str, x: tf.Tensor, kernel: int, stride: int) -> tf.Tensor:
        x = tf_keras.layers.DepthwiseConv2D(
            kernel, stride, padding="same", use_bias=self.folded,
            depthwise_initializer="he_normal", name=f"{name}_conv",
        )(x)  # fmt: skip
        return self.normalised(name, x, relu=True)


def build_inverted_residual(
    spec: InvertedResidualSpec,
    folded: bool = False,
    ranges: Mapping[str, Range] | None = None,
    batch: int | None = None,
) -> tf_keras.Model:
    """Builds the network.

    Args:
        spec: the network's description.
        folded: whether the batch normalisations are merged into the convolutions.
        ranges: real (low, high) by layer name, for fixed fake-quantisation after that layer; "input" is the picture.
        batch: fixed batch size, or None.

    Returns:
        A model from float32 (batch, height, width, 3) RGB in [-1, 1), real = (byte - 128) / 128, to float32 logits
        (batch, classes).
    """
    make = _Maker(spec, folded, ranges or {})
    picture = tf_keras.Input((spec.height, spec.width, 3), batch_size=batch, name="picture")
    x = make.ranged("input", picture)
    x = make.conv("stem", x, spec.stem, 3, spec.stem_stride, relu=True)
    channels = spec.stem
    for index, block in enumerate(spec.blocks):
        name, before = f"block{index:02d}", x
        if block.fused:
            x = make.conv(f"{name}_expand", x, block.expansion, block.kernel, block.stride, relu=True)
        else:
            if block.expand:
                x = make.conv(f"{name}_expand", x, block.expansion, 1, 1, relu=True)
            x = make.depthwise(f"{name}_depthwise", x, block.kernel, block.stride)
        x = make.conv(f"{name}_project", x, block.channels, block.projection, 1, relu=False)
        if block.stride == 1 and channels == block.channels:
            if spec.drop_path and not folded:
                rate = spec.drop_path * (index + 1) / len(spec.blocks)
                x = tf_keras.layers.Dropout(rate, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x)
            x = make.ranged(f"{name}_add", tf_keras.layers.Add(name=f"{name}_add")([x, before]))
        channels = block.channels
    if spec.head:
        x = make.conv("head", x, spec.head, 1, 1, relu=True)
    x = make.ranged("pool", tf_keras.layers.GlobalAveragePooling2D(name="pool")(x))
    if spec.dropout and not folded:
        x = tf_keras.layers.Dropout(spec.dropout, name="dropout")(x)
    x = make.ranged("type_dense", tf_keras.layers.Dense(spec.classes, name="type_dense")(x))
    return tf_keras.Model(picture, x, name="inverted_residual")
