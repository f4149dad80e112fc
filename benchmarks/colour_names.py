"""Fits the regions of `edgefashion/runtime/colour_names.py` and judges the measured colours.

    python -m benchmarks.colour_names clothing:FOLDER > new.py && mv new.py edgefashion/runtime/colour_names.py
    python -m benchmarks.colour_names --judge clothing:FOLDER

A picture has one noted colour but many pixels, and nobody knows which of them have it. So the chance of the noted
colour is taken as the weighted mean of its pixels' chances (learning from bags: Dietterich et al., Artificial
Intelligence 89, 1997), and its logarithm is raised by gradient steps. Only training contributors are fitted on;
pictures noted "multi" play no part. --judge measures on the validation contributors.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.sources import open_source
from edgefashion.evaluation.metrics import macro_f1, wilson_interval
from edgefashion.evaluation.predict import loaded
from edgefashion.evaluation.result import Unreadable
from edgefashion.runtime.colour import features, garment_weights, measure_colours, small_lab
from edgefashion.runtime.image import prepare
from edgefashion.taxonomy import Taxonomy

NAMES = (
    "black", "white", "grey", "blue", "navy", "red", "pink", "purple", "green", "yellow", "orange", "brown", "beige",
)  # fmt: skip
MULTI = "multi"
PIXELS = 120
EPOCHS, BATCHES, RATE, DECAY = 12, 24, 0.05, 1e-4
SIDE = 96
"""Pixels of the pictures that are measured."""

Floats = npt.NDArray[np.float32]


def pixels(manifest: Manifest, rows: list[Row], seed: int) -> Floats:
    """Features of pixels drawn by their weights: float32 (n, PIXELS, 12)."""
    random = np.random.default_rng(seed)

    def load(row: Row) -> npt.NDArray[np.uint8]:
        return prepare(manifest.picture(row), SIDE, SIDE)

    drawn = []
    for _, picture in loaded(rows, load):
        if isinstance(picture, Unreadable):
            raise SystemExit(f"{picture.path}: {picture.reason}")
        lab = small_lab(picture)
        drawn.append(features(lab[random.choice(len(lab), PIXELS, p=garment_weights(lab))]))
    return np.stack(drawn)


def fit(inputs: Floats, truth: npt.NDArray[np.int64], seed: int) -> Floats:
    """Adam on the mean log chance of the noted colours, rare ones a little heavier: float32 (12, colours)."""
    random = np.random.default_rng(seed)
    regions = np.zeros((inputs.shape[2], len(NAMES)), np.float32)
    mean, square = np.zeros_like(regions), np.zeros_like(regions)
    counts = np.bincount(truth, minlength=len(NAMES))
    heavier = (counts.mean() / counts[truth]) ** 0.25
    step = 0
    for epoch in range(EPOCHS):
        rate = RATE * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        for batch in np.array_split(random.permutation(len(truth)), BATCHES):
            logits = inputs[batch] @ regions
            chances = np.exp(logits - logits.max(axis=-1, keepdims=True))
            chances /= chances.sum(axis=-1, keepdims=True)
            noted = truth[batch][:, None, None]
            own = np.take_along_axis(chances, np.broadcast_to(noted, (len(batch), PIXELS, 1)), 2)[..., 0]
            part = 0.9 * own / np.maximum(own.sum(axis=1, keepdims=True), 1e-6) + 0.1 / PIXELS
            wanted = (noted == np.arange(len(NAMES))).astype(np.float32)
            slope = (wanted - chances) * (part * heavier[batch][:, None])[..., None]
            flat = inputs[batch].reshape(-1, inputs.shape[2])
            gradient = DECAY * regions - flat.T @ slope.reshape(-1, len(NAMES)) / len(batch)
            step += 1
            mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
            regions -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return regions


def judge(manifest: Manifest) -> str:
    """How often the first measured colour is the noted one, or a neighbour of it."""
    neighbours = Taxonomy.load("garment").neighbours["colour"]
    rows = [row for row in manifest.rows if row.colour]
    told = [measure_colours(prepare(manifest.picture(row), SIDE, SIDE))[0][0] for row in rows]
    right = sum(row.colour == name for row, name in zip(rows, told, strict=True))
    near = sum(row.colour == name or name in neighbours[row.colour] for row, name in zip(rows, told, strict=True))
    labels = (*NAMES, MULTI)
    score = macro_f1([labels.index(row.colour) for row in rows], [labels.index(name) for name in told], len(labels))
    n = len(rows)
    figures = [f"{count / n:.4f} {wilson_interval(count, n)}" for count in (right, near)]
    return f"n {n}: right {figures[0]}, or a neighbour {figures[1]}, macro-F1 {score:.4f}"


def main(source: str) -> None:
    """Prints the module."""
    manifest = open_source(source)
    train = manifest.select("train")
    rows = [row for row in train.rows if row.colour in NAMES]
    truth = np.array([NAMES.index(row.colour) for row in rows], dtype=np.int64)
    regions = fit(pixels(train, rows, seed=0), truth, seed=0)
    print(
        '"""Thirteen regions of CIELAB with names: which colour a pixel has. '
        "Made by `python -m benchmarks.colour_names`.\n"
    )
    print(
        f"Fitted on {len(rows):,} pictures by {len({row.group for row in rows})} training contributors "
        "of the clothing photos."
    )
    print('"""\n\nCOLOUR_NAMES = (')
    print("    " + ", ".join(f'"{name}"' for name in NAMES) + ",\n)  # fmt: skip\n\nREGIONS = (")
    for row in regions.T:
        print("    (" + ", ".join(f"{value:.2f}" for value in row) + "),")
    print(')  # fmt: skip\n"""A row a colour: what `colour.features` are multiplied by; the largest sum wins."""')


if __name__ == "__main__":
    if sys.argv[1] == "--judge":
        print(judge(open_source(sys.argv[2]).select("validation")))
    else:
        main(sys.argv[1])
