"""The last layer alone: it learns, and nothing else changes."""

import dataclasses
import math
from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.cli import main
from edgefashion.data.drawn import draw_garment
from edgefashion.data.manifest import Row
from edgefashion.models.checkpoint import load_checkpoint, read_weights
from edgefashion.training.calibrate import softmax
from edgefashion.training.head_only import train_head
from edgefashion.training.heads import with_more
from edgefashion.training.loop import logits_of
from edgefashion.training.recipe import Augment, Schedule
from edgefashion.training.start import SHIPPED_CHECKPOINTS
from tests.models.tiny import tiny_checkpoint
from tests.training.stages import SMALL, pictures, stage

PLAN = Schedule(epochs=60, batch=32, learning_rate=3e-2, smoothing=0.1)


def train(**changes):
    network = tiny_checkpoint(spec=SMALL).model()
    before = read_weights(network)
    reports = []
    given = stage("unused", reports.append, **({"schedule": PLAN} | changes))
    return network, before, train_head(network, given), reports


def test_every_picture_that_is_looked_at_is_counted():
    counted = []

    class Bar:
        advance = staticmethod(counted.append)

    @contextmanager
    def waiting(total, what):
        assert (total, what) == (28 + 12, "Looking at pictures")
        yield Bar()

    network = tiny_checkpoint(spec=SMALL).model()
    given = stage("unused", schedule=dataclasses.replace(PLAN, epochs=1))
    train_head(network, given, waiting=waiting)
    assert sum(counted) == 28 + 12


def test_it_learns_and_changes_the_last_layer_only(tmp_path):
    network, before, history, reports = train()
    changed = {name for name, array in read_weights(network).items() if not np.array_equal(array, before[name])}
    assert changed == {"type_dense/kernel", "type_dense/bias"}
    seen = pictures(28)
    assert np.mean(logits_of(network, seen.images).argmax(1) == seen.truth) > 0.8
    assert len(history) == 60
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    # What was measured on the tuning split is the network that comes out.
    tune = pictures(12, seed=1)
    assert history[-1]["tuned"] == np.mean(logits_of(network, tune.images).argmax(1) == tune.truth)
    (last,) = reports
    assert (last.epoch, last.tuned, last.seconds_left) == (60, history[-1]["tuned"], 0.0)


def test_the_pictures_are_seen_as_they_are():
    first, other = (train(plan=plan)[0] for plan in (Augment(rotate=90.0, mixup=0.5), Augment(flip=False)))
    assert np.array_equal(read_weights(first)["type_dense/kernel"], read_weights(other)["type_dense/kernel"])


def test_of_settled_pictures_it_goes_on_saying_what_it_says():
    train_pictures, wrong = pictures(28), pictures(28, seed=2)
    wrong = dataclasses.replace(wrong, images=255 - wrong.images, rows=(Row("", "c", "", "train"),) * 28)
    network = tiny_checkpoint(spec=SMALL).model()
    said = logits_of(network, train_pictures.images)
    joined = with_more(train_pictures, wrong, ("a", "b", "c"))
    assert (joined.truth[28:] == 2).all()
    settled = np.arange(56) < 28
    given = stage("unused", schedule=dataclasses.replace(PLAN, learning_rate=3e-3), train=joined)
    train_head(network, given, settled)
    now = logits_of(network, train_pictures.images)
    free = tiny_checkpoint(spec=SMALL).model()
    train_head(free, given)
    unsettled = logits_of(free, train_pictures.images)
    kept, lost = (np.abs(softmax(logits) - softmax(said)).mean() for logits in (now, unsettled))
    assert kept < 0.7 * lost
    # Where all are settled, nothing moves: the network's own answers are their own best target.
    still = tiny_checkpoint(spec=SMALL).model()
    train_head(still, dataclasses.replace(given, train=train_pictures), np.ones(28, bool))
    assert np.abs(logits_of(still, train_pictures.images) - said).max() < 0.05


def test_where_only_no_garment_learns_all_else_is_answered_as_before_bit_by_bit():
    shown, wrong = pictures(28), pictures(28, seed=2)
    wrong = dataclasses.replace(wrong, images=255 - wrong.images, rows=(Row("", "c", "", "train"),) * 28)
    joined = with_more(shown, wrong, ("a", "b", "c"))
    network = tiny_checkpoint(spec=SMALL).model()
    before = network.get_layer("type_dense").get_weights()

    def lead(now):
        things, garments = (softmax(logits_of(now, held.images))[:, 2].mean() for held in (wrong, shown))
        return things - garments

    given = stage("unused", schedule=PLAN, train=joined)
    history = train_head(network, given, np.arange(56) < 28, never=2, alone=True)
    after = network.get_layer("type_dense").get_weights()
    for old, new in zip(before, after, strict=True):
        assert np.array_equal(old[..., :2], new[..., :2])
        assert not np.array_equal(old[..., 2], new[..., 2])
    assert lead(network) > lead(tiny_checkpoint(spec=SMALL).model()) + 0.1
    # What was measured on the tuning split is the network that comes out.
    tune = pictures(12, seed=1)
    assert history[-1]["tuned"] == np.mean(logits_of(network, tune.images).argmax(1) == tune.truth)


def test_what_is_seen_more_often_counts_more():
    shown = pictures(28)
    other = dataclasses.replace(shown, rows=tuple(Row("", "ab"[1 - truth], "", "train") for truth in shown.truth))
    joined = with_more(shown, other, ("a", "b"))  # every picture under both labels
    for first, second in ((3, 1), (1, 3)):
        network = tiny_checkpoint(spec=SMALL).model()
        train_head(network, stage("unused", schedule=PLAN, train=joined), times=np.repeat([first, second], 28))
        agree = np.mean(logits_of(network, shown.images).argmax(1) == shown.truth)
        assert agree > 0.8 if first > second else agree < 0.2


def test_without_a_tuning_split_there_is_no_such_figure():
    assert math.isnan(train(tune=None)[2][-1]["tuned"])


@pytest.mark.slow
def test_quick_training_of_own_pictures_keeps_the_garment_network(tmp_path, capsys):
    for kind in ("hat", "shoes"):
        (tmp_path / "photos" / kind).mkdir(parents=True)
        for seed in range(6):
            draw_garment(kind, seed, 96).save(tmp_path / "photos" / kind / f"{seed}.png")
    assert main(["train", "--data", str(tmp_path / "photos"), "--quick", "--out", str(tmp_path / "run")]) == 0
    assert "Next: edgefashion export --int8" in capsys.readouterr().out
    found = load_checkpoint(tmp_path / "run" / "checkpoint.safetensors")
    parent = load_checkpoint(SHIPPED_CHECKPOINTS / "garment-base.safetensors")
    assert found.labels == ("hat", "shoes")
    changed = {name for name, array in found.weights.items() if not np.array_equal(array, parent.weights[name])}
    assert changed == {"type_dense/kernel", "type_dense/bias"}
    assert found.accuracy["top1"] == 1.0
