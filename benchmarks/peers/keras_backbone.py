"""A frozen Keras network with ImageNet weights and a linear head, int8 after training: what the MobileNet peers are.

The weights come with no package. They are read where Keras keeps them once it has downloaded them. (Keras scales bytes
by 127.5, the file by 128: a difference of 0.4 %.)
"""

from __future__ import annotations

import tf_keras

from benchmarks.peers import PEERS
from benchmarks.peers.int8_after_training import int8_file, samples
from benchmarks.peers.linear_head import kept_features, linear_head
from benchmarks.peers.peer import KERAS_MODELS, Answer, Job, answer_of_file
from edgefashion.training.loop import logits_of

SIDE = 224


def answer_with_head(name: str, backbone: tf_keras.Model, job: Job) -> Answer:
    """Loads the backbone's weights, trains the head, converts, answers.

    Args:
        name: of the peer, a clothing one.
        backbone: float32 (batch, SIDE, SIDE, 3) in [-1, 1) → pooled features.
        job: names pictures and folder.
    """
    backbone.load_weights(KERAS_MODELS / PEERS["clothing"][name].weights)
    train, held = job.pictures(SIDE)
    features = kept_features(job.folder / "features.npy", lambda: logits_of(backbone, train.images))
    kernel, bias = linear_head(features, train.truth, len(job.manifest.labels))
    head = tf_keras.layers.Dense(len(job.manifest.labels))
    network = tf_keras.Model(backbone.input, head(backbone.output))
    head.set_weights([kernel, bias])
    return answer_of_file(int8_file(network, samples(train)), held)
