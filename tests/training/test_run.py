"""A whole recipe on drawn garments: every stage, a damaged picture among them, stopped, gone on, and claimed."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

import tf_keras

from edgefashion.data.sources import open_source
from edgefashion.errors import RecipeError
from edgefashion.models.checkpoint import load_checkpoint, save_checkpoint
from edgefashion.models.folding import fold
from edgefashion.runtime.shipped import SHIPPED
from edgefashion.training.bfloat16 import in_bfloat16
from edgefashion.training.recipe import Blend, Model, PruneChannels, Schedule
from edgefashion.training.recipe_file import load_recipe
from edgefashion.training.run import run_recipe
from edgefashion.training.start import SHIPPED_CHECKPOINTS, first_checkpoint
from tests.training.tiny_run import LATER, TEACHER, TINY, run_tiny, tiny


@pytest.mark.slow
def test_every_stage_ran_in_order(room, finished):
    reports, checkpoint = finished
    order = [at.stage for at in reports if at.tuned is not None]
    assert order == ["fit"] * 2 + ["distil"] * 16 + ["prune-channels"] * 2 + ["prune-weights"] * 2 + ["quantise-aware"]
    stages = {name: load_checkpoint(room / "run" / "stages" / f"{name}.safetensors") for name in LATER}
    assert [stages[name].stage for name in LATER] == list(LATER)
    assert [stages[name].folded for name in LATER] == [False, False, False, True, True]
    assert [bool(stages[name].ranges) for name in LATER] == [False, False, False, False, True]
    assert stages["distil"].spec == dataclasses.replace(TINY, classes=3, dropout=0.0)
    assert [block.kernel for block in TINY.blocks] == [3, 3, 5]
    assert [block.kernel for block in stages["prune-kernels"].spec.blocks] == [3, 3, 3]
    widths = [block.expansion for block in checkpoint.spec.blocks]
    assert sum(widths) < 64
    assert all(width % 4 == 0 for width in widths)
    assert checkpoint.spec == stages["prune-channels"].spec
    for name, array in stages["prune-weights"].weights.items():
        if name.endswith("_project_conv/kernel"):
            assert np.mean(array == 0.0) == pytest.approx(0.3, abs=0.05), name
            assert (checkpoint.weights[name][array == 0.0] == 0.0).all(), name
    assert list((room / "run" / "state").iterdir()) == []


@pytest.mark.slow
def test_it_has_learnt_and_says_how_well(finished):
    _, checkpoint = finished
    accuracy = checkpoint.accuracy
    assert (accuracy["split"], accuracy["n"]) == ("validation", 17)
    assert accuracy["interval"][0] < accuracy["top1"] < accuracy["interval"][1] or accuracy["top1"] == 1.0
    assert accuracy["top1"] > 0.5
    assert 0.05 <= checkpoint.threshold <= 0.95
    low, high = checkpoint.ranges["input"]
    assert (low, high) == (-1.0, 127 / 128)
    assert {"block01_add", "type_dense", "stem_relu"} <= set(checkpoint.ranges)
    assert all(low <= 0.0 < high for low, high in checkpoint.ranges.values())


@pytest.mark.slow
def test_the_checkpoint_carries_what_the_card_will_say(room, finished):
    _, checkpoint = finished
    assert (checkpoint.name, checkpoint.version, checkpoint.description) == ("tiny", "3.1.4", "Drawn garments.")
    assert checkpoint.labels == ("dress", "hat", "pants")
    facts = checkpoint.training
    assert (facts["pictures"], facts["recipe"], facts["recipe_digest"]) == (60, "tiny", tiny(room).digest)
    assert facts["data_digest"] == open_source(str(room / "garments")).digest
    held = load_checkpoint(room / "run" / "checkpoint.safetensors")
    assert dataclasses.replace(held, weights={}) == dataclasses.replace(checkpoint, weights={})


@pytest.mark.slow
def test_run_json_holds_recipe_digest_versions_data_and_results(room, finished):
    _, checkpoint = finished
    told = json.loads((room / "run" / "run.json").read_text(encoding="utf-8"))
    assert told["recipe"]["distil"]["epochs"] == 16
    assert told["recipe_digest"] == tiny(room).digest
    assert told["data"]["digest"] == checkpoint.training["data_digest"]
    assert told["data"]["labels"] == ["dress", "hat", "pants"]
    assert {"tf_keras", "numpy"} <= set(told["versions"])
    assert told["results"]["accuracy"] == checkpoint.accuracy
    assert told["results"]["temperature"] == checkpoint.temperature
    assert {name: len(rows) for name, rows in told["stages"].items()} == {
        "distil": 16, "prune-kernels": 0, "prune-channels": 2, "prune-weights": 2, "quantise-aware": 1,
    }  # fmt: skip
    assert {"loss", "accuracy", "tuned", "seconds"} == set(told["stages"]["distil"][0])
    assert [path for path, _ in told["skipped"]] == ["train/hat/07.png", "validation/dress/03.png"]


@pytest.mark.slow
def test_a_finished_run_returns_at_once_and_changes_nothing(room, finished):
    _, checkpoint = finished
    times = {path: path.stat().st_mtime_ns for path in (room / "run").rglob("*")}
    found, reports = run_tiny(room)
    assert reports == []
    assert found.accuracy == checkpoint.accuracy
    assert {path: path.stat().st_mtime_ns for path in (room / "run").rglob("*")} == times


@pytest.mark.slow
def test_a_run_that_was_stopped_between_stages_goes_on_with_the_next(room, finished):
    """The last stage is done again; the history of the others is still told."""
    _, checkpoint = finished
    for name in ("checkpoint.safetensors", "run.json", "stages/quantise-aware.safetensors"):
        (room / "run" / name).unlink()
    found, reports = run_tiny(room)
    assert {at.stage for at in reports} == {"quantise-aware"}
    for name, array in checkpoint.weights.items():
        np.testing.assert_allclose(found.weights[name], array, atol=1e-3, err_msg=name)
    told = json.loads((room / "run" / "run.json").read_text(encoding="utf-8"))
    assert {name: len(rows) for name, rows in told["stages"].items()} == {
        "distil": 16, "prune-kernels": 0, "prune-channels": 2, "prune-weights": 2, "quantise-aware": 1,
    }  # fmt: skip


@pytest.mark.slow
def test_a_stage_carried_over_from_another_run_tells_of_the_run_that_went_on(room, finished):
    """A card's digest must be that of the recipe that made the file, whoever made the first stages."""
    recipe = tiny(
        room, version="9.9.9", prune_kernels=None, prune_channels=None, prune_weights=None, quantise_aware=None
    )
    stages = room / "carried" / "stages"
    stages.mkdir(parents=True)
    for name in ("distil.safetensors", "distil.json"):
        (stages / name).write_bytes((room / "run" / "stages" / name).read_bytes())
    found, reports = run_tiny(room, recipe, "carried")
    assert {at.stage for at in reports} == {"fit"}  # the teacher's
    assert (found.version, found.training["recipe_digest"]) == ("9.9.9", recipe.digest)


