"""The few widgets that every screen is made of; how they look is in style.kv."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.clock import Clock
from kivy.core.image import Image as CoreImage
from kivy.core.text import Label as CoreLabel
from kivy.core.text import LabelBase
from kivy.lang import Builder
from kivy.metrics import dp, sp
from kivy.properties import BooleanProperty, NumericProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout
from kivy.uix.image import Image
from kivy.uix.label import Label
from kivy.uix.scrollview import ScrollView
from kivy.uix.stacklayout import StackLayout
from kivy.uix.textinput import TextInput
from kivy.uix.widget import Widget

from .icons import icon as icon_character
from .theme import LEAST_TEXT, SPACES

FOLDER = Path(__file__).parent
LONGEST_TEXT = 240
"""Width in dp from which the text of a button is made smaller, then shortened, so that it fits the smallest screen."""


def load_style() -> None:
    """Register the fonts and the looks, once in a process."""
    style = str(FOLDER / "style.kv")
    if style in Builder.files:
        return
    LabelBase.register("icons", str(FOLDER / "fonts" / "icons.ttf"))
    thai = [str(FOLDER / "fonts" / f"NotoSansThai-{weight}.ttf") for weight in ("Regular", "Bold")]
    LabelBase.register("NotoSansThai", thai[0], fn_bold=thai[1])
    Builder.load_file(style)


class Words(Label):
    """A text; its role says how large, its tone which colour. Wraps to its width and is as high as it needs to be."""

    role = StringProperty("text")
    tone = StringProperty("text")
    shrinks = BooleanProperty(False)
    """Whether it becomes smaller, down to `LEAST_TEXT`, where a word, or with a fixed height a line, would not fit."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.bind(width=self._wrap)
        if self.shrinks:
            self._nominal = float(getattr(self, "font_size"))  # noqa: B009 - Kivy's; mypy can't tell its type here
            self._shrink_soon = Clock.create_trigger(self._shrink)
            self.bind(size=self._shrink_soon, text=self._shrink_soon)

    def _shrink(self, _seconds: float) -> None:
        """Take the largest size at which everything fits."""
        least = min(self._nominal, sp(LEAST_TEXT))
        size = self._nominal
        while size > least and not self._fits(size):
            size = max(least, size - 1)
        self.font_size = size

    def longest(self, size: float) -> float:
        """Width in pixels, at a text size, of what should not be broken: its longest word, or the whole line."""
        measure = CoreLabel(font_size=size, font_name=self.font_name, bold=self.bold)
        words = [self.text] if self.shorten else self.text.split()
        return float(max((measure.get_extents(word)[0] for word in words), default=0))

    def _fits(self, size: float) -> bool:
        """Whether no word is broken at this size, and no line left out."""
        if self.longest(size) > self.width:
            return False
        if self.size_hint_y is None:
            return True
        whole = CoreLabel(
            text=self.text, font_size=size, font_name=self.font_name, bold=self.bold, text_size=(self.width, None)
        )
        return bool(whole.render()[1] <= self.height)

    def _wrap(self, *_: object) -> None:
        """Break lines at the widget's width, unless somebody decided otherwise (`text_size` of a fixed height)."""
        if self.size_hint_y is None:
            self.text_size = self.width, None


class Icon(Label):
    """An icon, by its name in `ICONS`."""

    tone = StringProperty("text")

    def __init__(self, name: str, **properties: Any) -> None:
        super().__init__(text=icon_character(name), **properties)

    def show(self, name: str) -> None:
        """Show another icon."""
        self.text = icon_character(name)


class Panel(BoxLayout):
    """A card or a bar: children on a rounded ground."""

    ground = StringProperty("panel")
    radius = NumericProperty(SPACES["radius"])


class Bar(Widget):
    """How sure the model is, as a length."""

    share = NumericProperty(0.0)
    tone = StringProperty("good")


class Field(TextInput):
    """One line to write in; Tab and the arrows up and down lead on to the next button."""

    def keyboard_on_key_down(self, window: Any, keycode: tuple[int, str], text: str, modifiers: list[str]) -> bool:
        """Leave the field by the keys that lead out of it; all others are its own."""
        if keycode[1] in ("tab", "up", "down"):
            back = keycode[1] == "up" or "shift" in modifiers
            App.get_running_app().keyboard.move(-1 if back else 1)
            return True
        return bool(super().keyboard_on_key_down(window, keycode, text, modifiers))


class Scroll(ScrollView):
    """A page's part that can be longer than the screen."""


