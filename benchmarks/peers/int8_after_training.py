"""Plain post-training quantisation, as TensorFlow's guide has it: a float network and sample pictures → int8 file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from edgefashion.training.pipeline import Pictures, as_rgb

SAMPLES = 100
"""Pictures that set the ranges; tensorflow.org's post-training guide takes 100."""


def samples(pictures: Pictures) -> npt.NDArray[np.uint8]:
    """Takes sample pictures evenly: uint8 (n, height, width, 3)."""
    step = max(1, len(pictures.images) // SAMPLES)
    return as_rgb(pictures.images[::step][:SAMPLES])


def int8_file(network: tf_keras.Model, pictures: npt.NDArray[np.uint8]) -> bytes:
    """Converts a network.

    Args:
        network: float32 (batch, height, width, 3), (byte − 128) / 128, → logits.
        pictures: uint8 (n, height, width, 3) that set the ranges.

    Returns:
        A .tflite: uint8 RGB in, uint8 probabilities out.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(_single(network))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]

    def representative() -> Iterator[list[npt.NDArray[np.float32]]]:
        for picture in pictures:
            yield [(picture[None].astype(np.float32) - 128.0) / 128.0]

    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    return bytes(converter.convert())


def float_file(network: tf_keras.Model) -> bytes:
    """Converts a network as it is: float32 in, float32 probabilities out."""
    return bytes(tf.lite.TFLiteConverter.from_keras_model(_single(network)).convert())


def _single(network: tf_keras.Model) -> tf_keras.Model:
    """The network for one picture, with softmax."""
    picture = tf_keras.Input(network.input_shape[1:], batch_size=1, name="picture")
    return tf_keras.Model(picture, tf_keras.layers.Softmax()(network(picture)))
