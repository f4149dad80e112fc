"""Where first weights come from: a seed, or a checkpoint whose last layer keeps what it knows of the labels."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.errors import CheckpointError, RecipeError
from edgefashion.models.architectures import ARCHITECTURES
from edgefashion.models.checkpoint import save_checkpoint
from edgefashion.taxonomy import NO_GARMENT
from edgefashion.training.recipe import Model
from edgefashion.training.start import first_checkpoint
from tests.models.tiny import TINY, tiny_checkpoint

LABELS = ("label 0", "label 1", "label 2")


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "tiny", TINY)


@pytest.fixture(params=[False, True], ids=["unfolded", "folded"])
def parent(request, tmp_path):
    """A pruned parent on disk: its second block is narrower than the architecture's."""
    blocks = (TINY.blocks[0], dataclasses.replace(TINY.blocks[1], expansion=12), *TINY.blocks[2:])
    checkpoint = tiny_checkpoint(seed=1, folded=request.param, spec=dataclasses.replace(TINY, blocks=blocks))
    save_checkpoint(checkpoint, tmp_path / "parent.safetensors")
    return checkpoint, str(tmp_path / "parent.safetensors")


def test_a_network_from_nowhere_has_the_tasks_size_and_labels():
    found = first_checkpoint(Model("tiny", height=20, width=24, dropout=0.3, drop_path=0.1), ("a", "b"))
    expected = dataclasses.replace(TINY, height=20, width=24, classes=2, dropout=0.3, drop_path=0.1)
    assert (found.spec, found.labels, found.folded, found.stage) == (expected, ("a", "b"), False, "start")
    assert found.model().output_shape == (None, 2)


def test_the_parents_weights_and_widths_are_kept(parent):
    checkpoint, path = parent
    found = first_checkpoint(Model("tiny", weights=path, dropout=0.4), LABELS)
    assert found.spec == dataclasses.replace(checkpoint.spec, dropout=0.4)
    assert found.folded == checkpoint.folded
    assert set(found.weights) == set(checkpoint.weights)
    for name, array in checkpoint.weights.items():
        np.testing.assert_array_equal(found.weights[name], array)


def test_a_parent_is_folded_where_the_recipe_says_so(parent):
    checkpoint, path = parent
    found = first_checkpoint(Model("tiny", weights=path, folded=True), LABELS)
    pictures = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)
    assert found.folded
    np.testing.assert_allclose(found.model()(pictures), checkpoint.model()(pictures), atol=1e-4)


def test_other_labels_get_a_new_last_layer_and_nothing_else_new(parent):
    checkpoint, path = parent
    for labels in (("a", "b"), ("label 2", "label 1", "another")):
        found = first_checkpoint(Model("tiny", weights=path), labels)
        assert found.weights["type_dense/kernel"].shape == (16, len(labels))
        changed = {name for name, array in found.weights.items() if not np.array_equal(array, checkpoint.weights[name])}
        assert changed == {"type_dense/kernel", "type_dense/bias"}
        assert found.model().output_shape == (None, len(labels))


def test_what_the_parent_knows_of_its_labels_and_heads_is_kept(parent):
    checkpoint, path = parent
    old = dataclasses.replace(checkpoint, labels=("hat", "dress"), heads={"pattern": ("plain",)})
    model = Model("tiny", weights="given before the path is looked at")
    labels, heads = ("dress", NO_GARMENT, "hat"), {"colour": ("red", "blue"), "pattern": ("dotted", "plain")}
    found = first_checkpoint(model, labels, heads, {model.weights: old})
    for name in ("type_dense/kernel", "type_dense/bias"):
        hat, dress, plain = np.moveaxis(checkpoint.weights[name], -1, 0)
        nothing = np.zeros_like(hat)
        expected = (dress, nothing, hat, nothing, nothing, nothing, plain)
        np.testing.assert_array_equal(np.moveaxis(found.weights[name], -1, 0), expected)
    assert found.model().output_shape == (None, 7)
    assert first_checkpoint(Model("tiny", weights=path), ("label 1",)).weights["type_dense/bias"].shape == (1,)


def test_what_does_not_fit_is_refused(parent, tmp_path):
    _, path = parent
    with pytest.raises(RecipeError, match=r"Unknown architecture 'huge'\. Known: .*tiny"):
        first_checkpoint(Model("huge"), LABELS)
    with pytest.raises(RecipeError, match="holds a InvertedResidualSpec, the recipe asks for a MlpSpec"):
        first_checkpoint(Model("seed-mlp", weights=path), LABELS)
    with pytest.raises(RecipeError, match=r"'model\.folded' needs 'model\.weights'"):
        first_checkpoint(Model("tiny", folded=True), LABELS)
    with pytest.raises(CheckpointError, match="There is no checkpoint 'efficientnet-lite9'"):
        first_checkpoint(Model("tiny", weights="efficientnet-lite9"), LABELS)
