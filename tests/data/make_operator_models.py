"""Makes tests/data/operators_{int8,float,dynamic}.tflite: small untrained networks that use many operators.

Run from the checkout: `python tests/data/make_operator_models.py`. The mutation tests damage them in thousands of ways,
so that each operator that `runtime/operators.py` allows has been tried.
"""

import sys
from pathlib import Path

import numpy as np

SIDE = 16
FOLDER = Path(__file__).parent


def build(quantised: bool):
    """Build the network: input (1, 16, 16, 3), two outputs; the float one takes uint8 itself, as exported files do."""
    import tensorflow as tf
    import tf_keras

    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(3)
    inputs = tf_keras.Input((SIDE, SIDE, 3), batch_size=1, dtype=tf.float32 if quantised else tf.uint8)
    if quantised:
        x = tf.quantization.fake_quant_with_min_max_args(inputs, -1.0, 127 / 128)
    else:
        x = (tf.cast(inputs, tf.float32) - 128.0) / 128.0
    x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    x = layers.Conv2D(8, 3, 2, padding="valid")(x)
    left, right = layers.LeakyReLU(0.1)(x), layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.MaxPool2D(2)(layers.Concatenate()([left, right]))
    x = tf.image.resize(x, (8, 8))
    x = x * tf.sigmoid(x)
    x = layers.SeparableConv2D(8, 3, dilation_rate=2, padding="same", activation="relu")(x)
    x = tf.tanh(x) - 0.5 * x
    x = x * tf.nn.relu6(x + 3.0) / 6.0
    x = tf.nn.relu(layers.AveragePooling2D(2)(x)) + tf.nn.relu6(x[:, ::2, ::2, :])
    x = tf.transpose(tf.sigmoid(tf.transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2]) + tf.transpose(x, [0, 2, 1, 3])
    one, two = tf.split(x, 2, axis=-1)
    x = (tf.maximum(one, two) + tf.minimum(one, two))[:, 1:, :, :]
    x = x + 0.1 * tf.reduce_sum(x, [1, 2], keepdims=True)
    x = layers.Conv2D(32, 3, padding="same")(x)  # large enough for the converter to quantise its weights dynamically
    x = tf.reduce_mean(x, [1, 2])
    x = tf.math.l2_normalize(x, axis=-1) + 0.01 * tf.math.rsqrt(tf.nn.relu(x) + 1.0)
    x = tf.reduce_sum(tf.reshape(layers.Dense(36)(x), (1, 6, 6)), -1)
    return tf_keras.Model(inputs, [tf.nn.softmax(x), layers.Dense(4)(x)])


def convert(model, kind: str) -> bytes:
    """Convert to full int8 with uint8 input and outputs, or to float with float16 or dynamically quantised weights."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        converter.representative_dataset = lambda: (
            [rng.uniform(-1, 1, (1, SIDE, SIDE, 3)).astype(np.float32)] for _ in range(20)
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.uint8
    return converter.convert()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from edgefashion.runtime.interpreter import Interpreter

    for kind in ("int8", "float", "dynamic"):
        content = convert(build(kind == "int8"), kind)
        Interpreter.open(content, threads=1)
        (FOLDER / f"operators_{kind}.tflite").write_bytes(content)
        print(kind, len(content), "bytes")
