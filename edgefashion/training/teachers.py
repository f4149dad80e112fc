"""Networks to learn from: their mean opinion, told in the student's own order of labels."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from edgefashion.data.manifest import Manifest
from edgefashion.data.sources import open_source
from edgefashion.errors import RecipeError
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.training.bfloat16 import in_bfloat16
from edgefashion.training.heads import slices
from edgefashion.training.pipeline import Pictures
from edgefashion.training.recipe import Recipe
from edgefashion.training.recipe_file import load_recipe

SURELY_NOT = -30.0
"""Logit of a label that no teacher knows."""


class Teachers:
    """Several networks as one: called like a network, it gives the logarithm of their mean probabilities.

    A head that one of them lacks is told by the others; a label that none of them has is surely not the answer.

    Attributes:
        taught: by head, whether any of them knows it; of the others they say that every label is as likely.
    """

    def __init__(
        self,
        teachers: Sequence[Checkpoint],
        student: Checkpoint,
        advance: Callable[[int], None] = lambda _: None,
        bfloat16: bool = False,
    ) -> None:
        """Builds the networks.

        Args:
            teachers: of any size of picture; those of another than the student's see its pictures resized.
            student: names the heads and their labels.
            advance: called with 1 after each network.
            bfloat16: whether they multiply in it.

        Raises:
            RecipeError: no teacher has any label of the types.
        """
        self._networks: list[tf_keras.Model] = []
        self._places: list[list[tuple[int, slice, tf.Tensor]]] = []
        wanted = _heads(student)
        for teacher in teachers:
            network = in_bfloat16(teacher.model()) if bfloat16 else teacher.model()
            network.trainable = False
            self._networks.append(network)
            own = _heads(teacher)
            parts = dict(zip(own, slices(teacher.head_sizes), strict=True))
            self._places.append(
                [
                    (number, parts[name], tf.constant(_moves(own[name], labels)))
                    for number, (name, labels) in enumerate(wanted.items())
                    if set(own.get(name, ())) & set(labels)
                ]
            )
            advance(1)
        self._sizes = student.head_sizes
        known = {number for places in self._places for number, _, _ in places}
        self.taught = tuple(number in known for number in range(len(wanted)))
        if not self.taught[0]:
            raise RecipeError("No teacher knows any of the types.")

    def __call__(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Asks all of them.

        Args:
            images: float32 (batch, height, width, 3) in [-1, 1).
            training: must be False; there for the likeness to a network.

        Returns:
            float32 (batch, all logits of the student).
        """
        opinions: list[list[tf.Tensor]] = [[] for _ in self._sizes]
        for network, places in zip(self._networks, self._places, strict=True):
            size = network.input_shape[1:3]
            seen = images if images.shape[1:3] == size else tf.image.resize(images, size, antialias=True)
            logits = network(seen, training=training)
            for number, part, moves in places:
                opinions[number].append(tf.nn.softmax(logits[:, part]) @ moves)
        least = tf.exp(SURELY_NOT)
        nothing = [tf.zeros((tf.shape(images)[0], size)) for size in self._sizes]
        means = [tf.math.log(tf.add_n(told) / len(told) + least) if told else none
                 for told, none in zip(opinions, nothing, strict=True)]  # fmt: skip
        return tf.concat(means, axis=1)


def taught(pictures: Pictures, manifest: Manifest, recipe: Recipe, source: str) -> npt.NDArray[np.float32]:
    """Says which pictures the teachers are believed on: those of sources that all of them learnt from.

    Args:
        pictures: the training pictures.
        manifest: they are of it.
        recipe: names the teachers; its own source is one that they learnt from.
        source: in place of the recipe's own.

    Returns:
        1 or 0 by picture, float32 (n,).
    """
    if manifest.arrays is not None:
        return np.ones(len(pictures.rows), np.float32)
    extras = [load_recipe(name).data.extra for name in recipe.distil.teachers] if recipe.distil else []
    shared = [spec for spec in recipe.data.extra if all(spec in extra for extra in extras)]
    known = set()
    for own in map(open_source, (source, *shared)):
        known |= {(os.path.abspath((own.root or Path()) / row.path), row.box) for row in own.rows}
    root = manifest.root or Path()
    return np.array([(os.path.abspath(root / row.path), row.box) in known for row in pictures.rows], np.float32)


def _heads(checkpoint: Checkpoint) -> Mapping[str, tuple[str, ...]]:
    """Every head's labels, the type's first."""
    return {"type": checkpoint.labels, **checkpoint.heads}


def _moves(own: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Float32 (own labels, the student's labels): 1 where they are the same."""
    return np.array([[float(mine == yours) for yours in labels] for mine in own], np.float32)
