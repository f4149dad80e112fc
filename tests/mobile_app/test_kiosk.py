"""The kiosk: it invites again when nobody is there, the waking touch does nothing else, and only the PIN leads out."""

from collections.abc import Callable
from typing import Any

import pytest

from edgefashion.store.store import Store


def test_idle_counts_from_the_last_touch() -> None:
    from edgefashion_app.kiosk import Idle

    now = [100.0]
    idle = Idle(60, lambda: now[0])
    now[0] = 159.0
    assert not idle.due()
    idle.touch()
    now[0] = 218.0
    assert not idle.due()
    now[0] = 219.0
    assert idle.due()


def test_the_waking_touch_is_swallowed(drive: Callable[..., Any], store: Store) -> None:
    driver = drive(kiosk=True, idle_seconds=3600)
    driver.answered()
    driver.tap("freeze")
    assert len(store.scans()) == 1
    driver.app.open_page("history")
    driver.app.idle.seconds = 0
    driver.until(lambda: driver.app._attract is not None, "the attract screen")
    driver.app.idle.seconds = 3600
    assert driver.app.page == ""
    assert driver.app.session.frozen is None
    assert "What are you wearing?" in driver.words()
    driver.answered()
    driver.tap("freeze")
    assert driver.app._attract is None
    assert len(store.scans()) == 1, "the touch that wakes must not press what lies below"
    driver.answered()
    driver.tap("freeze")
    assert len(store.scans()) == 2


def test_only_the_pin_leads_out(drive: Callable[..., Any], store: Store) -> None:
    store.set_setting("pin", "42")
    driver = drive(source=None, kiosk=True, idle_seconds=3600)
    driver.app.open_page("pin")
    driver.frames(2)
    for keys, kiosk in (("41", True), ("42", False)):
        for key in keys:
            driver.tap(f"key {key}")
        driver.tap("leave")
        assert driver.app.kiosk is kiosk
    assert driver.app.page == "settings"


def test_guessing_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    from edgefashion_app.screens import pin

    now = [0.0]
    monkeypatch.setattr(pin, "monotonic", lambda: now[0])
    guard = pin.Guard()
    assert guard.check("", "")
    assert not any(guard.check(f"{number}", "1234") for number in range(pin.TRIES))
    assert not guard.check("1234", "1234"), "closed for a while"
    now[0] = pin.PAUSE_SECONDS
    assert guard.check("1234", "1234")
