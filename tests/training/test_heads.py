"""Several heads: their losses, what is not known, and a file that tells type and attributes."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

import tensorflow as tf

from edgefashion.data.drawn import draw_garment
from edgefashion.data.manifest import Row
from edgefashion.data.sources import open_source
from edgefashion.errors import DataError, RecipeError
from edgefashion.export.export import export
from edgefashion.models.architectures import ARCHITECTURES
from edgefashion.models.inverted_residual import Block, InvertedResidualSpec
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.image import prepare
from edgefashion.training.augment import normalise
from edgefashion.training.calibrate import softmax
from edgefashion.training.heads import (
    attribute_truth,
    cross_entropy,
    head_labels,
    slices,
    softened,
    targets_of,
    without_heads,
)
from edgefashion.training.loop import logits_of
from edgefashion.training.recipe_file import load_recipe
from edgefashion.training.run import run_recipe
from tests.models.tiny import TINY as SMALL
from tests.models.tiny import drawn_pictures, tiny_checkpoint

TINY = InvertedResidualSpec(
    height=32, width=32, stem=8, stem_stride=2, head=24, classes=2, bn_momentum=0.8,
    blocks=(Block(3, 2, 16, 8), Block(3, 1, 24, 8)),
)  # fmt: skip
RECIPE = """
name = "tiny-heads"
seed = 5
[data]
source = "elsewhere"
[model]
architecture = "tiny-32"
heads = ["colour", "pattern"]
[fit]
epochs = 10
batch = 16
learning-rate = 1e-2
[quantise-aware]
epochs = 1
batch = 16
learning-rate = 1e-4
"""


def test_every_head_has_its_own_numbers():
    assert slices([3, 1, 2]) == [slice(0, 3), slice(3, 4), slice(4, 6)]


def test_a_network_without_a_head_says_what_it_said_of_the_others():
    full = tiny_checkpoint(spec=dataclasses.replace(SMALL, classes=7))
    heads = {"colour": ("red", "blue", "grey"), "pattern": ("plain", "other")}
    warmth = {"colour": 2.0, "pattern": 3.0}
    full = dataclasses.replace(full, labels=("hat", "dress"), heads=heads, head_temperatures=warmth)
    rest = without_heads(full, ("colour",))
    assert (rest.head_sizes, rest.heads, rest.head_temperatures) == (
        (2, 2),
        {"pattern": ("plain", "other")},
        {"pattern": 3.0},
    )
    images = drawn_pictures(4, SMALL)
    said = logits_of(full.model(), images)
    np.testing.assert_allclose(logits_of(rest.model(), images), said[:, [0, 1, 5, 6]], atol=1e-5)
    assert without_heads(full, ()).heads == full.heads


def test_the_loss_is_the_sum_of_the_heads_cross_entropies_and_what_is_not_known_adds_nothing():
    random = np.random.default_rng(0)
    logits = tf.constant(random.normal(size=(6, 5)).astype(np.float32))
    truth = tf.constant([[0, 1], [2, -1], [1, 0], [1, -1], [0, 1], [2, 0]], tf.int64)
    targets = targets_of(truth, (3, 2), 0.1)
    np.testing.assert_allclose(tf.reduce_sum(targets[:, 3:], 1), [1, 0, 1, 0, 1, 1], atol=1e-6)
    types = tf.nn.softmax_cross_entropy_with_logits(targets[:, :3], logits[:, :3]).numpy()
    known = [0, 2, 4, 5]
    rest = tf.nn.softmax_cross_entropy_with_logits(targets[:, 3:], logits[:, 3:]).numpy()[known]
    found = float(cross_entropy(targets, logits, (3, 2), (1.0, 0.5)))
    assert found == pytest.approx(types.mean() + 0.5 * rest.sum() / 6, rel=1e-5)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = cross_entropy(targets, logits, (3, 2), (1.0, 0.5))
    assert not tape.gradient(loss, logits).numpy()[[1, 3], 3:].any()


def test_each_head_is_softened_alone():
    found = softened(tf.constant([[1.0, 2.0, 3.0, 0.0, 0.0]]), (3, 2), 2.0).numpy()
    np.testing.assert_allclose(found[0, :3], softmax(np.array([[0.5, 1.0, 1.5]]))[0], rtol=1e-5)
    np.testing.assert_allclose(found[0, 3:], [0.5, 0.5])


def test_values_that_training_never_saw_are_not_known():
    rows = [Row("a", "hat", "g", "train", colour=c) for c in ("red", "", "mauve", "blue")]
    assert attribute_truth(rows, {"colour": ("blue", "red")}).tolist() == [[1], [-1], [-1], [0]]
    assert attribute_truth(rows, {}).shape == (4, 0)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """72 drawn garments with types and two attributes; a third of the patterns are not known."""
    room = tmp_path_factory.mktemp("heads")
    lines = ["path,type,group,split,colour,pattern"]
    for i in range(72):
        kind, light = ("dress", "pants")[i % 2], i % 3 == 0
        picture = draw_garment(kind, i, 40)
        (picture.point(lambda v: v // 3) if not light else picture).save(room / f"{i}.png")
        split = "train" if i < 54 else "validation"
        pattern = "" if i % 4 == 0 else ("wide", "narrow")[kind == "pants"]
        lines.append(f"{i}.png,{kind},g{i % 9},{split},{'white' if light else 'black'},{pattern}")
    (room / "pictures.csv").write_text("\n".join(lines))
    (room / "tiny.toml").write_text(RECIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny-32", TINY)
        yield room


def test_a_head_needs_two_values(room):
    manifest = open_source(str(room / "pictures.csv"))
    assert head_labels(("pattern", "colour"), manifest) == {
        "pattern": ("narrow", "wide"), "colour": ("black", "white"),
    }  # fmt: skip
    with pytest.raises(DataError, match="fewer than two values of 'detail'"):
        head_labels(("detail",), manifest)


def test_a_head_of_no_known_attribute_is_refused(room, tmp_path):
    (tmp_path / "r.toml").write_text(RECIPE.replace('"pattern"', '"smell"'))
    with pytest.raises(RecipeError, match=r"'model\.heads' may name colour, pattern, detail\. Received: 'smell'"):
        load_recipe(str(tmp_path / "r.toml"))


@pytest.mark.slow
def test_one_file_tells_type_and_attributes(room, tmp_path):
    source = str(room / "pictures.csv")
    checkpoint = run_recipe(load_recipe(str(room / "tiny.toml")), room / "run", lambda at: None, source)
    assert checkpoint.heads == {"colour": ("black", "white"), "pattern": ("narrow", "wide")}
    assert checkpoint.accuracy["colour"]["n"] == 18
    assert checkpoint.accuracy["pattern"]["n"] == 14
    assert checkpoint.accuracy["colour"]["top1"] > 0.8
    warm = dataclasses.replace(checkpoint, temperature=0.8, head_temperatures={"colour": 1.5, "pattern": 1.0})
    for number_format in ("float32", "int8"):
        path = tmp_path / f"{number_format}.tflite"
        export(warm, path, number_format, max_loss=100.0, data=open_source(source))
        classifier = Classifier.open(path)
        assert {head.name: head.output for head in classifier.card.heads} == {
            name: name for name in ("type", "colour", "pattern")
        }
        picture = room / "60.png"
        pixels = prepare(picture, 32, 32)
        logits = warm.model()(normalise(tf.constant(pixels[None]))).numpy()
        allowed = 0.02 if number_format == "int8" else 1e-5
        types = softmax(logits[:, :2] / 0.8)[0]
        np.testing.assert_allclose(classifier.probabilities(picture), types, atol=allowed)
        answer = classifier.classify(picture)
        for name, part, temperature in (("colour", slice(2, 4), 1.5), ("pattern", slice(4, 6), 1.0)):
            expected = softmax(logits[:, part] / temperature)[0]
            assert answer.attributes[name].value == warm.heads[name][int(expected.argmax())]
            assert answer.attributes[name].confidence == pytest.approx(expected.max(), abs=allowed)
