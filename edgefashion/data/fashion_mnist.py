"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747; MIT licence): 70,000 grey pictures of 28 × 28.

Found in a folder that is given, in the folder of the Debian package, in the user's cache, or downloaded from the
publisher into that cache. The download is checked against SHA-256 sums of the unpacked content.
"""

import gzip
import hashlib
import io
import os
import sys
import urllib.error
import urllib.request
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgefashion.data.manifest import Manifest, Row, write_file
from edgefashion.errors import DataError

LABELS = ("t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
"""In the publisher's order: the label file's numbers 0 to 9."""
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
PUBLISHER = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
LICENCE = "MIT"
VALIDATION_PICTURES = 5_000
"""The last of the publisher's training pictures."""
MAX_BYTES = 128 * 1024 * 1024
"""Of one file, unpacked; the largest real one has 47,040,016."""
TIMEOUT_SECONDS = 30

SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
"""Of the unpacked files. The publisher's MD5 sums (README of zalandoresearch/fashion-mnist) are of gzip files that hold
a name and a time; Debian packs without them. With both put back, Debian's files have exactly those MD5 sums."""

INSTEAD = "install the Debian package (apt-get install dataset-fashion-mnist), or give a folder: fashion-mnist:FOLDER"


def open_fashion_mnist(folder: str | None = None) -> Manifest:
    """Opens Fashion-MNIST: train (55,000), validation (the last 5,000 of the publisher's train), test (10,000).

    Every picture is a group of its own: the publisher names no contributor.

    Args:
        folder: Holds the four IDX files, plain or .gz; None looks in the Debian folder, then in the cache, and then
            downloads into the cache.

    Returns:
        A manifest whose `arrays` are uint8 (70000, 28, 28), 0-255, white garment on black.

    Raises:
        DataError: A file is missing, damaged or not IDX, or the download failed.
    """
    place = Path(folder).expanduser() if folder else find_folder()
    contents = {name: read_file(place, name) for name in SHA256}
    pictures, labels, rows, notes = [], [], [], []
    for prefix in ("train", "t10k"):
        images = parse_idx(contents[f"{prefix}-images-idx3-ubyte"], 3, f"{prefix}-images")
        truth = parse_idx(contents[f"{prefix}-labels-idx1-ubyte"], 1, f"{prefix}-labels")
        if len(images) != len(truth) or images.shape[1:] != (28, 28) or (len(truth) and truth.max() >= len(LABELS)):
            raise DataError(
                f"'{place}': {prefix} must hold pictures of 28 × 28 and as many labels from 0 to 9; "
                f"received pictures {images.shape} and labels {truth.shape}, the highest {truth.max(initial=0)}."
            )
        pictures.append(images)
        labels.append(truth)
    first_validation = max(0, len(labels[0]) - VALIDATION_PICTURES)
    for prefix, truth in zip(("train", "test"), labels, strict=True):
        for number, label in enumerate(truth.tolist()):
            split = "validation" if prefix == "train" and number >= first_validation else prefix
            path = f"{prefix}/{number:05d}"
            rows.append(Row(path, LABELS[label], path, split))
    if not rows:
        raise DataError(f"'{place}' holds Fashion-MNIST files without a picture; {INSTEAD}.")
    if any(hashlib.sha256(contents[name]).hexdigest() != sum_ for name, sum_ in SHA256.items()):
        notes.append("the files differ from the ones that the publisher gives out")
    return Manifest(
        "fashion-mnist",
        tuple(rows),
        LABELS,
        mapping="fashion-mnist",
        arrays=np.concatenate(pictures),
        notes=tuple(notes),
        licence=LICENCE,
    )


def cache_folder() -> Path:
    """Gives the user's cache folder for Fashion-MNIST; it need not exist."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "edgefashion" / "fashion-mnist"


def find_folder() -> Path:
    """Gives the Debian folder or the cache if they hold all four files, else downloads into the cache.

    Raises:
        DataError: The download failed.
    """
    for place in (DEBIAN_FOLDER, cache_folder()):
        if all((place / name).is_file() or (place / f"{name}.gz").is_file() for name in SHA256):
            return place
    return download(cache_folder())


def download(folder: Path, publisher: str = PUBLISHER) -> Path:
    """Downloads the four files from the publisher, checks them, and only then gives them their names.

    Args:
        folder: Is made if need be; files that are there already are kept.
        publisher: Address of the folder that holds the .gz files.

    Raises:
        DataError: No answer, a damaged file or a full disk; says what to do instead.
    """
    for name, expected in SHA256.items():
        target = folder / f"{name}.gz"
        if target.is_file():
            continue
        address = f"{publisher}/{name}.gz"
        try:
            with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:
                packed = answer.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            raise DataError(f"Can't download {address} ({reason}); {INSTEAD}.") from error
        if hashlib.sha256(unpack(packed, address)).hexdigest() != expected:
            raise DataError(f"The download of {address} is not the file that was published; {INSTEAD}.")
        write_file(target, packed)
    return folder


def read_file(folder: Path, name: str) -> bytes:
    """Reads `name` or `name`.gz in the folder and gives the unpacked bytes, at most `MAX_BYTES`.

    Raises:
        DataError: Missing, unreadable, damaged or too large.
    """
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            try:
                with path.open("rb") as stream:
                    content = stream.read(MAX_BYTES + 1)
            except OSError as error:
                raise DataError(f"Can't read '{path}': {error.strerror or error}.") from error
            return unpack(content, str(path))
    raise DataError(f"'{folder}' must hold the four Fashion-MNIST files; '{name}[.gz]' is missing: {INSTEAD}.")


def unpack(content: bytes, name: str) -> bytes:
    """Gives the unpacked bytes of a gzip file, or the bytes themselves where they are not gzip.

    Raises:
        DataError: Damaged, cut short, or larger than `MAX_BYTES` unpacked (memory stays bounded).
    """
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
                content = stream.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"'{name}' is damaged ({error}); get it anew.") from error
    if len(content) > MAX_BYTES:
        raise DataError(f"'{name}' unpacks to more than {MAX_BYTES:,} bytes; it is no Fashion-MNIST file.")
    return content


def parse_idx(content: bytes, dimensions: int, name: str = "IDX file") -> NDArray[np.uint8]:
    """Gives the array of an IDX file of unsigned bytes (format: yann.lecun.com/exdb/mnist, "file formats").

    Args:
        content: The whole unpacked file: two zero bytes, 0x08, the number of dimensions, each size as a big-endian
            32-bit number, then the values.
        dimensions: The number of dimensions that is expected.
        name: What errors call the file.

    Returns:
        uint8, read-only, of the shape that the file states.

    Raises:
        DataError: Another magic number, or sizes that don't fit the number of bytes.
    """
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != bytes((0, 0, 8, dimensions)):
        raise DataError(
            f"'{name}' is not an IDX file of bytes with {dimensions} dimensions: it must begin with "
            f"{bytes((0, 0, 8, dimensions)).hex()}; received {content[:4].hex() or 'nothing'}, {len(content):,} bytes."
        )
    shape = tuple(int.from_bytes(content[4 * axis : 4 * axis + 4], "big") for axis in range(1, dimensions + 1))
    expected = start
    values = 1
    for size in shape:
        values *= size
    expected += values
    if expected != len(content):
        raise DataError(f"'{name}' states the shape {shape}, {expected:,} bytes; received {len(content):,} bytes.")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
