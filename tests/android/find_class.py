"""What a Java machine on a desktop allows and Android does not; also for `run_staged.py`, which runs alone."""

import threading
from typing import Any


def forbid_in_threads() -> None:
    """Let classes of the app be found only in the thread that started it, as JNI's FindClass does on Android."""
    from jnius import reflect  # starts the Java machine, whose options must be set by then

    find = reflect.find_javaclass

    def as_on_android(name: Any) -> Any:
        known = (name.decode() if isinstance(name, bytes) else name).startswith(("java.", "java/", "["))
        if not known and threading.current_thread() is not threading.main_thread():
            raise RuntimeError(f"{name!r}: JNI's FindClass knows no class of the app in a thread of Python's")
        return find(name)

    reflect.find_javaclass = as_on_android
