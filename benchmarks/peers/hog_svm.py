"""Histograms of oriented gradients and a support vector machine with a radial kernel: no neural network.

Source: N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005: 9 unsigned
orientations, blocks of 2 × 2 cells, L2-Hys normalisation; cells of 4 pixels, as suits 28 × 28.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.peers.linear_head import kept_features
from benchmarks.peers.peer import Answer, Job

SIDE, CELL, ORIENTATIONS = 28, 4, 9


def make(job: Job) -> Answer:
    """Trains and answers. 55,000 pictures take a core an hour or so; memory stays below 4 GB."""
    from sklearn.svm import SVC

    train, held = job.pictures(SIDE)
    seen = kept_features(job.folder / "train.npy", lambda: hog(_grey(train.images)))
    asked = kept_features(job.folder / "held.npy", lambda: hog(_grey(held.images)))
    machine = SVC(C=10.0, gamma="scale", cache_size=2000).fit(seen, train.truth)
    stored = machine.support_vectors_.size * 4 + machine.dual_coef_.size * 4
    note = f"{len(machine.support_vectors_):,} support vectors, counted as float32"
    return Answer(tuple(row.path for row in held.rows), machine.predict(asked).astype(np.int64), b"", stored, note)


def _grey(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return images if images.ndim == 3 else images[..., 0]


def hog(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Describes grey pictures.

    Args:
        images: uint8 (n, height, width), sides that are multiples of CELL.

    Returns:
        float32 (n, blocks × 4 × ORIENTATIONS), each block of Euclidean length at most 1.
    """
    pixels = images.astype(np.float32)
    down, across = np.zeros_like(pixels), np.zeros_like(pixels)
    down[:, 1:-1] = pixels[:, 2:] - pixels[:, :-2]
    across[:, :, 1:-1] = pixels[:, :, 2:] - pixels[:, :, :-2]
    strength = np.hypot(down, across)
    place = np.mod(np.arctan2(down, across), np.pi) / np.pi * ORIENTATIONS
    low = np.floor(place).astype(np.int64) % ORIENTATIONS
    share = place - np.floor(place)
    n, height, width = images.shape
    cells = np.zeros((n, height // CELL, width // CELL, ORIENTATIONS), np.float32)
    for orientation in range(ORIENTATIONS):
        part = strength * ((low == orientation) * (1 - share) + ((low + 1) % ORIENTATIONS == orientation) * share)
        cells[..., orientation] = part.reshape(n, height // CELL, CELL, width // CELL, CELL).sum(axis=(2, 4))
    blocks = np.concatenate([cells[:, :-1, :-1], cells[:, :-1, 1:], cells[:, 1:, :-1], cells[:, 1:, 1:]], axis=-1)
    blocks = np.minimum(_unit(blocks), 0.2)
    described: npt.NDArray[np.float32] = _unit(blocks).reshape(n, -1).astype(np.float32)
    return described


def _unit(blocks: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    scaled: npt.NDArray[np.float32] = blocks / np.sqrt((blocks**2).sum(axis=-1, keepdims=True) + 1e-6)
    return scaled
