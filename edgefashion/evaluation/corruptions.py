"""What happens to pictures between the garment and the network: one table of corruptions, each a seeded pure function.

Every function takes a picture, uint8 (height, width, 3) RGB, 0-255, of any size, a level in the unit of its row in
`CORRUPTIONS`, and a random generator that chooses what the level leaves open (which side, which direction). It
returns a new uint8 RGB picture of the same size (a quarter turn exchanges height and width). Lengths are shares of the
shorter side, so that a level means the same for a thumbnail and for a large photo.

The kinds follow D. Hendrycks and T. Dietterich, "Benchmarking neural network robustness to common corruptions and
perturbations", ICLR 2019 (arXiv 1903.12261), chosen and extended for photos of garments. Pillow and numpy do the work:
imagecorruptions, which accompanies that paper, was last released in 2020 and brings numba, OpenCV and scikit-image;
albumentations is no longer maintained; neither has turns that keep a floor under the garment, hands or busy grounds.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from edgefashion.errors import DataError
from edgefashion.evaluation.busy_ground import busy_ground
from edgefashion.evaluation.hand import cover_with_hand

Picture = npt.NDArray[np.uint8]

BAND = 0.06
"""Share of the shorter side at the edge of a picture that is continued, mirrored, where ground is missing."""
CASTS = {"warm": (1, 0, -1), "cold": (-1, 0, 1), "green": (-0.25, 0.25, -0.25), "magenta": (0.25, -0.25, 0.25)}
"""Wrong white balance, by direction: stops that red, green and blue get a stop of cast."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Share of linear red, green and blue in luminance (ITU-R BT.709)."""


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption.

    Attributes:
        apply: The function; see the module's description.
        levels: The levels that are measured, mildest first.
        unit: What a level means.
        mild: The level that counts as mild, where the kind has one: what a picture taken without care looks like.
    """

    apply: Callable[[Picture, float, np.random.Generator], Picture]
    levels: tuple[float, ...]
    unit: str
    mild: float | None = None


def corrupt(picture: Picture, name: str, level: float, seed: int = 0, key: str = "") -> Picture:
    """Applies one of `CORRUPTIONS`.

    Args:
        picture: uint8 (height, width, 3) RGB, 0-255; not changed.
        name: One of `CORRUPTIONS`.
        level: In that corruption's unit.
        seed: 0 or more.
        key: Name of the picture: each picture gets its own choices, whatever the order.

    Returns:
        A new uint8 RGB picture, the same for the same arguments.

    Raises:
        DataError: An unknown corruption, or an array that is no such picture.
    """
    if name not in CORRUPTIONS:
        raise DataError(f"Unknown corruption '{name}'. Known: {', '.join(CORRUPTIONS)}.")
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or picture.size == 0:
        raise DataError(f"A picture must be uint8 RGB, (height, width, 3). Received: {picture.dtype} {picture.shape}.")
    rng = np.random.default_rng([seed, zlib.crc32(f"{name}\n{key}".encode("utf-8", "surrogatepass"))])
    return np.ascontiguousarray(CORRUPTIONS[name].apply(picture, level, rng))


def rotate(picture: Picture, degrees: float, rng: np.random.Generator) -> Picture:
    """Turns the camera, to either side; the frame stays, the ground goes on."""
    angle = float(rng.choice([-1, 1])) * degrees
    if degrees == 90:
        return np.rot90(picture, int(np.sign(angle)))
    height, width = picture.shape[:2]
    turn = np.radians(degrees)
    more_y = int(np.ceil(max(0.0, (height * np.cos(turn) + width * np.sin(turn) - height) / 2))) + 2
    more_x = int(np.ceil(max(0.0, (width * np.cos(turn) + height * np.sin(turn) - width) / 2))) + 2
    wide = Image.fromarray(_continued(picture, more_y, more_y, more_x, more_x))
    turned = wide.rotate(angle, Image.Resampling.BICUBIC)
    return np.array(turned.crop((more_x, more_y, more_x + width, more_y + height)), dtype=np.uint8)


def rescale(picture: Picture, factor: float, rng: np.random.Generator) -> Picture:
    """Steps back (factor below 1, more ground around) or closer (above 1, the borders are lost)."""
    del rng  # nothing is left open
    height, width = picture.shape[:2]
    if factor >= 1:
        tall, wide = height / factor, width / factor
        box = ((width - wide) / 2, (height - tall) / 2, (width + wide) / 2, (height + tall) / 2)
        closer = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC, box=box)
        return np.array(closer, dtype=np.uint8)
    inner = (max(1, round(width * factor)), max(1, round(height * factor)))
    smaller = np.array(Image.fromarray(picture).resize(inner, Image.Resampling.BICUBIC), dtype=np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    return _continued(smaller, top, height - inner[1] - top, left, width - inner[0] - left)


def shift(picture: Picture, share: float, rng: np.random.Generator) -> Picture:
    """Moves the garment off the centre, in any direction; what leaves the frame is lost."""
    height, width = picture.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    down, right = (round(share * min(height, width) * value) for value in (np.sin(angle), np.cos(angle)))
    moved = _continued(picture, max(0, down), max(0, -down), max(0, right), max(0, -right))
    top, left = max(0, -down), max(0, -right)
    return moved[top : top + height, left : left + width]


def blur(picture: Picture, share: float, rng: np.random.Generator) -> Picture:
    """Is out of focus: a Gaussian blur of this standard deviation."""
    del rng
    radius = share * min(picture.shape[:2])
    return np.array(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)), dtype=np.uint8)


def dim(picture: Picture, stops: float, rng: np.random.Generator) -> Picture:
    """Halves the light so many times (in linear light, before the camera's tone curve)."""
    del rng
    return _exposed(picture, np.full(3, 2.0**-stops))


def cast(picture: Picture, stops: float, rng: np.random.Generator) -> Picture:
    """Gets the white balance wrong, in one of the directions of `CASTS`; grey keeps its luminance."""
    direction = CASTS[str(rng.choice(list(CASTS)))]
    gain = 2.0 ** (stops * np.array(direction))
    return _exposed(picture, gain / float(gain @ LUMINANCE))


def add_noise(picture: Picture, deviation: float, rng: np.random.Generator) -> Picture:
    """Adds Gaussian noise to every pixel and channel."""
    noise = rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(deviation)
    return _bytes(picture + noise)


def compress(picture: Picture, quality: float, rng: np.random.Generator) -> Picture:
    """Saves as a JPEG of this quality (with halved colour resolution, as phones and chats do) and reads it again."""
    del rng
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=round(quality), subsampling="4:2:0")
    with Image.open(file) as again:
        return np.array(again.convert("RGB"), dtype=np.uint8)


