"""Can it be read and hit? Contrast (WCAG 2.1, 4.5), targets of 64 dp, text of 18 sp, at every size in every theme."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgefashion.store.store import Store

LEAST_CONTRAST = 4.5
SIZES = ((800, 480), (1280, 720), (1920, 1080), (480, 800), (360, 640))
THEMES = ("dark", "light", "high contrast")


@pytest.mark.parametrize("theme", THEMES)
def test_the_colours_of_the_table_can_be_read(theme: str) -> None:
    from edgefashion_app.theme import THEMES as TABLE
    from edgefashion_app.theme import Look, contrast

    assert set(TABLE) == set(THEMES)
    look = Look(theme)
    pairs = [(t, g) for t in ("text", "muted", "good", "warn", "danger") for g in ("ground", "panel")]
    for front, back in [*pairs, ("text", "raised"), ("muted", "raised"), ("on_accent", "accent")]:
        ratio = contrast(look.colour(front), look.colour(back))
        assert ratio >= LEAST_CONTRAST, f"{front} on {back}: {ratio:.1f}"


def test_contrast_is_that_of_the_standard() -> None:
    from edgefashion_app.theme import contrast, rgba

    assert contrast(rgba("000000"), rgba("FFFFFF")) == pytest.approx(21)
    assert contrast(rgba("777777"), rgba("FFFFFF")) == pytest.approx(4.48, abs=0.01)


def labels(driver: Any) -> list[Any]:
    """Texts that can be seen: on the top screen, whole inside the window, not of a disabled button."""
    found = []
    for widget in driver.app.top_screen.walk(restrict=True):
        if not hasattr(widget, "tone") or not getattr(widget, "text", "").strip():
            continue
        x, y = widget.to_window(widget.x, widget.y)
        inside = x >= 0 and y >= 0 and x + widget.width <= driver.window.width
        faded = getattr(widget.parent, "disabled", False)
        if inside and y + widget.height <= driver.window.height - 80 and not faded:
            found.append(widget)
    return found


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_on_the_screen_can_be_read(theme: str, drive: Callable[..., Any], store: Store) -> None:
    """The most common colour under each text against the text's own colour."""
    from edgefashion_app.theme import contrast

    store.set_setting("theme", theme)
    driver = drive()
    driver.answered()
    driver.tap("freeze")
    for page in ("", "settings"):
        if page:
            driver.app.open_page(page)
        driver.frames(3)
        picture = driver.screenshot()
        seen = labels(driver)
        assert seen
        for label in seen:
            x, y = (int(v) for v in label.to_window(label.x, label.y))
            top = picture.shape[0] - y - int(label.height)
            area = picture[max(0, top) : top + int(label.height), x : x + int(label.width), :3].reshape(-1, 3)
            ground = Counter(map(tuple, area[:: max(1, len(area) // 2000)].tolist())).most_common(1)[0][0]
            ratio = contrast(tuple(c / 255 for c in ground), label.color)
            assert ratio >= LEAST_CONTRAST, f"{page} '{label.text}': {ratio:.1f} on {ground}"


def test_targets_and_texts_are_large_enough_at_every_size(drive: Callable[..., Any]) -> None:
    from edgefashion_app.widgets import Tap

    driver = drive()
    driver.answered()
    driver.tap("freeze")
    scan = driver.app.session.scan
    for size in SIZES:
        driver.resize(size)
        for page, arguments in (("", {}), ("settings", {}), ("pin", {}), ("scan", {"scan": scan})):
            driver.app.back() if not page else driver.app.open_page(page, **arguments)
            driver.frames(3)
            for widget in driver.app.top_screen.walk(restrict=True):
                where = f"{size} {page} {getattr(widget, 'value', '')} {getattr(widget, 'text', '')}"
                if isinstance(widget, Tap):
                    assert min(widget.size) >= 64, where
                    x, _ = widget.to_window(widget.x, widget.y)
                    assert x >= 0, where
                    assert x + widget.width <= size[0] + 1, where
                if hasattr(widget, "font_size"):
                    assert widget.font_size >= 18, where
        card, picture = driver.app.live.card, driver.app.live.picture
        assert card.least_height <= card.height + 1, size
        assert picture.height >= 150, size
        assert not np.any(np.array([*card.pos, *picture.pos]) < 0), size


def test_a_rotated_screen_puts_the_card_below(drive: Callable[..., Any]) -> None:
    driver = drive(source=None)
    live = driver.app.live
    assert live.card.x > live.picture.x
    driver.resize((480, 800))
    assert live.card.top <= live.picture.y + 1
