"""The stock: how many of each type and colour were counted, and how many there should be. A target of 0 is none."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from edgefashion.store.scan import Stock
from edgefashion.store.store import Store

from ..text import tr
from ..theme import SPACES
from ..widgets import Page, Panel, Scroll, Tap, Words, column

if TYPE_CHECKING:
    from ..app import EdgeFashionApp

NARROW = 560
"""Rows below this width, in density-independent pixels, are folded."""


class StockPage(Page):
    """Counts with their targets."""

    def __init__(self, app: "EdgeFashionApp", **properties: Any) -> None:
        super().__init__(tr("Stock"), app.back, **properties)
        self._app = app
        self._changes = 0
        self._undo = Tap(icon="undo", on_tap=self._take_back, value="undo stock")
        self.bar.add_widget(self._undo)
        self._scroll = Scroll()
        self.add_widget(self._scroll)
        self.refresh()

    def refresh(self) -> None:
        """Read the counts again."""
        self._undo.disabled = not self._changes
        rows = column()
        for stock in self._app.store.counts():
            rows.add_widget(StockRow(stock, self._change))
        if not rows.children:
            rows.add_widget(Words(text=tr("Nothing is counted yet. “Count +1” under a garment begins."), tone="muted"))
        place = self._scroll.scroll_y
        self._scroll.clear_widgets()
        self._scroll.add_widget(rows)
        self._scroll.scroll_y = place

    def _change(self, act: Callable[[Store], object]) -> None:
        before = self._app.store.counts()
        self._app.attempt(lambda: act(self._app.store))
        self._changes += self._app.store.counts() != before
        self.refresh()

    def _take_back(self) -> None:
        """Take back what was changed here, and nothing of before."""
        self._changes -= 1
        self._app.undo()


class StockRow(Panel):
    """One type and colour; where it is narrow its target is below its count."""

    def __init__(self, stock: Stock, change: Callable[[Callable[[Store], object]], None]) -> None:
        """Args: stock, what is shown; change, makes a change of the store hold."""
        gap = dp(SPACES["gap"])
        super().__init__(size_hint_y=None, padding=(dp(SPACES["pad"]), gap, gap, gap), spacing=gap)
        key, count, target = (stock.type, stock.colour), stock.count, stock.target
        name = " · ".join(tr(word) for word in key if word)
        words = f"{name}: {count}" if target is None else f"{name}: {count}\u00a0/\u00a0{target}"
        tone = "warn" if target is not None and count < target else "text"
        self._label = Words(text=words, role="strong", tone=tone, pos_hint={"center_y": 0.5}, shrinks=True)
        self._count = BoxLayout(size_hint_y=None, spacing=gap)
        self._target = BoxLayout(
            size_hint=(None, None), height=dp(SPACES["target"]), spacing=gap, pos_hint={"right": 1, "center_y": 0.5}
        )
        self._target.bind(minimum_width=self._target.setter("width"))
        caption = Words(text=tr("Target"), role="small", tone="muted", size_hint_x=None, size_hint_y=1)
        caption.bind(texture_size=lambda caption, size: setattr(caption, "width", size[0]))
        aim = 0 if target is None else target
        for row, what, value, icon, act in (
            (self._count, self._label, "less", "remove", lambda store: store.count(*key, -1)),
            (self._count, None, "more", "add", lambda store: store.count(*key, 1)),
            (self._target, caption, "target less", "remove", lambda store: store.set_target(*key, aim - 1 or None)),
            (self._target, None, "target more", "add", lambda store: store.set_target(*key, aim + 1)),
        ):
            if what is not None:
                row.add_widget(what)
            tap = Tap(
                icon=icon, on_tap=partial(change, act), value=f"{value} {' '.join(key)}", pos_hint={"center_y": 0.5}
            )
            tap.disabled = (value, count) == ("less", 0) or (value == "target less" and not aim)
            row.add_widget(tap)
        self.add_widget(self._count)
        self.add_widget(self._target)
        self._label.bind(height=self._fold)
        self.bind(width=self._fold)

    def _fold(self, *_: object) -> None:
        narrow = self.width < dp(NARROW)
        self.orientation = "vertical" if narrow else "horizontal"
        self._count.height = max(dp(SPACES["target"]), self._label.height)
        below = self._target.height + self.spacing if narrow else 0
        self.height = self._count.height + below + 2 * dp(SPACES["gap"])
