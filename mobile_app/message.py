"""The short message at the lower edge, with a way to take back what it reports; errors are said there too."""

from collections.abc import Callable
from typing import Any

from kivy.base import ExceptionHandler, ExceptionManager
from kivy.clock import Clock
from kivy.metrics import dp

from edgefashion.errors import EdgeFashionError

from .text import tr
from .theme import SPACES
from .widgets import Panel, Tap, Words

SECONDS = 6.0


class SayingErrors(ExceptionHandler):
    """Says what went wrong outside, on the disk above all; the app goes on. An error of its own still ends it."""

    def __init__(self, say: Callable[[str], object]) -> None:
        """Args: say, shows one line."""
        self._say = say

    def handle_exception(self, inst: BaseException) -> int:
        """Called by Kivy's main loop with what an event or a callback has raised."""
        if not isinstance(inst, (EdgeFashionError, OSError)):
            return int(ExceptionManager.RAISE)
        self._say(" ".join(str(inst).split()))
        return int(ExceptionManager.PASS)


class Message(Panel):
    """Says one thing for a few seconds; gone when tapped away or when the next one comes."""

    def __init__(
        self, text: str, on_undo: Callable[[], object] | None, on_gone: Callable[["Message"], None], **properties: Any
    ) -> None:
        super().__init__(
            orientation="horizontal", ground="panel", size_hint=(None, None), spacing=dp(SPACES["gap"]),
            padding=(dp(SPACES["pad"]), dp(SPACES["tight"])), **properties,
        )  # fmt: skip
        self.text = text
        self.height = dp(SPACES["target"] + 2 * SPACES["tight"])
        words = Words(text=text, role="small", size_hint_y=1)
        words.bind(size=lambda words, size: setattr(words, "text_size", size))
        self.add_widget(words)
        self.undo = Tap(tr("Undo"), "undo", on_undo, fit=True, value="undo") if on_undo else None
        if self.undo is not None:
            self.add_widget(self.undo)
        self._timer = Clock.schedule_once(lambda _: on_gone(self), SECONDS)

    def cancel(self) -> None:
        """Stop the clock that takes it away."""
        self._timer.cancel()
