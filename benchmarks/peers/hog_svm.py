"""Histograms of oriented gradients and a support vector machine with a radial kernel: no neural network.

Source: N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005: 9 unsigned
orientations, blocks of 2 × 2 cells, L2-Hys normalisation; cells of 4 pixels, as suits 28 × 28.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from benchmarks.peers.linear_head import kept_features
from benchmarks.peers.peer import Answer, Job

SIDE, CELL, ORIENTATIONS = 28, 4, 9


PENALTY = 10.0
"""C: what a picture on the wrong side costs."""


def make(job: Job) -> Answer:
    """Trains and answers. 60,000 pictures take a core some five minutes; memory stays below 4 GB."""
    train, held = job.pictures(SIDE)
    seen = kept_features(job.folder / "train.npy", lambda: hog(_grey(train.images)))
    asked = kept_features(job.folder / "held.npy", lambda: hog(_grey(held.images)))
    predicted, vectors = one_against_one(seen, train.truth, asked)
    classes = len(np.unique(train.truth))
    stored = vectors * (seen.shape[1] + classes - 1) * 4
    note = f"{vectors:,} support vectors, counted as float32"
    return Answer(tuple(row.path for row in held.rows), predicted, b"", stored, note)


def one_against_one(
    seen: npt.NDArray[np.float32], truth: npt.NDArray[np.int64], asked: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.int64], int]:
    """Answers as scikit-learn's `SVC(C=10.0, gamma="scale")` does, in minutes and not in an hour.

    It, too, has a machine for every pair of classes vote; here each is handed its kernel, which a matrix product gives.

    Args:
        seen: float32 (n, d), what to learn from; truth: int64 (n,), its classes.
        asked: float32 (m, d), what to tell.

    Returns:
        int64 (m,), the classes told, and how many of the n are support vectors of any machine.
    """
    from sklearn.svm import SVC

    gamma = 1.0 / (seen.shape[1] * float(seen.var(dtype=np.float64)))
    classes, used = np.unique(truth), set[int]()
    votes = np.zeros((len(asked), len(classes)), np.int64)
    for first, second in itertools.combinations(range(len(classes)), 2):
        index = np.flatnonzero((truth == classes[first]) | (truth == classes[second]))
        machine = SVC(C=PENALTY, kernel="precomputed", cache_size=2000)
        machine.fit(_radial(seen[index], seen[index], gamma), truth[index] == classes[second])
        vectors = index[machine.support_]
        lead = _radial(asked, seen[vectors], gamma) @ machine.dual_coef_[0] + machine.intercept_[0]
        votes[:, second] += lead > 0
        votes[:, first] += lead <= 0
        used.update(vectors.tolist())
    return classes[votes.argmax(1)], len(used)


def _radial(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32], gamma: float) -> npt.NDArray[np.float32]:
    """exp(-gamma |a - b|²) for every row a of one and b of the other."""
    squares = (left**2).sum(1)[:, None] + (right**2).sum(1)[None] - 2.0 * (left @ right.T)
    kernel: npt.NDArray[np.float32] = np.exp(-gamma * np.maximum(squares, 0.0))
    return kernel


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
