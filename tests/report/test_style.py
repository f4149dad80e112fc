"""The colours of the pages: text on its ground has the contrast that WCAG 2.2 asks for (1.4.3: 4.5), light and dark."""

import re
from pathlib import Path

import pytest

import edgefashion

STYLE = (Path(edgefashion.__file__).parent / "report" / "templates" / "style.css").read_text(encoding="utf-8")
PAIRS = [
    ("ink", "page"), ("ink", "card"), ("ink", "grid"), ("muted", "page"), ("muted", "card"), ("muted", "grid"),
    ("accent", "page"), ("accent", "card"), ("bad", "page"), ("bad", "card"), ("bad", "bad-soft"), ("note-ink", "note"),
    *((f"{kind}-{step}-ink", f"{kind}-{step}") for kind in ("right", "wrong") for step in range(1, 6)),
]  # fmt: skip


def variables(theme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", light if theme == "light" else dark))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_contrast(theme: str, pair: tuple[str, str]) -> None:
    found = variables(theme)
    text, ground = sorted((luminance(found[name]) for name in pair), reverse=True)
    assert (text + 0.05) / (ground + 0.05) >= 4.5


def test_both_themes_name_the_same_colours() -> None:
    assert set(variables("light")) == set(variables("dark"))


def test_spacing_comes_from_the_table() -> None:
    for value in re.findall(r"(?:margin|padding|gap)[a-z-]*: ([^;]+);", STYLE):
        for part in value.split():
            assert part in ("0", "auto", "1.2em", "-4px", "14mm") or part.startswith("var(--s"), value
