"""The answer spoken: by espeak-ng on Linux and Android's own engine, which know languages; elsewhere by plyer's.

plyer's own readers for Linux and Android read every language as if it were English; that for Linux can't be stopped.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from threading import Condition, Thread

from edgefashion.errors import EdgeFashionError
from edgefashion.runtime.android import on_android

from .android_speech import AndroidVoice
from .text import tr

LONGEST_SECONDS = 20.0
PROGRAMS = ("espeak-ng", "espeak")


def find_voice() -> tuple[Callable[[str, str], None] | None, str]:
    """Return what speaks a text in a language, both given, and waits for its end; or None, and why there is none."""
    if on_android():
        return AndroidVoice(), ""
    if sys.platform.startswith("linux"):
        program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
        return (
            (None, tr("No voice: install espeak-ng."))
            if program is None
            else (lambda text, code: _run(program, text, code), "")
        )
    try:
        from plyer import tts
    except ImportError:
        return None, tr("No voice: plyer is not installed here.")
    return (lambda text, _: tts.speak(message=text)), ""


def _run(program: str, text: str, language: str) -> None:
    """Let a program of the espeak family say a text, which it reads from its input: a text is never an option."""
    command = [program, "-v", language, "--stdin"]
    subprocess.run(
        command, input=text.encode(), timeout=LONGEST_SECONDS, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


class Speaker:
    """Speaks in a thread of its own; of what waits only the newest is spoken, and nothing twice in a row.

    Attributes:
        problem: Why nothing is heard, in one line; "" if all is well.
    """

    def __init__(
        self, voice: Callable[[str, str], None] | None, problem: str = "", tell: Callable[[str], None] | None = None
    ) -> None:
        """Args: voice and problem, as `find_voice` returns them; tell, is called with each new problem, in a thread."""
        self.problem = problem
        self._voice = voice
        self._tell = tell
        self._last = ""
        self._waiting: tuple[str, str] | None = None
        self._closing = False
        self._changed = Condition()
        if voice is not None:
            Thread(target=self._work, name="speech", daemon=True).start()

    def say(self, text: str, language: str) -> None:
        """Speak soon, unless this was said last; never waits."""
        with self._changed:
            if text and text != self._last:
                self._last, self._waiting = text, (text, language)
                self._changed.notify()

    def close(self) -> None:
        """Say nothing any more; a word that is being spoken is spoken to its end."""
        with self._changed:
            self._closing, self._waiting = True, None
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._waiting is not None)
                if self._closing:
                    return
                waiting, self._waiting = self._waiting, None
            try:
                if waiting is not None and self._voice is not None:
                    self._voice(*waiting)
                    self.problem = ""
            except Exception as error:  # noqa: BLE001 - a voice that fails must not end the thread
                self._fail(str(error) if isinstance(error, EdgeFashionError) else f"No voice: {error}")

    def _fail(self, problem: str) -> None:
        """Keep why nothing is heard, and tell it once."""
        news, self.problem = problem != self.problem, problem
        if news and self._tell is not None:
            self._tell(problem)
