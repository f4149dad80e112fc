"""MobileNetV2 1.0 at 224 pixels with ImageNet weights, frozen, and a linear head; int8 after training.

The weights come with no package. They are read where Keras keeps them once it has downloaded them; nothing is
downloaded here. (Keras scales bytes by 127.5, the file by 128: a difference of 0.4 %.)
"""

from __future__ import annotations

from pathlib import Path

import tf_keras

from benchmarks.peers.int8_after_training import int8_file, samples
from benchmarks.peers.linear_head import kept_features, linear_head
from benchmarks.peers.peer import Answer, Job, SkippedError, answer_of_file
from edgefashion.training.loop import logits_of

SIDE = 224
WEIGHTS = Path.home() / ".keras" / "models" / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"


def make(job: Job) -> Answer:
    """Trains the head, converts, answers.

    Raises:
        SkippedError: No weights on this machine.
    """
    if not WEIGHTS.is_file():
        raise SkippedError(f"ImageNet weights come with no package; put Keras's {WEIGHTS.name} into ~/.keras/models")
    backbone = tf_keras.applications.MobileNetV2((SIDE, SIDE, 3), include_top=False, weights=None, pooling="avg")
    backbone.load_weights(WEIGHTS)
    train, held = job.pictures(SIDE)
    features = kept_features(job.folder / "features.npy", lambda: logits_of(backbone, train.images))
    kernel, bias = linear_head(features, train.truth, len(job.manifest.labels))
    head = tf_keras.layers.Dense(len(job.manifest.labels))
    network = tf_keras.Model(backbone.input, head(backbone.output))
    head.set_weights([kernel, bias])
    return answer_of_file(int8_file(network, samples(train)), held)
