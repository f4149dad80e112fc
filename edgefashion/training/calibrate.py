"""After the last stage: temperature, "not sure" threshold, and the float network's figures on held-out pictures."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest
from edgefashion.evaluation.evaluate import score
from edgefashion.evaluation.metrics import wilson_interval
from edgefashion.evaluation.result import Evaluation
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.taxonomy import NO_GARMENT
from edgefashion.training.heads import slices, with_attributes
from edgefashion.training.loop import logits_of
from edgefashion.training.pipeline import Pictures, load_pictures
from edgefashion.training.recipe import Recipe

KEPT_SHARE = 0.95
"""The threshold is set so that this share of tuning pictures is answered with "sure"."""


def calibrated(checkpoint: Checkpoint, manifest: Manifest, recipe: Recipe, tune: Pictures) -> Checkpoint:
    """Adds temperature, threshold and the float accuracy on the held-out split to a checkpoint.

    Args:
        checkpoint: after its last stage.
        manifest: all pictures; the held-out split is taken from it.
        recipe: names the splits.
        tune: prepared pictures of the tuning split.
    """
    network = checkpoint.model()
    parts = slices(checkpoint.head_sizes)
    every = logits_of(network, tune.images)
    temperatures = {}
    for name, part, column in zip(checkpoint.heads, parts[1:], tune.targets.T[1:], strict=True):
        temperatures[name] = fit_temperature(every[column >= 0, part], column[column >= 0])
    logits = every[:, parts[0]]
    temperature = fit_temperature(logits, tune.truth)
    threshold = threshold_of(logits, temperature, checkpoint.labels)
    if recipe.data.held_out == recipe.data.tune:
        held = tune
    else:
        size = (checkpoint.spec.height, checkpoint.spec.width)
        held = load_pictures(manifest.select(recipe.data.held_out), *size, taxonomy=recipe.data.taxonomy)
        held = with_attributes(held, checkpoint.heads)
        every = logits_of(network, held.images)
        logits = every[:, parts[0]]
    groups = [row.group for row in held.rows]
    result = score(_answers(logits, temperature, checkpoint.labels), held.truth, checkpoint.labels, groups)
    told = figures(result, recipe.data.held_out)
    for name, part, column in zip(checkpoint.heads, parts[1:], held.targets.T[1:], strict=True):
        known = column >= 0
        told |= {name: head_figures(every[known, part].argmax(1) == column[known])} if known.any() else {}
    return dataclasses.replace(
        checkpoint,
        temperature=temperature,
        head_temperatures=temperatures,
        threshold=round(threshold, 4),
        accuracy=told,
    )


def threshold_of(logits: npt.NDArray[np.float32], temperature: float, labels: tuple[str, ...]) -> float:
    """The confidence that `KEPT_SHARE` of pictures of garments reach, as `Classifier` judges them, 0.05–0.95.

    A picture that is rather taken for no garment is not sure, whatever its confidence: it counts as lost already.

    Args:
        logits: (n, classes) of garments.
        temperature: of these logits.
        labels: of the classes.
    """
    best = _answers(logits, temperature, labels).max(axis=1)
    nothing = softmax(logits / temperature)[:, [label == NO_GARMENT for label in labels]].sum(axis=1)
    reached = np.where(best > nothing, best, 0.0)
    return float(np.clip(np.quantile(reached, 1.0 - KEPT_SHARE), 0.05, 0.95))


def _answers(logits: npt.NDArray[np.float32], temperature: float, labels: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Probabilities (n, classes) as they are answered: `NO_GARMENT` is no answer."""
    probabilities = softmax(logits / temperature)
    probabilities[:, [label == NO_GARMENT for label in labels]] = 0.0
    return probabilities


def head_figures(right: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """What a card says of a further head; `right`: bool (n,)."""
    count, hits = len(right), int(right.sum())
    return {"n": count, "top1": hits / count, "interval": list(wilson_interval(hits, count))}


def figures(result: Evaluation, split: str) -> dict[str, Any]:
    """What a card says of an evaluation."""
    return {
        "split": split, "n": result.n, "top1": result.top1, "interval": list(result.top1_interval),
        "macro_f1": result.macro_f1, "ece": result.ece,
    }  # fmt: skip


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Turns logits (n, classes) into probabilities (n, classes), float64."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def fit_temperature(logits: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> float:
    """Finds the temperature with the smallest negative log-likelihood (Guo et al. 2017): golden section in 0.2–5.

    Args:
        logits: (n, classes).
        truth: (n,) label indices.

    Returns:
        The temperature, rounded to 4 digits; 1.0 for fewer than 20 pictures.
    """
    if len(truth) < 20:
        return 1.0

    def loss(log_t: float) -> float:
        return -float(np.mean(np.log(softmax(logits / np.exp(log_t))[np.arange(len(truth)), truth] + 1e-12)))

    low, high, ratio = np.log(0.2), np.log(5.0), (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return round(float(np.exp((low + high) / 2.0)), 4)
