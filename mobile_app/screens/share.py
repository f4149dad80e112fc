"""The result to take away: a QR code that any phone reads, without a network."""

from typing import TYPE_CHECKING, Any

import numpy as np
from kivy.graphics.texture import Texture
from kivy.uix.image import Image
from numpy.typing import NDArray

from edgefashion.store.scan import Scan

from ..text import tr
from ..widgets import Page, Words
from ..wording import final_words, percent
from .history import title_of

if TYPE_CHECKING:
    from ..app import EdgeFashionApp

QUIET_ZONE = 4
"""Modules of white around the code (ISO/IEC 18004)."""
MEASURED = {"colours": "colour"}
"""What is said under the name of another field."""


class SharePage(Page):
    """The QR code of one scan."""

    def __init__(self, app: "EdgeFashionApp", scan: Scan, **properties: Any) -> None:
        super().__init__(title_of(scan), app.back, **properties)
        grid = qr_grid(payload(scan))
        texture = Texture.create(size=grid.shape[::-1], colorfmt="luminance")
        texture.mag_filter = texture.min_filter = "nearest"
        texture.blit_buffer(np.ascontiguousarray(grid[::-1]).reshape(-1), colorfmt="luminance", bufferfmt="ubyte")
        self.code = Image(texture=texture, fit_mode="contain")
        self.add_widget(self.code)
        self.add_widget(
            Words(text=tr("Point a phone's camera here. Nothing is sent anywhere."), role="small", halign="center")
        )

    def refresh(self) -> None:
        """The code stays what it is."""


def payload(scan: Scan) -> str:
    """Return what the QR code says: a few short lines in the screen's language; nothing about a person."""
    lines = [f"{tr(MEASURED.get(name, name))}: {words}" for name, words in final_words(scan).items() if words]
    if not scan.corrected:
        lines.append(f"{tr('confidence')}: {percent(scan.confidence)}")
    if scan.code:
        lines.append(f"{tr('barcode')}: {scan.code}")
    return "\n".join(["EdgeFashion", *lines, scan.taken_at])


def qr_grid(text: str) -> NDArray[np.uint8]:
    """Return a QR code as uint8 (rows, columns), one number a module: 0 black, 255 white; with its quiet zone."""
    import segno

    code = segno.make(text, error="m", micro=False, encoding="utf-8")
    modules = np.array([list(row) for row in code.matrix_iter(border=QUIET_ZONE)], np.uint8)
    return np.where(modules > 0, 0, 255).astype(np.uint8)