@pytest.mark.slow
def test_a_state_carried_over_from_another_run_tells_of_the_run_that_went_on(room, finished):
    """Channels are ranked once and kept with the state; a copy of it must not bring the other run's name along."""
    recipe = tiny(room, version="9.9.9", prune_weights=None, quantise_aware=None)
    stages, state = room / "ranked" / "stages", room / "ranked" / "state"
    stages.mkdir(parents=True)
    state.mkdir()
    for name in ("distil", "prune-kernels"):
        for kind in ("safetensors", "json"):
            (stages / f"{name}.{kind}").write_bytes((room / "run" / "stages" / f"{name}.{kind}").read_bytes())
    shutil.copy(room / "run" / "stages" / "prune-channels.safetensors", state / "prune-channels.safetensors")
    found, reports = run_tiny(room, recipe, "ranked")
    assert {at.stage for at in reports} == {"fit", "prune-channels"}  # the teacher's, and what follows the ranking
    assert (found.version, found.training["recipe_digest"]) == ("9.9.9", recipe.digest)
    told = load_checkpoint(stages / "prune-channels.safetensors")
    assert (told.version, told.stage) == ("9.9.9", "prune-channels")


def test_frozen_blocks_keep_weights_and_statistics_and_the_others_learn(room):
    recipe = tiny(room, distil=None, prune_kernels=None, prune_channels=None, prune_weights=None,
                     quantise_aware=None, fit=Schedule(1, 16, 1e-2))  # fmt: skip
    recipe = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, frozen=1))
    tf_keras.utils.set_random_seed(recipe.seed)
    first = first_checkpoint(recipe.model, ("dress", "hat", "pants")).weights
    found, _ = run_tiny(room, recipe, "frozen")
    still = {name for name, array in found.weights.items() if np.array_equal(array, first[name])}
    assert still == {name for name in first if name.startswith(("stem_", "block00_"))}


