"""Keyboard and switch control: Tab or the arrows move a visible frame from button to button, Enter or Space presses.

A switch that sends Tab and one that sends Enter are enough for everything.
"""

from typing import TYPE_CHECKING, Any

from kivy.uix.scrollview import ScrollView

from .widgets import Tap

if TYPE_CHECKING:
    from .app import EdgeFashionApp

TAB, ENTER, KEYPAD_ENTER, SPACE, ESCAPE = 9, 13, 271, 32, 27
UP, DOWN, RIGHT, LEFT = 273, 274, 275, 276
F11 = 292


class Keyboard:
    """Keeps the frame on one button of what is on top."""

    def __init__(self, app: "EdgeFashionApp") -> None:
        """Args: app, whose buttons are meant."""
        self._app = app
        self._focused: Tap | None = None

    def pressed(self, window: Any, key: int, _scancode: int, _text: str | None, modifiers: list[str]) -> bool:
        """Answer a key; True if it was one of ours."""
        self._app.idle.touch()
        if key in (TAB, DOWN, RIGHT) and "shift" not in modifiers:
            return self.move(1)
        if key in (TAB, UP, LEFT):
            return self.move(-1)
        if key in (ENTER, KEYPAD_ENTER, SPACE) and self._focused is not None:
            self._focused.trigger_action(0)
            return True
        if key == ESCAPE:
            self._app.back()
            return True
        if key == F11 and not self._app.kiosk:
            window.toggle_fullscreen()
            return True
        return False

    def move(self, step: int) -> bool:
        """Put the frame on the next button, or with -1 on the one before."""
        taps = self.taps()
        if not taps:
            return False
        first = 0 if step > 0 else -1
        index = (taps.index(self._focused) + step) % len(taps) if self._focused in taps else first
        if self._focused is not None:
            self._focused.focused = False
        self._focused = taps[index]
        self._focused.focused = True
        for parent in self._parents(self._focused):
            if isinstance(parent, ScrollView):
                parent.scroll_to(self._focused, animate=False)
        return True

    def taps(self) -> list[Tap]:
        """The buttons of what is on top, from the upper left to the lower right."""
        top = self._app.top_screen
        return [widget for widget in top.walk(restrict=True) if isinstance(widget, Tap) and not widget.disabled]

    @staticmethod
    def _parents(widget: Any) -> Any:
        while widget.parent is not None and widget.parent is not widget:
            widget = widget.parent
            yield widget
