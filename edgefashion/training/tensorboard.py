"""Writes TensorBoard's event files beside a run: loss and accuracies, one point an epoch, one folder a stage.

Written with TensorFlow alone: `tensorboard --logdir RUN/tensorboard` needs the package tensorboard, training doesn't.
"""

from __future__ import annotations

import math
from pathlib import Path

import tensorflow as tf

from edgefashion.training.loop import Progress, Report


def with_events(report: Report, folder: Path) -> Report:
    """Gives a report that also writes the end of every epoch to `folder/STAGE/events.out.tfevents.…`.

    Tags: loss, accuracy (on augmented training pictures), tuned (on the tuning split). A run that goes on adds a file.
    """
    summary = tf.compat.v1.SummaryMetadata
    scalar = summary(plugin_data=summary.PluginData(plugin_name="scalars"))
    writers: dict[str, tf.summary.SummaryWriter] = {}

    def both(at: Progress) -> None:
        report(at)
        if at.tuned is None:
            return
        if at.stage not in writers:
            writers[at.stage] = tf.summary.create_file_writer(str(folder / at.stage))
        with writers[at.stage].as_default():
            for tag in ("loss", "accuracy", "tuned"):
                value = getattr(at, tag)
                if not math.isnan(value):
                    tf.summary.write(tag, tf.constant(value, tf.float32), step=at.epoch, metadata=scalar)
        writers[at.stage].flush()

    return both