def reduce_resolution(picture: Picture, pixels: float, rng: np.random.Generator) -> Picture:
    """Leaves so many pixels on the shorter side and enlarges the picture again; a smaller picture stays as it is."""
    del rng
    height, width = picture.shape[:2]
    factor = pixels / min(height, width)
    if factor >= 1:
        return picture.copy()
    small = (max(1, round(width * factor)), max(1, round(height * factor)))
    reduced = Image.fromarray(picture).resize(small, Image.Resampling.BOX)
    return np.array(reduced.resize((width, height), Image.Resampling.BICUBIC), dtype=np.uint8)


CORRUPTIONS: dict[str, Corruption] = {
    "rotation": Corruption(rotate, (5, 15, 45, 90), "degrees", mild=15),
    "scale": Corruption(rescale, (0.75, 0.5, 1.25, 1.5), "× garment size"),
    "off-centre": Corruption(shift, (0.1, 0.2, 0.3), "of the shorter side", mild=0.1),
    "blur": Corruption(blur, (0.005, 0.01, 0.02), "of the shorter side", mild=0.005),
    "dim": Corruption(dim, (1, 2, 3, 4), "stops darker", mild=1),
    "cast": Corruption(cast, (0.25, 0.5, 1), "stops of cast", mild=0.25),
    "noise": Corruption(add_noise, (10, 20, 40), "levels of 255"),
    "jpeg": Corruption(compress, (40, 20, 10), "quality", mild=40),
    "hand": Corruption(cover_with_hand, (0.3, 0.5, 0.7), "of the shorter side"),
    "low resolution": Corruption(reduce_resolution, (128, 64, 32), "pixels"),
    "busy background": Corruption(busy_ground, (0.25, 0.5, 1), "of full contrast"),
}


def _continued(picture: Picture, top: int, bottom: int, left: int, right: int) -> Picture:
    """Adds rows and columns around a picture: its outermost band, mirrored to and fro, ever more out of focus."""
    height, width = picture.shape[:2]
    band = max(1, round(BAND * min(height, width)))
    rows, columns = _mirrored(top, height, bottom, band), _mirrored(left, width, right, band)
    sharp = picture[rows[:, None], columns[None, :]]
    soft = np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(band / 2)))
    down, across = _beyond(top, height, bottom), _beyond(left, width, right)
    weight = np.minimum(np.maximum(down[:, None], across[None, :]) / (2 * band), 1)[..., None]
    return _bytes(sharp + weight * (soft.astype(np.float32) - sharp))


def _beyond(before: int, size: int, after: int) -> npt.NDArray[np.float32]:
    """Distance of each position from the `size` in the middle, 0 inside, in pixels."""
    steps = [np.arange(before, 0, -1), np.zeros(size), np.arange(1, after + 1)]
    return np.concatenate(steps).astype(np.float32)


def _mirrored(before: int, size: int, after: int, band: int) -> npt.NDArray[np.int64]:
    """Indices 0 to size - 1 with `before` and `after` more, which run to and fro through the outermost `band`."""
    band = min(band, size)
    beyond = np.arange(max(before, after)) % (2 * band)
    inward = np.where(beyond < band, beyond, 2 * band - 1 - beyond)
    return np.concatenate([inward[:before][::-1], np.arange(size), size - 1 - inward[:after]])


def _exposed(picture: Picture, gain: npt.NDArray[np.float64]) -> Picture:
    """Multiplies linear light by a gain a channel, (3,); sRGB transfer function, IEC 61966-2-1."""
    encoded = np.arange(256) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    light = np.clip(linear[:, None] * gain, 0, 1)
    table = _bytes(255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055))
    return table[picture, np.arange(3)]


def _bytes(values: npt.NDArray[np.floating]) -> Picture:
    """Rounds and clips to 0-255."""
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)
