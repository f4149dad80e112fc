"""Makes tests/data/tiny_int8.tflite: a real int8 model with a card, for tests that must not need TensorFlow.

Run from the checkout: `python tests/data/make_tiny_model.py`. It learns to tell five garments, drawn as coloured
patches on a noisy ground, in a few seconds; the committed file is what the tests use, so it is only re-made on purpose.
"""

import sys
from pathlib import Path

import numpy as np

LABELS = ("t-shirt", "dress", "pants", "shoes", "hat")
COLOURS = ((200, 40, 40), (40, 170, 60), (40, 60, 200), (225, 205, 50), (150, 60, 170))
SIDE = 32
OUT = Path(__file__).parent / "tiny_int8.tflite"


def draw(kind: int, rng: np.random.Generator) -> np.ndarray:
    """Draw one garment: a patch of the kind's colour, roughly in its shape; uint8 (32, 32, 3) RGB."""
    picture = np.full((SIDE, SIDE, 3), rng.integers(90, 255), np.float32)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5 + rng.uniform(-0.06, 0.06, (2, 1, 1))
    body = (abs(x) < 0.2) & (abs(y) < 0.35)
    shapes = (
        body | ((abs(x) < 0.42) & (y > -0.35) & (y < -0.1)),
        (abs(x) < 0.1 + 0.35 * (y + 0.45)) & (abs(y) < 0.42),
        (abs(x) < 0.25) & (abs(y) < 0.42) & ((abs(x) > 0.05) | (y < -0.2)),
        (abs(x) < 0.42) & (y > 0.1) & (y < 0.35),
        (x**2 + (y - 0.1) ** 2 < 0.09) & (y < 0.1) | ((abs(x) < 0.42) & (abs(y - 0.12) < 0.06)),
    )
    picture[shapes[kind]] = np.array(COLOURS[kind]) * rng.uniform(0.75, 1.15)
    return np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)


def train() -> bytes:
    """Train, quantise, and return the bare flatbuffer."""
    import tensorflow as tf
    import tf_keras

    tf_keras.utils.set_random_seed(7)
    rng = np.random.default_rng(7)
    kinds = rng.integers(0, len(LABELS), 2000)
    pictures = np.stack([draw(kind, rng) for kind in kinds])

    def convolution(x, filters, stride):
        x = tf_keras.layers.Conv2D(filters, 3, strides=stride, padding="same")(x)
        return tf_keras.layers.ReLU(6.0)(x)

    inputs = tf_keras.Input((SIDE, SIDE, 3))
    x = convolution(inputs, 8, 2)
    x = tf_keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = convolution(x, 16, 2)
    left = convolution(x, 16, 1)
    x = tf_keras.layers.Add()([x, left])
    x = convolution(x, 24, 2)
    x = tf_keras.layers.GlobalAveragePooling2D()(x)
    x = tf_keras.layers.Dense(len(LABELS))(x)
    model = tf_keras.Model(inputs, tf_keras.layers.Softmax()(x))
    loss = tf_keras.losses.CategoricalCrossentropy(label_smoothing=0.15)  # scores between the extremes test more
    model.compile(tf_keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    model.fit(pictures / 128.0 - 1.0, np.eye(len(LABELS))[kinds], batch_size=64, epochs=6, verbose=2)

    fixed = tf_keras.Input((SIDE, SIDE, 3), batch_size=1)
    pinned = tf.quantization.fake_quant_with_min_max_args(fixed, -1.0, 127 / 128, num_bits=8)
    network = tf_keras.Model(fixed, model(pinned))

    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([picture[None] / np.float32(128) - 1] for picture in pictures[:200])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return converter.convert()


def write(flatbuffer: bytes) -> bytes:
    """Add the labels, and a card with golden vectors."""
    from edgefashion.runtime.card import Head, InputRule, ModelCard
    from edgefashion.runtime.golden import make_golden
    from edgefashion.runtime.interpreter import Interpreter
    from edgefashion.runtime.model_file import append_files, seal_card
    from edgefashion.taxonomy import Taxonomy

    interpreter = Interpreter.open(flatbuffer, threads=1)
    (output,) = interpreter.outputs
    facts = {
        "name": "tiny",
        "version": "1.0.0",
        "input": InputRule(SIDE, SIDE),
        "heads": (Head("type", output, "labels.txt", LABELS),),
        "taxonomy": Taxonomy.from_labels(LABELS, "tiny"),
        "description": "Five drawn garments, for the tests.",
        "licence": "Apache-2.0",
        "training": {"data": "tests/data/make_tiny_model.py", "data_licence": "Apache-2.0", "pictures": 2000},
    }
    rng = np.random.default_rng(11)
    pictures = [draw(kind, rng) for kind in range(len(LABELS))]
    grids = [picture.reshape(8, 4, 8, 4, 3).mean((1, 3)).astype(np.uint8) for picture in pictures]
    grids.append(rng.integers(0, 256, (4, 6, 3), np.uint8))
    card = ModelCard(**facts, golden=make_golden(grids, ModelCard(**facts), interpreter))
    labels = ("\n".join(LABELS) + "\n").encode()
    return append_files(flatbuffer, {"labels.txt": labels, "card.json": seal_card(card, flatbuffer).to_json().encode()})


def check(path: Path) -> None:
    """Print how well the file tells new drawings apart."""
    from edgefashion import Classifier

    classifier = Classifier.open(path)
    rng = np.random.default_rng(99)
    kinds = rng.integers(0, len(LABELS), 200)
    right = sum(classifier.classify(draw(kind, rng)).type == LABELS[kind] for kind in kinds)
    print(f"{path}: {path.stat().st_size} bytes, {right}/200 right, {len(classifier.card.golden)} golden vectors")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    OUT.write_bytes(write(train()))
    check(OUT)
