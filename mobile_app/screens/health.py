"""The health page: is this device doing well?"""

from typing import TYPE_CHECKING, Any

from kivy.clock import Clock

from ..health import Health, read_health
from ..problems import with_detail
from ..text import tr
from ..widgets import Page, Scroll, Words, column

if TYPE_CHECKING:
    from ..app import EdgeFashionApp


class HealthPage(Page):
    """Lines of figures, renewed every second."""

    def __init__(self, app: "EdgeFashionApp", **properties: Any) -> None:
        super().__init__(tr("Health"), lambda: app.open_page("settings"), **properties)
        self._app = app
        scroll = Scroll()
        self._rows = column()
        self._lines: dict[str, Words] = {}
        scroll.add_widget(self._rows)
        self.add_widget(scroll)
        self.refresh()
        self._timer = Clock.schedule_interval(lambda _: app.attempt(self.refresh), 1)
        self.bind(parent=lambda _, parent: None if parent else self._timer.cancel())

    def refresh(self) -> None:
        """Measure and show."""
        for name, value in self.figures(read_health(self._app)).items():
            if name not in self._lines:
                self._lines[name] = Words(role="text")
                self._rows.add_widget(self._lines[name])
            self._lines[name].text = f"{name}: {value}"

    @staticmethod
    def figures(health: Health) -> dict[str, str]:
        """Return what the page says, line by line."""
        unknown = tr("not known here")
        return {
            tr("Model"): health.model or unknown,
            tr("Camera"): with_detail(health.camera),
            tr("Pictures a second"): f"{health.frames_per_second:.1f}",
            tr("Answer, usual and slow"): f"{health.latency[0]:.0f}\u00a0ms, {health.latency[1]:.0f}\u00a0ms",
            tr("Answered, left out, failed"): ", ".join(str(number) for number in health.answers),
            tr("Processor temperature"): unknown if health.temperature is None else f"{health.temperature:.0f} °C",
            tr("Slowed down by heat or power"): unknown if health.throttled is None else health.throttled,
            tr("Free disk"): f"{health.free_bytes / 2**30:.1f} GB",
            tr("Scans"): f"{health.scans}, {health.store_bytes / 2**20:.1f} MB",
            tr("Last error"): with_detail(health.last_error) or tr("none"),
        }
