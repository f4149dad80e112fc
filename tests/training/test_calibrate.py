"""Temperature and threshold after training."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.data.manifest import Manifest, Row
from edgefashion.runtime.look import unsure
from edgefashion.taxonomy import NO_GARMENT
from edgefashion.training.calibrate import KEPT_SHARE, answers, calibrated, fit_temperature, softmax, threshold_of
from edgefashion.training.loop import logits_of
from edgefashion.training.pipeline import Pictures
from edgefashion.training.recipe import Data, Model, Recipe
from tests.models.tiny import drawn_pictures, tiny_checkpoint


def _drawn(temperature, count=20_000, classes=5):
    """Logits that are `temperature` times too large for the labels drawn from them."""
    random = np.random.default_rng(0)
    logits = random.normal(0.0, 2.0, (count, classes))
    noise = random.gumbel(size=logits.shape)
    return (logits * temperature).astype(np.float32), (logits + noise).argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature):
    logits, truth = _drawn(temperature)
    assert fit_temperature(logits[None], truth) == pytest.approx(temperature, rel=0.05)


def test_extremes_stay_within_bounds():
    logits = np.eye(3, dtype=np.float32)[np.arange(60) % 3] * 3
    assert 0.2 <= fit_temperature(logits[None], np.arange(60) % 3) < 0.21  # always right: as sure as allowed
    assert 4.9 < fit_temperature(logits[None], (np.arange(60) + 1) % 3) <= 5.0  # always wrong: as unsure as allowed
    assert fit_temperature(logits[None, :19], np.arange(19) % 3) == 1.0  # too few to tell


def test_softmax_of_large_logits():
    found = softmax(np.array([[1000.0, 1001.0], [-1000.0, 5.0]], np.float32))
    np.testing.assert_allclose(found, [[1 / (1 + np.e), np.e / (1 + np.e)], [0.0, 1.0]])


@pytest.mark.parametrize("lost", [0, 12])
def test_the_threshold_keeps_its_share_of_the_garments_those_taken_for_nothing_among_the_lost(lost):
    count, labels = 400, ("dress", "hat", "coat", "skirt", NO_GARMENT)
    logits = np.zeros((count, len(labels)), np.float32)
    logits[:, 0] = np.linspace(0.5, 4.0, count)  # 0.29 to 0.93 of the first
    logits[count // 2 : count // 2 + lost, [0, 4]] = (3.0, 3.5)  # 0.35 of the first, 0.58 of no garment
    said = softmax(logits)
    sure = (said[:, 0] >= threshold_of(said, labels)) & (said[:, 0] > said[:, 4])
    assert sure.mean() == pytest.approx(KEPT_SHARE, abs=1 / count)


def test_a_model_without_such_a_label_has_a_plain_quantile():
    logits = np.random.default_rng(1).normal(0, 2, (1000, 4)).astype(np.float32)
    threshold = threshold_of(softmax(logits), ("a", "b", "c", "d"))
    assert threshold == pytest.approx(np.quantile(softmax(logits).max(axis=1), 0.05), abs=2e-3)


@given(st.integers(20, 900), st.integers(0, 2**32 - 1))
def test_no_fewer_than_its_share_are_kept(count, seed):
    logits = np.random.default_rng(seed).normal(0, 2, (count, 4)).astype(np.float32)
    said = softmax(logits)
    threshold = threshold_of(said, ("a", "b", "c", "d"))
    kept = (said.max(axis=1) >= threshold).mean()
    assert KEPT_SHARE <= kept <= KEPT_SHARE + 2 / count + 1e-9 or threshold == 0.05
    assert threshold == round(threshold, 4)


def test_several_looks_are_joined_where_the_first_is_unsure():
    sure, unsure, other = np.log([0.8, 0.1, 0.1]), np.log([0.5, 0.3, 0.2]), np.log([0.1, 0.8, 0.1])
    looks = np.stack([[sure, unsure], [other, other]]).astype(np.float32)
    np.testing.assert_allclose(answers(looks, 1.0), [[0.8, 0.1, 0.1], [0.3, 0.55, 0.15]], atol=1e-6)
    both = answers(looks, 1.0, np.array([True, False]))
    np.testing.assert_allclose(both, [[0.45, 0.45, 0.1], [0.5, 0.3, 0.2]], atol=1e-6)
    np.testing.assert_allclose(answers(looks, 4.0).argmax(axis=1), [0, 1])
    assert answers(looks, 4.0)[0, 0] < 0.5, "softer, it is unsure of both"


def test_the_temperature_is_that_of_the_joined_looks():
    """Two looks that err apart: their mean is right more often than either, so less softening is needed."""
    (logits, truth), random = _drawn(1.0, classes=4), np.random.default_rng(1)
    blurred = [(logits + random.normal(0, 2, logits.shape)).astype(np.float32) for _ in range(3)]
    assert fit_temperature(np.stack(blurred), truth) < fit_temperature(blurred[0][None], truth)


def test_a_checkpoint_is_calibrated_on_all_that_is_looked_at():
    checkpoint, random = tiny_checkpoint(3), np.random.default_rng(5)
    rows = tuple(Row(f"{i}.png", checkpoint.labels[i % 3], f"p{i % 7}", "validation") for i in range(60))
    images, truth = drawn_pictures(60, seed=1), np.arange(60) % 3
    further = random.integers(0, 256, (60, 2, *images.shape[1:]), dtype=np.uint8)
    recipe = Recipe("tiny", Data("nowhere"), Model("tiny-32"))
    manifest = Manifest("none", rows, checkpoint.labels)
    found = calibrated(checkpoint, manifest, recipe, Pictures(images, truth, rows, further=further))
    every = (images, further[:, 0], further[:, 1])
    logits = np.stack([logits_of(checkpoint.model(), shown) for shown in every])
    assert unsure(softmax(logits[0])).any(), "or it shows nothing"
    assert found.temperature == fit_temperature(logits, truth)
    said = answers(logits, found.temperature)
    assert found.threshold == pytest.approx(threshold_of(said, checkpoint.labels), abs=1e-4)
    assert found.accuracy["top1"] == pytest.approx((said.argmax(axis=1) == truth).mean())
