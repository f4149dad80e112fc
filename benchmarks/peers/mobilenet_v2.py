"""MobileNetV2 1.0 at 224 pixels with ImageNet weights, frozen, and a linear head; int8 after training."""

from __future__ import annotations

import tf_keras

from benchmarks.peers.keras_backbone import SIDE, answer_with_head
from benchmarks.peers.peer import Answer, Job


def make(job: Job) -> Answer:
    """Trains the head, converts, answers."""
    backbone = tf_keras.applications.MobileNetV2((SIDE, SIDE, 3), include_top=False, weights=None, pooling="avg")
    return answer_with_head("mobilenet-v2", backbone, job)
