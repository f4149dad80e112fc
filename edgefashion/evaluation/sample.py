"""Fewer pictures where all would take too long: seeded, and from as many people as possible."""

from __future__ import annotations

import numpy as np

from edgefashion.data.manifest import Manifest
from edgefashion.errors import DataError


def sample_by_group(manifest: Manifest, count: int, seed: int = 0) -> Manifest:
    """Takes pictures in turns: one of each contributor, then a second of each, until there are enough.

    Pictures of one person resemble each other, so many people say more than many pictures. Who sent few pictures counts
    for more than in the whole manifest.

    Args:
        manifest: The pictures.
        count: How many to take, at least 1; all of them where there are no more.
        seed: 0 or more; chooses people and pictures. The same seed gives the same sample.

    Returns:
        The sample, in the manifest's order.

    Raises:
        DataError: count < 1.
    """
    if count < 1:
        raise DataError(f"A sample needs at least 1 picture. Received: {count}.")
    rng = np.random.default_rng(seed)
    turns: dict[str, int] = {}
    order: list[tuple[int, int, int]] = []
    for position in rng.permutation(len(manifest.rows)):
        group = manifest.rows[position].group
        turns[group] = turns.get(group, 0) + 1
        order.append((turns[group], len(order), int(position)))
    return manifest.take(sorted(position for _, _, position in sorted(order)[:count]))
