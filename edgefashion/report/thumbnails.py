"""Small copies of pictures that stand inside a page."""

from __future__ import annotations

import base64
from io import BytesIO

from PIL import Image

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError, ImageError
from edgefashion.runtime.image import picture_size, prepare

SIDE = 200
"""Pixels of the longer side; pages show it at about half, so that it stays sharp on fine screens."""
QUALITY = 72


def thumbnail(manifest: Manifest, row: Row, side: int = SIDE) -> str:
    """A picture as a `data:` address of a JPEG, upright, its proportions kept; empty where it can't be read."""
    try:
        source = manifest.picture(row)
        height, width = picture_size(source)
        scale = side / max(height, width)
        small = prepare(source, max(1, round(height * scale)), max(1, round(width * scale)))
    except (DataError, ImageError, OSError):
        return ""
    content = BytesIO()
    Image.fromarray(small).save(content, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
