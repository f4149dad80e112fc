"""Keras's "Simple MNIST convnet" (keras.io/examples/vision/mnist_convnet) on Fashion-MNIST; int8 after training.

Two convolutions of 32 and 64 filters with max pooling, dropout 0.5, one dense layer; Adam, batches of 128, 15 epochs.
Its grey picture comes as RGB here, of which it reads the first channel.
"""

from __future__ import annotations

import tf_keras

from benchmarks.peers.int8_after_training import int8_file, samples
from benchmarks.peers.peer import Answer, Job, answer_of_file
from edgefashion.training.pipeline import as_rgb

SIDE, EPOCHS, BATCH = 28, 15, 128


def make(job: Job) -> Answer:
    """Trains, converts, answers."""
    train, held = job.pictures(SIDE)
    classes = len(job.manifest.labels)
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(1)
    picture = tf_keras.Input((SIDE, SIDE, 3))
    x = picture[..., :1]
    for filters in (32, 64):
        x = layers.MaxPooling2D()(layers.Conv2D(filters, 3, activation="relu")(x))
    network = tf_keras.Model(picture, layers.Dense(classes)(layers.Dropout(0.5)(layers.Flatten()(x))))
    loss = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer="adam", loss=loss)
    pixels = (as_rgb(train.images).astype("float32") - 128.0) / 128.0
    network.fit(pixels, train.truth, BATCH, epochs=job.epochs or EPOCHS, verbose=2)
    return answer_of_file(int8_file(network, samples(train)), held)
