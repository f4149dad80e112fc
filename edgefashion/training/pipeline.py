"""Manifest → uint8 arrays → batches. Every picture passes through `runtime.image.prepare`.

So what is learnt is what is seen on the device. Pictures are decoded once and kept as bytes; augmentation happens on
batches, inside the network's own graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError, ImageError
from edgefashion.runtime.card import InputRule
from edgefashion.runtime.look import GARMENTS, again, look

CACHE_MARGIN = 7 / 6
"""Training pictures are kept this much larger than the input, so that crops still have detail."""


@dataclass(frozen=True)
class Pictures:
    """Prepared pictures with their labels.

    Attributes:
        images: uint8 (n, height, width, 3) RGB, or (n, height, width) grey.
        truth: int64 (n,), index of the label.
        rows: the manifest's rows, in the same order.
        skipped: (path, reason) of every picture that could not be read.
        attributes: int64 (n, heads), index of the label in each further head, -1 where it is not known; None without
            such heads.
        further: uint8 (n, looks, height, width, 3): what `runtime.look.again` gives of each; None where not asked for.
    """

    images: npt.NDArray[np.uint8]
    truth: npt.NDArray[np.int64]
    rows: tuple[Row, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    attributes: npt.NDArray[np.int64] | None = None
    further: npt.NDArray[np.uint8] | None = None

    @property
    def targets(self) -> npt.NDArray[np.int64]:
        """Truth of every head, the type first: int64 (n, 1 + heads)."""
        own = self.truth[:, None]
        return own if self.attributes is None else np.concatenate([own, self.attributes], axis=1)


def load_pictures(
    manifest: Manifest,
    height: int,
    width: int,
    rule: str = "stretch",
    advance: Callable[[int], None] | None = None,
    taxonomy: str = "",
    further: bool = False,
) -> Pictures:
    """Decodes and prepares every picture of a manifest.

    Args:
        manifest: what to load.
        height, width: size to prepare to, pixels.
        rule: resize rule.
        advance: called with 1 after each picture.
        taxonomy: name of that of the model that is to look at them as it does on a device (`runtime.look`); "" shows
            all of every picture.
        further: what it looks at where it is unsure, too.

    Returns:
        The pictures that could be read; grey (n, height, width) where the manifest holds grey arrays of just that size.

    Raises:
        DataError: not one picture could be read.
    """
    arrays = manifest.arrays
    if arrays is not None and arrays.shape[1:] == (height, width):
        if advance:
            advance(len(arrays))
        return Pictures(arrays, manifest.truth, manifest.rows)
    looks = 2 if further and taxonomy == GARMENTS and rule == "stretch" else 0
    images = np.empty((len(manifest.rows), 1 + looks, height, width, 3), np.uint8)
    skipped: list[tuple[str, str]] = []
    kept: list[int] = []

    def one(index: int) -> str | None:
        row = manifest.rows[index]
        try:
            seen = look(manifest.picture(row), InputRule(height, width, resize=rule), taxonomy)
            images[index] = (seen.picture, *(again(seen) if looks else ()))
        except ImageError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(4) as pool:
        for index, problem in enumerate(pool.map(one, range(len(manifest.rows)))):
            if problem is None:
                kept.append(index)
            else:
                skipped.append((manifest.rows[index].path, problem))
            if advance:
                advance(1)
    if not kept:
        raise DataError(f"Not one of the {len(manifest.rows)} pictures of '{manifest.name}' could be read.")
    if len(kept) < len(images):
        images = images[kept]
    rows = tuple(manifest.rows[index] for index in kept)
    seconds = images[:, 1:] if looks else None
    return Pictures(images[:, 0], manifest.truth[kept], rows, tuple(skipped), further=seconds)


def batches(
    pictures: Pictures, size: int, seed: int, epoch: int, balance: float = 0.0
) -> Iterator[tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]]:
    """Yields as many pictures as there are, drawn by `turns`.

    Args:
        pictures: what to draw from.
        size: pictures a batch.
        seed, epoch, balance: as of `turns`.

    Yields:
        uint8 (size, height, width, 3) and the truth of every head, int64 (size, heads), the type first.
    """
    targets = pictures.targets
    for index in turns(pictures.truth, size, seed, epoch, balance):
        yield as_rgb(pictures.images[index]), targets[index]


def turns(
    truth: npt.NDArray[np.int64], size: int, seed: int, epoch: int, balance: float = 0.0
) -> Iterator[npt.NDArray[np.int64]]:
    """Yields whose turn it is, batch by batch, in an order that depends on seed and epoch only.

    The last batch is filled up from the start.

    Args:
        truth: (n,), index of each picture's label.
        size: pictures a batch.
        seed, epoch: of the order.
        balance: 0 yields every picture once; 1 yields every label equally often; between them a label of n pictures
            has a share proportional to n ** (1 - balance).

    Yields:
        (size,), indices of pictures.
    """
    count = len(truth)
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(count)
    if balance:
        # Systematic resampling: nobody's number of turns is off by more than one from what is due.
        weights = np.bincount(truth)[truth].astype(np.float64) ** -balance
        due = np.cumsum(weights[order])
        ticks = (np.arange(count) + random.uniform()) * (due[-1] / count)
        order = random.permutation(order[np.minimum(np.searchsorted(due, ticks), count - 1)])
    for start in range(0, count, size):
        yield np.take(order, np.arange(start, start + size), mode="wrap")


def as_rgb(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Repeats a grey batch (n, height, width) three times into (n, height, width, 3); RGB passes through."""
    return np.repeat(images[..., None], 3, axis=-1) if images.ndim == 3 else images
