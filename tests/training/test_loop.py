"""One stage of training: it learns, follows its schedule and its teacher, and goes on after any interruption."""

import dataclasses
import errno
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.errors import CheckpointError
from edgefashion.models import build
from edgefashion.models.checkpoint import read_weights, restore
from edgefashion.models.plain import MlpSpec
from edgefashion.training.loop import _pointwise_as_products, learning_rate, logits_of, run_stage
from edgefashion.training.recipe import Augment, Schedule
from tests.models.tiny import drawn_pictures, drawn_weights, real, tiny_checkpoint
from tests.training.stages import SCHEDULE, SMALL, pictures, stage

STEPS = 4
ROOT = Path(__file__).parents[2]


def _network():
    return tiny_checkpoint(spec=SMALL).model()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run: weights, history, reports."""
    reports = []
    network = _network()
    history = run_stage(network, stage(tmp_path_factory.mktemp("whole") / "fit.npz", reports.append))
    return network, history, reports


def _same_weights(network, expected):
    """Equal to 1e-5; not bit for bit, because threads may add gradients in another order."""
    for name, array in read_weights(expected).items():
        np.testing.assert_allclose(read_weights(network)[name], array, atol=1e-5, err_msg=name)


def test_it_learns(whole):
    network, history, _ = whole
    assert len(history) == 3
    assert history[-1]["loss"] < history[0]["loss"]
    train = pictures(28)
    assert np.mean(logits_of(network, train.images).argmax(1) == train.truth) > 0.8


def test_history_and_reports_agree(whole):
    network, history, reports = whole
    assert [(at.epoch, at.step) for at in reports if at.tuned is None] == [
        (e, s) for e in (1, 2, 3) for s in (1, 2, 3, 4)
    ]
    ends = [at for at in reports if at.tuned is not None]
    assert [at.epoch for at in ends] == [1, 2, 3]
    for at, row in zip(ends, history, strict=True):
        assert (at.stage, at.epochs, at.steps) == ("fit", 3, STEPS)
        assert (at.loss, at.accuracy, at.tuned) == (row["loss"], row["accuracy"], row["tuned"])
        assert row["seconds"] > 0
    assert all(at.seconds_left >= 0 for at in reports)
    assert ends[-1].seconds_left == 0
    # What was measured on the tuning split is the network that comes out: the one with averaged weights.
    tune = pictures(12, seed=1)
    assert history[-1]["tuned"] == np.mean(logits_of(network, tune.images).argmax(1) == tune.truth)


class Stopped(Exception):  # noqa: N818
    """Stands for Ctrl-C."""


@pytest.mark.parametrize("moment", [(2, 2), (3, 4)], ids=["in the second epoch", "at the very end"])
def test_a_stopped_run_goes_on_as_if_nothing_had_been(tmp_path, whole, moment):
    expected, history, _ = whole

    def stop(at):
        if (at.epoch, at.step) == moment and (at.tuned is not None) == (moment == (3, 4)):
            raise Stopped

    with pytest.raises(Stopped):
        run_stage(_network(), stage(tmp_path / "fit.npz", stop))
    assert os.listdir(tmp_path) == ["fit.npz"]
    reports, done = [], []
    network = _network()
    found = run_stage(network, stage(tmp_path / "fit.npz", reports.append, before_step=done.append))
    assert done == list(range(STEPS, 3 * STEPS) if moment[0] == 2 else [])
    assert len(found) == 3
    np.testing.assert_allclose([row["loss"] for row in found], [row["loss"] for row in history], rtol=1e-4)
    _same_weights(network, expected)


@pytest.mark.slow
def test_a_killed_process_leaves_a_state_to_go_on_from(tmp_path, whole):
    expected, history, _ = whole
    command = f"from tests.training.stages import train_aloud; train_aloud({str(tmp_path / 'fit.npz')!r})"
    with subprocess.Popen(
        [sys.executable, "-c", command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        for line in process.stdout:
            if line.startswith("epoch 2 step 3"):
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    network = _network()
    reports = []
    found = run_stage(network, stage(tmp_path / "fit.npz", reports.append))
    assert reports[0].epoch == 2
    assert len(found) == 3
    np.testing.assert_allclose([row["loss"] for row in found], [row["loss"] for row in history], rtol=1e-4)
    _same_weights(network, expected)


def test_a_damaged_state_says_what_to_do(tmp_path, whole):
    state = tmp_path / "fit.npz"
    state.write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(
        CheckpointError, match=r"fit\.npz' is damaged, or of another network\. Delete it, and its stage starts again"
    ):
        run_stage(_network(), stage(state))
    state.write_bytes(b"")
    with pytest.raises(CheckpointError, match="Delete it"):
        run_stage(_network(), stage(state))
    np.savez(state, loss=np.zeros(1), v0=np.zeros(3))
    with pytest.raises(CheckpointError, match="Delete it"):
        run_stage(_network(), stage(state))


def test_a_full_disk_leaves_the_state_of_the_epoch_before(tmp_path, monkeypatch):
    keep, calls = os.replace, []

    def full(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        keep(source, target)

    monkeypatch.setattr(os, "replace", full)
    network = build(MlpSpec(16, 16, 4, 0.0, 3))
    with pytest.raises(OSError, match="No space left"):
        run_stage(network, stage(tmp_path / "fit.npz"))
    assert os.listdir(tmp_path) == ["fit.npz"]
    with np.load(tmp_path / "fit.npz") as saved:
        assert len(saved["loss"]) == 1


def test_warm_up_then_half_a_cosine():
    schedule = Schedule(epochs=12, learning_rate=0.5, warmup=2.0)
    rates = [learning_rate(schedule, step / 10) for step in range(121)]
    assert 0.0 < rates[0] < 0.01
    assert rates[10] == pytest.approx(0.25, rel=0.02)
    assert rates[20] == pytest.approx(0.5)
    assert rates[70] == pytest.approx(0.5 * 0.505)
    assert rates[45] == pytest.approx(0.5 * (0.01 + 0.99 * (1 + math.cos(math.pi / 4)) / 2))
    assert rates[120] == pytest.approx(0.005)
    assert rates[:21] == sorted(rates[:21])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    constant = dataclasses.replace(schedule, constant=True)
    assert {learning_rate(constant, epoch) for epoch in (0, 1, 12)} == {0.5}
    assert learning_rate(Schedule(epochs=1, learning_rate=0.5), 0.0) == 0.5
    assert all(0 < learning_rate(Schedule(epochs=1, learning_rate=0.5, warmup=5.0), e) < 0.2 for e in (0.0, 0.99))


def test_the_optimiser_is_given_the_schedule(tmp_path):
    """With the rate at nothing, nothing moves: the schedule reaches the weights."""
    network = build(MlpSpec(16, 16, 4, 0.0, 3))
    before = read_weights(network)
    run_stage(network, stage(tmp_path / "fit.npz", schedule=Schedule(epochs=1, batch=8, learning_rate=0.0), tune=None))
    for name, array in before.items():
        np.testing.assert_array_equal(read_weights(network)[name], array)


def _divergence(teacher, student, images):
    """Mean Kullback-Leibler divergence of the student's probabilities from the teacher's."""
    p, q = (
        np.exp(x) / np.exp(x).sum(1, keepdims=True) for x in (logits_of(teacher, images), logits_of(student, images))
    )
    return float(np.mean(np.sum(p * np.log(p / q), axis=1)))


def test_a_student_moves_to_its_teacher_whatever_the_labels_say(tmp_path):
    spec = MlpSpec(16, 16, 8, 0.0, 3)
    teacher, student = build(spec), build(spec)
    restore(teacher, {name: 4.0 * array for name, array in drawn_weights(spec, seed=2).items()})
    restore(student, drawn_weights(spec, seed=3))
    before = read_weights(teacher)
    train = dataclasses.replace(pictures(64), images=drawn_pictures(64), truth=np.zeros(64, np.int64))
    start = _divergence(teacher, student, train.images)
    schedule = Schedule(epochs=30, batch=16, learning_rate=1e-2)
    lesson = stage(tmp_path / "fit.npz", schedule=schedule, plan=Augment(flip=False), train=train, tune=None,
                   teacher=teacher, weight=1.0, temperature=2.0)  # fmt: skip
    history = run_stage(student, lesson)
    assert start > 0.1
    end = _divergence(teacher, student, train.images)
    assert end < 0.5 * start, "towards label 0, which all pictures have, it would have grown"
    assert all(math.isnan(row["tuned"]) for row in history)
    for name, array in before.items():
        np.testing.assert_array_equal(read_weights(teacher)[name], array)


def test_in_a_cycle_a_teacher_is_asked_about_each_picture_once(tmp_path):
    import tensorflow as tf

    asked = tf.Variable(0)
    teacher = _network()

    def counted(x, training):
        asked.assign_add(1)
        return teacher(x, training=training)

    def learnt(cycle):
        asked.assign(0)
        network = _network()
        schedule = dataclasses.replace(SCHEDULE, cycle=cycle)
        run_stage(network, stage(tmp_path / f"{cycle}.npz", schedule=schedule, teacher=counted, weight=0.5))
        return network, int(asked)

    whole, times = learnt(0)
    assert times == 3 * STEPS
    assert learnt(1)[1] == STEPS
    kept, times = learnt(3)  # no longer than the stage: kept answers and given ones are the same
    assert times == 3 * STEPS
    _same_weights(kept, whole)


@pytest.mark.parametrize("cycle", [0, 1, 2])
def test_in_a_cycle_the_same_pictures_come_again(tmp_path, cycle):
    network = tiny_checkpoint(spec=dataclasses.replace(SMALL, dropout=0.0)).model()
    still = Schedule(epochs=4, batch=8, learning_rate=0.0, cycle=cycle)
    losses = [row["loss"] for row in run_stage(network, stage(tmp_path / "fit.npz", schedule=still))]
    alike = [[abs(one - other) < 2e-6 for other in losses] for one in losses]
    assert alike == [[a == b or (bool(cycle) and a % cycle == b % cycle) for b in range(4)] for a in range(4)]


def test_logits_do_not_depend_on_the_batch():
    network = _network()
    images = drawn_pictures(7, SMALL)
    expected = network(real(images), training=False).numpy()
    for batch in (1, 3, 64):
        np.testing.assert_allclose(logits_of(network, images, batch), expected, atol=1e-5)
    grey = images[..., 0]
    np.testing.assert_allclose(
        logits_of(network, grey), logits_of(network, np.repeat(grey[..., None], 3, -1)), atol=1e-6
    )


def test_no_epoch_leaves_the_network_as_it_was(tmp_path):
    network = _network()
    before = read_weights(network)
    assert run_stage(network, stage(tmp_path / "fit.npz", schedule=dataclasses.replace(SCHEDULE, epochs=0))) == []
    for name, array in before.items():
        np.testing.assert_array_equal(read_weights(network)[name], array)


@pytest.mark.parametrize("folded", [False, True])
def test_products_give_what_pointwise_convolutions_give_gradients_too(folded):
    import tensorflow as tf

    network = tiny_checkpoint(spec=SMALL, folded=folded).model()
    x = tf.constant(real(pictures(5).images))

    def told():
        @tf.function(autograph=False)
        def step():
            with tf.GradientTape() as tape:
                tape.watch(x)
                logits = network(x, training=False)
                loss = tf.reduce_sum(logits**2)
            return logits, *tape.gradient(loss, [x, *network.trainable_variables])

        nodes = step.get_concrete_function().graph.as_graph_def().node
        return step(), sum(node.op == "Conv2D" for node in nodes)

    plain, convolutions = told()
    with _pointwise_as_products(network):
        products, left = told()
    assert (convolutions, left) == (3, 1)  # the stem stays one
    for one, other in zip(plain, products, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-4)
    assert not any("convolution_op" in vars(layer) for layer in network.layers)
