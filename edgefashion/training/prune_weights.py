"""Sets the smallest weights to zero with tfmot's magnitude schedule (Zhu & Gupta 2017, arXiv 1710.01878).

This makes the *zipped* file smaller and nothing else: the .tflite keeps its size and int8 inference its speed
(tensorflow/model-optimization issue 722). Channels are what `prune_channels` removes. Depthwise kernels and the stem
stay whole: they are small, and tfmot's prune-preserving scheme does not keep their zeros.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tf_keras
from tensorflow_model_optimization.python.core.sparsity.keras.pruning_wrapper import PruneLowMagnitude
from tensorflow_model_optimization.sparsity import keras as sparsity

from edgefashion.errors import RecipeError
from edgefashion.models.checkpoint import Checkpoint, Weights, read_weights, restore
from edgefashion.models.folding import fold
from edgefashion.models.inverted_residual import InvertedResidualSpec
from edgefashion.training.loop import Stage, Teacher, run_stage
from edgefashion.training.recipe import PruneWeights

MakeStage = Callable[[dict[str, Any]], Stage]
EVERY = 50
"""Steps between two choices of the weights to zero; fewer in a short stage, which would not reach the last choice."""


def folded(checkpoint: Checkpoint) -> Checkpoint:
    """Returns the same network with batch normalisation merged into its convolutions."""
    import dataclasses

    if not isinstance(checkpoint.spec, InvertedResidualSpec):
        raise RecipeError(f"Only inverted residual networks can be folded. Received: {type(checkpoint.spec).__name__}.")
    if checkpoint.folded:
        return checkpoint
    return dataclasses.replace(checkpoint, folded=True, weights=fold(checkpoint.weights, checkpoint.spec.bn_epsilon))


def train_pruning_weights(
    checkpoint: Checkpoint, plan: PruneWeights, make_stage: MakeStage, teacher: Teacher | None
) -> tuple[Checkpoint, list[dict[str, float]]]:
    """Trains while more and more of the pointwise and dense weights go to zero, and stay there.

    Args:
        checkpoint: folded or not; it is folded first.
        plan: final sparsity and schedule.
        make_stage: describes a stage with the changes given.
        teacher: network to be matched, or None for the network as it was.

    Returns:
        The checkpoint with zeroed weights, and the history.
    """
    if plan.average:
        raise RecipeError("[prune-weights] can't average weights: an average of zero and non-zero is not zero.")
    checkpoint = folded(checkpoint)
    network = checkpoint.model()
    stage = make_stage({"teacher": (teacher or checkpoint.model()) if plan.weight else None, "weight": plan.weight,
                        "temperature": plan.temperature})  # fmt: skip
    steps = math.ceil(len(stage.train.truth) / plan.batch) * plan.epochs
    end = max(1, int(steps * 0.6))
    every = min(EVERY, max(1, end // 10))
    ramp = sparsity.PolynomialDecay(0.0, plan.sparsity, begin_step=0, end_step=end, frequency=every)

    def prunable(layer: tf_keras.layers.Layer) -> bool:
        return layer.name.endswith(("_expand_conv", "_project_conv", "head_conv", "type_dense"))

    def wrap(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        return sparsity.prune_low_magnitude(layer, pruning_schedule=ramp) if prunable(layer) else layer

    pruned = tf_keras.models.clone_model(network, clone_function=wrap)
    restore(pruned, _wrapped(pruned, checkpoint.weights))
    update = sparsity.UpdatePruningStep()
    update.set_model(pruned)
    update.on_train_begin()

    def before_step(done: int) -> None:
        # The masks' step counters follow the run's own, so that a resumed run goes on with the schedule.
        update.step = done
        update.on_train_batch_begin(done)

    stage.before_step = before_step
    history = run_stage(pruned, stage)
    weights = read_weights(sparsity.strip_pruning(pruned))
    for layer in pruned.layers:
        if isinstance(layer, PruneLowMagnitude):
            for weight, mask, _ in layer.pruning_vars:
                name = f"{layer.layer.name}/{weight.name.split('/')[-1].split(':')[0]}"
                weights[name] = weights[name] * mask.numpy()
    restore(network, weights)
    return checkpoint.with_model(network, folded=True), history


def _wrapped(pruned: tf_keras.Model, weights: Weights) -> Weights:
    """The weights by the names that the wrapped layers go by; masks, thresholds and steps as they are."""
    named = read_weights(pruned)
    for layer in pruned.layers:
        plain = layer.layer.name if isinstance(layer, PruneLowMagnitude) else layer.name
        for key in [key for key in named if key.startswith(f"{layer.name}/")]:
            source = f"{plain}/{key.split('/')[-1]}"
            if source in weights:
                named[key] = weights[source]
    return named


def sparsity_of(weights: Weights) -> float:
    """Share of exact zeros among convolution and dense kernels, 0–1."""
    kernels = [array for name, array in weights.items() if name.endswith("kernel")]
    return float(
        sum(np.count_nonzero(array == 0.0) for array in kernels) / max(1, sum(array.size for array in kernels))
    )
