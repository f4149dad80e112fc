"""What the staff of a kiosk may do: a number pad for the PIN."""

from collections.abc import Callable
from hmac import compare_digest
from time import monotonic
from typing import TYPE_CHECKING, Any

from kivy.metrics import dp
from kivy.uix.gridlayout import GridLayout
from kivy.uix.widget import Widget

from ..text import tr
from ..theme import SPACES
from ..widgets import Page, Tap, Words

if TYPE_CHECKING:
    from ..app import EdgeFashionApp

KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "erase", "0", "leave")
KEY_WIDTH = 96
LOW = 440
"""Below this height, in dp, four rows of keys don't fit."""
MAX_DIGITS = 12
TRIES = 5
PAUSE_SECONDS = 60.0
"""After `TRIES` wrong PINs in a row the pad does nothing for this long."""


class Guard:
    """Checks PINs and slows down whoever guesses. Kept by the app, so that closing the page doesn't help."""

    def __init__(self) -> None:
        self._wrong = 0
        self._closed_until = 0.0

    def check(self, given: str, pin: str) -> bool:
        """Return whether the PIN is right and may be tried now; without a PIN everything is right."""
        if monotonic() < self._closed_until:
            return False
        if not pin or compare_digest(given.encode(), pin.encode()):
            self._wrong = 0
            return True
        self._wrong += 1
        if self._wrong >= TRIES:
            self._wrong, self._closed_until = 0, monotonic() + PAUSE_SECONDS
        return False


class PinPage(Page):
    """Asks for the PIN; the right one opens the settings and ends the kiosk, or does what was asked for."""

    def __init__(self, app: "EdgeFashionApp", then: Callable[[], None] | None = None, **properties: Any) -> None:
        """Args: app; then, what the right PIN is for, the kiosk goes on; None to leave it."""
        super().__init__(tr("For the staff") if then else tr("Leave the kiosk"), app.back, **properties)
        self._app = app
        self._then = then
        self._given = ""
        self.shown = Words(text=" ", role="title", halign="center")
        self.add_widget(self.shown)
        self._pad = pad = GridLayout(
            spacing=dp(SPACES["gap"]), size_hint=(None, None), pos_hint={"center_x": 0.5}, col_force_default=True
        )
        self.bind(size=self._place)
        self._place()
        for key in KEYS:
            if key == "erase":
                pad.add_widget(Tap(icon="back", on_tap=self._erase, value="erase"))
            elif key == "leave":
                pad.add_widget(Tap(icon="check", on_tap=self._leave, value="leave", chosen=True))
            else:
                pad.add_widget(Tap(key, on_tap=self._typer(key), value=f"key {key}"))
            pad.children[0].size_hint_x = 1  # as wide as its column, with an icon too
        self.add_widget(pad)
        self.add_widget(Widget())

    def _place(self, *_: object) -> None:
        """Three keys a row, six where the screen is low."""
        pad, gap = self._pad, dp(SPACES["gap"])
        pad.cols = 6 if self.height < dp(LOW) else 3
        width = min(dp(KEY_WIDTH), (self.width - dp(2 * SPACES["wide"]) + gap) / pad.cols - gap)
        rows = len(KEYS) // pad.cols
        pad.col_default_width = max(dp(SPACES["target"]), width)
        pad.size = pad.cols * (pad.col_default_width + gap) - gap, rows * (dp(SPACES["target"]) + gap) - gap

    def refresh(self) -> None:
        """Show how many digits were given."""
        self.shown.text = "•" * len(self._given) or " "

    def _typer(self, key: str) -> Any:
        def type_key() -> None:
            self._given = (self._given + key)[:MAX_DIGITS]
            self.refresh()

        return type_key

    def _erase(self) -> None:
        self._given = self._given[:-1]
        self.refresh()

    def _leave(self) -> None:
        if self._app.guard.check(self._given, self._app.store.setting("pin", "")):
            if self._then is None:
                self._app.kiosk.leave()
            else:
                self._app.kiosk.staff = True
                self._then()
        else:
            self._given = ""
            self.refresh()
            self._app.say(tr("This PIN is not right, or it was tried too often; wait a minute."))
