"""The kiosk: it invites again when nobody is there, the waking touch does nothing else, and only the PIN leads out."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgefashion.store.store import Store


def test_idle_counts_from_the_last_touch(window: None) -> None:
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
    driver.app.kiosk.idle.seconds = 0
    driver.until(lambda: driver.app.kiosk.inviting, "the attract screen")
    driver.app.kiosk.idle.seconds = 3600
    assert driver.app.page == ""
    assert driver.app.session.frozen is None
    assert "What are you wearing?" in driver.words()
    driver.answered()
    driver.tap("freeze")
    assert not driver.app.kiosk.inviting
    assert len(store.scans()) == 1, "the touch that wakes must not press what lies below"
    driver.answered()
    driver.tap("freeze")
    assert len(store.scans()) == 2


def test_the_waking_key_is_swallowed_too(drive: Callable[..., Any], store: Store) -> None:
    from edgefashion_app.keyboard import ENTER, TAB

    driver = drive(kiosk=True, idle_seconds=3600)
    driver.answered()
    while not driver.find("freeze").focused:
        driver.key(TAB)
    driver.app.kiosk.begin_anew()
    driver.answered()
    driver.key(ENTER)
    driver.frames(2)
    assert not driver.app.kiosk.inviting
    assert not store.scans()
    driver.key(ENTER)
    driver.frames(2)
    assert len(store.scans()) == 1


def test_the_corner_must_be_held(drive: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from edgefashion_app import kiosk

    monkeypatch.setattr(kiosk, "HOLD_SECONDS", 0.3)
    driver = drive(source=None, kiosk=True, idle_seconds=3600)
    middle, corner = (driver.window.width / 2, 300), (driver.window.width - 5, driver.window.height - 5)
    for place, held in ((corner, False), (middle, True)):
        touch = driver.touch_down(*place)
        if not held:
            touch.touch_up()
        end = time.monotonic() + 0.5
        driver.until(lambda end=end: time.monotonic() > end, "half a second")
        driver.frames(1)
        if held:
            touch.touch_up()
        assert driver.app.page == "", (place, held)
    touch = driver.touch_down(*corner)
    driver.until(lambda: driver.app.page == "pin", "the page that asks for the PIN")
    touch.touch_up()


def test_a_kiosk_is_left_by_the_keyboard_alone_and_a_window_has_no_pin(drive: Callable[..., Any], store: Store) -> None:
    from edgefashion_app.keyboard import F10

    store.set_setting("pin", "7")
    driver = drive(source=None, kiosk=True, idle_seconds=3600)
    driver.key(F10)
    press(driver, "key 8")
    press(driver, "leave")
    assert driver.app.kiosk.on
    press(driver, "key 7")
    press(driver, "leave")
    assert not driver.app.kiosk.on
    driver.app.back()
    driver.key(F10)
    assert driver.app.page == ""


def press(driver: Any, value: str) -> None:
    """Go to a button with Tab and press it with Enter."""
    from edgefashion_app.keyboard import ENTER, TAB

    for _ in range(99):
        if driver.find(value).focused:
            break
        driver.key(TAB)
    driver.key(ENTER)
    driver.frames(2)


def test_the_screen_never_sleeps(drive: Callable[..., Any]) -> None:
    assert drive(source=None, kiosk=True).window.allow_screensaver is False


def test_only_the_pin_leads_out(drive: Callable[..., Any], store: Store) -> None:
    store.set_setting("pin", "42")
    driver = drive(source=None, kiosk=True, idle_seconds=3600)
    driver.app.open_page("pin")
    driver.frames(2)
    for keys, kiosk in (("41", True), ("42", False)):
        for key in keys:
            driver.tap(f"key {key}")
        driver.tap("leave")
        assert driver.app.kiosk.on is kiosk
    assert driver.app.page == "settings"


@pytest.mark.parametrize("button", ["history", "stock", "import", "settings"])
def test_what_is_the_staffs_asks_for_the_pin(drive: Callable[..., Any], store: Store, button: str) -> None:
    store.set_setting("pin", "42")
    driver = drive(source=None, kiosk=True, idle_seconds=3600)
    for keys, page in (("41", "pin"), ("42", button)):
        driver.app.back()
        driver.tap(button)
        assert driver.app.page == "pin"
        for key in keys:
            driver.tap(f"key {key}")
        driver.tap("leave")
        assert driver.app.page == page
        assert driver.app.kiosk.on
    driver.app.back()
    press(driver, button)
    assert driver.app.page == "pin", "whoever comes next gives it too"


def test_nobody_changes_the_pin_without_it(drive: Callable[..., Any], store: Store) -> None:
    """No page leads to one of the staff's but by the PIN, and the next passer-by finds the door shut."""
    from edgefashion_app.kiosk import STAFF_PAGES

    store.set_setting("pin", "42")
    driver = drive(kiosk=True, idle_seconds=3600)
    driver.answered()
    driver.tap("freeze")
    scan = driver.app.session.scan
    for name in STAFF_PAGES:
        driver.app.open_page(name, **({"scan": scan} if name == "scan" else {}))
        assert driver.app.page == "pin", name
    driver.frames(2)
    driver.tap("key 4")
    driver.tap("key 2")
    driver.tap("leave")
    assert driver.app.page == STAFF_PAGES[-1]
    driver.app.open_page("settings")
    assert driver.app.page == "settings", "one PIN opens all of them"
    driver.app.kiosk.begin_anew()
    driver.app.kiosk.wake()
    driver.app.open_page("settings")
    assert driver.app.page == "pin"


def test_without_a_pin_a_kiosk_guards_nothing(drive: Callable[..., Any]) -> None:
    driver = drive(source=None, kiosk=True, idle_seconds=3600)
    driver.tap("settings")
    assert driver.app.page == "settings"


