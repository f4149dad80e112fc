"""In the manner of Teachable Machine: ImageNet features stay as they are, only a head is trained, no augmentation.

Teachable Machine puts two dense layers on MobileNet 0.35 features (teachablemachine-community,
libraries/image/src/teachable-mobilenet.ts); here the backbone is the stronger EfficientNet-Lite0 at 224 pixels with one
linear layer, so that the head is all that differs from fine-tuning. int8 after training.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import tf_keras

from benchmarks.peers.int8_after_training import samples
from benchmarks.peers.linear_head import kept_features, linear_head
from benchmarks.peers.peer import Answer, Job, answer_of_file
from edgefashion.export.convert import convert
from edgefashion.training.loop import logits_of
from edgefashion.training.recipe import Model
from edgefashion.training.start import first_checkpoint

SIDE = 224


def make(job: Job) -> Answer:
    """Trains the head, converts, answers."""
    labels = job.manifest.labels
    checkpoint = first_checkpoint(Model("efficientnet-lite0", SIDE, SIDE, "efficientnet-lite0", folded=True), labels)
    train, held = job.pictures(SIDE)
    network = checkpoint.model()
    pooled = tf_keras.Model(network.input, network.get_layer("pool").output)
    features = kept_features(job.folder / "features.npy", lambda: logits_of(pooled, train.images))
    kernel, bias = linear_head(features, train.truth, len(labels))
    weights = checkpoint.weights | {"type_dense/kernel": kernel, "type_dense/bias": bias.astype(np.float32)}
    content = convert(dataclasses.replace(checkpoint, weights=weights), "int8", samples(train))
    return answer_of_file(content, held)
