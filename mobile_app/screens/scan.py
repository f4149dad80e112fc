"""One stored scan: what was said, what holds, and what can be done with it."""

from typing import TYPE_CHECKING, Any

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from edgefashion.store.scan import Scan

from ..text import tr
from ..theme import SPACES
from ..widgets import Page, Scroll, Tap, Words, column, flow, picture_from
from ..wording import percent
from .history import subtitle_of, title_of

if TYPE_CHECKING:
    from ..app import EdgeFashionApp


class ScanPage(Page):
    """A scan out of the history."""

    def __init__(self, app: "EdgeFashionApp", scan: Scan, **properties: Any) -> None:
        super().__init__(title_of(scan), lambda: app.open_page("history"), **properties)
        self._app = app
        self._scan = scan
        wide = app.root.width > app.root.height
        body = BoxLayout(orientation="horizontal" if wide else "vertical", spacing=dp(SPACES["pad"]))
        body.add_widget(picture_from(scan.thumbnail, size_hint=(0.4, 1) if wide else (1, 0.4)))
        scroll, content = Scroll(), column()
        content.add_widget(Words(text=subtitle_of(scan), role="small", tone="muted"))
        if scan.corrected:
            content.add_widget(Words(text=f"{tr('The model said')}: {tr(scan.type)} – {percent(scan.confidence)}"))
        for name, probability in scan.ranking[:3]:
            content.add_widget(Words(text=f"{tr(name)} – {percent(probability)}", role="small"))
        content.add_widget(Words(text=scan.model, role="small", tone="muted"))
        actions = flow()
        for text, icon, act, value in (
            (tr("Fix"), "fix", lambda: app.open_correction("type", scan), "fix"),
            (tr("Count +1"), "add", self._count, "count"),
            (tr("QR code"), "qr", lambda: app.open_page("share", scan=scan), "share"),
            (tr("Delete"), "delete", self._delete, "delete"),
        ):
            actions.add_widget(Tap(text, icon, act, fit=True, value=value))
        content.add_widget(actions)
        scroll.add_widget(content)
        body.add_widget(scroll)
        self.add_widget(body)

    def refresh(self) -> None:
        """Something was taken back: the list shows what is true now."""
        self._app.open_page("history")

    def _count(self) -> None:
        number = self._app.attempt(lambda: self._app.session.count(self._scan))
        if number is not None:
            self._app.say(f"{title_of(self._scan)}: {number}", undo=1)

    def _delete(self) -> None:
        self._app.attempt(lambda: self._app.store.delete(self._scan.id))
        self._app.open_page("history")
        self._app.say(tr("Deleted"), undo=1)
