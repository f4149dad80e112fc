"""THE one preparation of a picture: training, calibration, evaluation, phone and Pi all go through `prepare`.

Upright by EXIF, RGB, one resize rule, antialiased bilinear resize. Files and bytes from strangers are read within
limits: every refusal is an `ImageError`.
"""

import os
import stat
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgefashion.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Callable

Part = tuple[float, float, float, float]
"""Left, top, right and lower edge of a part of a picture, as shares of its width and height, 0–1."""
RESIZE_RULES = ("stretch", "pad", "crop")
MAX_FILE_BYTES = 256 * 2**20
MAX_PIXELS = 100_000_000
MAX_BASELINE_JPEG_PIXELS = 256_000_000
"""The decoder shrinks a baseline JPEG while it reads, so the large ones of phones (200 megapixels) are no danger."""
MAX_PROGRESSIVE_WORK = 2_500_000_000
"""Pixels × passes of a progressive JPEG: each pass visits the whole picture, and a hostile file has thousands."""
DRAFT_MARGIN = 2
"""A JPEG is decoded to at least this many times the size that is needed, so that the resize still antialiases."""
WHITE = (255, 255, 255)

_SIGNATURES = (
    (b"\xff\xd8\xff", "JpegImagePlugin", "JpegImageFile"),
    (b"\x89PNG\r\n\x1a\n", "PngImagePlugin", "PngImageFile"),
    (b"GIF8", "GifImagePlugin", "GifImageFile"),
    (b"RIFF", "WebPImagePlugin", "WebPImageFile"),
    (b"BM", "BmpImagePlugin", "BmpImageFile"),
    (b"II*\x00", "TiffImagePlugin", "TiffImageFile"),
    (b"MM\x00*", "TiffImagePlugin", "TiffImageFile"),
    *((b"P" + digit, "PpmImagePlugin", "PpmImageFile") for digit in (b"1", b"2", b"3", b"4", b"5", b"6")),
)
FORMATS = "JPEG, PNG, WebP, GIF, BMP, TIFF, PPM, AVIF"
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def prepare(
    source: Any,
    height: int,
    width: int,
    rule: str = "stretch",
    choose: "Callable[[NDArray[np.uint8]], Part | None] | None" = None,
) -> NDArray[np.uint8]:
    """Turn a picture into a network's input.

    The steps: first frame; upright by its EXIF orientation; RGB (transparent parts on white, 16-bit grey scaled to 8
    bits, CMYK and palettes converted, colour profiles ignored); resize rule; bilinear resize with antialiasing
    (Pillow's BILINEAR, whose kernel widens with the reduction). A JPEG file much larger than needed is decoded at a
    half, a quarter or an eighth of its size, never below twice the size that is needed; the result is deterministic.

    Args:
        source: A path (str or PathLike), the bytes of a picture file, a PIL image (not changed), or a uint8 array of
            shape (height, width, 3), RGB, 0–255, or (height, width), grey.
        height: Height of the result in pixels, at least 1.
        width: Width of the result in pixels, at least 1.
        rule: "stretch" the whole picture to the size; "pad" it with white to the aspect ratio, centred; or "crop" the
            largest centred part of the aspect ratio.
        choose: Is shown the whole picture, upright, stretched to the size, and names the part of it that is prepared by
            the rule; None, here or as its answer, for all of the picture.

    Returns:
        uint8 array of shape (height, width, 3), RGB, 0–255; a new array.

    Raises:
        ImageError: Not a readable picture, cut short, too large, or an array of another shape or type; an unknown rule.
    """
    if rule not in RESIZE_RULES:
        raise ImageError(f"Unknown resize rule {rule!r}. Known: {', '.join(RESIZE_RULES)}.")

    def finish(picture: Image.Image) -> NDArray[np.uint8]:
        if choose is None:
            return _resize(picture, height, width, rule)
        whole = _resize(picture, height, width, "stretch")
        part = choose(whole)
        if part is None:
            return whole if rule == "stretch" else _resize(picture, height, width, rule)
        return _resize(_cut(picture, part), height, width, rule)

    return _read(source, height, width, finish)


def upright(source: Any, longest: int) -> NDArray[np.uint8]:
    """Decode a picture as `prepare` does, but keep its aspect ratio: for whoever changes a picture before `prepare`.

    Args:
        source: As `prepare`.
        longest: Pixels that the longer side may have, at least 1; a larger picture is reduced, a smaller one kept.

    Returns:
        uint8 array of shape (height, width, 3), RGB, 0–255; a new array.

    Raises:
        ImageError: As `prepare`.
    """

    def reduce(picture: Image.Image) -> NDArray[np.uint8]:
        scale = min(1.0, longest / max(picture.size))
        return _resize(picture, max(1, round(picture.height * scale)), max(1, round(picture.width * scale)), "stretch")

    return _read(source, longest, longest, reduce)


