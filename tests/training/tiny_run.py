"""A whole recipe on drawn garments, small enough for a test: its networks, its room and how it is run."""

import dataclasses

from edgefashion.models.inverted_residual import Block, InvertedResidualSpec
from edgefashion.training.recipe_file import load_recipe
from edgefashion.training.run import run_recipe
from edgefashion.training.stages import STAGES

TINY = InvertedResidualSpec(
    height=32, width=32, stem=8, stem_stride=2, head=24, classes=2, bn_momentum=0.8,
    blocks=(Block(3, 2, 16, 8), Block(3, 1, 24, 8, fused=True, projection=3), Block(5, 2, 24, 16)),
)  # fmt: skip
TEACHER = """
name = "tiny-teacher"
[data]
source = "elsewhere"
[model]
architecture = "teacher-32"
[fit]
epochs = 2
batch = 16
learning-rate = 3e-3
"""
RECIPE = """
name = "tiny"
version = "3.1.4"
description = "Drawn garments."
seed = 5
[data]
source = "elsewhere"
[model]
architecture = "tiny-32"
dropout = 0.0
[augment]
scale = 0.8
[distil]
teachers = ["TEACHER"]
epochs = 16
batch = 16
learning-rate = 1e-2
average = 0.8
weight = 0.3
[prune-kernels]
blocks = [2]
batch = 16
batches = 2
[prune-channels]
epochs = 2
batch = 16
keep = 0.7
multiple = 4
batches = 2
learning-rate = 3e-3
[prune-weights]
epochs = 2
batch = 16
sparsity = 0.3
learning-rate = 3e-3
[quantise-aware]
epochs = 1
batch = 16
learning-rate = 1e-4
"""
TYPES = ("dress", "pants", "hat")
LATER = tuple(name for name in tuple(STAGES)[tuple(STAGES).index("distil") :] if name not in ("blend", "last-layer"))


class Counted:
    """What a bar would show at its end."""

    def __init__(self, total):
        self.total, self.done = total, 0

    def advance(self, n=1):
        self.done += n


def tiny(room, **changes):
    return dataclasses.replace(load_recipe(str(room / "tiny.toml")), **changes)


def run_tiny(room, recipe=None, folder="run", source="garments"):
    reports = []
    return run_recipe(recipe or tiny(room), room / folder, reports.append, str(room / source)), reports