@pytest.mark.slow
def test_training_in_bfloat16_is_other_arithmetic_for_the_same_network(room, monkeypatch):
    seen = []

    def copied(network):
        seen.append(in_bfloat16(network))
        return seen[-1]

    monkeypatch.setattr("edgefashion.training.stages.in_bfloat16", copied)
    recipe = tiny(room, prune_kernels=None, prune_weights=None, quantise_aware=None)
    recipe = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, bfloat16=True))
    found, reports = run_tiny(room, recipe, "bfloat16")
    assert len(seen) == 2  # to be taught, and to get over its pruning
    assert {array.dtype for array in found.weights.values()} == {np.dtype(np.float32)}
    assert max(at.tuned for at in reports if at.tuned is not None) > 0.5


@pytest.mark.slow
def test_a_teacher_that_ships_is_not_trained_again_unless_its_recipe_or_its_pictures_are_others(
    room, finished, tmp_path, monkeypatch
):
    monkeypatch.setattr("edgefashion.training.start.SHIPPED_CHECKPOINTS", tmp_path)
    shutil.copy(room / "run" / "teacher-teacher" / "checkpoint.safetensors", tmp_path / "tiny-teacher.safetensors")
    recipe = tiny(room, prune_kernels=None, prune_channels=None, prune_weights=None, quantise_aware=None)
    recipe = dataclasses.replace(recipe, distil=dataclasses.replace(recipe.distil, epochs=1))
    _, reports = run_tiny(room, recipe, "shipped-teacher")
    assert {at.stage for at in reports} == {"distil"}
    assert not (room / "shipped-teacher" / "teacher-teacher").exists()

    changed = tmp_path / "teacher.toml"
    changed.write_text(TEACHER.replace("epochs = 2", "epochs = 1"))
    other = dataclasses.replace(recipe, distil=dataclasses.replace(recipe.distil, teachers=(str(changed),)))
    _, reports = run_tiny(room, other, "other-teacher")
    assert {at.stage for at in reports} == {"fit", "distil"}

    fewer = tmp_path / "garments"
    shutil.copytree(room / "garments", fewer)
    (fewer / "train" / "hat" / "08.png").unlink()
    _, reports = run_tiny(room, recipe, "fewer-pictures", fewer)
    assert {at.stage for at in reports} == {"fit", "distil"}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_checkpoint_was_made_by_the_recipe_of_its_name(name):
    checkpoint = load_checkpoint(SHIPPED_CHECKPOINTS / f"{name}.safetensors")
    recipe = load_recipe(name)
    assert checkpoint.training["recipe_digest"] == recipe.digest
    assert (checkpoint.name, checkpoint.version, checkpoint.description) == (name, recipe.version, recipe.description)


@pytest.mark.slow
def test_a_blend_goes_part_of_the_way_back_to_the_start(room, finished):
    """From the finished network: what is learnt, the start, and what lies a quarter of the way back to it."""
    start = load_checkpoint(room / "run" / "stages" / "quantise-aware.safetensors")
    parent = room / "run" / "checkpoint.safetensors"
    recipe = tiny(room, distil=None, prune_kernels=None, prune_channels=None, prune_weights=None,
                     quantise_aware=None, fit=Schedule(1, 16, 1e-2), blend=Blend(start=0.25))  # fmt: skip
    recipe = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, weights=str(parent), folded=True))
    between, _ = run_tiny(room, recipe, "blend")
    learnt = load_checkpoint(room / "blend" / "stages" / "fit.safetensors")
    assert between.stage == "blend"
    for name, value in learnt.weights.items():
        np.testing.assert_allclose(between.weights[name], 0.75 * value + 0.25 * start.weights[name], atol=1e-6)
    assert any(not np.allclose(value, start.weights[name]) for name, value in learnt.weights.items())


@pytest.mark.slow
def test_a_blend_goes_part_of_the_way_back_to_the_first_step_also_when_a_run_goes_on(room, finished):
    """A quarter of the way back to what training the last layer alone gave, which a later start reads again."""
    parent = room / "run" / "checkpoint.safetensors"
    recipe = tiny(room, distil=None, prune_kernels=None, prune_channels=None, prune_weights=None,
                     quantise_aware=None, fit=Schedule(1, 16, 1e-2), blend=Blend(head=0.25))  # fmt: skip
    recipe = dataclasses.replace(
        recipe, head=Schedule(2, 16, 1e-2), model=dataclasses.replace(recipe.model, weights=str(parent), folded=True)
    )
    between, _ = run_tiny(room, recipe, "blend-head")
    first, learnt = (
        load_checkpoint(room / "blend-head" / "stages" / f"{name}.safetensors") for name in ("head", "fit")
    )
    for name, value in learnt.weights.items():
        np.testing.assert_allclose(between.weights[name], 0.75 * value + 0.25 * first.weights[name], atol=1e-6)
    assert any(not np.allclose(value, first.weights[name]) for name, value in learnt.weights.items())
    (room / "blend-head" / "checkpoint.safetensors").unlink()
    (room / "blend-head" / "stages" / "blend.safetensors").unlink()
    again, _ = run_tiny(room, recipe, "blend-head")
    for name, value in between.weights.items():
        np.testing.assert_array_equal(again.weights[name], value)