def _read(
    source: Any, height: int, width: int, finish: "Callable[[Image.Image], NDArray[np.uint8]]"
) -> NDArray[np.uint8]:
    """Decode any source to upright RGB, at reduced size where that suffices for height × width, and finish it."""
    if isinstance(source, np.ndarray):
        return finish(_from_array(source))
    name = _name(source)
    try:
        if isinstance(source, Image.Image):
            _check_size(name, source)
            picture = _rgb(_upright(source))
        else:
            with _open_bytes(source, name) as file:
                picture = _decode(file, name, height, width)
        return finish(picture)
    except ImageError:
        raise
    except Exception as error:
        raise _unreadable(name, error) from error


def picture_size(source: Any) -> tuple[int, int]:
    """Return a picture's height and width in pixels, upright by its EXIF orientation; its pixels are not decoded.

    Args:
        source: As `prepare`.

    Raises:
        ImageError: Not a picture, or too large.
    """
    if isinstance(source, np.ndarray):
        source = _from_array(source)
    name = _name(source)
    try:
        if isinstance(source, Image.Image):
            return _upright_size(source, name)
        with _open_bytes(source, name) as file:
            return _upright_size(_open_picture(file, name), name)
    except ImageError:
        raise
    except Exception as error:
        raise _unreadable(name, error) from error


def _upright_size(picture: Image.Image, name: str) -> tuple[int, int]:
    """Return the height and width of a picture after it is turned upright."""
    _check_size(name, picture)
    width, height = picture.size
    return (width, height) if _orientation(picture) >= 5 else (height, width)


def _unreadable(name: str, error: Exception) -> ImageError:
    """Return the refusal for whatever a decoder raised: OSError, SyntaxError, ValueError, struct.error or EOFError."""
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return ImageError(f"{name}: can't be read, damaged or cut short ({reason}).")


def _name(source: Any) -> str:
    """Return what to call a source in a message; refuse a type that is no source."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source) if isinstance(os.fspath(source), str) else repr(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return f"picture of {len(source)} bytes"
    if isinstance(source, Image.Image):
        return "picture"
    raise ImageError(
        "A picture is a path, bytes, a PIL image or a uint8 array (height, width, 3). "
        f"Received: {type(source).__name__}."
    )


def _open_bytes(source: Any, name: str) -> BinaryIO:
    """Open a path or bytes for reading; only regular files within the limit."""
    if isinstance(source, bytes | bytearray | memoryview):
        if len(source) > MAX_FILE_BYTES:
            raise ImageError(f"{name}: at most {MAX_FILE_BYTES} bytes are allowed.")
        return BytesIO(source)
    try:
        facts = os.stat(source)
        if not stat.S_ISREG(facts.st_mode):
            raise ImageError(f"{name}: not a regular file; name a picture file.")
        if facts.st_size > MAX_FILE_BYTES:
            raise ImageError(f"{name}: {facts.st_size} bytes; at most {MAX_FILE_BYTES} are allowed.")
        return open(source, "rb")  # the caller closes it
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"{name}: can't be read ({reason}).") from error


def _decode(file: BinaryIO, name: str, height: int, width: int) -> Image.Image:
    """Decode a picture file to upright RGB, at reduced size where the format allows it."""
    picture = _open_picture(file, name)
    _check_size(name, picture)
    if picture.format == "JPEG":
        _check_passes(picture, file, name)
        if _orientation(picture) >= 5:  # lies on its side
            height, width = width, height
        picture.draft(None, (width * DRAFT_MARGIN, height * DRAFT_MARGIN))
    picture.load()
    return _rgb(_upright(picture))


def _open_picture(file: BinaryIO, name: str) -> Image.Image:
    """Read a picture's header with the one decoder that its first bytes ask for.

    `PIL.Image.open` would try all its decoders, some of which start other programs, and load them all for a text file.
    """
    head = file.read(32)
    file.seek(0)
    module, factory = "", ""
    for signature, module_name, class_name in _SIGNATURES:
        if head.startswith(signature):
            module, factory = module_name, class_name
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        module, factory = "AvifImagePlugin", "AvifImageFile"
    if not module or (head[:4] == b"RIFF" and head[8:12] != b"WEBP"):
        raise ImageError(f"{name}: not a picture of a known format. Known: {FORMATS}.")
    from importlib import import_module

    opened: Callable[[BinaryIO], Image.Image] = getattr(import_module(f"PIL.{module}"), factory)
    return opened(file)


def _check_size(name: str, picture: Image.Image) -> None:
    """Refuse a picture whose header claims no pixels, or too many."""
    width, height = picture.size
    baseline = picture.format == "JPEG" and "progressive" not in picture.info
    limit = MAX_BASELINE_JPEG_PIXELS if baseline else MAX_PIXELS
    if not 0 < width * height <= limit:
        raise ImageError(f"{name}: {width} × {height} pixels; 1 to {limit} pixels are allowed. Make it smaller first.")


def _check_passes(picture: Image.Image, file: BinaryIO, name: str) -> None:
    """Refuse a progressive JPEG that would keep the decoder busy for minutes."""
    if "progressive" not in picture.info:
        return
    position = file.tell()
    file.seek(0)
    passes = file.read(MAX_FILE_BYTES).count(b"\xff\xda")
    file.seek(position)
    if passes * picture.width * picture.height > MAX_PROGRESSIVE_WORK:
        raise ImageError(f"{name}: a progressive JPEG of {passes} passes is too much work; save it as a plain JPEG.")


def _orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if there is none or it can't be read."""
    try:
        value = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - damaged EXIF data raise almost anything, and the picture is fine without them
        return 1
    return value if isinstance(value, int) and value in _UPRIGHT else 1


