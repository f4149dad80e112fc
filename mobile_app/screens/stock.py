"""The stock: how many of each type and colour were counted, and how many there should be."""

from typing import TYPE_CHECKING, Any

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from ..text import tr
from ..theme import SPACES
from ..widgets import Page, Scroll, Tap, Words, column

if TYPE_CHECKING:
    from ..app import EdgeFashionApp

NARROW = 400
"""Rows below this width, in density-independent pixels, are folded."""


class StockPage(Page):
    """Counts with their targets."""

    def __init__(self, app: "EdgeFashionApp", **properties: Any) -> None:
        super().__init__(tr("Stock"), app.back, **properties)
        self._app = app
        self._scroll = Scroll()
        self.add_widget(self._scroll)
        self.refresh()

    def refresh(self) -> None:
        """Read the counts again."""
        rows = column()
        for stock in self._app.store.counts():
            rows.add_widget(self._row(stock.type, stock.colour, stock.count, stock.target))
        if not rows.children:
            rows.add_widget(Words(text=tr("Nothing is counted yet. “Count +1” under a garment begins."), tone="muted"))
        place = self._scroll.scroll_y
        self._scroll.clear_widgets()
        self._scroll.add_widget(rows)
        self._scroll.scroll_y = place

    def _row(self, type: str, colour: str, count: int, target: int | None) -> Any:
        row = BoxLayout(size_hint_y=None, spacing=dp(SPACES["gap"]))
        buttons = BoxLayout(size_hint=(None, None), height=dp(SPACES["target"]), spacing=dp(SPACES["gap"]))
        buttons.bind(minimum_width=buttons.setter("width"))
        row.bind(width=_fold)
        name = " · ".join(tr(word) for word in (type, colour) if word)
        missing = target is not None and count < target
        words = f"{name}: {count}" if target is None else f"{name}: {count}\u00a0/\u00a0{target}"
        label = Words(text=words, role="strong", tone="warn" if missing else "text", size_hint_y=1, shrinks=True)
        label.bind(size=lambda label, size: setattr(label, "text_size", size))
        row.add_widget(label)
        for icon, act, value in (
            ("remove", lambda: self._count(type, colour, -1), "less"),
            ("add", lambda: self._count(type, colour, 1), "more"),
        ):
            buttons.add_widget(Tap(icon=icon, on_tap=act, value=f"{value} {type} {colour}"))
        aim = Tap(
            tr("Target +"),
            on_tap=lambda: self._aim(type, colour, (target or 0) + 1),
            fit=True,
            value=f"target {type} {colour}",
        )
        buttons.add_widget(aim)
        row.add_widget(buttons)
        return row

    def _count(self, type: str, colour: str, change: int) -> None:
        self._app.attempt(lambda: self._app.store.count(type, colour, change))
        self.refresh()

    def _aim(self, type: str, colour: str, target: int) -> None:
        self._app.attempt(lambda: self._app.store.set_target(type, colour, target))
        self.refresh()


def _fold(row: Any, width: float) -> None:
    """A narrow row has its buttons below its words."""
    narrow = width < dp(NARROW)
    row.orientation = "vertical" if narrow else "horizontal"
    row.height = dp(SPACES["target"] * 2 if narrow else SPACES["target"])
