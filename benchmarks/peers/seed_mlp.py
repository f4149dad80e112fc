"""The perceptron that this project grew from, by its shipped recipe; it has no int8 form, so its file is float32."""

from __future__ import annotations

from benchmarks.peers.peer import Answer, Job, answer_of_file
from benchmarks.peers.recipe_run import train_recipe
from edgefashion.export.convert import convert


def make(job: Job) -> Answer:
    """Trains, converts, answers."""
    checkpoint = train_recipe("seed-mlp", job)
    _, held = job.pictures(checkpoint.spec.height)
    return answer_of_file(convert(checkpoint, "float32"), held)
