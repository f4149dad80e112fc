"""What the suites measure: a model file and a picture, chosen the same way everywhere."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image

from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import SHIPPED, find_model

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
FRAME = (480, 640)
"""Height and width of a camera's frame, pixels."""
PHONE = (3000, 4000)
"""Height and width of a phone's photo: 12 megapixels."""


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --model."""
    parser.add_argument("--model", help="a .tflite file or a shipped name (default: the shipped default model)")


def model_path(model: str | None) -> Path:
    """The model's file."""
    return find_model(model)


def model_name(path: Path) -> str:
    """How a result names a model: its shipped name, else the file's name; never a path of this machine."""
    names = [name for name, shipped in SHIPPED.items() if shipped.resolve() == path.resolve()]
    return names[0] if names else path.name


def model_version(path: Path) -> str:
    """The same with the version that its card gives, for a result's settings: figures are of one version."""
    card = ModelFile.read(path).card
    return f"{model_name(path)} {card.version}" if card is not None else model_name(path)


def photo() -> Path:
    """An example photo."""
    return min(EXAMPLES.glob("*.jpg"))


def frame(size: tuple[int, int] = FRAME, path: Path | None = None) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """An example photo at a size (height, width): uint8 (height, width, 3) RGB; a camera's frame if none is given."""
    with Image.open(path or photo()) as picture:
        return np.asarray(picture.convert("RGB").resize(size[::-1], Image.Resampling.BICUBIC))


def frame_jpeg(size: tuple[int, int] = FRAME) -> bytes:
    """The same as a JPEG of quality 90."""
    stream = io.BytesIO()
    Image.fromarray(frame(size)).save(stream, "JPEG", quality=90)
    return stream.getvalue()
