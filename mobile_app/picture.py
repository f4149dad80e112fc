"""The live picture: frames go into one texture made once; four marks say where to aim, or where the garment is."""

from typing import Any

import numpy as np
from kivy.graphics import Color, Line, Rectangle
from kivy.graphics.texture import Texture
from kivy.metrics import dp
from kivy.properties import BooleanProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout

from edgefashion.camera.frame import Frame
from edgefashion.camera.orientation import Box, place, to_view

from .theme import SPACES, Look
from .widgets import Words

MARK_SHARE = 0.62
"""The marks' square, as a share of the shorter side of the picture."""


class CameraPicture(FloatLayout):
    """Shows frames edge to edge, and a notice where there are none.

    Attributes:
        tone: Colour of the marks, by the state of the answer.
        marks: Whether the marks are shown where there is no box.
        box: Where the garment lies, as `Prediction.box`, which the marks go around; None lets them say where to aim.
    """

    tone = StringProperty("text")
    marks = BooleanProperty(True)
    box = ObjectProperty(None, allownone=True)

    def __init__(self, look: Look, **properties: Any) -> None:
        self._look = look
        self._texture: Texture | None = None
        super().__init__(**properties)
        with self.canvas.before:
            self._tint = Color(*look.colour("panel"))
            self._rectangle = Rectangle()
        with self.canvas.after:
            self._mark_colour = Color()
            self._lines = [Line(width=dp(2), cap="round") for _ in range(4)]
        self.notice = Words(role="title", tone="muted", halign="center", size_hint_y=1, shrinks=True)
        self.notice.bind(size=lambda words, size: setattr(words, "text_size", size))
        side, menu = dp(SPACES["pad"]), dp(SPACES["target"] + 2 * SPACES["gap"])
        room = BoxLayout(padding=(side, menu, side, side), pos_hint={"x": 0, "y": 0})  # the menu lies at the upper edge
        room.add_widget(self.notice)
        self.add_widget(room)
        self.bind(pos=self._place, size=self._place, tone=self._mark, marks=self._mark, box=self._mark)

    @property
    def has_picture(self) -> bool:
        """Whether there is a picture to see."""
        return self._texture is not None

    def show(self, frame: Frame) -> None:
        """Show a frame; only call it in the thread that draws.

        The array goes to the graphics memory as it is (RGBA, top row first); the texture's coordinates turn it upright,
        which costs nothing. Its size is checked here because Kivy doesn't.
        """
        pixels = frame.pixels
        height, width = pixels.shape[:2]
        if pixels.shape != (height, width, 4) or pixels.dtype != np.uint8:
            raise ValueError(f"A frame is uint8 (height, width, 4). Received: {pixels.dtype} {pixels.shape}.")
        if self._texture is None or self._texture.size != (width, height):
            self._texture = Texture.create(size=(width, height), colorfmt="rgba")
            self._rectangle.texture = self._texture
            self._tint.rgba = (1, 1, 1, 1)
            self.notice.text = ""
            self._place()
        self._texture.blit_buffer(pixels.reshape(-1), colorfmt="rgba", bufferfmt="ubyte")
        self.canvas.ask_update()

    def clear(self, notice: str) -> None:
        """Show a notice in place of a picture; to say it again draws nothing anew."""
        if self._texture is None and self.notice.text == notice:
            return
        self.notice.text = notice
        if self._texture is not None:
            self._texture = None
            self._rectangle.texture = None
            self._tint.rgba = self._look.colour("panel")
        self._place()

    def _place(self, *_: object) -> None:
        self._rectangle.pos, self._rectangle.size = self.pos, self.size
        if self._texture is not None and min(self.size) > 0:
            lies = place(self._texture.size, self.size, "cover")
            left, top = -lies.x / lies.width, -lies.y / lies.height
            right, bottom = 1 - left, 1 - top  # the part that is seen, 0–1 from the picture's upper left corner
            self._rectangle.tex_coords = (left, bottom, right, bottom, right, top, left, top)
        self._mark()

    def _mark(self, *_: object) -> None:
        visible = (self.marks or self.box is not None) and self._texture is not None
        self._mark_colour.rgba = (*self._look.colour(self.tone)[:3], 0.95 if visible else 0)
        left, bottom, right, top = self.marked
        arm = min(right - left, top - bottom) / 6
        for line, (x, y) in zip(self._lines, ((-1, -1), (1, -1), (1, 1), (-1, 1)), strict=True):
            corner_x, corner_y = left if x < 0 else right, bottom if y < 0 else top
            line.points = (corner_x - x * arm, corner_y, corner_x, corner_y, corner_x, corner_y - y * arm)

    @property
    def marked(self) -> tuple[float, float, float, float]:
        """Left, lower, right and upper edge of what the marks go around, in window units; never outside of the view."""
        if self.box is None or self._texture is None:
            half = min(self.size) * MARK_SHARE / 2
            return self.center_x - half, self.center_y - half, self.center_x + half, self.center_y + half
        left, top, right, bottom = self.box
        seen = to_view(Box(left, top, right - left, bottom - top), place(self._texture.size, self.size, "cover"))
        edge = dp(SPACES["gap"])
        return (
            max(self.x + seen.x, self.x + edge),
            max(self.top - seen.y - seen.height, self.y + edge),
            min(self.x + seen.x + seen.width, self.right - edge),
            min(self.top - seen.y, self.top - edge),
        )
