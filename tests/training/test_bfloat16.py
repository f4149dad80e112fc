"""Training in bfloat16: the same network, learnt as well, with nothing of it left in the weights."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

import tensorflow as tf

from edgefashion.models.checkpoint import read_weights
from edgefashion.training.bfloat16 import in_bfloat16
from edgefashion.training.loop import logits_of, run_stage
from edgefashion.training.teachers import Teachers
from tests.models.tiny import drawn_pictures, real, tiny_checkpoint
from tests.training.stages import SMALL, pictures, stage


@pytest.mark.parametrize("folded", [False, True])
def test_the_copy_says_nearly_the_same_in_other_arithmetic(folded):
    checkpoint = tiny_checkpoint(folded=folded)
    network = checkpoint.model()
    copy = in_bfloat16(network)
    x = real(drawn_pictures(6))
    plain, half = network(x, training=False), copy(x, training=False)
    assert half.dtype == tf.float32
    off = np.abs(plain - half).max()
    assert 0.0 < off < 0.05 * np.ptp(plain.numpy())
    assert copy.get_layer("stem_conv").compute_dtype == "bfloat16"
    assert copy.get_layer("type_dense").compute_dtype == "float32"
    for name, array in read_weights(network).items():
        np.testing.assert_array_equal(read_weights(copy)[name], array, err_msg=name)
    assert {array.dtype for array in read_weights(copy).values()} == {np.dtype(np.float32)}


def test_what_is_frozen_stays_frozen():
    network = tiny_checkpoint().model()
    network.get_layer("stem_conv").trainable = False
    copy = in_bfloat16(network)
    assert [layer.name for layer in copy.layers if not layer.trainable] == ["stem_conv"]
    assert [v.name for v in copy.trainable_variables] == [v.name for v in network.trainable_variables]


def test_it_learns(tmp_path):
    checkpoint = tiny_checkpoint(spec=SMALL)
    network = in_bfloat16(checkpoint.model())
    history = run_stage(network, stage(tmp_path / "fit.npz"))
    assert history[-1]["loss"] < history[0]["loss"]
    learnt = checkpoint.with_model(network).model()  # float32 from here on
    train = pictures(28)
    assert np.mean(logits_of(learnt, train.images).argmax(1) == train.truth) > 0.8


def test_teachers_say_nearly_the_same():
    checkpoint = dataclasses.replace(tiny_checkpoint(), labels=("dress", "hat", "shoes"))
    x = real(drawn_pictures(6))
    plain, half = (np.exp(Teachers([checkpoint], checkpoint, bfloat16=flag)(x)) for flag in (False, True))
    assert 0.0 < np.abs(plain - half).max() < 0.05
