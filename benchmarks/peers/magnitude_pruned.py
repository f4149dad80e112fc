"""In the manner of tfmot's pruning guide: the fine-tuned network of `post-training`, half of its weights set to zero by
magnitude while it trains two more epochs (the guide's number), then int8 after training. Only the zipped file shrinks.
"""

from __future__ import annotations

import dataclasses

from benchmarks.peers.int8_after_training import samples
from benchmarks.peers.peer import Answer, Job, answer_of_file
from benchmarks.peers.recipe_run import train_recipe
from edgefashion.export.convert import convert
from edgefashion.training.prune_weights import sparsity_of


def make(job: Job) -> Answer:
    """Trains the dense network unless it is there, prunes, converts, answers."""
    dense = job.folder.with_name(job.folder.name.replace("magnitude-pruned", "post-training"))
    dense.mkdir(parents=True, exist_ok=True)
    train_recipe("post-training", dataclasses.replace(job, folder=dense))
    checkpoint = train_recipe("magnitude-pruned", job, dense / "run" / "checkpoint.safetensors")
    train, held = job.pictures(checkpoint.spec.height)
    content = convert(checkpoint, "int8", samples(train))
    return answer_of_file(content, held, f"{sparsity_of(checkpoint.weights):.0%} of the weights are zero")
