"""Event files: what TensorFlow's own reader finds in them."""

import math

import pytest

pytest.importorskip("tensorflow", reason="the extra train is not installed")

from edgefashion.training.loop import Progress
from edgefashion.training.tensorboard import with_events


def _events(folder):
    import tensorflow as tf

    found = {}
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    return found


def test_ends_of_epochs_are_written_by_stage(tmp_path):
    told = []
    report = with_events(told.append, tmp_path)
    report(Progress("fit", 1, 2, 5, 9, 3.0, 0.1, None, 1.0))
    report(Progress("fit", 1, 2, 9, 9, 2.5, 0.25, 0.5, 1.0))
    report(Progress("fit", 2, 2, 9, 9, 2.0, 0.5, 0.75, 0.0))
    report(Progress("quantise-aware", 1, 1, 9, 9, 1.5, 0.5, math.nan, 0.0))
    assert len(told) == 4
    assert _events(tmp_path / "fit") == {
        ("loss", 1): 2.5, ("accuracy", 1): 0.25, ("tuned", 1): 0.5,
        ("loss", 2): 2.0, ("accuracy", 2): 0.5, ("tuned", 2): 0.75,
    }  # fmt: skip
    assert _events(tmp_path / "quantise-aware") == {("loss", 1): 1.5, ("accuracy", 1): 0.5}
