"""What is different on Android: how to tell, and threads of Python that call Java.

pyjnius attaches a thread to the Java machine at its first call and never detaches it
(https://pyjnius.readthedocs.io/en/stable/api.html, "Using threads"); Android ends a process whose thread ends attached.
"""

import sys
import threading

_threads = threading.local()


def on_android() -> bool:
    """Whether this Python runs on Android."""
    return hasattr(sys, "getandroidapilevel")


def until_thread_ends() -> None:
    """Say that this thread calls Java; it is detached when it ends. The thread that started Python stays attached."""
    if threading.current_thread() is not threading.main_thread() and not hasattr(_threads, "goodbye"):
        _threads.goodbye = _Goodbye()


class _Goodbye:
    """Detaches its thread when it is dropped, which is after everything else of the thread is gone."""

    def __init__(self) -> None:
        """Keep the function, for at that moment nothing should be imported."""
        from jnius import detach

        self._detach = detach

    def __del__(self) -> None:
        self._detach()
