"""The app that a tutorial would write, as a peer of ours: everything in one function, on the thread that draws.

Its frames come from the same source as ours (`open_source`), and the same model file classifies them. What is typical
is kept: `Clock.schedule_interval`, the picture resized by Pillow, the network run where the window is drawn, and for
every frame a new texture filled from flipped bytes. Only `benchmarks/children/app.py` imports this, in a process of its
own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from kivy.app import App
from kivy.clock import Clock
from kivy.graphics.texture import Texture
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.image import Image
from kivy.uix.label import Label
from PIL import Image as PILImage

from edgefashion.camera.frame import Frame
from edgefashion.camera.sources import open_source

FRAMES_PER_SECOND = 30


class TutorialApp(App):  # type: ignore[misc]
    """The picture of a camera, and under it a label with the best class."""

    def __init__(self, spec: str, model: str, labels: tuple[str, ...]) -> None:
        super().__init__()
        self.spec, self.model, self.labels = spec, model, labels
        self.frame: Frame | None = None

    def build(self) -> Any:
        self.interpreter = Interpreter(model_path=self.model)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        outputs = self.interpreter.get_output_details()
        self.output = next(item for item in outputs if item["shape"][-1] == len(self.labels))
        self.capture = open_source(self.spec)
        self.capture.start()
        self.image = Image()
        self.label = Label(font_size="32sp", size_hint_y=0.2)
        layout = BoxLayout(orientation="vertical")
        layout.add_widget(self.image)
        layout.add_widget(self.label)
        Clock.schedule_interval(self.update, 1 / FRAMES_PER_SECOND)
        return layout

    def update(self, dt: float) -> None:  # noqa: ARG002 - Kivy gives it
        frame = self.capture.latest(self.frame.sequence if self.frame else 0)
        if frame is None:
            return
        self.frame = frame
        pixels = frame.rgb()
        self.show(pixels)
        self.label.text = self.classify(pixels)

    def show(self, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        height, width = pixels.shape[:2]
        texture = Texture.create(size=(width, height), colorfmt="rgb")
        texture.blit_buffer(np.flip(pixels, 0).tobytes(), colorfmt="rgb", bufferfmt="ubyte")
        self.image.texture = texture

    def classify(self, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> str:
        height, width = self.input["shape"][1:3]
        picture = PILImage.fromarray(pixels).resize((width, height))
        self.interpreter.set_tensor(self.input["index"], np.expand_dims(np.array(picture), 0))
        self.interpreter.invoke()
        scores = self.interpreter.get_tensor(self.output["index"])[0]
        best = int(np.argmax(scores))
        return f"{self.labels[best]} {scores[best] / 255:.0%}"

    def on_stop(self) -> None:
        self.capture.close()
