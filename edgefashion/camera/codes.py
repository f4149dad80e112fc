"""Barcodes and QR codes in a frame, by zxing-cpp (extra `codes`), and which of them is steadily in view.

A code is taken only when two looks in a row have read the same: stripes on a garment can pass for a short barcode once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgefashion.errors import MissingExtraError

FORMATS = ("EAN13", "EAN8", "UPCA", "UPCE", "Code128", "QRCode", "DataMatrix")
"""What is printed on labels and tags, all with a check digit or error correction; Code 39 and ITF may have none."""
LONGEST = 128
"""Characters; a longer code is somebody's text and no number of a garment."""
PERIOD_SECONDS = 0.25
"""At least this long from one look to the next."""
LASTING_SECONDS = 2.0
"""How long a code counts as in view after it was read last: a hand may cover it while the garment is frozen."""


class Code(NamedTuple):
    """One code.

    Attributes:
        text: What it says: printable characters on one line, 1 to `LONGEST` of them.
        format: One of `FORMATS`.
        nearness: How near its middle is to the picture's, 0 (in a corner) to 1 (in the middle).
    """

    text: str
    format: str
    nearness: float


def has_codes() -> bool:
    """Whether codes can be read here."""
    try:
        import zxingcpp  # noqa: F401 - a wheel that doesn't load here counts as none
    except ImportError:
        return False
    return True


def read_codes(pixels: NDArray[np.uint8]) -> tuple[Code, ...]:
    """Read every code in a picture, in any direction.

    Args:
        pixels: uint8 (height, width, 4), RGBA, or (height, width, 3), RGB, 0–255.

    Returns:
        The codes, the one nearest to the middle first. What isn't plain text, or is longer than `LONGEST`, is left out.

    Raises:
        MissingExtraError: zxing-cpp is not installed.
    """
    try:
        import zxingcpp
    except ImportError as error:
        raise MissingExtraError("codes", "Reading barcodes") from error
    grey = np.ascontiguousarray(pixels[:, :, 1])  # green: nearest to brightness, and no arithmetic
    wanted = tuple(getattr(zxingcpp.BarcodeFormat, name) for name in FORMATS)
    middle = np.array(grey.shape[::-1]) / 2
    found = []
    for barcode in zxingcpp.read_barcodes(grey, formats=wanted):
        text = barcode.text.strip()
        if barcode.valid and text.isprintable() and 0 < len(text) <= LONGEST:
            ends = (barcode.position.top_left, barcode.position.bottom_right)
            centre = np.mean([(end.x, end.y) for end in ends], axis=0)
            away = float(np.abs((centre - middle) / middle).max())
            found.append(Code(text, barcode.format.name, 1 - min(1.0, away)))
    return tuple(sorted(found, key=lambda code: -code.nearness))


class CodeWatch:
    """Tells which code is in view, from one look after another. For one thread."""

    def __init__(self) -> None:
        self._candidate = ""
        self._code = ""
        self._read_at = 0.0
        self._looked_at: float | None = None

    def due(self, at: float) -> bool:
        """Return whether a frame of this moment should be looked at, and if so count it as looked at.

        Args:
            at: When the frame was taken, in seconds of `time.monotonic`.
        """
        if self._looked_at is not None and at - self._looked_at < PERIOD_SECONDS:
            return False
        self._looked_at = at
        return True

    def update(self, codes: tuple[Code, ...], at: float) -> None:
        """Take what a look has found into account; the code nearest to the middle is the one that is meant."""
        seen = codes[0].text if codes else ""
        if seen and seen == self._candidate:
            self._code, self._read_at = seen, at
        self._candidate = seen

    def code(self, at: float) -> str:
        """Return the code that is in view at this moment, or was a moment ago; "" if there is none."""
        return self._code if at - self._read_at <= LASTING_SECONDS else ""
