"""Every screen, size and theme, in the longest language and in Thai: nothing is cut off, covered, small or pale."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from edgefashion.data.drawn import draw_garment
from edgefashion.runtime.prediction import Attribute, Prediction
from edgefashion.store.store import Store

SIZES = ((360, 640), (640, 360), (800, 480), (1280, 720), (1920, 1080))
DRAWN = (800, 480)
"""The size at which every theme is drawn; the others have the same colours, and drawing them takes minutes."""
THEMES = ("dark", "light", "high contrast")
LEAST_CONTRAST = 4.5
MAY_BE_SHORTENED = ("scan ", "up", "picture ", "folder ", "model ", "source ")
"""Buttons whose text is as long as what somebody typed or named."""
COLOURS = Attribute.of_shares((("multi", 0.6), ("purple", 0.4)))
TOLD = {"pattern": Attribute("camouflage", 0.9), "detail": Attribute("sleeveless", 0.9), "colours": COLOURS}
SURE = Prediction((("hoodie", 0.94), ("undershirt", 0.05), ("longsleeve", 0.01)), "tops", True, TOLD)
UNPLUGGED = "usb:0: no camera at /dev/video0; plug it in, or choose another source."
LONG_PROBLEM = "The disk that holds '/x/scans.db' is full or fails, so nothing was saved; free some space (x)."


def longest_language() -> str:
    """The language whose texts have the most letters."""
    from babel.messages.pofile import read_po

    from edgefashion_app.languages.language import FOLDER, LANGUAGES

    lengths = {}
    for code in LANGUAGES:
        with (FOLDER / f"{code}.po").open("rb") as stream:
            lengths[code] = sum(len(str(message.string)) for message in read_po(stream) if message.id)
    return max(lengths, key=lengths.__getitem__)


def screens(app: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    """The tour's screens, and the live one with a long message, without a camera, and not sure."""
    from edgefashion_app.tour import _visits

    yield from _visits(app)
    frozen, scan = app.session.frozen, app.session.scan
    yield "complaint", lambda: app.complain(LONG_PROBLEM)
    app.messages.hush()
    app.session.resume()
    app.session.use_source(None, UNPLUGGED)
    app.live.refresh()
    yield "no camera", app.live.tick
    app.session.frozen, app.session.scan = frozen, scan
    app.live.refresh()


Box = tuple[float, float, float, float]


def box(widget: Any) -> Box:
    """Left, lower, right, upper in the window, as far as the scrolling parts around it show it."""
    x, y = widget.to_window(widget.x, widget.y)
    left, lower, right, upper = x, y, x + widget.width, y + widget.height
    for parent in parents(widget):
        if hasattr(parent, "scroll_y"):
            x, y = parent.to_window(parent.x, parent.y)
            left, lower = max(left, x), max(lower, y)
            right, upper = min(right, x + parent.width), min(upper, y + parent.height)
    return left, lower, right, upper


def parents(widget: Any) -> Iterator[Any]:
    while widget.parent is not None and widget.parent is not widget:
        widget = widget.parent
        yield widget


def parts(app: Any) -> tuple[list[Any], list[Any]]:
    """Buttons, fields and texts that can be seen: of the message, and of the invitation or the top screen."""
    from edgefashion_app.widgets import Bar, Field, Icon, Tap, Words

    covered = app.kiosk._attract or app.top_screen
    taps, words = [], []
    for screen in (covered, app.messages.shown):
        for widget in screen.walk(restrict=True) if screen is not None else ():
            left, lower, right, upper = box(widget)
            if right - left < 2 or upper - lower < 2 or widget.opacity == 0:
                continue
            if any(parent.opacity == 0 for parent in parents(widget) if parent is not parent.parent):
                continue
            if isinstance(widget, Tap | Field):
                taps.append(widget)
            elif isinstance(widget, Words | Icon | Bar) and getattr(widget, "text", "x").strip():
                words.append(widget)
    return taps, words


def wrong(app: Any, size: tuple[int, int]) -> Iterator[str]:
    """What is cut off, too small, or covered, in words."""
    from edgefashion_app.widgets import Words

    taps, texts = parts(app)
    for tap in taps:
        if min(tap.size) < 64:
            yield f"{name(tap)} is a target of {tap.size}"
    for words in texts:
        if not isinstance(words, Words):
            continue
        tap = next((parent for parent in parents(words) if parent in taps), None)
        free = tap is not None and tap.value.startswith(MAY_BE_SHORTENED)
        free = free or words in (app.live.card.category, app.live.card.code._words)
        what = f"{words.text!r} at {words.font_size:.0f}"
        if words.font_size < 18:
            yield f"{what} is too small"
        if not free and (words.is_shortened or not words._fits(words.font_size)):
            yield f"{what} is shortened, or a word of it broken: {words.longest(words.font_size):.0f} in {words.size}"
        if words.texture_size[1] > words.height + 1 or words.texture_size[0] > words.width + 1:
            yield f"{what} is cut off: {words.texture_size} in {words.size}"
    seen = [
        (widget, box(widget)) for widget in (*taps, *(text for text in texts if not set(parents(text)) & set(taps)))
    ]
    for number, (one, (left, lower, right, upper)) in enumerate(seen):
        if left < 0 or lower < 0 or right > size[0] + 1 or upper > size[1] + 1:
            yield f"{name(one)} is outside: {left:.0f} {lower:.0f} {right:.0f} {upper:.0f}"
        for other, (x, y, far, top) in seen[number + 1 :]:
            message = app.messages.shown
            if message is not None and (message in parents(one)) != (message in parents(other)):
                continue  # it may lie on a page, for a few seconds
            if min(right, far) - max(left, x) > 1 and min(upper, top) - max(lower, y) > 1:
                yield f"{name(one)} and {name(other)} lie on each other"


