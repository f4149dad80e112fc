"""A contact sheet: many small pictures with a few words under each, as one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

from edgefashion.errors import DataError, ImageError
from edgefashion.runtime.image import prepare

COLUMNS = 8
SIDE = 176
"""Pixels of a thumbnail's square."""
GAP = 12
LINE = 18
FONT_SIZE = 14
MAX_TILES = 400
INK, FAINT, PAPER, HOLDER = "#1c1c1c", "#6a6a6a", "#ffffff", "#ececec"


@dataclass(frozen=True)
class Tile:
    """One picture of a sheet.

    Attributes:
        picture: What `runtime.image.prepare` accepts.
        lines: Words under it, one string a line; what is too long is cut off with an ellipsis.
    """

    picture: Any
    lines: tuple[str, ...]


def thumbnail(picture: Any, side: int) -> Image.Image:
    """Gives a picture, upright and whole, in a white square of `side` pixels, RGB.

    Args:
        picture: What `runtime.image.prepare` accepts.
        side: Pixels.

    Raises:
        ImageError: The picture can't be read.
    """
    return Image.fromarray(prepare(picture, side, side, "pad"))


def thumbnail_jpeg(picture: Any, side: int) -> bytes:
    """Gives the same thumbnail as the bytes of a JPEG file; arguments and errors as `thumbnail`."""
    stream = BytesIO()
    thumbnail(picture, side).save(stream, "JPEG", quality=82)
    return stream.getvalue()


def contact_sheet(tiles: Sequence[Tile], title: str = "", columns: int = COLUMNS) -> Image.Image:
    """Draws a contact sheet, row by row; a picture that can't be read becomes an empty square that says so.

    Args:
        tiles: 1 to MAX_TILES pictures.
        title: A line above them.
        columns: Pictures in a row, at least 1.

    Returns:
        RGB image.

    Raises:
        DataError: No tile, too many, or no column.
    """
    if not 1 <= len(tiles) <= MAX_TILES or columns < 1:
        raise DataError(
            f"A contact sheet takes 1 to {MAX_TILES} pictures in 1 or more columns; "
            f"received {len(tiles)} pictures, {columns} columns."
        )
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    head = GAP + (LINE + GAP if title else 0)
    height = SIDE + 4 + LINE * max(len(tile.lines) for tile in tiles)
    sheet = Image.new("RGB", (GAP + columns * (SIDE + GAP), head + rows * (height + GAP)), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_SIZE)
    if title:
        draw.text((GAP, GAP), _cut(title, draw, font, sheet.width - 2 * GAP), INK, font)
    for number, tile in enumerate(tiles):
        left = GAP + number % columns * (SIDE + GAP)
        top = head + number // columns * (height + GAP)
        try:
            sheet.paste(ImageOps.expand(thumbnail(tile.picture, SIDE - 2), 1, HOLDER), (left, top))
        except ImageError:
            draw.rectangle((left, top, left + SIDE - 1, top + SIDE - 1), HOLDER)
            draw.text((left + 8, top + 8), "can't be read", FAINT, font)
        for place, line in enumerate(tile.lines):
            ink = INK if place == 0 else FAINT
            draw.text((left, top + SIDE + 4 + LINE * place), _cut(line, draw, font, SIDE), ink, font)
    return sheet


def _cut(text: str, draw: ImageDraw.ImageDraw, font: Any, width: int) -> str:
    """The text, as much of it as fits into a width in pixels."""
    text = " ".join(text.split())
    if draw.textlength(text, font) <= width:
        return text
    while text and draw.textlength(f"{text}…", font) > width:
        text = text[:-1]
    return f"{text}…"
