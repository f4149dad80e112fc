"""Pictures from strangers: each gets one clear error, in bounded time and memory."""

import io
import os
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgefashion.errors import ImageError
from edgefashion.runtime.image import MAX_BASELINE_JPEG_PIXELS, MAX_PIXELS, prepare

HUGE = 100_000


def png(width: int, height: int, colour: int = 2) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(width: int, height: int, progressive: bool = False) -> bytes:
    """A real small JPEG whose header claims another size."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), (9, 9, 9)).save(buffer, "JPEG", progressive=progressive)
    content = bytearray(buffer.getvalue())
    at = content.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    struct.pack_into(">HH", content, at + 5, height, width)
    return bytes(content)


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<2sIHHI", b"BM", 154, 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(100)


def gif(width: int, height: int) -> bytes:
    image = struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0)
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + image + b"\x02\x02\x4c\x01\x00;"


def tiff(width: int, height: int) -> bytes:
    tags = ((256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 99))
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + directory + bytes(4)


def webp(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + sides
    return b"RIFF" + struct.pack("<I", len(body)) + body


CLAIMS = {
    "png": png(HUGE, HUGE),
    "png grey": png(HUGE, HUGE, colour=0),
    "jpeg": jpeg(65_500, 65_500),
    "jpeg progressive": jpeg(20_000, 20_000, progressive=True),
    "bmp": bmp(HUGE, HUGE),
    "bmp upside down": bmp(HUGE, -HUGE),
    "gif": gif(65_535, 65_535),
    "tiff": tiff(HUGE, HUGE),
    "webp": webp(HUGE, HUGE),
    "ppm": b"P6 100000 100000 255 " + bytes(100),
}

WITHIN_LIMITS = """
import resource, sys, time
import numpy, PIL.Image
from edgefashion.errors import ImageError
from edgefashion.runtime.image import prepare
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
start = time.process_time()
try:
    prepare(sys.argv[1], 64, 64)
except ImageError as error:
    print(error)
    # VmHWM is this program's own peak; ru_maxrss also remembers the process that it was forked from.
    status = dict(line.split(":") for line in open("/proc/self/status"))
    print(int(status["VmHWM"].split()[0]) // 1024, time.process_time() - start)
"""


@pytest.mark.parametrize("kind", CLAIMS)
def test_a_header_that_claims_too_many_pixels_costs_nothing(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "claim"
    path.write_bytes(CLAIMS[kind])
    done = subprocess.run(
        [sys.executable, "-c", WITHIN_LIMITS, str(path)], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    message, cost = done.stdout.splitlines()
    assert str(path) in message
    assert kind == "webp" or "pixels are allowed" in message
    megabytes, seconds = cost.split()
    assert int(megabytes) < 300
    assert float(seconds) < 5


def test_the_limits_are_where_they_are_said_to_be() -> None:
    for width, height, progressive, limit in (
        (16_000, 16_001, False, MAX_BASELINE_JPEG_PIXELS),
        (10_000, 10_001, True, MAX_PIXELS),
    ):
        with pytest.raises(ImageError, match=f"1 to {limit} pixels"):
            prepare(jpeg(width, height, progressive), 8, 8)
    with pytest.raises(ImageError, match=f"1 to {MAX_PIXELS} pixels"):
        prepare(png(10_000, 10_001), 8, 8)
    with pytest.raises(ImageError, match="cut short"):
        prepare(png(5_000, 5_000), 8, 8)


def test_a_progressive_jpeg_with_thousands_of_passes_is_refused() -> None:
    buffer = io.BytesIO()
    Image.effect_noise((2000, 2000), 50).convert("RGB").save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    assert prepare(content, 8, 8).shape == (8, 8, 3)
    scan = content[content.rindex(b"\xff\xda") : -2]
    with pytest.raises(ImageError, match="passes"):
        prepare(content[:-2] + b"\xff\xda" * 1000 + scan + b"\xff\xd9", 8, 8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9])
def test_a_picture_cut_short_is_refused(kind: str, share: float) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((120, 120), 60).convert("RGB").save(buffer, kind)
    content = buffer.getvalue()
    assert prepare(content, 16, 16).shape == (16, 16, 3)
    with pytest.raises(ImageError):
        prepare(content[: int(len(content) * share)], 16, 16)


def test_half_a_jpeg_file_names_the_path(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((300, 300), 60).convert("RGB").save(buffer, "JPEG")
    path = tmp_path / "half.jpg"
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(ImageError, match=r"half\.jpg.*cut short"):
        prepare(path, 64, 64)


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("this is not a picture\n" * 100, encoding="utf-8")
    with pytest.raises(ImageError, match="known format"):
        prepare(text, 8, 8)
    with pytest.raises(ImageError, match="known format"):
        prepare(b"%!PS-Adobe-3.0 EPSF-3.0\n", 8, 8)
    with pytest.raises(ImageError, match="known format"):
        prepare(b"RIFF\x00\x00\x00\x00WAVEfmt ", 8, 8)
    with pytest.raises(ImageError, match="No such file"):
        prepare(tmp_path / "missing.jpg", 8, 8)
    with pytest.raises(ImageError, match="regular file"):
        prepare(tmp_path, 8, 8)
    with pytest.raises(ImageError):
        prepare("nul\0byte.jpg", 8, 8)
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    with pytest.raises(ImageError, match="regular file"):
        prepare(pipe, 8, 8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM"])
def test_damaged_pictures_give_an_answer_or_our_error(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    options = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    Image.effect_noise((48, 40), 60).convert("RGB").save(buffer, kind, **options)
    content, dice, refused = buffer.getvalue(), random.Random(kind), 0
    for _ in range(400):
        data = bytearray(content)
        for _ in range(dice.choice((1, 1, 2, 8))):
            data[dice.randrange(min(len(data), dice.choice((40, 200, 10_000))))] = dice.randrange(256)
        try:
            assert prepare(bytes(data), 16, 16).shape == (16, 16, 3)
        except ImageError:
            refused += 1
    assert refused > 5


def test_peak_memory_of_a_photo_from_a_phone(tmp_path: Path) -> None:
    """48 megapixels would take 144 MB decoded in full; the reduced-size mode keeps far below."""
    path = tmp_path / "photo.jpg"
    rows = np.add.outer(np.arange(6000), np.arange(8000)).astype(np.uint8)
    Image.fromarray(rows).convert("RGB").save(path, quality=80)
    code = "import sys; from edgefashion.runtime.image import prepare\n"
    code += "peak = lambda: int(dict(line.split(':') for line in open('/proc/self/status'))['VmHWM'].split()[0])\n"
    code += "a = peak(); prepare(sys.argv[1], 192, 192); print(peak() - a)"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) // 1024 < 60
