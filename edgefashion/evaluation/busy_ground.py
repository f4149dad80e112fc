"""Puts a pattern on the ground behind a garment, as of a carpet or tiles: a busy background.

There is no outline of the garment to go by. Ground is what has the border's colours rather than the middle's and is
connected to the border; where a garment has the colour of its floor, some of the pattern falls on the garment.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from edgefashion.data import fabric

Picture = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]

SIDE = 96
"""Pixels of the longer side at which ground is told from garment."""
RING = 0.06
"""Share of the side that counts as border."""
CLUSTERS = 5
ROUNDS = 8
"""Turns of the clustering of border colours."""
MIDDLE = 0.36
"""Share of each side that counts as middle, where the garment is taken to be."""
FREQUENT = 0.08
"""Share of the border that a colour of the ground has; a rarer one is the garment, where it reaches the edge."""
CENTRAL = 0.35
"""Share of the middle that makes a border colour the garment's."""
TOLERANCE = 14.0
"""Levels by which ground may differ from the nearest border colour, added to that colour's own spread."""


def busy_ground(picture: Picture, contrast: float, rng: np.random.Generator) -> Picture:
    """Lays a coloured pattern over the ground; light, folds and shadows stay.

    Args:
        picture: uint8 (height, width, 3) RGB, 0-255.
        contrast: 0 (nothing changes) to 1 (the pattern replaces the ground's colour).
        rng: Chooses pattern, colours, pitch and direction.

    Returns:
        A new picture of the same size.
    """
    height, width = picture.shape[:2]
    weight = contrast * _ground(picture, rng)[..., None]
    pattern = _pattern(rng, height, width)
    pixels = picture.astype(np.float32) / 255
    light = pixels.mean(axis=-1, keepdims=True)
    usual = max(0.05, float(np.median(light[weight[..., 0] > contrast / 2]) if (weight > contrast / 2).any() else 1.0))
    printed = pattern * np.clip(light / usual, 0, 1.6)
    mixed = pixels * (1 - weight) + printed * weight
    return np.asarray(np.clip(np.rint(mixed * 255), 0, 255), dtype=np.uint8)


def _pattern(rng: np.random.Generator, height: int, width: int) -> Map:
    """Gives stripes, checks, dots or blotches in two or three colours: float32 (height, width, 3), 0-1."""
    scale = min(height, width)
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(0.08, 0.2)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32) / scale
    x = columns * np.cos(angle) + rows * np.sin(angle)
    y = rows * np.cos(angle) - columns * np.sin(angle)
    names = rng.choice(list(fabric.COLOURS), 3, replace=False)
    first, second, third = (fabric.rgb(fabric.COLOURS[str(name)]) for name in names)
    kind = str(rng.choice([*fabric.PATTERNS[1:], "blotched"]))
    if kind == "blotched":
        cells = (height / scale / pitch, width / scale / pitch)
        show = np.clip(fabric.noise(rng, height, width, *cells) * 12, 0, 1)
    else:
        show = fabric.pattern_weight(kind, x.astype(np.float32), y.astype(np.float32), float(pitch), True)
    fine = np.clip(fabric.noise(rng, height, width, 4 / pitch, 4 / pitch) * 6 - 4, 0, 1)[..., None]
    cloth = first + (second - first) * show[..., None]
    return np.asarray(cloth + (third - cloth) * fine, dtype=np.float32)


def _ground(picture: Picture, rng: np.random.Generator) -> Map:
    """Gives how surely each pixel is ground: float32 (height, width), 0-1."""
    height, width = picture.shape[:2]
    factor = min(1.0, SIDE / max(height, width))
    small = (max(1, round(width * factor)), max(1, round(height * factor)))
    reduced = Image.fromarray(picture).resize(small, Image.Resampling.BOX)
    pixels = np.asarray(reduced, dtype=np.float32)
    ring, middle = _ring(*pixels.shape[:2]), _middle(*pixels.shape[:2])
    centres, spreads, shares = _clusters(pixels[ring], rng)
    near = spreads + TOLERANCE
    central = (_distance(pixels[middle], centres) < near).mean(axis=0) > CENTRAL
    kept = (shares >= FREQUENT) & ~central
    kept = kept if kept.any() else shares >= min(FREQUENT, float(shares.max()))
    distance = _distance(pixels, centres[kept])
    alike = np.exp(-0.5 * np.square((distance / near[kept]).min(axis=-1)))
    garment, _, _ = _clusters(pixels[middle], rng)
    garment = garment[(_distance(garment, centres[kept]) > near[kept]).all(axis=-1)]
    if len(garment):
        alike[_distance(pixels, garment).min(axis=-1) < distance.min(axis=-1)] = 0
    likely = _connected(alike.astype(np.float32), ring)
    steep = np.clip((likely - 0.35) * 4, 0, 1)
    mask = Image.fromarray((steep * 255).astype(np.uint8)).filter(ImageFilter.MedianFilter(3))
    large = mask.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(np.asarray(large) / 255, dtype=np.float32)


def _ring(height: int, width: int) -> npt.NDArray[np.bool_]:
    """Gives which pixels are border: bool (height, width)."""
    band = max(1, round(RING * min(height, width)))
    ring = np.ones((height, width), dtype=np.bool_)
    ring[band:-band, band:-band] = False
    return ring


def _middle(height: int, width: int) -> npt.NDArray[np.bool_]:
    """Gives which pixels are middle: bool (height, width), at least one."""
    middle = np.zeros((height, width), dtype=np.bool_)
    rows, columns = max(1, round(MIDDLE * height)), max(1, round(MIDDLE * width))
    top, left = (height - rows) // 2, (width - columns) // 2
    middle[top : top + rows, left : left + columns] = True
    return middle


def _distance(colours: Map, centres: Map) -> Map:
    """Gives Euclidean distances of colours (…, 3) to centres (k, 3), in levels: (…, k)."""
    return np.asarray(np.linalg.norm(colours[..., None, :] - centres, axis=-1), dtype=np.float32)


def _clusters(colours: Map, rng: np.random.Generator) -> tuple[Map, Map, Map]:
    """Groups colours (n, 3) by k-means: centres (k, 3), mean distance to the centre (k,), share of the colours (k,)."""
    count = min(CLUSTERS, len(colours))
    centres = colours[rng.choice(len(colours), count, replace=False)]
    for _ in range(ROUNDS):
        own = _distance(colours, centres).argmin(axis=1)
        for index in np.unique(own):
            centres[index] = colours[own == index].mean(axis=0)
    spreads = np.zeros(count, dtype=np.float32)
    for index in np.unique(own):
        spreads[index] = _distance(colours[own == index], centres[index : index + 1]).mean()
    shares = np.asarray(np.bincount(own, minlength=count) / len(colours), dtype=np.float32)
    return centres, spreads, shares


def _connected(alike: Map, ring: npt.NDArray[np.bool_]) -> Map:
    """Limits likeness to what a path from the border reaches: grey-scale reconstruction by dilation.

    Source: L. Vincent, "Morphological grayscale reconstruction in image analysis", IEEE Transactions on Image
    Processing 2 (1993), pp. 176-201.
    """
    levels = (alike * 255).astype(np.uint8)
    reached = np.where(ring, levels, 0).astype(np.uint8)
    for _ in range(alike.size):
        grown = np.minimum(np.asarray(Image.fromarray(reached).filter(ImageFilter.MaxFilter(3))), levels)
        if (grown == reached).all():
            break
        reached = grown
    return (reached / np.float32(255)).astype(np.float32)
