"""What can't be trained is refused before hours are spent, and claims no folder."""

import dataclasses

import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")


from edgefashion.data.manifest import Manifest
from edgefashion.data.sources import open_source
from edgefashion.errors import DataError, RecipeError
from tests.training.tiny_run import LATER, run_tiny, tiny


@pytest.mark.parametrize(
    ("data", "kinds", "message"),
    [
        ({}, ("hat",), "fewer than two labels in its training split"),
        (
            {"held_out": "test"},
            ("hat", "dress"),
            r"no picture in the split 'test', which the recipe's 'held-out' names",
        ),
        ({"tune": "test"}, ("hat", "dress"), r"no picture in the split 'test', which the recipe's 'tune' names"),
        ({"train": ("trian",)}, ("hat", "dress"), "train, validation, test; received trian"),
    ],
)
def test_data_that_would_fail_at_the_end_are_refused_at_the_start(room, data, kinds, message):
    manifest = open_source(str(room / "garments"))
    path = room / "some.csv"
    rows = [row for row in manifest.rows if row.type in kinds]
    lines = [f"{room / 'garments' / row.path},{row.type},{row.group},{row.split}" for row in rows]
    path.write_text("\n".join(["path,type,group,split", *lines]))
    recipe = tiny(room)
    with pytest.raises(DataError, match=message):
        run_tiny(
            room, dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, **data)), "refused", "some.csv"
        )


@pytest.mark.parametrize("stage", LATER[1:])
def test_a_network_without_that_stage_is_refused_at_the_start(room, stage):
    recipe = tiny(room)
    plain = {name.replace("-", "_"): None for name in LATER if name != stage}
    wrong = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, architecture="teacher-32"), **plain)
    with pytest.raises(RecipeError, match=rf"\[{stage}\] needs an inverted residual network\. Received: MlpSpec"):
        run_tiny(room, wrong, "kind")
    assert not (room / "kind").exists()


def test_labels_outside_the_recipes_taxonomy_are_refused_at_the_start(room, monkeypatch):
    kept = open_source(str(room / "garments"))
    strange = Manifest("strange", tuple(dataclasses.replace(r, type=f"my {r.type}") for r in kept.rows),
                       tuple(f"my {label}" for label in kept.labels), kept.root)  # fmt: skip
    monkeypatch.setattr("edgefashion.training.run.open_source", lambda source: strange)
    recipe = tiny(room)
    with pytest.raises(RecipeError, match="The taxonomy 'garment' has no type 'my dress', which 'strange' holds"):
        run_tiny(
            room, dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, taxonomy="garment")), "strange"
        )


def test_a_refused_run_leaves_its_folder_free_for_another_recipe(room):
    """A mistake must not claim the folder: corrected and started again with the same --out, it works."""
    recipe = tiny(room)
    wrong = dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, held_out="test"))
    with pytest.raises(DataError):
        run_tiny(room, wrong, "claimed")
    assert not (room / "claimed").exists()
