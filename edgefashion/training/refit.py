"""Fits single layers of a network that lost something to what the whole network says, by least squares.

He, Zhang & Sun 2017, arXiv 1707.06168. One layer is fitted at a time, from the first to the last, so each is given what
the network says that was fitted so far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from edgefashion.training.augment import normalise
from edgefashion.training.pipeline import as_rgb

PULL = 1e-3
"""How strongly weights stay as they are, as a share of the mean square of what a layer is given."""

Batches = Sequence[npt.NDArray[np.uint8]]


def refit_layer(network: tf_keras.Model, parent: tf_keras.Model, name: str, images: Batches) -> None:
    """Refits a convolution of stride 1 or a dense layer to what the parent's layer of that name says.

    Args:
        network: holds the layer `name`; is changed.
        parent: the whole network.
        images: batches of uint8 (n, any height, any width, 3) or (n, any height, any width).
    """
    layer = network.get_layer(name)
    patch = layer.kernel.shape[0] if layer.kernel.shape.rank == 4 else 1

    def sums(given: tf.Tensor, lacks: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rows = _patches(given, patch, 1) if patch > 1 else given
        rows, lacks = tf.reshape(rows, (-1, rows.shape[-1])), tf.reshape(lacks, (-1, lacks.shape[-1]))
        if layer.use_bias:
            rows = tf.concat([rows, tf.ones_like(rows[:, :1])], axis=1)
        return tf.matmul(rows, rows, transpose_a=True), tf.matmul(rows, lacks, transpose_a=True)

    change = _solved(*_summed(network, parent, layer, images, sums))
    kernel, *bias = layer.get_weights()
    layer.set_weights([kernel + change[: kernel[..., 0].size].reshape(kernel.shape), *(b + change[-1] for b in bias)])


def refit_depthwise(network: tf_keras.Model, parent: tf_keras.Model, name: str, images: Batches) -> None:
    """Refits a depthwise convolution, each channel for itself; the rest is as in `refit_layer`."""
    layer = network.get_layer(name)
    patch, stride = layer.kernel_size[0], layer.strides[0]

    def sums(given: tf.Tensor, lacks: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        channels = given.shape[-1]
        rows = tf.reshape(_patches(given, patch, stride), (-1, patch * patch, channels))
        if layer.use_bias:
            rows = tf.concat([rows, tf.ones_like(rows[:, :1])], axis=1)
        lacks = tf.reshape(lacks, (-1, channels))
        return tf.einsum("nac,nbc->cab", rows, rows), tf.einsum("nac,nc->ca", rows, lacks)[..., None]

    change = _solved(*_summed(network, parent, layer, images, sums))[..., 0]
    kernel, *bias = layer.get_weights()
    taps = change[:, : patch * patch].T.reshape(kernel.shape)
    layer.set_weights([kernel + taps, *(b + change[:, -1] for b in bias)])


def _patches(images: tf.Tensor, side: int, stride: int) -> tf.Tensor:
    """What a convolution sees: (n, rows, columns, side × side × channels)."""
    return tf.image.extract_patches(images, (1, side, side, 1), (1, stride, stride, 1), (1, 1, 1, 1), "SAME")


def _summed(
    network: tf_keras.Model,
    parent: tf_keras.Model,
    layer: tf_keras.layers.Layer,
    images: Batches,
    sums: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Adds up, over all pictures, `sums` of what a layer is given and of what it lacks."""
    given = tf_keras.Model(network.input, layer.input)
    wanted = tf_keras.Model(parent.input, parent.get_layer(layer.name).output)
    told = []
    for batch in images:
        x = tf.image.resize(normalise(tf.constant(as_rgb(batch))), network.input_shape[1:3])
        rows = given(x, training=False)
        told.append([value.numpy().astype(np.float64) for value in sums(rows, wanted(x, training=False) - layer(rows))])
    square, product = (np.sum(parts, axis=0) for parts in zip(*told, strict=True))
    return square, product


def _solved(square: npt.NDArray[np.float64], product: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Least squares with the weak pull towards no change; of a stack of systems, each for itself."""
    size = square.shape[-1]
    pull = PULL * np.trace(square, axis1=-2, axis2=-1)[..., None, None] / size + 1e-12
    solution: npt.NDArray[np.float32] = np.linalg.solve(square + pull * np.eye(size), product).astype(np.float32)
    return solution
