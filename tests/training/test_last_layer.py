"""The last layer learns what is no garment, on pictures that no other layer sees."""

import dataclasses
import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("tf_keras", reason="the extra train is not installed")


from edgefashion.data.sources import open_source
from edgefashion.errors import DataError, RecipeError
from edgefashion.models.checkpoint import load_checkpoint
from edgefashion.taxonomy import NO_GARMENT
from edgefashion.training.loop import logits_of
from edgefashion.training.pipeline import load_pictures
from edgefashion.training.recipe import LastLayer, Model, Schedule
from edgefashion.training.recipe_file import load_recipe
from tests.training.tiny_run import run_tiny


def _with_things(room, count=12):
    """The garments and, of each split, pictures of a dark ground without one; a folder of red discs, cut out."""
    folder = room / "with nothing"
    shutil.copytree(room / "garments", folder, dirs_exist_ok=True)
    random = np.random.default_rng(3)
    for split in ("train", "validation"):
        (folder / split / NO_GARMENT).mkdir(parents=True, exist_ok=True)
        for seed in range(count):
            ground = random.integers(0, 60, (40, 40, 3), np.uint8)
            Image.fromarray(ground).save(folder / split / NO_GARMENT / f"{seed}.png")
    for number in range(60):
        disc = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
        ImageDraw.Draw(disc).ellipse((5, 5, 55, 40 + number % 15), fill=(230, 20, 20, 255))
        (room / "discs").mkdir(exist_ok=True)
        disc.save(room / "discs" / f"{number}.png")
    return dataclasses.replace(
        load_recipe(str(room / "teacher.toml")), fit=Schedule(12, batch=16, learning_rate=1e-2), name="last",
        model=Model("tiny-32", dropout=0.0),
        last_layer=LastLayer(20, batch=32, learning_rate=3e-2, extra=(f"things:{room / 'discs'}",) * 2),
    )  # fmt: skip


@pytest.mark.slow
def test_the_last_layer_learns_that_things_are_no_garments(room):
    recipe = _with_things(room)
    after, reports = run_tiny(room, recipe, "last", "with nothing")
    before = load_checkpoint(room / "last" / "stages" / "fit.safetensors")
    assert [at.stage for at in reports if at.tuned is not None] == ["fit"] * 12 + ["last-layer"]
    changed = {name for name, value in after.weights.items() if not np.array_equal(value, before.weights[name])}
    assert changed == {"type_dense/kernel", "type_dense/bias"}
    unseen = load_pictures(open_source(f"things:{room / 'discs'}").select("validation"), 32, 32)
    place = after.labels.index(NO_GARMENT)
    told = [np.mean(logits_of(c.model(), unseen.images).argmax(1) == place) for c in (before, after)]
    assert told[1] > max(0.8, told[0])
    assert after.training["data"] == "with nothing + things"
    assert after.training["pictures"] == 72 + len(open_source(f"things:{room / 'discs'}").select("train").rows)


@pytest.mark.slow
def test_garments_are_told_apart_as_before_where_the_recipe_says_so(room):
    recipe = _with_things(room)
    last = dataclasses.replace(recipe.last_layer, garments_stay=True)
    after, _ = run_tiny(room, dataclasses.replace(recipe, last_layer=last), "staying", "with nothing")
    before = load_checkpoint(room / "staying" / "stages" / "fit.safetensors")
    nothing = [label == NO_GARMENT for label in after.labels]
    for name in ("type_dense/kernel", "type_dense/bias"):
        moved = (after.weights[name] != before.weights[name]).reshape(-1, len(after.labels)).any(0)
        assert moved.tolist() == nothing, name


def test_what_the_last_layer_can_not_learn_from_is_refused_at_the_start(room):
    recipe = _with_things(room)
    with pytest.raises(RecipeError, match=r"\[last-layer\] needs pictures labelled 'no garment'"):
        run_tiny(room, recipe, "refused last")
    drawn = dataclasses.replace(recipe.last_layer, extra=("drawn",))
    with pytest.raises(DataError, match=r"can't take 'drawn': \['blazer'\] is not among the labels"):
        run_tiny(room, dataclasses.replace(recipe, last_layer=drawn), "refused last", "with nothing")
    assert not (room / "refused last").exists()
