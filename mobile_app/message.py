"""The short message at the lower edge, with a way to take back what it reports; errors are said there too."""

from collections.abc import Callable
from typing import Any

from kivy.base import ExceptionHandler, ExceptionManager
from kivy.clock import Clock
from kivy.metrics import dp, sp
from kivy.uix.floatlayout import FloatLayout

from edgefashion.errors import EdgeFashionError

from .text import tr
from .theme import LEAST_TEXT, SPACES
from .widgets import Panel, Tap, Words

SECONDS = 6.0
WIDEST = 560
"""In dp."""


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
        self.words = Words(text=text, role="small", pos_hint={"center_y": 0.5}, shrinks=True)
        self.add_widget(self.words)
        self.undo = Tap(tr("Undo"), "undo", on_undo, fit=True, value="undo") if on_undo else None
        if self.undo is not None:
            self.add_widget(self.undo)
            self.undo.bind(width=self._fold)
        self.bind(width=self._fold)
        self.words.bind(height=self._fold)
        self._timer = Clock.schedule_once(lambda _: on_gone(self), SECONDS)

    def _fold(self, *_: object) -> None:
        """Be as high as the words, with the button below them where one of them would be broken beside it."""
        folded = False
        if self.undo is not None:
            room = self.width - self.undo.width - dp(SPACES["gap"] + 2 * SPACES["pad"])
            folded = self.words.longest(sp(LEAST_TEXT)) > room
        self.orientation = "vertical" if folded else "horizontal"
        below = dp(SPACES["target"] + SPACES["gap"]) if folded else 0.0
        self.height = max(dp(SPACES["target"]), self.words.height) + below + dp(SPACES["tight"] * 2)

    def cancel(self) -> None:
        """Stop the clock that takes it away."""
        self._timer.cancel()


class MessageBar:
    """Shows one message at a time, on top of everything, where there is room for it."""

    def __init__(self, root: FloatLayout, free_strip: Callable[[], tuple[float, float, float]]) -> None:
        """Args: root, what it draws on; free_strip, gives the room's middle, lower edge and width in pixels."""
        self._root = root
        self._free_strip = free_strip
        self.shown: Message | None = None

    @property
    def text(self) -> str:
        """What is being said; "" for nothing."""
        return self.shown.text if self.shown is not None else ""

    def show(self, text: str, on_undo: Callable[[], object] | None = None) -> None:
        """Say something for a few seconds, with a button that takes back what it reports."""

        def undo() -> None:
            self.hush()
            if on_undo is not None:
                on_undo()

        self.hush()
        self.shown = Message(text, undo if on_undo is not None else None, self._drop)
        self.place()

    def place(self) -> None:
        """Move the message on top of the other widgets, and to where there is room now."""
        if self.shown is None:
            return
        self._root.remove_widget(self.shown)
        self._root.add_widget(self.shown)
        middle, lower, width = self._free_strip()
        self.shown.width = min(width - dp(SPACES["gap"] * 2), dp(WIDEST))
        self.shown.pos = middle - self.shown.width / 2, lower + dp(SPACES["gap"])

    def hush(self) -> None:
        """Take the message away before its time."""
        if self.shown is not None:
            self._drop(self.shown)

    def _drop(self, message: Message) -> None:
        if message is self.shown:
            message.cancel()
            self._root.remove_widget(message)
            self.shown = None
