"""The live screen: the camera edge to edge, one card with the answer, and what can be done with it."""

from typing import TYPE_CHECKING, Any

from kivy.metrics import dp, sp
from kivy.properties import NumericProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.gridlayout import GridLayout

from edgefashion.runtime.garment_box import Box

from ..picture import CameraPicture
from ..problems import said
from ..session import Session
from ..text import tr
from ..theme import SPACES
from ..widgets import Bar, Icon, Panel, Scroll, Tap, Words, flow
from ..wording import Answer, answer, answer_for, corrected_answer

if TYPE_CHECKING:
    from ..app import EdgeFashionApp

CARD_SHARE = 0.42
CARD_LIMITS = (320, 560)
"""Width of the card beside the picture, in dp."""
CHIP_ROW = SPACES["target"]
LINE = 1.2
"""Height of a line, as a multiple of its text size."""
CODE_SHARE = 0.66
"""Of the card's width, what a barcode may take at most."""


class CodeChip(Panel):
    """The barcode in view: an icon and what it says; takes no room without one. To be read, not to be pressed."""

    most = NumericProperty(0.0)

    def __init__(self, **properties: Any) -> None:
        super().__init__(
            ground="raised", radius=SPACES["pad"], size_hint=(None, None), pos_hint={"center_y": 0.5},
            padding=(dp(SPACES["gap"]), dp(SPACES["tight"])), spacing=dp(SPACES["tight"]), **properties,
        )  # fmt: skip
        icon = Icon("code")
        self._words = Words(role="small", size_hint_x=None, size_hint_y=1, shorten=True, shorten_from="center")
        self.height = icon.height + dp(SPACES["tight"]) * 2
        self._taken = icon.width + dp(SPACES["gap"] * 2 + SPACES["tight"])
        self.add_widget(icon)
        self.add_widget(self._words)
        self._words.bind(texture_size=self._fit)
        self.bind(most=self._again)
        self._again()

    @property
    def text(self) -> str:
        """The code that is shown; "" for none."""
        return str(self._words.text)

    def show(self, code: str) -> None:
        """Show a code; "" for none."""
        if code != self._words.text:
            self._words.text = code
            self._again()

    def _again(self, *_: object) -> None:
        self._words.text_size = None, None
        self.opacity = 1 if self._words.text else 0
        self._fit()

    def _fit(self, *_: object) -> None:
        room = max(0.0, self.most - self._taken)
        if self._words.text_size[0] is None and self._words.texture_size[0] > room > 0:
            self._words.text_size = room, None
        self._words.width = self._words.texture_size[0]
        self.width = self._taken + self._words.width if self._words.text else 0