@pytest.mark.slow
def test_a_blend_mixes_in_the_weights_of_recipes_that_are_trained_first(room, tmp_path):
    """The student begins with its teacher, folded; another recipe, which teaches nothing, gets a quarter."""
    one, two = (str(tmp_path / f"{name}.toml") for name in ("one", "two"))
    for seed, path in enumerate((one, two)):
        text = TEACHER.replace("teacher-32", "tiny-32").replace("epochs = 2", "epochs = 1")
        Path(path).write_text(text.replace('name = "tiny-teacher"', f'name = "of-{seed}"\nseed = {seed}'))
    recipe = tiny(room, prune_kernels=None, prune_channels=None, prune_weights=None, quantise_aware=None,
                     blend=Blend(share=0.25, others=(two,)))  # fmt: skip
    recipe = dataclasses.replace(
        recipe, model=Model("tiny-32", weights=one, folded=True),
        distil=dataclasses.replace(recipe.distil, teachers=(one,), epochs=1),
    )  # fmt: skip
    mixed, _ = run_tiny(room, recipe, "mixed")
    learnt = load_checkpoint(room / "mixed" / "stages" / "distil.safetensors")
    begun, other = (
        load_checkpoint(room / "mixed" / name / "checkpoint.safetensors") for name in ("teacher-one", "other-two")
    )
    told = fold(other.weights, other.spec.bn_epsilon)
    assert [at.folded for at in (mixed, begun, other)] == [True, False, False]
    for name, value in learnt.weights.items():
        np.testing.assert_allclose(mixed.weights[name], 0.75 * value + 0.25 * told[name], atol=1e-5)
    assert any(not np.allclose(value, told[name], atol=1e-3) for name, value in learnt.weights.items())


@pytest.mark.slow
def test_a_recipe_may_begin_with_what_another_recipe_makes(room, monkeypatch, tmp_path):
    monkeypatch.setattr("edgefashion.training.recipe_file.RECIPES", tmp_path)
    text = TEACHER.replace("teacher-32", "tiny-32").replace("epochs = 2", "epochs = 1")
    (tmp_path / "first.toml").write_text(text.replace("tiny-teacher", "first"))
    (tmp_path / "own.toml").write_text(text.replace("tiny-teacher", "own"))
    recipe = dataclasses.replace(load_recipe("own"), fit=Schedule(0, 16), model=Model("tiny-32", weights="first"))
    found, reports = run_tiny(room, recipe, "begun")
    begun = load_checkpoint(room / "begun" / "parent-first" / "checkpoint.safetensors")
    assert {at.stage for at in reports if at.tuned is not None} == {"fit"}  # the parent's one epoch
    for name, value in begun.weights.items():
        np.testing.assert_array_equal(found.weights[name], value)
    (tmp_path / "own.toml").write_text(
        (tmp_path / "own.toml").read_text().replace("[model]", '[model]\nweights = "own"')
    )
    with pytest.raises(RecipeError, match="'own' needs itself"):
        run_tiny(room, load_recipe("own"), "own")


@pytest.mark.slow
def test_pruning_can_go_part_of_the_way_back_to_what_the_cut_left(room, finished):
    parent = str(room / "run" / "checkpoint.safetensors")

    def pruned(name, epochs, blend):
        plan = PruneChannels(epochs, 16, 1e-2, keep=0.7, multiple=4, batches=2, blend=blend)
        recipe = tiny(
            room, distil=None, prune_kernels=None, prune_channels=plan, prune_weights=None, quantise_aware=None
        )
        recipe = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, weights=parent, folded=True))
        return run_tiny(room, recipe, name)[0].weights

    cut, trained, between = pruned("cut", 0, 0.0), pruned("cut-trained", 1, 0.0), pruned("cut-blended", 1, 0.25)
    for name, value in trained.items():
        np.testing.assert_allclose(between[name], 0.75 * value + 0.25 * cut[name], atol=1e-4)
    assert any(np.abs(value - cut[name]).max() > 1e-2 for name, value in trained.items())


