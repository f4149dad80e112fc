"""Runs the staged app as a phone would, in a Java machine with stand-ins, and tells what happened as one line of JSON.

python -OO run_staged.py APP CLASSES TABLE PRIVATE PICTURE GALLERY
"""

import json
import os
import runpy
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

APP, CLASSES, TABLE, PRIVATE, PICTURE, GALLERY = sys.argv[1:]
os.environ["ANDROID_PRIVATE"] = PRIVATE
sys.getandroidapilevel = lambda: 35  # type: ignore[attr-defined]
sys.path.insert(0, APP)
sys.argv = ["main.py"]

import jnius_config  # noqa: E402

jnius_config.set_classpath(CLASSES)
jnius_config.add_options(f"-Dstub.table={TABLE}", f"-Dstub.cache={PRIVATE}")

from find_class import forbid_in_threads  # noqa: E402 - it lies beside this file
from jnius import autoclass  # noqa: E402

forbid_in_threads()

PERSON = autoclass("android.app.Activity")
PERSON.willAllow = True
told: dict[str, Any] = {}


def watch(folder: Any, *rest: Any) -> None:
    """Do what the app does before Kivy is imported, then look at it ten times a second."""
    real_prepare(folder, *rest)
    from kivy.clock import Clock

    from edgefashion_app import message

    message.SECONDS = 3600.0  # a busy machine must not take it away too soon
    Clock.schedule_interval(look, 0.1)


def look(_seconds: float) -> None:
    """Go on with the story when what it waits for has happened, and end the app after it."""
    from kivy.app import App

    app: Any = App.get_running_app()
    if app is None or getattr(app, "live", None) is None:
        return
    if not story:
        story.extend((tell(app), lambda: True))
    if story[1]() or time.monotonic() > END:
        story[1] = next(story[0], None)
        if story[1] is None:
            app.stop()
            story[1] = lambda: False


def tell(app: Any) -> Iterator[Callable[[], Any]]:
    """What the person does, one after the other; yields what to wait for."""
    for part in (camera, speech, gallery, exports):
        yield from part(app)


def camera(app: Any) -> Iterator[Callable[[], Any]]:
    """Wait for an answer, take a picture of the screen, pause and resume."""
    from kivy.core.window import Window

    session = app.session
    yield lambda: session.state.state == "sure"
    provider = autoclass("androidx.camera.lifecycle.ProcessCameraProvider")
    told.update(
        problem=session.problem, source=session.source_name, model=session.model_name,
        state=session.state.state, type=session.state.prediction and session.state.prediction.type,
        runtime=session.classifier and session.classifier.interpreter.runtime,
        failed=session.worker and session.worker.statistics().failed,
        asked=PERSON.asked, in_use=provider.inUse(), home=sys.modules["edgefashion"].__file__,
    )  # fmt: skip
    told["picture"] = Window.screenshot(name=PICTURE)
    app.dispatch("on_pause")
    seen = session.frames_seen
    time.sleep(0.5)  # Android's main thread gives the camera back
    told["in_use_paused"] = provider.inUse()
    app.dispatch("on_resume")
    yield lambda: session.frames_seen > seen
    told["frames_after_resume"] = session.frames_seen - seen


def speech(app: Any) -> Iterator[Callable[[], Any]]:
    """Let it speak, first in English, then in Thai, of which the engine has no voice."""
    engine = autoclass("android.speech.tts.TextToSpeech")
    app.store.set_setting("speech", True)
    app.use_speech()
    app.session.resume()
    yield lambda: engine.said.size()
    told["said"] = engine.said.poll()
    engine.ends.add("done")
    app.store.set_setting("language", "th")
    app.rebuild()
    app.speaker.say("?", app.language)
    yield lambda: app.messages.text
    told["no_voice"] = app.messages.text
    app.store.set_setting("language", "en")
    app.rebuild()
    app.store.set_setting("speech", False)
    app.use_speech()
    yield lambda: True  # everything has its place by the next look


def gallery(app: Any) -> Iterator[Callable[[], Any]]:
    """Open pictures, a good one first; tell what is shown, or said."""
    from kivy.core.window import Window

    told["gallery"] = {}
    for name in ("content://files" + GALLERY, "back", "content://files" + TABLE, "content://files/dev/null",
                 "content://gone/a", "content://torn/a", "content://endless/a", "nothing"):  # fmt: skip
        if app.session.frozen is not None:
            tap(app, "freeze")  # which reads "Continue"
        app.messages.hush()
        PERSON.choices.add(name)
        tap(app, "import")
        yield lambda: not app.files.opening
        frozen = app.session.frozen
        told["gallery"][name] = {
            "page": app.page, "said": app.messages.text, "card": frozen and app.live.card.type.text,
            "pixels": frozen and zlib.crc32(frozen.frame.rgb().tobytes()),
        }  # fmt: skip
        if frozen is not None:
            yield lambda: True  # it is drawn by the next look
            told["gallery_picture"] = Window.screenshot(name=PICTURE)
    told["screens"] = [PERSON.screens.poll() for _ in range(PERSON.screens.size())]


def exports(app: Any) -> Iterator[Callable[[], Any]]:
    """Keep a scan, and export it: both files kept, only the second, none, and no room."""
    app.session.resume()
    yield lambda: app.session.can_freeze
    told["scan"] = app.session.save().id
    app.session.resume()
    told["exports"] = []
    for places in (("files", "files"), ("back", "files"), ("back", "back"), ("full", "files")):
        app.messages.hush()
        folder = Path(PRIVATE, f"kept{len(told['exports'])}")
        folder.mkdir()
        for number, place in enumerate(places):
            PERSON.choices.add(place if place == "back" else f"content://{place}{folder}/{number}")
        app.open_page("history")
        yield lambda: True
        tap(app, "export")
        yield lambda: app.messages.text
        PERSON.choices.clear()
        told["exports"].append(
            {
                "said": app.messages.text,
                "asked": [PERSON.screens.poll() for _ in range(PERSON.screens.size())],
                "kept": {path.name: path.read_bytes().hex() for path in sorted(folder.iterdir())},
                "left": [path.name for path in Path(PRIVATE, "edgefashion", "exports").iterdir()],
            }
        )


def tap(app: Any, value: str) -> None:
    """Touch the button with this value in its middle."""
    from kivy.tests import UnitTestTouch

    found = {getattr(w, "value", ""): w for w in app.top_screen.walk(restrict=True)}
    if value not in found:
        raise LookupError(f"{value} is not among {sorted(found)} of the page {app.page!r}; so far: {told}")
    button = found[value]
    touch = UnitTestTouch(*button.to_window(*button.center))
    touch.touch_down()
    touch.touch_up()


story: list[Any] = []
END = time.monotonic() + 400
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
