"""In the manner of MediaPipe Model Maker with do_fine_tuning: EfficientNet-Lite0 at 224 pixels, cropped and flipped
pictures, label smoothing 0.1; float training, then int8 from sample pictures, without quantise-aware training.

Epochs and learning rate are those of our own recipe: Model Maker's defaults (10 epochs, 0.001, batches of 2, frozen
backbone) would do worse. What is compared is the way to int8.
"""

from __future__ import annotations

from benchmarks.peers.int8_after_training import samples
from benchmarks.peers.peer import Answer, Job, answer_of_file
from benchmarks.peers.recipe_run import train_recipe
from edgefashion.export.convert import convert


def make(job: Job) -> Answer:
    """Trains, converts, answers."""
    checkpoint = train_recipe("post-training", job)
    train, held = job.pictures(checkpoint.spec.height)
    return answer_of_file(convert(checkpoint, "int8", samples(train)), held)
