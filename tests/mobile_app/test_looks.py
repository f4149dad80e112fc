"""How single screens look: the table of colours, the card at every size, long words; all screens: test_layout.py."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgefashion.camera.sources import open_source
from edgefashion.store.store import Store

LEAST_CONTRAST = 4.5
SIZES = ((800, 480), (1280, 720), (1920, 1080), (480, 800), (360, 640), (640, 360))
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


def test_card_and_picture_have_room_at_every_size(drive: Callable[..., Any]) -> None:
    driver = drive()
    driver.answered()
    driver.tap("freeze")
    for size in SIZES:
        driver.resize(size)
        driver.frames(3)
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


@pytest.mark.parametrize("size", [(640, 360), (760, 360), (915, 412)])
def test_a_phone_held_sideways_shows_chips_and_advice(size: tuple[int, int], drive: Callable[..., Any]) -> None:
    """Its height has room for icons alone on the buttons; a message that was there before the turn moves too."""
    from edgefashion.runtime.prediction import Attribute, Prediction
    from edgefashion_app.wording import answer_for

    driver = drive(source=None)
    driver.app.session.use_source(None, "")  # as if a camera were starting; without one the card would be small
    card, live = driver.app.live.card, driver.app.live
    sure = Prediction((("dress", 0.95), ("hat", 0.05)), "one-piece", True, {"pattern": Attribute("striped", 0.9)})
    driver.resize((360, 640))
    driver.app.say("Saved", undo=1)
    card.freeze.width = 64
    assert card.freeze._icon.opacity == 0, "beside its words there is no room for it"
    driver.resize(size)
    for prediction in (sure, Prediction((("hat", 0.3), ("dress", 0.2)), "headwear", False)):
        card.show(answer_for(prediction, prediction.sure), "", False, True)
        driver.frames(4)
        assert card.details.height >= 64
        assert card.top <= live.top
        assert [tap.text for tap in (card.freeze, card.fix)] == ["Freeze", "Fix"], (
            "what a screen reader would say stays"
        )
        taps = (card.freeze, card.fix, card.count, card.share)
        assert {tap.y for tap in taps} == {card.freeze.y}
        for tap in taps:
            assert tap._icon.opacity == 1
            assert abs(tap._icon.center_x - tap.center_x) <= 1
        (shown,) = card.details.children
        assert shown.height >= 64
        if prediction is not sure:
            assert shown.texture_size[1] <= shown.height + 1
    message = driver.app.messages.shown
    assert message.right <= card.x + 1
    driver.app.open_page("pin")
    driver.frames(3)
    for value in ("key 1", "key 6", "leave"):
        key = driver.find(value)
        assert key.y >= 0, value
        assert key.top <= size[1] - 64, value
    driver.app.back()
    driver.resize((800, 480))
    driver.frames(3)
    assert card.freeze.y > card.count.y
    assert card.freeze._words.parent is card.freeze
    assert card.bar.height > 0


@pytest.mark.parametrize("language", ["de", "fr", "th"])
def test_nothing_on_the_card_is_cut_in_long_languages_and_large_letters(
    language: str, drive: Callable[..., Any], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgefashion.runtime.prediction import Attribute, Prediction
    from edgefashion_app.widgets import Words
    from edgefashion_app.wording import answer_for

    store.set_setting("language", language)
    store.set_setting("text_scale", 1.3)
    driver = drive(source=None)
    driver.app.session.use_source(None, "")
    colours = Attribute.of_shares((("navy", 0.7), ("white", 0.2)))
    told = {"pattern": Attribute("camouflage", 0.9), "detail": Attribute("sleeveless", 0.9), "colours": colours}
    ranking = (("undershirt", 0.45), ("hat", 0.3))
    hoodie = Prediction((("hoodie", 0.95), ("hat", 0.05)), "tops", True, told)
    card = driver.app.live.card
    for prediction in (Prediction(ranking, "tops", False), hoodie):
        card.show(answer_for(prediction, prediction.sure), "4006381333931", True, True)
        for size in ((800, 480), (480, 800), (360, 640)):
            driver.resize(size)
            driver.frames(4)
            for words in card.walk(restrict=True):
                if not isinstance(words, Words) or words is card.code._words or words is card.category:
                    continue
                where = f"{language} {size} {words.text!r} {words.font_size} {words.texture_size} {words.size}"
                assert words.font_size >= 18, where
                assert not words.is_shortened, where
                assert words.texture_size[1] <= words.height + 1, where
                assert words._fits(words.font_size), f"{where}: a word is broken"
            assert card.details.y >= card.y + 2 * 64, "the buttons stay free"


@pytest.mark.parametrize("language", ["de", "fr", "th"])
def test_no_word_is_broken_in_a_message_or_in_the_stock(language: str, drive: Callable[..., Any], store: Store) -> None:
    from edgefashion_app.text import tr
    from edgefashion_app.widgets import Words

    store.set_setting("language", language)
    store.set_setting("text_scale", 1.3)
    store.count("dress", "pink", 1)
    store.count("hoodie", "multicolour", 12)
    store.set_target("dress", "pink", 3)
    driver = drive(source=None)
    driver.app.say(tr("Saved"), undo=1)
    for size in ((800, 480), (480, 800), (360, 640)):
        for page in ("live", "stock"):
            driver.app.back() if page == "live" else driver.app.open_page(page)
            driver.resize(size)
            driver.frames(6)
            message = driver.app.messages.shown
            seen = [message.words] if page == "live" else driver.app._page.walk(restrict=True)
            for words in seen:
                if isinstance(words, Words):
                    where = f"{language} {size} {page} {words.text!r} {words.font_size} {words.size}"
                    assert words.font_size >= 18, where
                    assert words._fits(words.font_size), f"{where}: broken or cut"
            assert message.undo.top <= message.top
            assert message.undo.right <= message.right


@pytest.mark.parametrize("theme", THEMES)
def test_an_icon_stands_in_the_middle_of_its_button_and_is_seen_while_disabled(
    theme: str, drive: Callable[..., Any], store: Store
) -> None:
    store.set_setting("theme", theme)
    driver = drive(source=None)
    driver.app.open_page("stock")
    driver.frames(3)
    picture = driver.screenshot()[:, :, :3].astype(int)
    for tap in (driver.app.top_screen.back, driver.find("undo stock")):
        left, top = int(tap.x), picture.shape[0] - int(tap.top)
        inner = picture[top + 12 : top + 52, left + 8 : left + 56]
        marked = np.abs(inner - inner[0, 0]).sum(axis=2).max(axis=0) > 60
        columns = np.flatnonzero(marked)
        assert len(columns) > 10, "there is something to see"
        assert abs((columns[0] + columns[-1]) / 2 - 23.5) <= 2, columns


def test_a_message_on_a_new_screen_is_placed_once_that_has_its_size(drive: Callable[..., Any]) -> None:
    driver = drive(source=None)
    driver.app.rebuild()
    driver.app.say("Saved")
    driver.frames(3)
    assert driver.app.messages.shown.width > 300


def test_without_a_camera_a_phone_has_more_room_to_say_why(drive: Callable[..., Any], garments: Any) -> None:
    driver = drive((360, 640), source=None)
    driver.frames(3)
    height = driver.app.live.picture.height
    driver.app.session.use_source(open_source(f"folder:{garments}"))
    driver.until(lambda: driver.app.live.picture.has_picture, "a picture")
    driver.frames(3)
    assert driver.app.live.picture.height < height - 50
    assert driver.app.live.card._buttons.cols == 2


def test_measured_colours_are_translated_and_lead_to_the_colour(drive: Callable[..., Any], store: Store) -> None:
    from edgefashion.camera.frame import Frame
    from edgefashion.runtime.prediction import Attribute, Prediction
    from edgefashion_app.session import Frozen

    store.set_setting("language", "de")
    driver = drive(source=None)
    colours = Attribute.of_shares((("navy", 0.7), ("white", 0.2)))
    hat = Prediction((("hat", 0.95), ("shoes", 0.05)), "headwear", True, {"colours": colours})
    driver.app.session.frozen = Frozen(Frame(np.full((60, 80, 4), 255, np.uint8), 1, 0.0), hat, True)
    driver.app.live.refresh()
    driver.frames(3)
    assert driver.find("chip colours").text == "dunkelblau 70 %, weiß 20 %"
    driver.tap("chip colours")
    assert driver.app.page == "correct"
    driver.tap("field type")
    driver.tap("type shoes")
    assert driver.find("chip colours").text == "dunkelblau 70 %, weiß 20 %", "measured, and still in German"
    driver.tap("chip colours")
    driver.tap("colour blue")
    assert store.scans()[0].final["colour"] == "blue"
    chips = [widget.text for widget in driver.app.live.walk() if getattr(widget, "value", "").startswith("chip ")]
    assert chips == ["blau"], "the person's word in place of the measured shares"


def test_a_title_has_the_main_colour_and_leaves_out_what_says_nothing(drive: Callable[..., Any]) -> None:
    from edgefashion.store.scan import Scan
    from edgefashion_app.screens.history import title_of
    from edgefashion_app.wording import corrected_answer

    drive(source=None)
    said = {"colours": "pink 78 %, purple 11 %", "pattern": "other", "detail": "short"}
    scan = Scan(1, "2026-11-22T01:17:51.123Z", "dress", "other", 0.9, True, (("dress", 0.9),), said, {}, "", "m 1", b"")
    assert title_of(scan) == "dress · pink · short sleeves"
    assert dict(corrected_answer(scan).attributes) == {"colours": "pink 78 %, purple 11 %", "detail": "short sleeves"}
    assert title_of(dataclasses.replace(scan, corrected={"colour": "red"})) == "dress · red · short sleeves"