@pytest.mark.slow
def test_pruning_in_courses_gives_the_mean_of_what_each_seed_gives_and_goes_on_in_the_second(room, finished):
    parent = str(room / "run" / "checkpoint.safetensors")
    plan = PruneChannels(2, 16, 1e-2, keep=0.7, multiple=4, batches=2, courses=2)
    recipe = tiny(room, distil=None, prune_kernels=None, prune_channels=plan, prune_weights=None, quantise_aware=None)
    recipe = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, weights=parent, folded=True))
    whole, seen = run_tiny(room, recipe, "courses")
    rows = [at for at in seen if at.tuned is not None]
    assert [at.epoch for at in rows] == [1, 2, 1, 2]
    assert len({round(at.loss, 6) for at in rows}) == 4
    assert list((room / "courses" / "state").iterdir()) == []

    def stop(at):
        if at.epoch == 1 and at.tuned is not None:
            stopped.append(at)
            if len(stopped) == 2:  # in the second course
                raise KeyboardInterrupt

    stopped = []
    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe, room / "stopped course", stop, str(room / "garments"))
    names = {path.name for path in (room / "stopped course" / "state").iterdir()}
    assert names == {"prune-channels.npz", "prune-channels1.npz", "prune-channels.safetensors"}
    ranked = load_checkpoint(room / "stopped course" / "state" / "prune-channels.safetensors")
    again, seen = run_tiny(room, recipe, "stopped course")
    assert [at.epoch for at in seen if at.tuned is not None] == [2]
    one = dataclasses.replace(plan, courses=1)
    trained = []
    for seed in (recipe.seed, recipe.seed + 1):
        place = room / f"course of seed {seed}" / "state"
        place.mkdir(parents=True)
        save_checkpoint(ranked, place / "prune-channels.safetensors")
        own = dataclasses.replace(recipe, prune_channels=one, seed=seed)
        trained.append(run_tiny(room, own, place.parent.name)[0].weights)
    for name, value in whole.weights.items():
        np.testing.assert_array_equal(again.weights[name], value)
        np.testing.assert_allclose(value, (trained[0][name] + trained[1][name]) / 2, atol=1e-6)
    assert any(np.abs(trained[0][name] - trained[1][name]).max() > 1e-3 for name in whole.weights)


@pytest.mark.slow
def test_distilling_in_courses_gives_the_mean_of_what_each_seed_gives(room, finished):
    parent = str(room / "run" / "checkpoint.safetensors")
    recipe = tiny(room, prune_kernels=None, prune_channels=None, prune_weights=None, quantise_aware=None)
    plan = dataclasses.replace(recipe.distil, epochs=1, courses=2)
    recipe = dataclasses.replace(
        recipe, fit=None, distil=plan, model=dataclasses.replace(recipe.model, weights=parent, folded=True)
    )
    whole, seen = run_tiny(room, recipe, "distilled courses")
    assert [at.epoch for at in seen if at.tuned is not None and at.stage == "distil"] == [1, 1]
    one = dataclasses.replace(recipe, distil=dataclasses.replace(plan, courses=1))
    trained = [
        run_tiny(room, dataclasses.replace(one, seed=seed), f"distilled with seed {seed}")[0].weights
        for seed in (recipe.seed, recipe.seed + 1)
    ]
    for name, value in whole.weights.items():
        np.testing.assert_allclose(value, (trained[0][name] + trained[1][name]) / 2, atol=1e-6)
    assert any(np.abs(trained[0][name] - trained[1][name]).max() > 1e-3 for name in whole.weights)


@pytest.mark.slow
def test_the_folder_of_another_recipe_or_of_other_data_is_refused(room, finished):
    with pytest.raises(RecipeError, match=r"run' holds the run of another recipe or other data. Choose another --out"):
        run_tiny(room, tiny(room, seed=6))
    (room / "fewer" / "train").mkdir(parents=True)
    for place in ("train/hat", "train/dress", "validation/hat"):
        os.symlink(room / "garments" / place, room / "fewer" / place) if place.startswith("train") else None
    other = room / "fewer" / "validation" / "hat"
    other.parent.mkdir()
    os.symlink(room / "garments" / "validation" / "hat", other)
    with pytest.raises(RecipeError, match="holds the run of another recipe or other data"):
        run_tiny(room, source="fewer")
    (room / "damaged").mkdir()
    (room / "damaged" / "recipe.json").write_text("{")
    with pytest.raises(RecipeError, match="holds the run of another recipe"):
        run_tiny(room, folder="damaged")
