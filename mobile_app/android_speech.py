"""The answer spoken by Android's text-to-speech; `apk/java/…/Speech.java` is the Java side."""

from functools import cache
from typing import Any

from edgefashion.errors import EdgeFashionError
from edgefashion.runtime.android import until_thread_ends

from .text import tr

SPEECH = "org.edgefashion.speech.Speech"
LONGEST_MS = 20_000


class AndroidVoice:
    """Speaks a text in a language, both given, and waits for its end."""

    def __init__(self) -> None:
        """Make it in the thread that started the app: JNI finds an app's classes only there."""
        self._java = _speech()

    def __call__(self, text: str, language: str) -> None:
        """Speak.

        Raises:
            EdgeFashionError: Nothing is heard, and why.
        """
        until_thread_ends()
        problem = self._java.say(text, language, LONGEST_MS)
        if problem == "language":
            raise EdgeFashionError(
                tr("No voice for this language: install one that works offline in Android's settings for speech.")
            )
        if problem:
            raise EdgeFashionError(tr("No voice: Android's speech does not answer."))


@cache
def _speech() -> Any:
    """Return the one engine: Android keeps it bound to this app until it ends."""
    from jnius import autoclass

    return autoclass(SPEECH)(autoclass("org.kivy.android.PythonActivity").mActivity)