class ResultCard(Panel):
    """The answer in large letters, how sure it is, its attributes, and the four things to do with it."""

    def __init__(self, app: "EdgeFashionApp", **properties: Any) -> None:
        super().__init__(
            orientation="vertical", padding=dp(SPACES["pad"]), spacing=dp(SPACES["gap"]), size_hint=(None, None),
            **properties,
        )  # fmt: skip
        self._app = app
        self._shown: Answer | None = None
        self._compact = False
        self.category = Words(role="small", tone="muted", shorten=True, shorten_from="right")
        self.code = CodeChip()
        self.type = Words(role="type", shorten=True, shorten_from="right", shrinks=True, size_hint_y=1)
        self.icon = Icon("search")
        self.confidence = Words(role="strong", size_hint_y=1)
        self.bar = Bar()
        self._bar_height = self.bar.height
        self.details = BoxLayout()
        self.freeze = Tap(tr("Freeze"), "freeze", app.toggle_freeze, value="freeze")
        self.fix = Tap(tr("Fix"), "fix", app.open_correction, value="fix")
        self.count = Tap(tr("Count +1"), "add", app.count_one, value="count")
        self.share = Tap(tr("QR code"), "qr", app.open_share, value="share")

        sure = BoxLayout(size_hint_y=None, height=self.icon.height, spacing=dp(SPACES["tight"]))
        sure.add_widget(self.icon)
        sure.add_widget(self.confidence)
        self.confidence.bind(size=lambda words, size: setattr(words, "text_size", size))
        top = BoxLayout(size_hint_y=None, height=self.code.height, spacing=dp(SPACES["gap"]))
        self.category.bind(size=lambda words, size: setattr(words, "text_size", size))
        self.category.size_hint_y = 1
        self.code.bind(height=top.setter("height"))
        top.bind(width=lambda _, width: setattr(self.code, "most", width * CODE_SHARE))
        top.add_widget(self.category)
        top.add_widget(self.code)
        self._buttons = GridLayout(
            cols=2, spacing=dp(SPACES["gap"]), size_hint_y=None, height=dp(SPACES["target"] * 2 + SPACES["gap"])
        )
        for tap in (self.freeze, self.fix, self.count, self.share):
            self._buttons.add_widget(tap)
        name = BoxLayout(size_hint_y=None, height=sp(app.look.text_size("type")) * LINE)
        name.add_widget(self.type)
        for part in (top, name, sure, self.bar, self.details, self._buttons):
            self.add_widget(part)
        self.type.bind(width=lambda words, width: setattr(words, "text_size", (width, None)))

    @property
    def least_height(self) -> float:
        """The height that its parts need, in pixels."""
        parts = [child.height for child in self.children if child is not self.details]
        parts.append(dp(CHIP_ROW) * self._app.look.scale)
        return float(sum(parts) + dp(SPACES["pad"] * 2 + SPACES["gap"] * len(self.children)))

    def fit_into(self, height: float) -> None:
        """Where a height in pixels is too little for all parts: one row of buttons with icons alone, and no bar."""
        spared = dp(SPACES["target"] + SPACES["gap"]) + self._bar_height
        needed = self.least_height + (spared if self._compact else 0)
        compact = height < needed - dp(CHIP_ROW) * (self._app.look.scale - 1.0)  # words go where chips would be cut
        if compact == self._compact:
            return
        self._compact = compact
        self.padding = dp(SPACES["pad"]), dp(SPACES["gap" if compact else "pad"])
        for tap in (self.freeze, self.fix, self.count, self.share):
            tap.show_words(not compact)
        self._buttons.cols = 4 if compact else 2
        self._buttons.height = dp(SPACES["target"] if compact else SPACES["target"] * 2 + SPACES["gap"])
        self.bar.height, self.bar.opacity = (0, 0) if compact else (self._bar_height, 1)

    def show(self, shown: Answer, code: str, frozen: bool, can_act: bool) -> None:
        """Show an answer and the barcode in view; `frozen` and `can_act` decide what the buttons offer."""
        self.code.show(code)
        self.freeze.text = tr("Continue") if frozen else tr("Freeze")
        self.freeze.show_icon("resume" if frozen else "freeze")
        self.freeze.chosen = frozen
        for tap in (self.freeze, self.fix, self.count, self.share):
            tap.disabled = not can_act
        before, self._shown = self._shown, shown
        self.category.text = shown.category or " "
        self.type.text = shown.type
        self.confidence.text = shown.confidence
        self.confidence.tone = self.icon.tone = self.bar.tone = shown.tone
        self.icon.show(shown.icon)
        self.bar.share = shown.share
        if before is None or (before.advice, before.attributes) != (shown.advice, shown.attributes):
            self._show_details(shown)

    def _show_details(self, shown: Answer) -> None:
        """Advice where the model is not sure, else a chip for each attribute; a chip leads to its correction."""
        self.details.clear_widgets()
        if shown.advice:
            words = Words(text=shown.advice, role="small", size_hint_y=1, valign="top", shrinks=True)
            words.bind(size=lambda words, size: setattr(words, "text_size", size))
            self.details.add_widget(words)
            return
        chips = flow()
        for name, value in shown.attributes.items():
            chips.add_widget(Tap(value, on_tap=self._correction_of(name), fit=True, value=f"chip {name}"))
        scroll = Scroll()  # where more are told than there is room for
        scroll.add_widget(chips)
        self.details.add_widget(scroll)

    def _correction_of(self, attribute: str) -> Any:
        field = "colour" if attribute == "colours" else attribute  # of measured colours the main one can be named
        return lambda: self._app.open_correction(field)


