"""Runs the staged app as a phone would, in a Java machine with stand-ins, and tells what happened as one line of JSON.

python -OO run_staged.py APP CLASSES TABLE PRIVATE PICTURE
"""

import json
import os
import runpy
import sys
import time
from typing import Any

APP, CLASSES, TABLE, PRIVATE, PICTURE = sys.argv[1:]
os.environ["ANDROID_PRIVATE"] = PRIVATE
sys.getandroidapilevel = lambda: 35  # type: ignore[attr-defined]
sys.path.insert(0, APP)
sys.argv = ["main.py"]

import jnius_config  # noqa: E402

jnius_config.set_classpath(CLASSES)
jnius_config.add_options(f"-Dstub.table={TABLE}")

from jnius import autoclass  # noqa: E402

autoclass("android.app.Activity").willAllow = True
told: dict[str, Any] = {}


def watch(folder: Any, *rest: Any) -> None:
    """Do what the app does before Kivy is imported, then look at it ten times a second."""
    real_prepare(folder, *rest)
    from kivy.clock import Clock

    Clock.schedule_interval(look, 0.1)


def look(_seconds: float) -> None:
    """Wait for an answer, then take a picture, pause, resume, and end the app."""
    from kivy.app import App

    app: Any = App.get_running_app()
    if app is None or getattr(app, "live", None) is None:
        return
    session = app.session
    if session.state.state != "sure" and time.monotonic() < END:
        return
    if "type" not in told:
        from kivy.core.window import Window

        provider = autoclass("androidx.camera.lifecycle.ProcessCameraProvider")
        told.update(
            problem=session.problem, source=session.source_name, model=session.model_name,
            state=session.state.state, type=session.state.prediction and session.state.prediction.type,
            runtime=session.classifier and session.classifier.interpreter.runtime,
            failed=session.worker and session.worker.statistics().failed,
            asked=autoclass("android.app.Activity").asked, in_use=provider.inUse(),
            home=sys.modules["edgefashion"].__file__,
        )  # fmt: skip
        told["picture"] = Window.screenshot(name=PICTURE)
        app.dispatch("on_pause")
        told["seen"] = session.frames_seen
        time.sleep(0.5)  # Android's main thread gives the camera back
        told["in_use_paused"] = provider.inUse()
        app.dispatch("on_resume")
    elif session.frames_seen > told["seen"] or time.monotonic() > END:
        told["frames_after_resume"] = session.frames_seen - told["seen"]
        app.stop()


END = time.monotonic() + 90
from edgefashion_app import entry  # noqa: E402

real_prepare = entry.prepare
entry.prepare = watch
try:
    runpy.run_path(os.path.join(APP, "main.py"), run_name="__main__")
except SystemExit as stop:
    told["exit"] = stop.code
sys.stdout.write(json.dumps(told) + "\n")
sys.stdout.flush()
os._exit(0)  # a Java machine and Mesa, both being taken down, are not what this is about
