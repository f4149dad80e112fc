"""Cloth and ground of drawn garments: colours, patterns, folds, floors. Arrays are float32; colours are 0-1 RGB."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Array = NDArray[np.float32]

COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (38, 38, 42),
    "white": (234, 233, 229),
    "grey": (140, 142, 146),
    "navy": (38, 46, 84),
    "blue": (66, 104, 170),
    "red": (178, 38, 44),
    "pink": (226, 150, 168),
    "green": (72, 112, 78),
    "beige": (205, 184, 152),
    "purple": (104, 72, 130),
    "brown": (108, 76, 54),
    "yellow": (226, 186, 72),
    "orange": (214, 118, 50),
}
PATTERNS = ("plain", "striped", "checked", "dotted")
GROUNDS = ("wood", "sheet", "carpet", "wall")


def noise(rng: np.random.Generator, height: int, width: int, cells_y: float, cells_x: float) -> Array:
    """Gives smooth noise, about -1 to 1: float32 (height, width), with so many cells along each side."""
    grid = rng.standard_normal((max(2, round(cells_y)), max(2, round(cells_x)))).astype(np.float32)
    picture = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(np.clip(np.asarray(picture) * 0.6, -1.5, 1.5), dtype=np.float32)


def blur(array: Array, radius: float) -> Array:
    """Gives the array (height, width) of 0-1 blurred by a radius in pixels."""
    picture = Image.fromarray(np.clip(array * 255, 0, 255).astype(np.uint8))
    return np.asarray(np.asarray(picture.filter(ImageFilter.GaussianBlur(radius))) / 255, dtype=np.float32)


def rgb(colour: tuple[int, int, int]) -> Array:
    """Gives a colour of 0-255 as float32 (3,) of 0-1."""
    return np.asarray(np.array(colour) / 255, dtype=np.float32)


def accent_of(rng: np.random.Generator, colour: Array) -> Array:
    """Gives a second colour that stands out from the first one."""
    bright = float(colour @ np.array([0.3, 0.59, 0.11], dtype=np.float32))
    if rng.random() < 0.35:
        near = colour * 0.45 if bright > 0.45 else colour + (1 - colour) * 0.75
        return np.asarray(near, dtype=np.float32)
    return rgb(COLOURS["white"]) if bright < 0.6 else rgb(COLOURS["navy"])


def pattern_weight(pattern: str, x: Array, y: Array, pitch: float, upright: bool) -> Array:
    """Gives how much of the second colour shows: float32 0-1 of the shape of x and y, both in garment units."""
    if pattern == "striped":
        wave = np.sin((x if upright else y) * (2 * math.pi / pitch))
        return np.asarray(np.clip(wave * 8 - 1.5, 0, 1), dtype=np.float32)
    if pattern == "checked":
        across = np.clip(np.sin(x * (2 * math.pi / pitch)) * 8, 0, 1)
        down = np.clip(np.sin(y * (2 * math.pi / pitch)) * 8, 0, 1)
        return np.asarray((across + down) * 0.45, dtype=np.float32)
    if pattern == "dotted":
        row = np.floor(y / pitch)
        u = (x / pitch + 0.5 * (row % 2)) % 1 - 0.5
        v = y / pitch - row - 0.5
        return np.asarray(np.clip((0.26 - np.hypot(u, v)) * 14, 0, 1), dtype=np.float32)
    return np.zeros_like(x)


def folds(rng: np.random.Generator, height: int, width: int, strength: float) -> Array:
    """Gives the light on soft cloth, a factor around 1: float32 (height, width).

    A height field of long ridges and broad waves is lit from the upper left; the slope against the light darkens.
    """
    relief = noise(rng, height, width, 3, 3) * 1.2 + noise(rng, height, width, 5, 9) * 0.45
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    for _ in range(9):
        angle = rng.uniform(-0.9, 0.9)
        across = (x - rng.uniform(0.2, 0.8)) * math.cos(angle) + (y - rng.uniform(0.1, 0.9)) * math.sin(angle)
        bend = noise(rng, height, width, 3, 3) * 0.03
        reach = noise(rng, height, width, 3, 3)
        ridge = np.exp(-np.square((across + bend) / rng.uniform(0.012, 0.03)))
        relief += ridge * np.clip(reach, 0, 1) * rng.uniform(0.12, 0.3)
    slope_y, slope_x = np.gradient(relief * max(height, width) / 12)
    light = -(slope_x * 0.75 + slope_y * 0.65)
    return np.asarray(1 + np.clip(np.tanh(light * 1.1), -1, 1) * strength, dtype=np.float32)


def ground(rng: np.random.Generator, kind: str, height: int, width: int) -> Array:
    """Gives a floor, bed sheet, carpet or wall under uneven light: float32 (height, width, 3), 0-1."""
    scale = max(height, width)
    light = 1 + noise(rng, height, width, 2, 2) * 0.07
    grain = rng.standard_normal((height, width)).astype(np.float32)
    if kind == "wood":
        tone = rgb(((176, 138, 98), (198, 168, 130), (140, 104, 74))[int(rng.integers(3))])
        picture = np.empty((height, width, 3), dtype=np.float32)
        plank = max(8, int(scale * rng.uniform(0.14, 0.2)))
        upright = rng.random() < 0.5
        length, breadth = (height, width) if upright else (width, height)
        shade = np.empty((length, breadth), dtype=np.float32)
        for start in range(0, breadth, plank):
            part = min(plank, breadth - start)
            lines = noise(rng, length, part, 5, part / scale * 190) * 0.05 + noise(rng, length, part, 2, 9) * 0.04
            shade[:, start : start + part] = 1 + rng.uniform(-0.07, 0.07) + lines
            shade[:, start : start + max(1, scale // 320)] *= 0.72
        picture[:] = (shade if upright else shade.T)[..., None] * tone
    elif kind == "sheet":
        tone = rgb(((226, 224, 220), (214, 219, 226), (232, 226, 214))[int(rng.integers(3))])
        picture = folds(rng, height, width, 0.06)[..., None] * tone
    elif kind == "carpet":
        tone = rgb(((168, 160, 150), (130, 130, 134), (190, 178, 160))[int(rng.integers(3))])
        tufts = noise(rng, height, width, height / scale * 160, width / scale * 160)
        picture = (1 + tufts * 0.07 + grain * 0.03)[..., None] * tone
    else:
        tone = rgb(((222, 220, 216), (206, 210, 214), (236, 236, 234))[int(rng.integers(3))])
        picture = np.ones((height, width, 1), dtype=np.float32) * tone
    picture = picture * light[..., None] + grain[..., None] * 0.012
    return np.asarray(np.clip(picture, 0, 1), dtype=np.float32)