class LiveScreen(FloatLayout):
    """Camera, card, and the way to the other screens."""

    def __init__(self, app: "EdgeFashionApp", **properties: Any) -> None:
        super().__init__(**properties)
        self._app = app
        self._frozen_shown: object = None
        self._blind = False
        self.picture = CameraPicture(app.look, size_hint=(None, None))
        self.card = ResultCard(app)
        self.menu = BoxLayout(size_hint=(None, None), spacing=dp(SPACES["gap"]), height=dp(SPACES["target"]))
        for icon, page in (("history", "history"), ("stock", "stock"), ("picture", "import"), ("settings", "settings")):
            self.menu.add_widget(Tap(icon=icon, on_tap=self._opener(page), value=page))
        self.menu.width = dp(len(self.menu.children) * (SPACES["target"] + SPACES["gap"]) - SPACES["gap"])
        for part in (self.picture, self.card, self.menu):
            self.add_widget(part)
        self.bind(size=self._place, pos=self._place)
        for child in self.card.children:
            child.bind(height=self._place)
        self.refresh()

    @property
    def free_middle(self) -> tuple[float, float, float]:
        """Middle and lower edge of the part that the card leaves free, and its width: where a message goes."""
        return self.picture.center_x, self.picture.y, self.picture.width

    def tick(self) -> None:
        """Show the newest frame, or why there is none."""
        session = self._app.session
        frozen = session.frozen
        if frozen is not None:
            if self._frozen_shown is not frozen:
                self._frozen_shown = frozen
                self._make_room(False)
                self.picture.show(frozen.frame)
            return
        self._frozen_shown = None
        frame = session.tick()
        self._make_room(frame is None and bool(session.problem))
        if frame is not None:
            self.picture.show(frame)
        elif session.problem:
            self.picture.clear(said(session.problem))
        elif not self.picture.has_picture:
            self.picture.clear(tr("Starting the camera…"))

    def _make_room(self, blind: bool) -> None:
        """Where there is no picture, leave more room to say why; the buttons could do nothing anyway."""
        if blind != self._blind:
            self._blind = blind
            self._place()

    def refresh(self) -> None:
        """Show the present answer."""
        session = self._app.session
        shown = present_answer(session)
        self.card.show(shown, session.code, session.frozen is not None, session.can_freeze)
        self.picture.tone = "text" if shown.tone == "muted" else shown.tone
        self.picture.marks = session.frozen is None
        self.picture.box = present_box(session)

    def _opener(self, page: str) -> Any:
        return lambda: self._app.open_page(page)

    def _place(self, *_: object) -> None:
        """Beside each other where the screen is wide, one above the other where it is tall."""
        margin = dp(SPACES["gap"])
        if self.width > self.height:
            scale = self._app.look.scale  # larger text needs a wider card
            least, most = (dp(limit) * scale for limit in CARD_LIMITS)
            most = min(most, self.width - self.menu.width - 3 * margin)
            self.card.fit_into(self.height - 2 * margin)
            self.card.size = min(most, max(least, self.width * CARD_SHARE * scale)), self.height - 2 * margin
            self.picture.size = self.width - self.card.width - 2 * margin, self.height
            self.picture.pos = self.pos
            self.card.pos = self.right - self.card.width - margin, self.y + margin
        else:
            self.card.fit_into(0 if self._blind else self.height)
            self.card.size = self.width - 2 * margin, self.card.least_height
            self.picture.size = self.width, self.height - self.card.height - 2 * margin
            self.picture.pos = self.x, self.top - self.picture.height
            self.card.pos = self.x + margin, self.y + margin
        self.menu.pos = self.x + margin, self.top - self.menu.height - margin


def present_box(session: Session) -> Box | None:
    """Return where the garment is that the card speaks of; None as long as the card isn't sure that there is one."""
    if session.frozen is not None:
        return session.frozen.prediction.box if session.frozen.sure else None
    state = session.state
    return state.prediction.box if state.prediction is not None and state.state == "sure" else None


def present_answer(session: Session) -> Answer:
    """Return what the card shows now: a person's correction, the frozen answer, or the live one."""
    if session.scan is not None and session.scan.corrected:
        return corrected_answer(session.scan)
    if session.frozen is not None:
        return answer_for(session.frozen.prediction, session.frozen.sure)
    return answer(session.state)
