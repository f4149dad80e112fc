"""Drawn garments: pictures of clothes that belong to nobody, for tests, demos, examples and golden vectors.

Every picture follows from type, seed and size alone. `python -m edgefashion.data.drawn FOLDER` draws the examples.
"""

import math
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from edgefashion.data import fabric
from edgefashion.data.garment_layers import Layer
from edgefashion.data.garment_shapes import SHAPES
from edgefashion.errors import DataError

DRAWN_TYPES = tuple(SHAPES)
SUPERSAMPLING = 2
LIKELY = {"pants": ("navy", "blue", "black", "grey", "beige"), "blazer": ("navy", "black", "grey", "beige", "brown")}
"""Colours that a type usually has; others take any."""
PRINTS_ONLY_PLAIN = ("shoes", "hat", "outwear", "blazer", "hoodie", "pants")

EXAMPLES: tuple[tuple[str, str, int, str, str, str], ...] = (
    ("t-shirt-red", "t-shirt", 3, "red", "plain", "wood"),
    ("t-shirt-white-striped", "t-shirt", 11, "white", "striped", "wood"),
    ("shirt-blue-checked", "shirt", 5, "blue", "checked", "sheet"),
    ("longsleeve-navy-striped", "longsleeve", 7, "navy", "striped", "sheet"),
    ("hoodie-grey", "hoodie", 2, "grey", "plain", "wood"),
    ("outwear-green", "outwear", 4, "green", "plain", "sheet"),
    ("dress-pink-dotted", "dress", 6, "pink", "dotted", "wall"),
    ("skirt-black", "skirt", 9, "black", "plain", "wood"),
    ("pants-blue", "pants", 1, "blue", "plain", "sheet"),
    ("shorts-beige", "shorts", 8, "beige", "plain", "carpet"),
    ("shoes-red", "shoes", 10, "red", "plain", "wood"),
    ("hat-navy", "hat", 12, "navy", "plain", "wall"),
)
"""File name, type, seed, colour, pattern and ground of the committed examples."""
EXAMPLE_SIZE = (480, 640)


def draw_garment(
    type: str,
    seed: int = 0,
    size: int | tuple[int, int] = 224,
    colour: str | None = None,
    pattern: str | None = None,
    ground: str | None = None,
) -> Image.Image:
    """Draws a garment that lies on a floor, a sheet or a carpet, or hangs at a wall.

    Args:
        type: One of `DRAWN_TYPES`.
        seed: Chooses whatever is not given, and the pose, the light and the folds; 0 or more.
        size: Side of a square, or (width, height), in pixels, 16 to 4096.
        colour: One of `fabric.COLOURS`.
        pattern: One of `fabric.PATTERNS`.
        ground: One of `fabric.GROUNDS`.

    Returns:
        An RGB picture of that size, the same for the same arguments.

    Raises:
        DataError: An argument is none of those allowed.
    """
    width, height = (size, size) if isinstance(size, int) else size
    _check("type", type, DRAWN_TYPES)
    _check("colour", colour, tuple(fabric.COLOURS))
    _check("pattern", pattern, fabric.PATTERNS)
    _check("ground", ground, fabric.GROUNDS)
    if not (16 <= width <= 4096 and 16 <= height <= 4096) or seed < 0:
        raise DataError(f"A drawn picture is 16 to 4096 px wide and high, its seed 0 or more; received {size}, {seed}.")
    rng = np.random.default_rng([seed, DRAWN_TYPES.index(type)])
    chosen = str(rng.choice(LIKELY.get(type, tuple(fabric.COLOURS))))
    printed = "plain" if type in PRINTS_ONLY_PLAIN or rng.random() < 0.5 else str(rng.choice(fabric.PATTERNS[1:]))
    place = str(rng.choice(fabric.GROUNDS))
    canvas = _Canvas(rng, height * SUPERSAMPLING, width * SUPERSAMPLING, ground or place)
    canvas.lay(SHAPES[type](), fabric.rgb(fabric.COLOURS[colour or chosen]), pattern or printed)
    return canvas.picture().resize((width, height), Image.Resampling.BOX)


