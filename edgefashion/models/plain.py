"""Networks that are trained but never shipped: the wide residual teacher and the seed perceptron."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import tensorflow as tf
import tf_keras


@dataclass(frozen=True)
class WideResidualSpec:
    """A pre-activation wide residual network (Zagoruyko & Komodakis 2016, arXiv 1605.07146), used as a teacher.

    Attributes:
        height, width: input picture, pixels.
        widths: channels of the stages; every stage after the first halves the picture.
        blocks: residual blocks a stage.
        classes: number of logits.
        dropout: share of pooled features dropped in training.
    """

    height: int
    width: int
    widths: tuple[int, ...]
    blocks: int
    classes: int
    dropout: float = 0.2


@dataclass(frozen=True)
class MlpSpec:
    """The perceptron that this project grew from: flatten, dense ReLU, dropout, dense."""

    height: int
    width: int
    hidden: int
    dropout: float
    classes: int


def build_wide_residual(spec: WideResidualSpec) -> tf_keras.Model:
    """Builds the network: float32 (batch, height, width, 3) in [-1, 1) → float32 logits (batch, classes)."""
    layers = tf_keras.layers
    number = itertools.count()

    def conv(x: tf.Tensor, channels: int, kernel: int, stride: int) -> tf.Tensor:
        return layers.Conv2D(
            channels, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal",
            name=f"conv{next(number):02d}",
        )(x)  # fmt: skip

    def activated(x: tf.Tensor) -> tf.Tensor:
        return layers.ReLU()(layers.BatchNormalization(momentum=0.95, name=f"bn{next(number):02d}")(x))

    picture = tf_keras.Input((spec.height, spec.width, 3), name="picture")
    x = conv(picture, spec.widths[0], 3, 1)
    for stage, channels in enumerate(spec.widths):
        for block in range(spec.blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            ready = activated(x)
            short = x if stride == 1 and x.shape[-1] == channels else conv(ready, channels, 1, stride)
            x = layers.Add()([conv(activated(conv(ready, channels, 3, stride)), channels, 3, 1), short])
    x = layers.Dropout(spec.dropout)(layers.GlobalAveragePooling2D()(activated(x)))
    return tf_keras.Model(picture, layers.Dense(spec.classes, name="type_dense")(x), name="wide_residual")


def build_mlp(spec: MlpSpec) -> tf_keras.Model:
    """Builds the perceptron: float32 (batch, height, width, 3) in [-1, 1) → float32 logits (batch, classes).

    It reads the first channel scaled to 0–1, as its author did.
    """
    layers = tf_keras.layers
    picture = tf_keras.Input((spec.height, spec.width, 3), name="picture")
    x = layers.Rescaling(128.0 / 255.0, 128.0 / 255.0)(picture[..., :1])
    x = layers.Dense(spec.hidden, activation="relu", name="hidden_dense")(layers.Flatten()(x))
    x = layers.Dense(spec.classes, name="type_dense")(layers.Dropout(spec.dropout)(x))
    return tf_keras.Model(picture, x, name="seed_mlp")
