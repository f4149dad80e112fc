"""What a network is asked about one picture: its type first, then attributes such as the colour.

All answers come out of one dense layer, `type_dense`: the logits of the types, then those of each further head. A
picture whose attribute is not known has the truth -1 and adds nothing to that head's loss.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.training.pipeline import Pictures, as_rgb


def head_labels(names: Sequence[str], manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """Gives the sorted values that each attribute takes among training pictures.

    Raises:
        DataError: an attribute has fewer than two values.
    """
    found = {}
    for name in names:
        values = sorted({getattr(row, name) for row in manifest.rows} - {""})
        if len(values) < 2:
            raise DataError(f"'{manifest.name}' has fewer than two values of '{name}' in its training split.")
        found[name] = tuple(values)
    return found


def with_attributes(pictures: Pictures, heads: Mapping[str, Sequence[str]]) -> Pictures:
    """Adds what is known of the further heads: `attributes`, int64 (n, heads), -1 where nothing is."""
    return dataclasses.replace(pictures, attributes=attribute_truth(pictures.rows, heads))


def attribute_truth(rows: Sequence[Row], heads: Mapping[str, Sequence[str]]) -> npt.NDArray[np.int64]:
    """The index of every row's value in each head's labels: int64 (n, heads), -1 where it has none of them."""
    places = {name: {label: i for i, label in enumerate(labels)} for name, labels in heads.items()}
    table = [[place.get(getattr(row, name), -1) for name, place in places.items()] for row in rows]
    return np.array(table, dtype=np.int64).reshape(len(rows), len(heads))


def with_more(pictures: Pictures, more: Pictures, types: Sequence[str]) -> Pictures:
    """Adds pictures of which only the type is known.

    Args:
        pictures: to add to.
        more: of the same size.
        types: labels that the truth of `pictures` counts in.
    """
    attributes = pictures.attributes
    return Pictures(
        np.concatenate([as_rgb(pictures.images), as_rgb(more.images)]),
        np.concatenate([pictures.truth, np.array([types.index(row.type) for row in more.rows], np.int64)]),
        (*pictures.rows, *more.rows),
        (*pictures.skipped, *more.skipped),
        None if attributes is None else np.pad(attributes, ((0, len(more.rows)), (0, 0)), constant_values=-1),
    )


def slices(sizes: Sequence[int]) -> list[slice]:
    """Where each head's numbers lie among all logits."""
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def without_heads(checkpoint: Checkpoint, names: Sequence[str]) -> Checkpoint:
    """Leaves further heads out: their logits, their labels and their temperatures.

    Args:
        checkpoint: any.
        names: of its heads; one that it does not have changes nothing.
    """
    parts = dict(zip(("", *checkpoint.heads), slices(checkpoint.head_sizes), strict=True))
    kept = np.concatenate([np.arange(part.start, part.stop) for name, part in parts.items() if name not in names])
    weights = {
        name: value[..., kept] if name.startswith("type_dense/") else value
        for name, value in checkpoint.weights.items()
    }
    return dataclasses.replace(
        checkpoint,
        spec=dataclasses.replace(checkpoint.spec, classes=len(kept)),
        weights=weights,
        heads={name: labels for name, labels in checkpoint.heads.items() if name not in names},
        head_temperatures={name: value for name, value in checkpoint.head_temperatures.items() if name not in names},
    )


def targets_of(truth: tf.Tensor, sizes: Sequence[int], smoothing: float) -> tf.Tensor:
    """Turns truth, int64 (batch, heads), into float32 (batch, all logits): probabilities, zeros where it is -1."""
    parts = []
    for column, size in enumerate(sizes):
        known = tf.cast(truth[:, column : column + 1] >= 0, tf.float32)
        parts.append(tf.one_hot(truth[:, column], size) * (1.0 - smoothing) + known * (smoothing / size))
    return tf.concat(parts, axis=1)


def cross_entropy(targets: tf.Tensor, logits: tf.Tensor, sizes: Sequence[int], weights: Sequence[float]) -> tf.Tensor:
    """Adds up the heads' mean cross-entropies, weighted: a scalar. Rows of zeros in `targets` add nothing."""
    losses = [
        -weight * tf.reduce_mean(tf.reduce_sum(targets[:, part] * tf.nn.log_softmax(logits[:, part]), axis=1))
        for part, weight in zip(slices(sizes), weights, strict=True)
    ]
    return tf.add_n(losses)


def softened(logits: tf.Tensor, sizes: Sequence[int], temperature: float) -> tf.Tensor:
    """Each head's softmax at a temperature: float32, same shape as `logits`."""
    return tf.concat([tf.nn.softmax(logits[:, part] / temperature) for part in slices(sizes)], axis=1)
