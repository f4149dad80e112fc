"""What one picture file is: readable or not, its size and mode, and the keys by which its duplicates are found."""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgefashion.data.duplicates import FIELDS
from edgefashion.errors import ImageError, MissingExtraError
from edgefashion.runtime.image import MAX_FILE_BYTES, prepare

MIN_SIDE = 64
"""Pixels. A network sees a shorter side than this enlarged, with nothing in it."""
GREY_TOLERANCE = 6
"""Levels by which the channels of a picture without colour may differ; JPEG rounds."""
HASH_SIDE = 64
KINDS = {
    "rotated": "turned by their EXIF orientation (read upright)",
    "tiny": f"shorter side under {MIN_SIDE} px",
    "grey": "without colour",
    "cmyk": "CMYK (made for print; colours are converted)",
    "16-bit": "16 bits per channel (read with 8)",
    "animated": "with several frames (the first is read)",
}
"""What is worth knowing about a readable picture, and how a report says it."""
_ORIENTATION = 0x0112
_BITS_PER_SAMPLE = 258


@dataclass(frozen=True)
class PictureFacts:
    """The facts of one picture.

    Attributes:
        reason: Why it can't be read; empty where it can.
        kinds: Those of `KINDS` that hold.
        key: SHA-256 of the file's bytes; empty where they can't be read.
        hash: Perceptual hash, 64 bits; None where the picture can't be read.
        fields: uint8 (16, 16, 3) RGB, 0-255: the picture in fields; None where it can't be read.
    """

    reason: str = ""
    kinds: tuple[str, ...] = ()
    key: bytes = b""
    hash: int | None = None
    fields: NDArray[np.uint8] | None = None


def picture_facts(path: Path) -> PictureFacts:
    """Reads one picture once; a picture that `prepare` can't read gets a reason instead of an error.

    Raises:
        MissingExtraError: The package imagehash is missing.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        small = prepare(content, HASH_SIDE, HASH_SIDE)
    except OSError as error:
        return PictureFacts(reason=error.strerror or str(error))
    except ImageError as error:
        return PictureFacts(reason=str(error).split(": ", 1)[-1], key=hashlib.sha256(content).digest())
    step = HASH_SIDE // FIELDS
    fields = small.reshape(FIELDS, step, FIELDS, step, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    channels = small.astype(np.int16)
    kinds = _header_kinds(content)
    if int((channels.max(axis=2) - channels.min(axis=2)).max()) <= GREY_TOLERANCE:
        kinds.add("grey")
    ordered = tuple(kind for kind in KINDS if kind in kinds)
    return PictureFacts("", ordered, hashlib.sha256(content).digest(), perceptual_hash(small), fields)


def perceptual_hash(small: NDArray[np.uint8]) -> int:
    """Gives the pHash of uint8 (height, width, 3) RGB as a number of 64 bits.

    Raises:
        MissingExtraError: The package imagehash is missing.
    """
    try:
        import imagehash
    except ImportError as error:
        raise MissingExtraError("data", "Looking for duplicate pictures") from error
    bits = imagehash.phash(Image.fromarray(small)).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _header_kinds(content: bytes) -> set[str]:
    """Gives the kinds that the header shows; the picture is known to be readable."""
    kinds = set()
    try:
        with Image.open(BytesIO(content)) as picture:
            if min(picture.size) < MIN_SIDE:
                kinds.add("tiny")
            if picture.mode == "CMYK":
                kinds.add("cmyk")
            # Pillow reads 16-bit RGB as 8-bit RGB without a word: the header's own bit depth is asked for.
            depth = content[24] if picture.format == "PNG" else 8
            samples = getattr(picture, "tag_v2", {}).get(_BITS_PER_SAMPLE, (8,))
            if picture.mode.startswith("I") or depth > 8 or max(samples) > 8:
                kinds.add("16-bit")
            if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
                kinds.add("animated")
            if picture.getexif().get(_ORIENTATION, 1) in range(2, 9):
                kinds.add("rotated")
    except Exception:  # noqa: BLE001 - damaged side data raise almost anything, and the pixels have been read
        return kinds
    return kinds
