"""Correcting in two taps: the next three types first, then all by category; colour, pattern and detail alike."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edgefashion.store.scan import Scan

from ..attributes import ATTRIBUTES, values_of
from ..text import tr
from ..widgets import Page, Scroll, Tap, Words, column, flow

if TYPE_CHECKING:
    from ..app import EdgeFashionApp

NEXT_TYPES = 3


class CorrectPage(Page):
    """What a scan really shows."""

    def __init__(self, app: "EdgeFashionApp", scan: Scan, field: str = "type", **properties: Any) -> None:
        super().__init__(tr("What is it?"), app.back, **properties)
        self._app = app
        self._scan = scan
        fields = {"type": tr("Type"), "colour": tr("Colour"), "pattern": tr("Pattern"), "detail": tr("Detail")}
        self._tabs = {
            name: Tap(text, on_tap=self._opener(name), fit=True, value=f"field {name}") for name, text in fields.items()
        }
        tabs = flow()
        for tab in self._tabs.values():
            tabs.add_widget(tab)
        self.add_widget(tabs)
        self._scroll = Scroll()
        self.add_widget(self._scroll)
        self.show(field)

    def show(self, field: str) -> None:
        """Offer the values of one field."""
        for name, tab in self._tabs.items():
            tab.chosen = name == field
        content = column()
        self._scroll.clear_widgets()
        if field == "type":
            self._add_types(content)
        else:
            card = self._app.session.classifier.card if self._app.session.classifier else None
            values = values_of(field, card) if card else ATTRIBUTES[field]
            content.add_widget(self._choices(field, values))
        self._scroll.add_widget(content)
        self._scroll.scroll_y = 1

    def _add_types(self, content: Any) -> None:
        """The next most probable types, then every type by category."""
        now = self._scan.final["type"]
        likely = [name for name, _ in self._scan.ranking if name != now][:NEXT_TYPES]
        content.add_widget(Words(text=tr("Perhaps"), role="small", tone="muted"))
        content.add_widget(self._choices("type", likely))
        if self._app.session.classifier is None:
            return
        for category, types in self._app.session.classifier.card.taxonomy.categories.items():
            if types:
                content.add_widget(Words(text=tr(category), role="small", tone="muted"))
                content.add_widget(self._choices("type", types))

    def _choices(self, field: str, values: Any) -> Any:
        rows = flow()
        for value in values:
            tap = Tap(tr(value), on_tap=self._chooser(field, value), fit=True, value=f"{field} {value}")
            tap.chosen = self._scan.final.get(field) == value
            rows.add_widget(tap)
        return rows

    def _opener(self, field: str) -> Callable[[], None]:
        return lambda: self.show(field)

    def _chooser(self, field: str, value: str) -> Callable[[], None]:
        return lambda: self._app.correct(self._scan, field, value)
