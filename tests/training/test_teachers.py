"""Several teachers as one: their mean probabilities, in the student's own order of labels."""

import dataclasses
import json
import os

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

import tensorflow as tf

from edgefashion.data.drawn import draw_garment
from edgefashion.errors import RecipeError
from edgefashion.training.heads import slices
from edgefashion.training.loop import logits_of, run_stage
from edgefashion.training.pipeline import load_pictures
from edgefashion.training.recipe import Augment, Schedule
from edgefashion.training.run import recipe_pictures
from edgefashion.training.teachers import Teachers, taught
from tests.models.tiny import TINY, drawn_pictures, real, tiny_checkpoint
from tests.training.stages import pictures, stage
from tests.training.tiny_run import TEACHER, tiny


def _teacher(labels, seed, **heads):
    classes = len(labels) + sum(map(len, heads.values()))
    checkpoint = tiny_checkpoint(seed, spec=dataclasses.replace(TINY, classes=classes))
    return dataclasses.replace(checkpoint, labels=labels, heads=heads)


def _softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


IMAGES = drawn_pictures(5)
ONE = _teacher(("dress", "hat", "shoes"), 1)
TWO = _teacher(("hat", "dress"), 2, pattern=("plain", "dotted"))


def _opinion(teachers, student):
    told = np.asarray(Teachers(teachers, student)(real(IMAGES)))
    return [_softmax(told[:, part]) for part in slices(student.head_sizes)]


def test_the_mean_of_two_teachers_in_the_students_order():
    student = _teacher(("shoes", "dress", "hat", "bag"), 3, pattern=("dotted", "plain"))
    types, patterns = _opinion([ONE, TWO], student)
    one = _softmax(logits_of(ONE.model(), IMAGES))
    two = logits_of(TWO.model(), IMAGES)
    first, second = _softmax(two[:, :2]), _softmax(two[:, 2:])
    none = np.zeros(len(IMAGES))
    expected = np.stack([one[:, 2], one[:, 0] + first[:, 1], one[:, 1] + first[:, 0], none], axis=1) / 2
    np.testing.assert_allclose(types, expected, atol=1e-5)
    np.testing.assert_allclose(patterns, second[:, ::-1], atol=1e-5)


def test_one_teacher_of_the_same_labels_is_asked_as_it_is():
    (types,) = _opinion([ONE], ONE)
    np.testing.assert_allclose(types, _softmax(logits_of(ONE.model(), IMAGES)), atol=1e-5)


def test_a_teacher_of_another_size_sees_the_pictures_resized():
    larger = dataclasses.replace(ONE, spec=dataclasses.replace(ONE.spec, height=24, width=20))
    seen = tf.image.resize(real(IMAGES), (24, 20), antialias=True)
    (types,) = _opinion([larger], ONE)
    np.testing.assert_allclose(types, _softmax(larger.model()(seen, training=False).numpy()), atol=1e-5)
    assert np.abs(types - _opinion([ONE], ONE)[0]).max() > 1e-3


def test_of_a_head_that_nobody_knows_every_label_is_as_likely():
    teachers = Teachers([ONE], TWO)
    assert teachers.taught == (True, False)
    assert Teachers([ONE, TWO], TWO).taught == (True, True)
    _, patterns = _opinion([ONE], TWO)
    np.testing.assert_allclose(patterns, 0.5, atol=1e-6)


def test_teachers_that_know_none_of_the_types_are_refused():
    with pytest.raises(RecipeError, match="No teacher knows any of the types"):
        Teachers([ONE], _teacher(("bag", "scarf"), 4))


def test_a_head_that_the_teacher_does_not_know_is_learnt_from_the_labels(tmp_path):
    """With the teacher's share at 1, the types follow the teacher and the patterns the labels."""
    base = pictures(28)
    train = dataclasses.replace(base, attributes=(base.truth % 2)[:, None])
    student = _teacher(("dress", "hat", "shoes"), 6, pattern=("dotted", "plain"))
    certain = np.tile(np.float32([9, 0, 0, 0, 0]), (8, 1))
    right = {}
    for knows in ((True, False), (True, True)):
        network = student.model()
        lesson = stage(
            tmp_path / f"{knows[1]}.npz", schedule=Schedule(epochs=8, batch=8, learning_rate=1e-2), train=train,
            tune=None, plan=Augment(flip=False), teacher=lambda x, training: certain,
            weight=1.0, heads=(3, 2), head_weight=1.0, taught=knows,
        )  # fmt: skip
        run_stage(network, lesson)
        logits = logits_of(network, train.images)
        assert (logits[:, :3].argmax(1) == 0).mean() > 0.9
        right[knows] = np.mean(logits[:, 3:].argmax(1) == train.attributes[:, 0])
    assert right[True, False] > 0.9
    assert right[True, True] < 0.8


def test_a_teacher_has_no_say_in_pictures_that_it_does_not_know(tmp_path):
    """A teacher that calls everything the same, without trust, leaves the labels to be learnt; with trust it wins."""
    train = pictures(28)
    wrong = np.tile(np.float32([9.0, 0.0, 0.0]), (8, 1))
    right = {}
    for trust in (0.0, 1.0):
        network = tiny_checkpoint().model()
        lesson = stage(
            tmp_path / f"{trust}.npz", schedule=Schedule(epochs=6, batch=8, learning_rate=1e-2), train=train, tune=None,
            plan=Augment(flip=False, mixup=0.2), teacher=lambda x, training: wrong, weight=1.0,
            trust=np.full(28, trust, np.float32),
        )  # fmt: skip
        run_stage(network, lesson)
        right[trust] = np.mean(logits_of(network, train.images).argmax(1) == train.truth)
    assert right[0.0] > 0.8
    assert right[1.0] < 0.5


def test_teachers_are_believed_on_the_pictures_that_all_of_them_learnt_from(room, tmp_path):
    for name in ("own", "known", "strange"):
        for kind in ("hat", "dress"):
            path = tmp_path / name / "train" / kind / f"{name}.png"
            path.parent.mkdir(parents=True)
            draw_garment(kind, 1, 40).save(path)
    own, known, strange = (str(tmp_path / name) for name in ("own", "known", "strange"))
    for name, extra in (("one", [known, strange]), ("two", [known])):
        (tmp_path / f"{name}.toml").write_text(TEACHER.replace("[model]", f"extra = {json.dumps(extra)}\n[model]"))
    teachers = tuple(str(tmp_path / f"{name}.toml") for name in ("one", "two"))
    recipe = tiny(room)
    recipe = dataclasses.replace(
        recipe, data=dataclasses.replace(recipe.data, source=own, extra=(known, strange)),
        distil=dataclasses.replace(recipe.distil, teachers=teachers),
    )  # fmt: skip
    manifest = recipe_pictures(recipe)
    shown = load_pictures(manifest, 32, 32)
    trust = taught(shown, manifest, recipe, own)
    assert {(os.path.basename(row.path), float(t)) for row, t in zip(shown.rows, trust, strict=True)} == {
        ("own.png", 1.0), ("known.png", 1.0), ("strange.png", 0.0),
    }  # fmt: skip
