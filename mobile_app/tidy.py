"""Gives back what closed pages held: widgets hold each other in circles, and every text of theirs holds a picture."""

import gc

from kivy.clock import Clock

SECONDS = 0.5
"""How long after a page was closed, so that closing it is not slower."""


class Tidy:
    """Collects garbage soon after it was made.

    Python would wait until there are many objects; the few of a page hold megabytes of textures, and after some hundred
    pages the app would have taken gigabytes.
    """

    def __init__(self) -> None:
        self.soon = Clock.create_trigger(self._collect, SECONDS)

    def _collect(self, _seconds: float) -> None:
        gc.collect()
