"""The history: every scan with its thumbnail, searchable; export and delete."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kivy.clock import Clock
from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from edgefashion.runtime.android import on_android
from edgefashion.store.scan import Scan

from ..attributes import NAMELESS
from ..export import export_scans
from ..text import tr
from ..theme import SPACES
from ..widgets import Field, Page, Scroll, Tap, Words, column, flow, picture_from
from ..wording import meanings, percent

if TYPE_CHECKING:
    from ..app import EdgeFashionApp

PAGE_LENGTH = 20
SEARCH_DELAY = 0.25
"""Seconds after the last key before the list is searched."""


class ScanRow(Tap):
    """One scan in the list; a tap opens it."""

    def __init__(self, app: "EdgeFashionApp", scan: Scan) -> None:
        super().__init__(on_tap=lambda: app.open_page("scan", scan=scan), value=f"scan {scan.id}")
        self.height = dp(SPACES["target"] + 2 * SPACES["gap"])
        self.padding = dp(SPACES["gap"])
        self.spacing = dp(SPACES["pad"])
        picture = picture_from(scan.thumbnail, size_hint=(None, 1), width=dp(SPACES["target"]))
        self.add_widget(picture)
        lines = BoxLayout(orientation="vertical")
        for text, role, tone in ((title_of(scan), "strong", "text"), (subtitle_of(scan), "small", "muted")):
            words = Words(text=text, role=role, tone=tone, size_hint_y=1, shorten=True, shorten_from="right")
            words.bind(size=lambda words, size: setattr(words, "text_size", size))
            lines.add_widget(words)
        self.add_widget(lines)


class HistoryPage(Page):
    """The list and its filters."""

    def __init__(self, app: "EdgeFashionApp", **properties: Any) -> None:
        super().__init__(tr("History"), app.back, **properties)
        self._app = app
        self._filters: dict[str, Any] = {}
        self._search = Clock.create_trigger(lambda _: self.refresh(), SEARCH_DELAY)
        self.bar.add_widget(Tap(icon="export", on_tap=self._export, value="export"))
        self.bar.add_widget(Tap(icon="delete", on_tap=self._ask_delete_all, value="delete all"))
        self.field = Field(hint_text=tr("Search"))
        self.field.bind(text=lambda *_: self._search())
        self.add_widget(self.field)
        self._chips = flow()
        self.add_widget(self._chips)
        self._scroll = Scroll()
        self.add_widget(self._scroll)
        self._all_asked = False
        self.refresh()

    def refresh(self) -> None:
        """Read the list again."""
        self._show_filters()
        self._rows = column()
        self._scroll.clear_widgets()
        self._scroll.add_widget(self._rows)
        self._scroll.scroll_y = 1
        self._more(None)
        if not self._rows.children:
            self._rows.add_widget(Words(text=tr("Nothing here yet."), tone="muted"))

    def _more(self, before: int | None) -> None:
        """Add the next scans, and a button for those after them."""
        text = self.field.text
        scans = self._app.store.scans(
            text=text, limit=PAGE_LENGTH + 1, before=before, meanings=meanings(text), **self._conditions()
        )
        for scan in scans[:PAGE_LENGTH]:
            self._rows.add_widget(ScanRow(self._app, scan))
        if len(scans) > PAGE_LENGTH:
            last = scans[PAGE_LENGTH - 1].id
            more = Tap(tr("Show more"), value="more")

            def add(*_: object) -> None:
                self._rows.remove_widget(more)
                self._more(last)

            more.bind(on_release=add)
            self._rows.add_widget(more)

    def _conditions(self) -> dict[str, Any]:
        conditions: dict[str, Any] = {}
        if self._filters.get("corrected"):
            conditions["corrected"] = True
        if self._filters.get("days"):
            conditions["since"] = datetime.now(UTC) - timedelta(days=self._filters["days"])
        for name in ("type", "colour"):
            if self._filters.get(name):
                conditions[name] = self._filters[name]
        return conditions

    def _show_filters(self) -> None:
        """A chip each for what a person corrected, time, type and colour; taps lead through the choices."""
        self._chips.clear_widgets()
        spans = {1: tr("Last 24 hours"), 7: tr("Last 7 days"), 30: tr("Last 30 days")}
        days = self._filters.get("days")
        for name, text, act in (
            ("corrected", tr("Corrected"), self._toggler("corrected", True)),
            ("days", spans[days or 1], self._next_value("days", list(spans))),
        ):
            chip = Tap(text, on_tap=act, fit=True, value=f"filter {name}")
            chip.chosen = bool(self._filters.get(name))
            self._chips.add_widget(chip)
        recent = self._app.store.scans(limit=100)
        for name in ("type", "colour"):
            values = dict.fromkeys(scan.final[name] for scan in recent if scan.final.get(name))
            text = (
                tr(self._filters[name])
                if self._filters.get(name)
                else {"type": tr("Type"), "colour": tr("Colour")}[name]
            )
            chip = Tap(text, on_tap=self._next_value(name, list(values)), fit=True, value=f"filter {name}")
            chip.chosen = bool(self._filters.get(name))
            chip.disabled = not values
            self._chips.add_widget(chip)

    def _toggler(self, name: str, value: Any) -> Any:
        def toggle() -> None:
            self._filters[name] = None if self._filters.get(name) else value
            self.refresh()

        return toggle

    def _next_value(self, name: str, values: Sequence[str | int]) -> Any:
        """Each tap goes on to the next value there is, and after the last to none."""

        def go_on() -> None:
            choices = [None, *values]
            now = self._filters.get(name)
            self._filters[name] = choices[(choices.index(now) + 1) % len(choices)] if now in choices else None
            self.refresh()

        return go_on

    def _export(self) -> None:
        paths = self._app.attempt(lambda: export_scans(self._app.store, self._app.options.folder / "exports"))
        if paths and on_android():
            self._app.files.hand_out(paths)
        elif paths:
            self._app.files.say_written(paths)

    def _ask_delete_all(self) -> None:
        """The first tap asks, the second does it."""
        if not self._all_asked:
            self._all_asked = True
            self._app.say(tr("This deletes every scan for good. Tap the bin again to do it."))
            Clock.schedule_once(lambda _: setattr(self, "_all_asked", False), 6)
            return
        self._all_asked = False
        if self._app.attempt(self._app.store.delete_all) is not None:
            self._app.session.scan = None
            self._app.say(tr("All scans are deleted."))
        self.refresh()


def title_of(scan: Scan) -> str:
    """Return a scan's first line: what it is, in the screen's language."""
    final = scan.final
    others = [scan.colour, *(final.get(name, "") for name in ("pattern", "detail"))]
    return " · ".join([tr(final["type"]), *(tr(value) for value in others if value not in ("", NAMELESS))])


def subtitle_of(scan: Scan) -> str:
    """Return a scan's second line: when, and how sure."""
    taken = datetime.fromisoformat(scan.taken_at).astimezone()
    how = tr("corrected") if scan.corrected else percent(scan.confidence)
    code = f" · {scan.code}" if scan.code else ""
    return f"{taken:%Y-%m-%d %H:%M} · {how}{code}"