def test_the_settings_begin_and_end_a_kiosk(drive: Callable[..., Any], store: Store) -> None:
    driver = drive(source=None, idle_seconds=3600)
    app, window = driver.app, driver.window
    app.open_page("settings")
    driver.frames(2)
    driver.find("kiosk True").dispatch("on_release")
    assert not app.kiosk.on, "without a PIN nothing would keep people in"
    assert "Choose a PIN first" in app.messages.text
    assert driver.find("kiosk False").chosen
    store.set_setting("pin", "42")
    driver.find("kiosk True").dispatch("on_release")
    driver.frames(2)
    assert (app.kiosk.on, app.page, window.fullscreen, window.show_cursor) == (True, "", "auto", False)
    assert (window.borderless, window.allow_vkeyboard, window.docked_vkeyboard) == (True, True, True)
    assert "press F10" in app.messages.text
    app.kiosk.begin_anew()
    assert app.kiosk.inviting
    app.kiosk.wake()
    driver.tap("settings")
    assert app.page == "pin", "who began it needs the PIN too"
    for value in ("key 4", "key 2", "leave"):
        driver.tap(value)
    driver.frames(2)
    assert driver.find("kiosk True").chosen
    driver.find("kiosk False").dispatch("on_release")
    driver.frames(2)
    assert (app.kiosk.on, app.page, window.fullscreen, window.show_cursor) == (False, "settings", False, True)
    assert (window.borderless, window.allow_vkeyboard, window.docked_vkeyboard) == (False, False, False)
    assert store.setting("kiosk", True) is False


def test_a_kiosk_of_the_settings_goes_on_after_a_restart_until_the_pin_is_given(
    drive: Callable[..., Any], store: Store
) -> None:
    store.set_setting("kiosk", True)
    driver = drive(source=None, idle_seconds=3600)
    assert not driver.app.kiosk.on, "no PIN, no kiosk"
    driver.close()
    store.set_setting("pin", "4")
    driver = drive(source=None, idle_seconds=3600)
    assert (driver.app.kiosk.on, driver.window.fullscreen, driver.window.allow_vkeyboard) == (True, "auto", True)
    assert "press F10" in driver.app.messages.text
    driver.app.open_page("pin")
    driver.frames(2)
    driver.tap("key 4")
    driver.tap("leave")
    assert (driver.app.kiosk.on, driver.window.fullscreen) == (False, False)
    assert store.setting("kiosk", True) is False


def test_a_kiosk_of_the_settings_is_started_at_every_login_until_it_is_left(
    drive: Callable[..., Any], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    store.set_setting("pin", "42")
    for command in ((), ("/bin/app", "--source", "usb:0")):
        driver = drive(source=None, idle_seconds=3600, command=command)
        store.set_setting("kiosk", True)
        driver.app.kiosk.use_setting()
        asked = tmp_path / "autostart" / "edgefashion-kiosk.desktop"
        assert asked.exists() is bool(command), "under systemd nobody else need start it"
        if command:
            assert 'Exec="/bin/app" "--source" "usb:0"\n' in asked.read_text()
        driver.app.kiosk.leave()
        assert not asked.exists()
        driver.close()


def test_a_desktop_runs_what_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that need quoting, understood by GLib as by any desktop."""
    from edgefashion_app import autostart

    if shutil.which("gio") is None:
        pytest.skip("no gio, which runs a desktop's files")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "my $HOME\\new"
    folder.mkdir()
    monkeypatch.chdir(folder)
    words = ["a b", 'say "hi"', "100 %u", "$HOME", "`id`", "back\\slash", "Größe"]
    told = folder / "told"
    program = "import json, os, sys; open('part', 'w').write(json.dumps(sys.argv[1:])); os.rename('part', 'told')"
    autostart.ask((sys.executable, "-c", program, *words))
    subprocess.run(["gio", "launch", tmp_path / "autostart" / autostart.FILE_NAME], check=True, timeout=60)
    end = time.monotonic() + 60
    while not told.exists():
        assert time.monotonic() < end, "it was not run, or not there"
        time.sleep(0.05)
    assert json.loads(told.read_text()) == words
    autostart.withdraw()
    autostart.withdraw()
    assert not list((tmp_path / "autostart").iterdir())


def test_a_phone_offers_no_kiosk(drive: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    driver = drive(source=None)
    monkeypatch.setattr("edgefashion_app.screens.settings.on_android", lambda: True)
    driver.app.open_page("settings")
    driver.frames(2)
    assert "kiosk True" not in [getattr(widget, "value", "") for widget in driver.app.top_screen.walk(restrict=True)]


def test_guessing_is_slow(window: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgefashion_app.screens import pin

    now = [0.0]
    monkeypatch.setattr(pin, "monotonic", lambda: now[0])
    guard = pin.Guard()
    assert guard.check("", "")
    assert not any(guard.check(f"{number}", "1234") for number in range(pin.TRIES))
    assert not guard.check("1234", "1234"), "closed for a while"
    now[0] = pin.PAUSE_SECONDS
    assert guard.check("1234", "1234")


def test_f1_does_not_open_the_toolkits_own_settings(drive: Callable[..., Any]) -> None:
    from kivy.uix.settings import Settings

    driver = drive(kiosk=True, idle_seconds=3600)
    driver.answered()
    driver.window.dispatch("on_keyboard", 282, 0, None, [])
    driver.frames(2)
    assert not [widget for child in driver.window.children for widget in child.walk() if isinstance(widget, Settings)]
    driver.tap("freeze")
    assert driver.app.session.frozen is not None
