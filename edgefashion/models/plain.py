"""The network that is trained but never shipped: the seed perceptron."""

from __future__ import annotations

from dataclasses import dataclass

import tf_keras


@dataclass(frozen=True)
class MlpSpec:
    """The perceptron that this project grew from: flatten, dense ReLU, dropout, dense."""

    height: int
    width: int
    hidden: int
    dropout: float
    classes: int


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
