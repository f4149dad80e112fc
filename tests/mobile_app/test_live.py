"""The live screen: the picture is right, the answer comes, and every button does what it says."""

import socket
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgefashion.store.store import Store

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 60), (40, 60, 220), (240, 240, 240)


def quarters(width: int = 320, height: int = 240) -> np.ndarray:
    """An asymmetric frame: red, green above; blue, white below. uint8 (height, width, 4) RGBA."""
    pixels = np.full((height, width, 4), 255, np.uint8)
    for (row, column), colour in zip(((0, 0), (0, 1), (1, 0), (1, 1)), (RED, GREEN, BLUE, WHITE), strict=True):
        pixels[row * height // 2 :, column * width // 2 :, :3] = colour
    pixels[height // 2 :, : width // 2, :3] = BLUE
    return pixels


def test_a_frame_is_on_the_screen_the_right_way_up_and_in_its_colours(drive: Callable[..., Any]) -> None:
    from edgefashion.camera.frame import Frame
    from edgefashion.runtime.prediction import Prediction
    from edgefashion_app.session import Frozen

    driver = drive(source=None)
    picture = driver.app.live.picture
    hat = Prediction((("hat", 1.0),), "headwear", True)
    driver.app.session.frozen = Frozen(Frame(quarters(), 1, 0.0), hat, True)
    driver.app.live.refresh()
    driver.frames(2)
    shown = driver.screenshot()
    left, right = int(picture.width * 0.25), int(picture.width * 0.75)
    for (x, y), colour in zip(
        ((left, 120), (right, 120), (left, 400), (right, 400)), (RED, GREEN, BLUE, WHITE), strict=True
    ):
        assert np.abs(shown[y, x, :3].astype(int) - colour).max() <= 3, (x, y, shown[y, x], colour)


@pytest.mark.parametrize("size", [(800, 480), (360, 640)])
def test_the_marks_lie_around_the_garment_that_is_told(drive: Callable[..., Any], size: tuple[int, int]) -> None:
    """A frame whose lower right quarter is white, said to be the garment: wide or tall, cut off or not."""
    from edgefashion.camera.frame import Frame
    from edgefashion.runtime.prediction import Prediction
    from edgefashion_app.session import Frozen

    driver = drive(size=size, source=None)
    driver.until(lambda: driver.app.session.classifier is not None, "the model")
    picture, session = driver.app.live.picture, driver.app.session
    hat = Prediction((("hat", 1.0),), "headwear", True, box=(0.55, 0.55, 0.95, 0.95))
    session.frozen = Frozen(Frame(quarters(), 1, 0.0), hat, True)
    driver.app.live.refresh()
    driver.frames(3)
    left, bottom, right, top = picture.marked
    assert picture.x <= left < right <= picture.right
    assert picture.y <= bottom < top <= picture.top
    shown = driver.screenshot()
    for x, y in ((left + 12, bottom + 12), (right - 12, top - 12), ((left + right) / 2, (bottom + top) / 2)):
        seen = shown[size[1] - 1 - int(y), int(x), :3].astype(int)
        assert np.abs(seen - WHITE).max() <= 3, (x, y, seen)
    lines = shown[size[1] - 1 - int(top) - 1 : size[1] - int(top) + 2, int(right) - 8, :3].astype(int)
    assert (np.abs(lines - WHITE).max(axis=1) > 40).any(), "the upper right mark is drawn"

    session.frozen = Frozen(Frame(quarters(), 1, 0.0), hat, False)
    driver.app.live.refresh()
    assert picture.box is None, "not sure: nothing is said to be the garment"
    assert (picture.marked[0] + picture.marked[2]) / 2 == pytest.approx(picture.center_x)


def test_live_marks_go_around_the_garment_and_back_to_the_middle(drive: Callable[..., Any]) -> None:
    driver = drive(model="garment-base")
    picture = driver.app.live.picture
    assert picture.box is None
    driver.until(lambda: driver.app.session.state.state == "sure", "a sure answer")
    left, bottom, right, top = driver.app.session.state.prediction.box
    assert picture.box == (left, bottom, right, top)
    driver.app.session.use_source(None)
    driver.app.live.refresh()
    assert picture.box is None


def test_a_live_frame_is_looked_at_once_and_an_opened_picture_again_where_unsure(
    drive: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgefashion import Classifier, Prediction
    from edgefashion.camera.frame import Frame

    classify, asked = Classifier.classify, []

    def noted(self: Classifier, image: object, once: bool = False) -> Prediction:
        asked.append(once)
        return classify(self, image, once)

    monkeypatch.setattr(Classifier, "classify", noted)
    driver = drive()
    driver.until(lambda: len(asked) > 1, "two answers")
    driver.app.session.use_source(None)
    assert all(asked)
    driver.app.session.look_at(Frame(quarters(), 1, 0.0))
    assert not asked[-1]


def test_a_frame_of_another_shape_is_refused(drive: Callable[..., Any]) -> None:
    from edgefashion.camera.frame import Frame

    driver = drive(source=None)
    with pytest.raises(ValueError, match="uint8"):
        driver.app.live.picture.show(Frame(np.zeros((4, 4, 3), np.uint8), 1, 0.0))


def test_freeze_correct_undo_count(drive: Callable[..., Any], store: Store) -> None:
    driver = drive()
    driver.answered()
    driver.tap("freeze")
    (scan,) = store.scans()
    assert scan.thumbnail[:3] == b"\xff\xd8\xff"
    assert "Saved" in driver.app.messages.text

    driver.tap("fix")  # the first of two taps
    assert driver.app.root.children[0] is driver.app.messages.shown, "the message stays on top of the page"
    other = scan.ranking[1][0]
    driver.tap(f"type {other}")
    assert driver.app.page == ""
    assert store.scan(scan.id).final["type"] == other
    assert other in driver.app.live.card.type.text
    assert "corrected by you" in driver.words()

    driver.tap("undo")
    assert not store.scan(scan.id).corrected
    driver.tap("count")
    assert [stock.count for stock in store.counts()] == [1]
    assert driver.app.session.frozen is None
    assert len(store.scans()) == 1, "counting a frozen scan stores it once"


def test_the_undo_of_a_count_takes_the_scan_back_too(drive: Callable[..., Any], store: Store) -> None:
    driver = drive()
    driver.answered()
    driver.tap("count")
    assert len(store.scans()) == 1
    driver.tap("undo")
    assert not store.scans()
    assert sum(stock.count for stock in store.counts()) == 0


def test_the_frozen_picture_is_the_one_that_was_answered(drive: Callable[..., Any]) -> None:
    driver = drive()
    driver.answered()
    driver.tap("freeze")
    frozen = driver.app.session.frozen
    assert driver.app.session.classifier.classify(frozen.frame.rgb()).type == frozen.prediction.type


def test_no_camera_says_why_and_a_dropped_picture_is_answered(drive: Callable[..., Any], garments: Any) -> None:
    driver = drive(source=None)
    driver.frames(2)
    assert "No camera is chosen" in driver.app.live.picture.notice.text
    driver.window.dispatch("on_drop_file", bytes(garments / "a.png"), 10, 10)
    driver.imported()
    assert driver.app.session.frozen is not None
    driver.window.dispatch("on_drop_file", b"/nowhere/at all.png", 10, 10)
    driver.imported()
    assert "at all.png is not there" in driver.app.messages.text


def test_an_unknown_camera_and_a_damaged_model_are_said_in_words(drive: Callable[..., Any], tmp_path: Any) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model")
    driver = drive(source="tv:1", model=str(broken))
    assert "tv:1" in driver.app.session.problem
    assert driver.app.session.classifier.card.name == "garment-base"
    assert "broken.tflite" in driver.app.messages.text


def test_the_keyboard_alone_is_enough(drive: Callable[..., Any], store: Store) -> None:
    from edgefashion_app.keyboard import ENTER, ESCAPE, TAB

    driver = drive()
    driver.answered()
    while not driver.find("freeze").focused:
        driver.key(TAB)
    driver.key(ENTER)
    driver.frames(2)
    assert len(store.scans()) == 1
    driver.app.open_page("stock")
    driver.key(ESCAPE)
    assert driver.app.page == ""


def test_the_keyboard_reaches_undo_and_fields_and_presses_nothing_that_is_gone(
    drive: Callable[..., Any], store: Store
) -> None:
    from edgefashion_app.keyboard import DOWN, ENTER, SPACE, TAB

    driver = drive()
    driver.answered()
    while not driver.find("freeze").focused:
        driver.key(TAB)
    driver.key(ENTER)
    driver.frames(2)
    while not driver.find("undo").focused:
        driver.key(TAB)
    driver.key(ENTER)
    driver.frames(2)
    assert not store.scans()

    while not driver.find("history").focused:
        driver.key(TAB)
    driver.key(ENTER)
    driver.frames(2)
    page = driver.app.top_screen
    driver.key(ENTER)
    driver.frames(2)
    assert driver.app.top_screen is page, "the button that led here is gone"
    for _ in range(9):
        if page.field.focus:
            break
        driver.key(TAB)
    assert page.field.focus
    driver.key(DOWN)
    assert not page.field.focus
    assert driver.find("filter corrected").focused
    page.field.focus = True  # as a finger does
    driver.key(SPACE)
    assert not driver.find("filter corrected").chosen, "a blank in the search presses nothing"
    driver.key(TAB)
    assert driver.find("filter corrected").focused
    assert not page.field.focus


def test_nothing_opens_a_socket(drive: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    driver = drive()
    driver.answered()
    for page in ("history", "stock", "settings", "import", "health"):
        driver.app.open_page(page)
        driver.frames(1)
    worker = driver.app.session.worker
    assert worker is not None
    assert worker.last_error is None
