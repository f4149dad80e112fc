"""The settings: each a row of choices, kept at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgefashion.camera.codes import has_codes
from edgefashion.camera.orientation import ROTATIONS
from edgefashion.camera.sources import local_cameras
from edgefashion.runtime.android import on_android
from edgefashion.runtime.shipped import DEFAULT_MODEL

from ..languages.language import LANGUAGES
from ..models import CAMERA_MODELS
from ..problems import said
from ..text import tr
from ..theme import DEFAULT_FONT, FONTS, TEXT_SCALES, THEMES
from ..widgets import Field, Page, Scroll, Tap, Words, column, flow

if TYPE_CHECKING:
    from ..app import EdgeFashionApp

THRESHOLDS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""0 means the model's own."""


class SettingsPage(Page):
    """Everything that can be chosen."""

    def __init__(self, app: "EdgeFashionApp", **properties: Any) -> None:
        super().__init__(tr("Settings"), app.back, **properties)
        self._app = app
        self._scroll = Scroll()
        self.add_widget(self._scroll)
        self.refresh()

    def refresh(self) -> None:
        """Show what holds."""
        app = self._app
        themes = {"dark": tr("dark"), "light": tr("light"), "high contrast": tr("high contrast")}
        rows = column()
        look = app.look
        names = flow()
        for code, name in LANGUAGES.items():
            choose = self._chooser("language", code, app.rebuild)
            font = FONTS.get(code, DEFAULT_FONT)
            names.add_widget(Tap(name, on_tap=choose, fit=True, font=font, value=f"language {code}"))
            names.children[0].chosen = code == app.language
        rows.add_widget(names)
        self._choices(rows, tr("Theme"), "theme", list(THEMES), look.theme, lambda name: themes[name], app.rebuild)
        self._choices(
            rows, tr("Text size"), "text_scale", TEXT_SCALES, look.scale, lambda scale: f"{scale:.0%}", app.rebuild
        )
        setting = app.store.setting
        camera = app.source
        cameras = list(dict.fromkeys(("", *local_cameras(), camera)))
        self._choices(rows, tr("Camera"), "source", cameras, camera, lambda spec: spec or tr("none"), self._use_camera)
        yes_no = {True: tr("yes"), False: tr("no")}
        mirrored = setting("mirror", False)
        self._choices(rows, tr("Mirror"), "mirror", (False, True), mirrored, yes_no.__getitem__, app.open_camera)
        if has_codes():
            read = setting("codes", True)
            self._choices(rows, tr("Read barcodes"), "codes", (True, False), read, yes_no.__getitem__, app.use_codes)
        speaks = setting("speech", False)
        self._choices(rows, tr("Speak the answer"), "speech", (False, True), speaks, yes_no.__getitem__, app.use_speech)
        if app.speaker is not None and app.speaker.problem:
            rows.add_widget(Words(text=said(app.speaker.problem), role="small", tone="warn"))
        turned = setting("rotate", 0)
        self._choices(rows, tr("Turn the picture"), "rotate", ROTATIONS, turned, lambda a: f"{a}°", app.open_camera)
        model = app.model_named or setting("model", DEFAULT_MODEL)
        models = list(dict.fromkeys((*CAMERA_MODELS, model)))
        self._choices(rows, tr("Model"), "model", models, model, str, self._use_model)
        self._choices(
            rows, tr("Sure from"), "threshold", THRESHOLDS, setting("threshold", 0.0),
            lambda share: f"{share:.0%}" if share else tr("as the model says"), app.session.resume,
        )  # fmt: skip
        if not on_android():
            kiosk = app.kiosk
            self._choices(rows, tr("Kiosk"), "kiosk", (False, True), kiosk.on, yes_no.__getitem__, kiosk.use_setting)
        rows.add_widget(Words(text=tr("PIN to leave the kiosk"), role="strong"))
        pin = Field(text=setting("pin", ""), hint_text=tr("none"), input_filter="int", password=True)
        pin.bind(text=lambda _, text: app.attempt(lambda: app.store.set_setting("pin", text[:12])))
        rows.add_widget(pin)
        more = flow()
        more.add_widget(Tap(tr("Health"), "health", lambda: app.open_page("health"), fit=True, value="health"))
        rows.add_widget(more)
        place = self._scroll.scroll_y
        self._scroll.clear_widgets()
        self._scroll.add_widget(rows)
        self._scroll.scroll_y = place

    def _choices(self, rows: Any, title: str, name: str, values: Sequence[Any], now: Any, text: Any, then: Any) -> None:
        """One setting: its name and its values; a tap keeps the value and makes it hold."""
        rows.add_widget(Words(text=title, role="strong"))
        chips = flow()
        for value in values:
            chip = Tap(text(value), on_tap=self._chooser(name, value, then), fit=True, value=f"{name} {value}")
            chip.chosen = value == now
            chips.add_widget(chip)
        rows.add_widget(chips)

    def _chooser(self, name: str, value: Any, then: Any) -> Any:
        def keep() -> bool:
            self._app.store.set_setting(name, value)
            return True

        def choose() -> None:
            if not self._app.attempt(keep):
                return  # why is on the screen, and what held before still does
            then()
            if self._app.top_screen is self:
                self.refresh()

        return choose

    def _use_camera(self) -> None:
        self._app.source_named = None
        self._app.open_camera()

    def _use_model(self) -> None:
        self._app.model_named = None
        self._app.open_model()