def _check(what: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise DataError(f"A drawn garment's {what} must be one of {', '.join(allowed)}; received '{value}'.")


class _Canvas:
    """A ground on which the layers of one garment are laid; works at `SUPERSAMPLING` times the size."""

    def __init__(self, rng: np.random.Generator, height: int, width: int, ground: str) -> None:
        self.rng = rng
        self.height = height
        self.width = width
        self.scale = min(height, width)
        self.pixels = fabric.ground(rng, ground, height, width)
        self.turn = 0.0
        self.zoom = 1.0
        self.shift = np.zeros(2)
        self.middle = np.zeros(2)
        self.waves: NDArray[np.float64] = np.zeros((2, 4))

    def picture(self) -> Image.Image:
        """Gives the canvas as an RGB picture."""
        return Image.fromarray((np.clip(self.pixels, 0, 1) * 255 + 0.5).astype(np.uint8))

    def lay(self, layers: list[Layer], colour: fabric.Array, pattern: str) -> None:
        """Fits the garment into the frame and draws its layers from the back to the front."""
        rng = self.rng
        tint = rng.uniform(0.92, 1.08) * rng.uniform(0.97, 1.03, 3)
        colour = np.asarray(np.clip(colour * tint, 0.05, 0.96), dtype=np.float32)
        accent = fabric.accent_of(rng, colour)
        self._pose(np.concatenate([layer.points for layer in layers]))
        x, y = self._garment_coordinates()
        light = fabric.folds(rng, self.height, self.width, 0.2)
        weave = rng.standard_normal((self.height, self.width)).astype(np.float32) * 0.018
        pitch = float(rng.uniform(0.09, 0.16))
        upright = bool(rng.random() < 0.35)
        whole = self._masks(layers)
        self._shade(fabric.blur(whole, self.scale * 0.022), 0.45, self.scale // 90, (slice(None), slice(None)))
        for layer in layers:
            box = self._box(layer)
            mask = self._mask(layer)[box]
            if layer.raised and not layer.width:
                self._shade(fabric.blur(mask, self.scale * 0.008), 0.3, self.scale // 200, box)
            sine, cosine = math.sin(layer.turn), math.cos(layer.turn)
            u, v = x[box] * cosine - y[box] * sine, x[box] * sine + y[box] * cosine
            weight = fabric.pattern_weight("plain" if layer.paint else pattern, u, v, pitch, upright)[..., None]
            cloth = fabric.rgb(layer.paint) if layer.paint else colour
            shown: fabric.Array = np.asarray((cloth * (1 - weight) + accent * weight) * layer.tone)
            if layer.width and not layer.raised and not layer.paint:
                shown = self.pixels[box] * layer.tone
            elif not layer.width:
                rim = 0.8 + 0.2 * np.clip(fabric.blur(mask, self.scale * 0.012) * 2 - 1, 0, 1)
                shown = shown * (rim * light[box] + weave[box])[..., None]
            self.pixels[box] = self.pixels[box] * (1 - mask[..., None]) + shown * mask[..., None]

    def _box(self, layer: Layer) -> tuple[slice, slice]:
        """Gives the part of the canvas that a layer and its shadow can touch."""
        placed = self._place(layer.points)
        margin = self.scale * 0.05 + layer.width * self.zoom
        left, upper = np.maximum(placed.min(axis=0) - margin, 0).astype(int).tolist()
        right, lower = (placed.max(axis=0) + margin).astype(int).tolist()
        return slice(min(upper, self.height - 2), max(lower, 2)), slice(min(left, self.width - 2), max(right, 2))

    def _pose(self, points: NDArray[np.float64]) -> None:
        rng = self.rng
        low, high = points.min(axis=0), points.max(axis=0)
        self.middle = (low + high) / 2
        self.turn = float(rng.uniform(-0.09, 0.09))
        extent = high - low
        fit = min(self.width * 0.86 / extent[0], self.height * 0.86 / extent[1])
        self.zoom = float(fit * rng.uniform(0.9, 1.0))
        free = np.array([self.width * 0.03, self.height * 0.02])
        self.shift = np.array([self.width / 2, self.height / 2]) + rng.uniform(-1, 1, 2) * free
        self.waves = np.stack([rng.uniform(2, 5, 4), rng.uniform(0, 2 * math.pi, 4)])

    def _place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gives garment coordinates as pixels: a little crooked, turned, zoomed and shifted."""
        x, y = points[:, 0], points[:, 1]
        rate, phase = self.waves
        x = x + 0.012 * np.sin(y * rate[0] + phase[0]) + 0.008 * np.sin(y * 2 * rate[1] + phase[1])
        y = y + 0.012 * np.sin(x * rate[2] + phase[2]) + 0.006 * np.sin(x * 3 * rate[3] + phase[3])
        moved = np.stack([x, y], axis=1) - self.middle
        sine, cosine = math.sin(self.turn), math.cos(self.turn)
        return np.asarray(moved @ np.array([[cosine, sine], [-sine, cosine]]) * self.zoom + self.shift)

    def _garment_coordinates(self) -> tuple[fabric.Array, fabric.Array]:
        """Gives every pixel's garment coordinates, gently warped so that stripes follow the cloth."""
        rows, columns = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        dx, dy = (columns - self.shift[0]) / self.zoom, (rows - self.shift[1]) / self.zoom
        sine, cosine = math.sin(self.turn), math.cos(self.turn)
        x = dx * cosine + dy * sine + self.middle[0]
        y = dy * cosine - dx * sine + self.middle[1]
        bend = fabric.noise(self.rng, self.height, self.width, 4, 4) * 0.02
        return np.asarray(x + bend, np.float32), np.asarray(y + bend, np.float32)

    def _mask(self, layer: Layer) -> fabric.Array:
        """Gives where the layer lies: float32 (height, width), 0-1."""
        picture = Image.new("L", (self.width, self.height))
        points = [(float(x), float(y)) for x, y in self._place(layer.points)]
        draw = ImageDraw.Draw(picture)
        if layer.width:
            draw.line(points, fill=255, width=max(1, round(layer.width * self.zoom)), joint="curve")
        else:
            draw.polygon(points, fill=255)
        return np.asarray(picture, dtype=np.float32) / np.float32(255)

    def _masks(self, layers: list[Layer]) -> fabric.Array:
        whole = np.zeros((self.height, self.width), dtype=np.float32)
        for layer in layers:
            if not layer.width:
                whole = np.maximum(whole, self._mask(layer))
        return whole

    def _shade(self, mask: fabric.Array, strength: float, offset: int, box: tuple[slice, slice]) -> None:
        """Darkens the pixels of the box under the mask, moved to the lower right."""
        moved = np.roll(mask, (offset, offset), axis=(0, 1))
        self.pixels[box] *= 1 - moved[..., None] * np.float32(strength)


def write_examples(folder: Path) -> list[Path]:
    """Draws the examples as JPEG into the folder, in place of older ones of the same names; gives their paths.

    Raises:
        OSError: The folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, type_, seed, colour, pattern, ground in EXAMPLES:
        picture = draw_garment(type_, seed, EXAMPLE_SIZE, colour, pattern, ground)
        path = folder / f"{name}.jpg"
        picture.save(path, quality=80, optimize=True, subsampling="4:2:0")
        paths.append(path)
    return paths


if __name__ == "__main__":
    write_examples(Path(sys.argv[1] if len(sys.argv) > 1 else "examples"))
