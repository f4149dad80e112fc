"""Starts the app on Android, where there is no command line: the build's `main.py` calls this."""

import os
from pathlib import Path

from . import entry

FOLDER = "edgefashion"


def main() -> int:
    """Run the app on the phone's private folder; returns as `entry.main` does."""
    # JNI finds an app's classes only from the thread that started the app, and the model is opened in another.
    from jnius import autoclass

    import edgefashion.runtime.android_interpreter  # noqa: F401

    os.environ.setdefault("LANG", autoclass("java.util.Locale").getDefault().toString())
    folder = Path(os.environ["ANDROID_PRIVATE"]) / FOLDER  # set by python-for-android; removed with the app
    return entry.main(["--folder", str(folder)])
