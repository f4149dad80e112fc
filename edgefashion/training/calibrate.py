"""After the last stage: temperature, "not sure" threshold, and the float network's figures on held-out pictures."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import tf_keras

from edgefashion.data.manifest import Manifest
from edgefashion.evaluation.evaluate import score
from edgefashion.evaluation.metrics import wilson_interval
from edgefashion.evaluation.result import Evaluation
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.runtime.categories import category_numbers, within_likeliest
from edgefashion.runtime.look import unsure
from edgefashion.taxonomy import NO_GARMENT
from edgefashion.training.heads import slices, with_attributes
from edgefashion.training.loop import logits_of
from edgefashion.training.pipeline import Pictures, load_pictures
from edgefashion.training.recipe import Recipe

KEPT_SHARE = 0.95
"""The threshold is set so that this share of tuning pictures is answered with "sure"."""


def calibrated(checkpoint: Checkpoint, manifest: Manifest, recipe: Recipe, tune: Pictures) -> Checkpoint:
    """Adds temperature, threshold and the float accuracy on the held-out split to a checkpoint.

    All of them are of what `Classifier` answers, which looks again where it is unsure (`runtime.look`).

    Args:
        checkpoint: after its last stage.
        manifest: all pictures; the held-out split is taken from it.
        recipe: names the splits.
        tune: prepared pictures of the tuning split, those for another look among them.
    """
    network = checkpoint.model()
    parts = slices(checkpoint.head_sizes)
    every = _looked(network, tune)
    temperatures = {}
    for name, part, column in zip(checkpoint.heads, parts[1:], tune.targets.T[1:], strict=True):
        temperatures[name] = fit_temperature(every[:1, column >= 0, part], column[column >= 0])
    temperature = fit_temperature(every[..., parts[0]], tune.truth)
    numbers = category_numbers(checkpoint.labels, checkpoint.taxonomy.get("categories", {}))
    threshold = threshold_of(answers(every[..., parts[0]], temperature, numbers=numbers), checkpoint.labels)
    if recipe.data.held_out == recipe.data.tune:
        held = tune
    else:
        size = (checkpoint.spec.height, checkpoint.spec.width)
        held = load_pictures(manifest.select(recipe.data.held_out), *size, taxonomy=recipe.data.taxonomy, further=True)
        held = with_attributes(held, checkpoint.heads)
        every = _looked(network, held)
    groups = [row.group for row in held.rows]
    said = _garments(answers(every[..., parts[0]], temperature, numbers=numbers), checkpoint.labels)
    told = figures(score(said, held.truth, checkpoint.labels, groups), recipe.data.held_out)
    undecided = unsure(softmax(every[0, :, parts[0]] / temperature))
    for name, part, column in zip(checkpoint.heads, parts[1:], held.targets.T[1:], strict=True):
        known = column >= 0
        said = answers(every[..., part], temperatures[name], undecided)
        told |= {name: head_figures(said[known].argmax(1) == column[known])} if known.any() else {}
    return dataclasses.replace(
        checkpoint,
        temperature=temperature,
        head_temperatures=temperatures,
        threshold=threshold,
        accuracy=told,
    )


def _looked(network: tf_keras.Model, pictures: Pictures) -> npt.NDArray[np.float32]:
    """Logits of all heads, (looks, n, logits): of the pictures, then of what there is to look at again."""
    every = [pictures.images, *(() if pictures.further is None else pictures.further.swapaxes(0, 1))]
    return np.stack([logits_of(network, images) for images in every])


def answers(
    logits: npt.NDArray[np.float32],
    temperature: float,
    undecided: npt.NDArray[np.bool_] | None = None,
    numbers: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.float64]:
    """Joins several looks as `Classifier` does: the first, or the mean where it is unsure; (n, classes).

    Args:
        logits: (looks, n, classes).
        temperature: of these logits.
        undecided: bool (n,), where the mean is taken; absent, what the first look makes of it.
        numbers: the classes' categories (`runtime.categories`), within the likeliest of which the mean tells the type;
            absent for classes that are no types.
    """
    said = softmax(logits / temperature)
    mean = (unsure(said[0]) if undecided is None else undecided)[:, None]
    joined = said.mean(axis=0)
    if numbers is not None and len(said) > 1:
        joined = within_likeliest(joined, numbers)
    return np.where(mean, joined, said[0])


def threshold_of(probabilities: npt.NDArray[np.float64], labels: tuple[str, ...]) -> float:
    """The confidence that no fewer than `KEPT_SHARE` of pictures of garments reach, as `Classifier` judges, 0.05–0.95.

    Rounded down to 4 digits, which is what a card holds.

    A picture that is rather taken for no garment is not sure, whatever its confidence: it counts as lost already.

    Args:
        probabilities: (n, classes) of garments.
        labels: of the classes.
    """
    best = _garments(probabilities, labels).max(axis=1)
    nothing = probabilities[:, [label == NO_GARMENT for label in labels]].sum(axis=1)
    reached = np.where(best > nothing, best, 0.0)
    lowest = float(np.sort(reached)[math.floor((1.0 - KEPT_SHARE) * len(reached) + 1e-9)])
    return float(np.clip(math.floor(lowest * 1e4) / 1e4, 0.05, 0.95))


def _garments(probabilities: npt.NDArray[np.float64], labels: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Probabilities (n, classes) as they are answered: `NO_GARMENT` is no answer."""
    return np.where([label == NO_GARMENT for label in labels], 0.0, probabilities)


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
    """Turns logits (..., classes) into probabilities (..., classes), float64."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def fit_temperature(logits: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> float:
    """Finds the temperature with the smallest negative log-likelihood (Guo et al. 2017): golden section in 0.2–5.

    Args:
        logits: (looks, n, classes), joined as `answers` does.
        truth: (n,) label indices.

    Returns:
        The temperature, rounded to 4 digits; 1.0 for fewer than 20 pictures.
    """
    if len(truth) < 20:
        return 1.0

    def loss(log_t: float) -> float:
        return -float(np.mean(np.log(answers(logits, np.exp(log_t))[np.arange(len(truth)), truth] + 1e-12)))

    low, high, ratio = np.log(0.2), np.log(5.0), (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return round(float(np.exp((low + high) / 2.0)), 4)