def settle() -> None:
    """Let everything find its place, without drawing it, which would take most of the time."""
    from kivy.clock import Clock
    from kivy.lang import Builder

    for _ in range(4):
        Clock.tick()
        Builder.sync()
        Clock.tick_draw()
        Builder.sync()


def name(widget: Any) -> str:
    return f"{type(widget).__name__} {getattr(widget, 'value', '')} {getattr(widget, 'text', '')}"


def pale(driver: Any) -> Iterator[str]:
    """Texts whose colour has too little contrast with the most common colour under them."""
    from edgefashion_app.theme import contrast
    from edgefashion_app.widgets import Bar

    picture = driver.screenshot()[:, :, :3].astype(np.uint32)
    codes = (picture[:, :, 0] << 16) | (picture[:, :, 1] << 8) | picture[:, :, 2]
    shown = driver.app.messages.shown
    for text in parts(driver.app)[1]:
        faded = any(getattr(parent, "disabled", False) for parent in parents(text))
        under = shown is not None and shown not in parents(text)
        if isinstance(text, Bar) or faded or under:
            continue
        left, lower, right, upper = (round(side) for side in box(text))
        found, counts = np.unique(
            codes[codes.shape[0] - upper : codes.shape[0] - lower, left:right], return_counts=True
        )
        code = int(found[counts.argmax()])
        ground = (code >> 16, code >> 8 & 255, code & 255)
        ratio = contrast(tuple(c / 255 for c in ground), text.color)
        if ratio < LEAST_CONTRAST:
            yield f"{name(text)}: contrast {ratio:.1f} on {ground}"


@pytest.fixture
def furnished(drive: Callable[..., Any], store: Store) -> Callable[[str], Any]:
    """Starts the app in a language, with a frozen garment of long names, a history and a stock."""
    from edgefashion.camera.frame import Frame
    from edgefashion.camera.orientation import Orientation
    from edgefashion_app.session import Frozen, thumbnail

    def start(language: str) -> Any:
        store.set_setting("language", language)
        drawn = draw_garment("hoodie", 3, (640, 480), colour="red", ground="sheet").convert("RGB")
        frame = Frame(Orientation().apply(np.asarray(drawn)), 1, 0.0)
        for _ in range(2):
            moment = datetime(2026, 11, 22, 9, tzinfo=UTC)
            scan = store.add(SURE, thumbnail(frame), "garment-base 0.3.0", "4006381333931", at=moment)
        store.correct(scan.id, type="undershirt")
        for kind, number in (("hoodie", 12), ("longsleeve", 3)):
            store.count(kind, "multi", number)
            store.set_target(kind, "multi", 14)
        driver = drive(SIZES[0], source=None, kiosk=True, idle_seconds=3600)
        driver.app.session.frozen, driver.app.session.scan = Frozen(frame, SURE, True, "4006381333931"), store.scan(1)
        driver.app.live.refresh()
        return driver

    return start


@pytest.mark.parametrize("scale", [1.0, 1.3])
@pytest.mark.parametrize("language", ["longest", "th"])
def test_nothing_is_cut_off_or_covered_on_any_screen(
    language: str, scale: float, furnished: Callable[[str], Any], store: Store
) -> None:
    store.set_setting("text_scale", scale)
    driver = furnished(longest_language() if language == "longest" else language)
    found = []
    for size in SIZES if scale == 1.0 else SIZES[:3]:  # large letters have room on large screens
        driver.resize(size)
        for screen, visit in screens(driver.app):
            visit()
            settle()
            found += [f"{size} {screen}: {what}" for what in wrong(driver.app, size)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_on_every_screen_can_be_read(theme: str, furnished: Callable[[str], Any], store: Store) -> None:
    store.set_setting("theme", theme)
    driver = furnished(longest_language())
    found = []
    driver.resize(DRAWN)
    for screen, visit in screens(driver.app):
        visit()
        settle()
        found += [f"{screen}: {what}" for what in pale(driver)]
    assert not found, "\n".join(found)
