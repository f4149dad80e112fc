"""How well embeddings find garments like a given one: every picture in turn looks for its nearest among the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError
from edgefashion.evaluation.predict import loaded
from edgefashion.evaluation.result import Retrieval, Unreadable

if TYPE_CHECKING:
    from edgefashion.runtime.classifier import Classifier

FIRST = 5
"""So many results are looked at: what fits on a phone's screen."""
ROWS_AT_ONCE = 512
PROPERTIES = ("type", "colour", "pattern")
"""What staff look for; those are judged that every readable picture has noted."""


def retrieve(classifier: Classifier, manifest: Manifest, progress: Callable[[int], None] | None = None) -> Retrieval:
    """Embeds every readable picture of a manifest and judges what each finds among the others.

    Args:
        classifier: The opened model.
        manifest: The pictures.
        progress: Called with 1 after each picture, in the calling thread.

    Raises:
        DataError: Fewer than two readable pictures.
    """

    def load(row: Row) -> npt.NDArray[np.float32]:
        return classifier.embed(manifest.picture(row))

    found: list[tuple[Row, npt.NDArray[np.float32]]] = []
    for row, item in loaded(manifest.rows, load):
        if not isinstance(item, Unreadable):
            found.append((row, item))
        if progress is not None:
            progress(1)
    noted = {name: [getattr(row, name) for row, _ in found] for name in PROPERTIES}
    complete = {name: values for name, values in noted.items() if all(values)}
    if len(found) < 2:
        raise DataError(
            f"'{manifest.name}' has {len(found)} readable pictures; to find similar ones takes at least two."
        )
    return judge_retrieval(np.stack([vector for _, vector in found]), complete)


def nearest(embeddings: npt.NDArray[np.float32], count: int = FIRST) -> npt.NDArray[np.intp]:
    """Find each picture's nearest others.

    Args:
        embeddings: float32 (n, d), rows of length 1.
        count: How many, at least 1.

    Returns:
        (n, min(count, n - 1)), the others' rows, nearest first; of equals the first.

    Raises:
        DataError: Fewer than two pictures.
    """
    n = len(embeddings)
    if n < 2:
        raise DataError(f"To look for similar pictures takes at least two. Received: {n}.")
    found = []
    for start in range(0, n, ROWS_AT_ONCE):
        likeness = embeddings[start : start + ROWS_AT_ONCE] @ embeddings.T
        likeness[np.arange(len(likeness)), np.arange(start, start + len(likeness))] = -np.inf
        found.append(np.argsort(-likeness, axis=1, kind="stable")[:, : min(count, n - 1)])
    return np.concatenate(found)


def judge_retrieval(embeddings: npt.NDArray[np.float32], noted: Mapping[str, Sequence[str]]) -> Retrieval:
    """Judge what is found first against what is noted of the pictures.

    Args:
        embeddings: float32 (n, d), rows of length 1.
        noted: Property, such as "type" or "colour", to its n values.

    Raises:
        DataError: Fewer than two pictures, no property, or another number of values than of pictures.
    """
    if not noted or any(len(values) != len(embeddings) for values in noted.values()):
        received = {name: len(values) for name, values in noted.items()}
        raise DataError(f"Every one of {len(embeddings)} embeddings needs its noted values. Received: {received}.")
    found = nearest(embeddings)
    columns = {name: np.asarray(values) for name, values in noted.items()}
    same = {name: column[found] == column[:, None] for name, column in columns.items()}
    every = np.logical_and.reduce(list(same.values()))
    twins = np.logical_and.reduce([column[:, None] == column for column in columns.values()]).sum(axis=1) > 1
    return Retrieval(
        n=len(embeddings),
        first=found.shape[1],
        same={name: float(hits.mean()) for name, hits in same.items()},
        same_all=float(every.mean()),
        found=float(every.any(axis=1)[twins].mean()) if twins.any() else None,
        findable=int(twins.sum()),
    )
