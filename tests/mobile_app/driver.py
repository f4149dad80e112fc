"""Touches and keys for an app that runs frame by frame."""

from typing import Any

from edgefashion_app.stepper import Stepper


class Driver(Stepper):
    """One running app under test."""

    def answered(self) -> None:
        """Wait until there is a steady answer."""
        self.until(lambda: self.app.session.state.prediction is not None, "a steady answer")
        self.frames(2)

    def imported(self) -> None:
        """Wait until the picture that is being opened is shown, or said to be unreadable."""
        self.until(lambda: not self.app.importing, "the end of an import")
        self.frames(2)

    def touch_down(self, x: float, y: float) -> Any:
        from kivy.tests import UnitTestTouch

        touch = UnitTestTouch(x, y)
        touch.touch_down()
        self.frames(1)
        return touch

    def tap(self, value: str) -> None:
        """Tap on the middle of the uppermost button with this value."""
        widget = self.find(value)
        touch = self.touch_down(*widget.to_window(*widget.center))
        touch.touch_up()
        self.frames(2)

    def key(self, code: int, *modifiers: str) -> None:
        self.window.dispatch("on_key_down", code, 0, "", list(modifiers))
        self.window.dispatch("on_key_up", code, 0)
        self.frames(1)

    def find(self, value: str) -> Any:
        found: dict[str, Any] = {}
        for screen in (self.app.top_screen, self.app.root):
            for widget in screen.walk(restrict=True):
                if getattr(widget, "value", ""):
                    found.setdefault(widget.value, widget)
        assert value in found, f"{value} is not among {sorted(found)}"
        return found[value]

    def words(self) -> str:
        """Every text on the screen."""
        return "\n".join(str(w.text) for w in self.app.root.walk() if hasattr(w, "text") and hasattr(w, "texture_size"))