class Tap(ButtonBehavior, BoxLayout):
    """What a finger, the Enter key or a switch presses: an icon, a text, or both.

    Attributes:
        chosen: Whether it stands out: the main action, or the choice that holds.
        focused: Whether the keyboard is on it.
        value: What it stands for, for whoever looks for it.
    """

    chosen = BooleanProperty(False)
    focused = BooleanProperty(False)
    value = StringProperty("")

    def __init__(
        self,
        text: str = "",
        icon: str = "",
        on_tap: Callable[[], object] | None = None,
        fit: bool = False,
        font: str = "",
        **properties: Any,
    ) -> None:
        """Args: text and icon, what is on it; on_tap, what it does; fit, as wide as its text; font, if not usual."""
        super().__init__(**properties)
        self._words: Words | None = None
        self._icon: Icon | None = None
        if icon:
            self._icon = Icon(icon, pos_hint={"center_y": 0.5})
            if not text:
                self.size_hint_x = None
                self.width = dp(SPACES["target"])
                self._icon.size_hint_x = 1
            self.add_widget(self._icon)
        if text:
            self._words = Words(
                text=text, role="strong", size_hint_y=1, halign="left" if icon else "center", shorten=False,
                shrinks=not fit,
            )  # fmt: skip
            if font:
                self._words.font_name = font
            self.add_widget(self._words)
            if fit:
                self.size_hint_x = None
                self._words.text_size = None, None
                self._words.bind(texture_size=lambda *_: self._fit())
                self._fit()
            else:
                self._words.bind(size=lambda words, size: setattr(words, "text_size", size))
                if self._icon is not None:
                    self.bind(width=self._make_room)
                    self._words.bind(text=self._make_room)
        self.bind(chosen=lambda *_: self._recolour())
        self._recolour()
        if on_tap is not None:
            self.bind(on_release=lambda *_: on_tap())

    @property
    def text(self) -> str:
        """The text on it; empty where there is only an icon."""
        return str(self._words.text) if self._words else ""

    @text.setter
    def text(self, text: str) -> None:
        if self._words is not None:
            self._words.text = text

    def show_icon(self, name: str) -> None:
        """Show another icon."""
        if self._icon is not None:
            self._icon.show(name)

    def show_words(self, shown: bool) -> None:
        """Leave the text out where there is no room for it, or show it again; only where there is an icon too."""
        if self._words is None or self._icon is None or shown == (self._words.parent is self):
            return
        self._icon.size_hint_x = None if shown else 1
        if shown:
            self.add_widget(self._words)
        else:
            self.remove_widget(self._words)
        self._make_room()

    def _make_room(self, *_: object) -> None:
        """Leave the icon out where even the smallest letters need its room."""
        if self._icon is not None and self._words is not None and self._words.parent is None:
            self._icon.opacity = 1
        elif self._icon is not None and self._words is not None:
            icon = sp(App.get_running_app().look.text_size("icon")) * 1.25  # as in style.kv
            left = self.width - dp(SPACES["gap"] * 2 + SPACES["tight"]) - icon
            fits = self._words.longest(sp(LEAST_TEXT)) <= left
            self._icon.width, self._icon.opacity = (icon, 1) if fits else (0, 0)

    def _fit(self) -> None:
        words = self._words
        if words is not None and words.text_size[0] is None and words.texture_size[0] > dp(LONGEST_TEXT):
            if words.font_size > sp(LEAST_TEXT):  # smaller first; its new width leads here again
                words.font_size = max(sp(LEAST_TEXT), words.font_size * dp(LONGEST_TEXT) / words.texture_size[0] - 0.5)
                return
            words.shorten, words.shorten_from = True, "left"  # of a path the end tells most
            words.text_size = dp(LONGEST_TEXT), None
        widths = (part.texture_size[0] if isinstance(part, Words) else part.width for part in self.children)
        self.width = max(dp(SPACES["target"]), sum(widths) + dp(SPACES["pad"] * 2))

    def _recolour(self) -> None:
        for part in (self._words, self._icon):
            if part is not None:
                part.tone = "on_accent" if self.chosen else "text"


class Page(BoxLayout):
    """A screen over the live picture: a bar with the way back and a title, then its content."""

    def __init__(self, title: str, on_back: Callable[[], object], **properties: Any) -> None:
        super().__init__(**properties)
        bar = BoxLayout(size_hint_y=None, height=dp(SPACES["target"]), spacing=dp(SPACES["pad"]))
        self.back = Tap(icon="back", on_tap=on_back, value="back")
        bar.add_widget(self.back)
        heading = Words(text=title, role="title", size_hint_y=1, shrinks=True)
        heading.bind(size=lambda words, size: setattr(words, "text_size", size))
        bar.add_widget(heading)
        self.bar = bar
        self.add_widget(bar)


def column(**properties: Any) -> GridLayout:
    """Return a column that is as high as what is in it, for the inside of a `Scroll`."""
    grid = GridLayout(cols=1, spacing=dp(SPACES["gap"]), size_hint_y=None, **properties)
    grid.bind(minimum_height=grid.setter("height"))
    return grid


def flow(**properties: Any) -> StackLayout:
    """Return rows that wrap, as high as what is in them."""
    rows = StackLayout(spacing=dp(SPACES["gap"]), size_hint_y=None, **properties)
    rows.bind(minimum_height=rows.setter("height"))
    return rows


def picture_from(jpeg: bytes, **properties: Any) -> Image:
    """Return a widget that shows a JPEG; an empty one where there is none."""
    shown = Image(fit_mode="contain", **properties)
    if jpeg:
        shown.texture = CoreImage(BytesIO(jpeg), ext="jpg").texture
    return shown
