"""Keyboard and switch control: Tab or the arrows move a visible frame from button to button, Enter or Space presses.

A switch that sends Tab and one that sends Enter are enough for everything; F10 asks for the PIN of a kiosk.
"""

from typing import TYPE_CHECKING, Any

from kivy.uix.scrollview import ScrollView

from .widgets import Field, Tap

if TYPE_CHECKING:
    from .app import EdgeFashionApp

TAB, ENTER, KEYPAD_ENTER, SPACE, ESCAPE = 9, 13, 271, 32, 27
UP, DOWN, RIGHT, LEFT = 273, 274, 275, 276
F10, F11 = 291, 292


class Keyboard:
    """Keeps the frame on one button of what is on top."""

    def __init__(self, app: "EdgeFashionApp") -> None:
        """Args: app, whose buttons are meant."""
        self._app = app
        self._focused: Tap | Field | None = None

    def pressed(self, window: Any, key: int, _scancode: int, _text: str | None, modifiers: list[str]) -> bool:
        """Answer a key; True if it was one of ours. The one that wakes a kiosk does nothing else."""
        if self._app.kiosk.wake():
            return True
        if key in (TAB, DOWN, RIGHT) and "shift" not in modifiers:
            return self.move(1)
        if key in (TAB, UP, LEFT):
            return self.move(-1)
        if key in (ENTER, KEYPAD_ENTER, SPACE):
            return self.press()
        if key == ESCAPE:
            self._app.back()
            return True
        if key == F10 and self._app.kiosk.on:
            self._app.open_page("pin")
            return True
        if key == F11 and not self._app.kiosk.on:
            window.toggle_fullscreen()
            return True
        return False

    def press(self) -> bool:
        """Press the button that the frame is on; False if it is on none, or somebody is writing in a field."""
        stops = self.stops()
        writing = any(isinstance(stop, Field) and stop.focus for stop in stops)
        if writing or self._focused not in stops or not isinstance(self._focused, Tap):
            return False
        self._focused.trigger_action(0)
        return True

    def move(self, step: int) -> bool:
        """Put the frame on the next button or field, or with -1 on the one before."""
        stops = self.stops()
        if not stops:
            return False
        for stop in stops:
            if isinstance(stop, Field) and stop.focus and stop is not self._focused:  # a finger has put it there
                self._mark(False)
                self._focused = stop
        first = 0 if step > 0 else -1
        index = (stops.index(self._focused) + step) % len(stops) if self._focused in stops else first
        self._mark(False)
        self._focused = stops[index]
        self._mark(True)
        for parent in self._parents(self._focused):
            if isinstance(parent, ScrollView):
                parent.scroll_to(self._focused, animate=False)
        return True

    def _mark(self, on: bool) -> None:
        """Show the frame, or take it away; a field is written in as long as it is marked."""
        if isinstance(self._focused, Tap):
            self._focused.focused = on
        elif self._focused is not None:
            self._focused.focus = on

    def stops(self) -> list[Tap | Field]:
        """The buttons and fields of what is on top, from the upper left to the lower right, then the message's."""
        places = (self._app.top_screen, self._app.messages.shown)
        parts = (widget for place in places if place is not None for widget in place.walk(restrict=True))
        return [part for part in parts if isinstance(part, Tap | Field) and not part.disabled]

    @staticmethod
    def _parents(widget: Any) -> Any:
        while widget.parent is not None and widget.parent is not widget:
            widget = widget.parent
            yield widget