def _upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF orientation says."""
    turn = _UPRIGHT.get(_orientation(picture))
    return picture if turn is None else picture.transpose(turn)


def _rgb(picture: Image.Image) -> Image.Image:
    """Convert any mode to RGB; transparent parts lie on white, as in most catalogues."""
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.mode == "I" or picture.mode.startswith("I;16"):
        return _from_array(_eight_bits(np.asarray(picture)))
    if picture.mode == "F":
        raise ImageError("a picture of floating-point numbers has no known range; save it with 8 bits per colour.")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        ground = Image.new("RGB", picture.size, WHITE)
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return picture.convert("RGB")


def _eight_bits(grey: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale 16-bit grey (0–65535, wider values clipped) to 0–255, rounded."""
    eight: NDArray[np.uint8] = ((np.clip(grey, 0, 65535).astype(np.uint32) + 128) // 257).astype(np.uint8)
    return eight


def _from_array(array: NDArray[Any]) -> Image.Image:
    """Wrap a uint8 array (height, width, 3), RGB, or (height, width), grey."""
    colour = array.ndim == 3 and array.shape[2] == 3
    if array.dtype != np.uint8 or not (colour or array.ndim == 2) or not 0 < array.size <= MAX_PIXELS * 3:
        raise ImageError(
            "An array must be uint8 RGB of shape (height, width, 3), or grey of shape (height, width). "
            f"Received: {array.dtype} {array.shape}."
        )
    picture = Image.fromarray(np.ascontiguousarray(array))
    return picture if colour else picture.convert("RGB")


def _cut(picture: Image.Image, part: Part) -> Image.Image:
    """Cut a part out, in whole pixels, one at least."""
    width, height = picture.size
    left, top = min(int(part[0] * width), width - 1), min(int(part[1] * height), height - 1)
    return picture.crop((left, top, max(left + 1, int(part[2] * width)), max(top + 1, int(part[3] * height))))


def _resize(picture: Image.Image, height: int, width: int, rule: str) -> NDArray[np.uint8]:
    """Resize upright RGB by a rule, antialiased."""
    full_width, full_height = picture.size
    if rule == "pad":
        scale = min(width / full_width, height / full_height)
        inner = (max(1, round(full_width * scale)), max(1, round(full_height * scale)))
        ground = Image.new("RGB", (width, height), WHITE)
        corner = ((width - inner[0]) // 2, (height - inner[1]) // 2)
        ground.paste(picture.resize(inner, Image.Resampling.BILINEAR), corner)
        return np.array(ground, dtype=np.uint8)
    box = None
    if rule == "crop":
        scale = min(full_width / width, full_height / height)
        # Rounding must not push the box over the picture's edge: Pillow refuses that.
        left, top = max(0.0, (full_width - width * scale) / 2), max(0.0, (full_height - height * scale) / 2)
        box = (left, top, min(full_width, left + width * scale), min(full_height, top + height * scale))
    return np.array(picture.resize((width, height), Image.Resampling.BILINEAR, box=box), dtype=np.uint8)
