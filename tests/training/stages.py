"""One stage on noise, the same whenever and in whichever process it runs."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from edgefashion.models.inverted_residual import Block
from edgefashion.training.loop import Progress, Report, Stage, run_stage
from edgefashion.training.pipeline import Pictures
from edgefashion.training.recipe import Augment, Schedule
from tests.models.tiny import TINY, drawn_pictures, tiny_checkpoint

SMALL = dataclasses.replace(TINY, blocks=(Block(3, 1, 16, 8),), head=0)
SCHEDULE = Schedule(epochs=3, batch=8, learning_rate=1e-2, weight_decay=0.05, warmup=0.5, smoothing=0.1, average=0.9)
PLAN = Augment(shift=0.1, rotate=10.0, erase=0.3, mixup=0.2)


def pictures(count: int, seed: int = 0) -> Pictures:
    """Noise with a coloured square, whose colour is the label."""
    images = drawn_pictures(count, SMALL, seed)
    truth = np.arange(count) % 3
    for image, label in zip(images, truth, strict=True):
        image[4:12, 4:12] = 0
        image[4:12, 4:12, label] = 255
    return Pictures(images, truth, ())


def stage(state: Path, report: Report = lambda at: None, **changes: Any) -> Stage:
    """A stage of three epochs of four steps."""
    given = {"schedule": SCHEDULE, "plan": PLAN, "train": pictures(28), "tune": pictures(12, seed=1), **changes}
    return Stage("fit", height=16, width=16, seed=4, state=state, report=report, **given)


def train_aloud(state: str) -> None:
    """Trains, and says after every step where it stands; runs in a process that is going to be killed."""

    def say(at: Progress) -> None:
        print(f"epoch {at.epoch} step {at.step} {'done' if at.tuned is not None else ''}", flush=True)

    run_stage(tiny_checkpoint(spec=SMALL).model(), stage(Path(state), say))
