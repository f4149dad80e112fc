"""A picture without a background, laid on a made-up floor that is the same every time."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from edgefashion.data.fabric import Array, noise
from edgefashion.errors import ImageError

SIDE = 256
"""Of the finished picture, pixels."""
MAX_PIXELS = 20_000_000
"""Of a file; larger drawings take seconds each and show no more."""


def read_cutout(path: Path) -> Image.Image:
    """Reads a picture that may have transparency: RGBA.

    Raises:
        ImageError: It can't be read, or is too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the next lines judge the size
            with Image.open(path) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise ImageError(f"{path}: has more than {MAX_PIXELS:,} pixels.")
                return picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path}: can't be read: {error}.") from error


def laid(thing: Image.Image, name: str) -> NDArray[np.uint8]:
    """Lays a thing on a floor.

    Args:
        thing: RGBA; what is transparent is not part of it.
        name: Floor, light, size, turn and place follow from it alone.

    Returns:
        uint8 (SIDE, SIDE, 3) RGB, 0-255.

    Raises:
        ImageError: Nothing of it is visible.
    """
    rng = np.random.default_rng(list(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8]))
    visible = thing.getchannel("A").getbbox()
    if visible is None:
        raise ImageError(f"{name}: nothing of it is visible.")
    thing = thing.crop(visible)
    scale = rng.uniform(0.45, 0.95) * SIDE / max(thing.size)
    thing = thing.resize((max(1, round(thing.width * scale)), max(1, round(thing.height * scale))))
    thing = thing.rotate(rng.uniform(-25, 25), Image.Resampling.BICUBIC, expand=True)
    x, y = ((SIDE - side) // 2 + int(rng.integers(-18, 19)) for side in thing.size)
    canvas = Image.fromarray(_floor(rng))
    if rng.random() < 0.7:
        shadow = thing.getchannel("A").point(lambda alpha: alpha // 3).filter(ImageFilter.GaussianBlur(6))
        canvas.paste((0, 0, 0), (x + 6, y + 7), shadow)
    canvas.paste(thing, (x, y), thing)
    return np.asarray(canvas)


def _floor(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Gives a plain, grained or rough ground under uneven light: uint8 (SIDE, SIDE, 3)."""
    if rng.random() < 0.35:  # brownish, as wood and card are
        colour = rng.uniform(60, 220) * np.array([1.0, rng.uniform(0.6, 0.9), rng.uniform(0.35, 0.8)])
    else:
        colour = (rng.uniform(150, 245) if rng.random() < 0.6 else rng.uniform(20, 160)) + rng.normal(0, 14, 3)
    ground: Array = np.broadcast_to(colour.astype(np.float32), (SIDE, SIDE, 3)).copy()
    if rng.random() < 0.7:
        strength = rng.uniform(3, 30)
        for cells in (rng.choice([3, 6, 12]), rng.choice([24, 48, 112])):
            along = cells if rng.random() < 0.5 else max(2, cells // 6)
            ground += strength * noise(rng, SIDE, SIDE, cells, along)[..., None]
    light = (np.linspace(-1, 1, SIDE) * rng.uniform(-30, 30)).astype(np.float32)
    ground += light[:, None, None] if rng.random() < 0.5 else light[None, :, None]
    return np.clip(ground, 0, 255).astype(np.uint8)
