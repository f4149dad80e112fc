"""The one table of colours, spaces and text sizes; every widget takes its looks from the current `Look`.

Contrast of every text colour on every ground that it stands on is at least 4.5 (WCAG 2.1, 1.4.3); a test computes it.
"""

from dataclasses import dataclass

SPACES = {"hair": 2, "tight": 4, "gap": 8, "pad": 16, "wide": 24, "radius": 18, "target": 64}
"""Lengths in density-independent pixels (dp); a target is what a finger must hit."""
TEXT_SIZES = {"small": 18, "text": 20, "strong": 20, "title": 26, "type": 40, "attract": 56, "icon": 30}
"""Text sizes by role, in scale-independent pixels (sp), before the user's own scale."""
LEAST_TEXT = 18
"""Text that would not fit may become smaller, but never than this, in sp."""
BOLD_ROLES = ("strong", "title", "type", "attract")
FONTS = {"th": "NotoSansThai"}
"""Language → registered font; Roboto, which comes with Kivy, has the letters of the others."""
DEFAULT_FONT = "Roboto"
TEXT_SCALES = (1.0, 1.15, 1.3)

THEMES: dict[str, dict[str, str]] = {
    # ground: behind everything; panel: cards and bars; raised: what can be touched; line: borders;
    # text, muted, good, warn, danger: written on ground, panel and raised; on_accent: written on accent.
    "dark": {
        "ground": "0D1117", "panel": "151B23", "raised": "263241", "line": "3A4756", "text": "F4F7FA",
        "muted": "B3BECA", "accent": "5EEAD4", "on_accent": "04201B", "good": "7BE8AE", "warn": "FFCB5C",
        "danger": "FFA29B",
    },
    "light": {
        "ground": "EDF1F5", "panel": "FFFFFF", "raised": "E3E9F0", "line": "B4BFCB", "text": "10161D",
        "muted": "46525F", "accent": "0B6B63", "on_accent": "FFFFFF", "good": "0A5F34", "warn": "7A4100",
        "danger": "A8201A",
    },
    "high contrast": {
        "ground": "000000", "panel": "000000", "raised": "1A1A1A", "line": "FFFFFF", "text": "FFFFFF",
        "muted": "FFFFFF", "accent": "FFE600", "on_accent": "000000", "good": "8CFFAA", "warn": "FFE600",
        "danger": "FFB0A8",
    },
}  # fmt: skip
DEFAULT_THEME = "dark"

Colour = tuple[float, float, float, float]


def rgba(text: str) -> Colour:
    """Return "RRGGBB" as red, green, blue and alpha, each 0–1."""
    red, green, blue = (int(text[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return red, green, blue, 1.0


def luminance(colour: tuple[float, ...]) -> float:
    """Return the relative luminance, 0–1, of a colour given as red, green, blue, each 0–1 sRGB (WCAG 2.1)."""
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Return the contrast ratio of two colours, 1–21 (WCAG 2.1)."""
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@dataclass(frozen=True)
class Look:
    """How everything looks now.

    Attributes:
        theme: One of `THEMES`.
        scale: Factor of every text size, one of `TEXT_SCALES`.
        font: Name of the registered font that the language needs.
    """

    theme: str = DEFAULT_THEME
    scale: float = 1.0
    font: str = DEFAULT_FONT

    def colour(self, name: str) -> Colour:
        """Return a colour of the theme by what it is for."""
        return rgba(THEMES[self.theme][name])

    def text_size(self, role: str) -> float:
        """Return a text size in sp."""
        return TEXT_SIZES[role] * self.scale
