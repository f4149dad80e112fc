"""Touches and keys for an app that runs frame by frame."""

from collections.abc import Callable
from typing import Any

from edgefashion_app.stepper import Stepper

PATIENCE = 120.0
"""Seconds; the slowest machine that runs these tests, busy with something else, is still in time."""


class Driver(Stepper):
    """One running app under test, begun and with its model open.

    What threads tell the app arrives between two frames, whenever it is ready: wait with `until` for the state that
    a test is about, never for a number of frames or for a time.
    """

    def until(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> None:
        super().until(condition, what, seconds)

    def opened(self) -> None:
        """Wait until the model is open, which draws the card anew, or is said not to be."""
        session = self.app.session
        self.until(lambda: session.classifier is not None or session._model_problem, "the model")
        self.frames(2)

    def answered(self) -> None:
        """Wait until there is a steady answer."""
        self.until(lambda: self.app.session.state.prediction is not None, "a steady answer")
        self.frames(2)

    def imported(self) -> None:
        """Wait until the picture that is being opened is shown, or said to be unreadable."""
        self.until(lambda: not self.app.files.opening, "the end of an import")
        self.frames(2)

    def touch_down(self, x: float, y: float) -> Any:
        from kivy.tests import UnitTestTouch

        touch = UnitTestTouch(x, y)
        touch.touch_down()
        return touch

    def tap(self, value: str) -> None:
        """Tap on the middle of the uppermost button with this value."""
        widget = self.find(value)
        touch = self.touch_down(*widget.to_window(*widget.center))
        self.frames(1)
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
