"""Runs the app frame by frame in the caller's thread, as the screenshot tour and the tests do."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgefashion.errors import EdgeFashionError

if TYPE_CHECKING:
    from .app import EdgeFashionApp


class Stepper:
    """One running app.

    Under SDL's offscreen driver the frame buffer keeps its first size: begin with the largest (`environment.prepare`).
    """

    def __init__(self, app: "EdgeFashionApp", size: tuple[int, int]) -> None:
        """Start the app in a window of width × height pixels."""
        from kivy.base import EventLoop, ExceptionManager, runTouchApp
        from kivy.clock import Clock
        from kivy.core.window import Window

        if Window is None:
            raise EdgeFashionError(
                "No window can be opened here; on a machine without a screen set SDL_VIDEODRIVER=offscreen."
            )
        self.app, self.window, self._loop, self._clock = app, Window, EventLoop, Clock
        self._exceptions = ExceptionManager
        Clock._max_fps = 0  # frames follow each other without a pause
        Window.create_window()
        Window.register()
        Window.initialized = True
        Window.size = size
        app._run_prepare()  # with runTouchApp this is what App.run() does, without its loop
        runTouchApp(embedded=True)
        self.frames(3)

    def frames(self, number: int = 1) -> None:
        """Draw frames."""
        for _ in range(number):
            self._frame()

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 30.0) -> None:
        """Draw frames until a condition holds.

        Raises:
            EdgeFashionError: It didn't within the time.
        """
        end = monotonic() + seconds
        while not condition():
            if monotonic() > end:
                raise EdgeFashionError(f"Waited {seconds:.0f} s in vain for: {what}.")
            self._frame()
            sleep(0.001)

    def _frame(self) -> None:
        """Draw one frame; exceptions go where Kivy's own loop sends them."""
        try:
            self._loop.idle()
        except Exception as error:
            if self._exceptions.handle_exception(error) == self._exceptions.RAISE:
                raise

    def resize(self, size: tuple[int, int]) -> None:
        """Give the window another size."""
        self.window.size = size
        self.frames(4)

    def screenshot(self) -> NDArray[np.uint8]:
        """Return what is in the frame buffer: uint8 (height, width, 4), RGBA, top row first."""
        from kivy.graphics.opengl import GL_RGBA, GL_UNSIGNED_BYTE, glReadPixels

        self.window.canvas.ask_update()
        self.window.dispatch("on_draw")
        width, height = self.window.size
        data = glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE)
        return np.frombuffer(data, np.uint8).reshape(height, width, 4)[::-1].copy()

    def close(self) -> None:
        """End the app and leave the window empty for the next."""
        from kivy.app import App
        from kivy.base import stopTouchApp

        stopTouchApp()
        self.app._stop() if hasattr(self.app, "_stop") else self.app.dispatch("on_stop")
        for child in self.window.children[:]:
            self.window.remove_widget(child)
        for event in list(self._clock.get_events()):
            event.cancel()
        App._running_app = None
