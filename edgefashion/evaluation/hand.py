"""Draws a hand that reaches into a picture and covers a part of the garment, as when somebody holds or shows it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Picture = npt.NDArray[np.uint8]

SKIN = ((241, 206, 180), (226, 178, 145), (198, 143, 106), (152, 102, 70), (104, 68, 48), (72, 48, 36))
"""Tones from light to dark, sRGB."""
FINGERS = (
    # Where each finger leaves the palm, where it ends, and how thick it is, for a right hand that points up: the wrist
    # is at (0, 0) and the middle finger's tip at (0, 1).
    ((-0.185, 0.46), (-0.27, 0.78), 0.088),
    ((-0.07, 0.52), (-0.095, 0.94), 0.1),
    ((0.045, 0.53), (0.05, 1.0), 0.105),
    ((0.155, 0.5), (0.2, 0.91), 0.1),
    ((0.14, 0.2), (0.42, 0.52), 0.115),
)
PALM = (
    (-0.13, 0.0),
    (-0.225, 0.2),
    (-0.235, 0.47),
    (-0.07, 0.545),
    (0.06, 0.555),
    (0.205, 0.5),
    (0.22, 0.25),
    (0.13, 0.0),
)
WRIST = 0.25
"""Breadth of the wrist; all lengths are shares of the hand's length."""
SUPERSAMPLING = 2
LIT, SHADED = 240, 185
"""Brightness of skin in the middle and at the sides of a finger, of 255."""


def cover_with_hand(picture: Picture, share: float, rng: np.random.Generator) -> Picture:
    """Lays a hand on a picture: it comes from a side or from below and points to near the middle.

    Args:
        picture: uint8 (height, width, 3) RGB, 0-255.
        share: Length of the hand from wrist to fingertip, of the picture's shorter side.
        rng: Chooses skin tone, side, direction, left or right hand, and where the fingertips lie.

    Returns:
        A new picture of the same size.
    """
    height, width = picture.shape[:2]
    shorter = min(height, width)
    length = share * shorter
    tone = np.array(SKIN[int(rng.integers(len(SKIN)))], dtype=np.float32)
    side = rng.choice(["left", "right", "below"], p=[0.3, 0.3, 0.4])
    heading = {"left": 0.0, "right": np.pi, "below": -np.pi / 2}[str(side)] + rng.uniform(-0.5, 0.5)
    tip = np.array([width / 2, height / 2]) + rng.uniform(-0.12, 0.12, 2) * shorter
    hand = float(rng.choice([-1, 1]))

    ahead = np.array([np.cos(heading), np.sin(heading)])
    across = np.array([-ahead[1], ahead[0]]) * hand

    def place(x: float, y: float) -> tuple[float, float]:
        point = (tip + ((y - 1) * ahead + x * across) * length) * SUPERSAMPLING
        return float(point[0]), float(point[1])

    mask, shade = _draw((width, height), place, length, arm=2 * (height + width) / length)
    fallen = Image.new("L", mask.size)
    fallen.paste(mask, (max(1, round(0.02 * length)),) * 2)
    dark = 1 - 0.35 * _share(fallen.filter(ImageFilter.GaussianBlur(0.03 * length)))
    skin = tone * _share(shade.filter(ImageFilter.GaussianBlur(0.012 * length)))
    covered = picture * dark * (1 - _share(mask)) + skin * _share(mask)
    return np.clip(np.rint(covered), 0, 255).astype(np.uint8)


def _draw(
    size: tuple[int, int], place: Callable[[float, float], tuple[float, float]], length: float, arm: float
) -> tuple[Image.Image, Image.Image]:
    """Gives where the hand lies, and how bright its skin is there: two pictures of mode L, of the size given.

    Args:
        size: Width and height in pixels.
        place: Turns a point of the hand into pixels of the enlarged picture.
        length: Of the hand, in pixels.
        arm: How far the forearm goes on below the wrist, in lengths of the hand.
    """
    large = (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING)
    mask, shade = Image.new("L", large, 0), Image.new("L", large, LIT)
    draws = (ImageDraw.Draw(mask), ImageDraw.Draw(shade))

    def stroke(start: tuple[float, float], end: tuple[float, float], thickness: float, brightness: int) -> None:
        radius = max(0.5, thickness * length * SUPERSAMPLING / 2)
        for draw, value in zip(draws, (255, brightness), strict=True):
            draw.line((place(*start), place(*end)), fill=value, width=max(1, round(2 * radius)))
            for x, y in (place(*start), place(*end)):
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=value)

    stroke((0.0, 0.05), (0.0, -arm), WRIST, LIT)
    for draw, value in zip(draws, (255, LIT), strict=True):
        draw.polygon([place(x, y) for x, y in PALM], fill=value)
    for start, end, thickness in FINGERS:
        stroke(start, end, thickness, SHADED)
        stroke(start, end, 0.8 * thickness, LIT)
    reduced = [picture.resize(size, Image.Resampling.BOX) for picture in (mask, shade)]
    return reduced[0], reduced[1]


def _share(picture: Image.Image) -> npt.NDArray[np.float32]:
    """Gives a picture of mode L as float32 (height, width, 1), 0-1."""
    return np.asarray(np.asarray(picture)[..., None] / 255, dtype=np.float32)
