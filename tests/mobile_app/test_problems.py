"""Problems are said in the screen's language: the errors are raised by the rooms that tell them."""

import errno
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgefashion.camera import source, usb
from edgefashion.camera.android import REASON
from edgefashion.camera.av_input import import_av
from edgefashion.camera.sources import open_source
from edgefashion.errors import EdgeFashionError
from edgefashion.runtime import image
from edgefashion.runtime.image import upright
from edgefashion.store.database import _explain
from edgefashion.store.store import Store

pytest.importorskip("kivy", reason="the extra app is not installed")

from edgefashion_app import models, session, text
from edgefashion_app.problems import PROBLEMS, said, with_detail
from edgefashion_app.session import frame_from_picture

LANGUAGES = ("de", "fr", "es", "vi", "th")


@pytest.fixture(autouse=True)
def german() -> Iterator[None]:
    text.use_language("de")
    yield
    text.use_language("en")


def told(act: Callable[[], Any]) -> str:
    """What an error says."""
    with pytest.raises((EdgeFashionError, OSError)) as caught:
        act()
    return str(caught.value)


def problem_of(spec: str) -> str:
    """Why a source gives no picture."""
    opened = open_source(spec)
    opened.start()
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if opened.problem:
                return opened.problem
            time.sleep(0.01)
    finally:
        opened.close()
    raise AssertionError(f"{spec} has no problem")


def is_said(problem: str, start: str) -> None:
    """A problem is known in every language, as a sentence with everything filled in; in German it begins like this."""
    assert said(problem).startswith(start), f"{problem} → {said(problem)}"
    for language in LANGUAGES:
        text.use_language(language)
        assert said(problem) != problem
        assert not re.search(r"[{}]", said(problem))
        assert said(said(problem)) == said(problem), "a sentence is not taken for another problem"
        assert problem in with_detail(problem)
    text.use_language("de")


def test_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty, other = tmp_path / "leer: 1.png", tmp_path / "notes.txt"
    empty.write_bytes(b"")
    other.write_text("no picture")
    Image.new("RGB", (64, 64)).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:60])
    for path in (empty, other, tmp_path / "cut.png", tmp_path):
        is_said(told(lambda path=path: frame_from_picture(path)), f"{path.name} kann nicht gelesen werden")
    is_said(told(lambda: frame_from_picture(tmp_path / "gone.png")), "gone.png ist nicht da")
    Image.new("RGB", (300, 200)).save(tmp_path / "large.png")
    monkeypatch.setattr(image, "MAX_PIXELS", 1000)
    is_said(told(lambda: frame_from_picture(tmp_path / "large.png")), "large.png ist zu groß")
    monkeypatch.setattr(image, "MAX_FILE_BYTES", 100)
    is_said(told(lambda: frame_from_picture(tmp_path / "large.png")), "large.png ist zu groß")
    is_said(told(lambda: upright(bytes(200), 64)), "picture of 200 bytes ist zu groß")

    def forbid(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(image.os, "stat", forbid)
    is_said(told(lambda: frame_from_picture(tmp_path / "x" / "large.png")), "Diese App darf large.png nicht lesen")


def test_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    av = pytest.importorskip("av", reason="the extra camera is not installed")
    monkeypatch.setattr(source, "RETRY_SECONDS", 0.01)
    is_said(session.NO_CAMERA, "Keine Kamera ist gewählt.")
    is_said(REASON, "EdgeFashion braucht die Kamera")
    is_said(problem_of(f"usb:{tmp_path}/video7"), "Die Kamera video7 wurde nicht gefunden.")
    device = tmp_path / "video0"
    device.touch()

    def failing(error: Exception, pictures: int = 0) -> Callable[..., Any]:
        def frames(*_: Any) -> Iterator[Any]:
            yield from [(None, upright(Image.new("RGB", (8, 8)), 8))] * pictures
            raise error

        return frames

    for error, pictures, start in (
        (PermissionError(errno.EACCES, "Permission denied"), 0, "Diese App darf die Kamera video0 nicht benutzen."),
        (av.error.OSError(errno.EBUSY, "Device busy"), 0, "Die Kamera video0 liefert kein Bild."),
        (av.error.OSError(errno.ENODEV, "No such device"), 1, "Die Kamera video0 ist nicht mehr da."),
        (ZeroDivisionError("?!"), 0, "Die Kamera video0 versagt: ZeroDivisionError: ?!"),
    ):
        monkeypatch.setattr(usb, "frames", failing(error, pictures))
        is_said(problem_of(f"usb:{device}"), start)
    is_said("android:back: no picture comes; another app may be using the camera.", "Die Kamera android:back liefert")
    is_said("android:front: there is no such camera", "Die Kamera android:front wurde nicht gefunden.")
    is_said("picamera2: no camera is connected; check the ribbon cable, then: …", "Die Kamera picamera2 wurde nicht")
    is_said(problem_of("picamera2"), "picamera2 ist auf diesem Gerät nicht installiert.")
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    is_said(told(lambda: import_av("a USB camera")), "edgefashion[camera] ist auf diesem Gerät nicht")


def test_files_in_place_of_a_camera(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="the extra camera is not installed")
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.avi").write_bytes(b"no video")
    for spec in ("folder:/nowhere/away", "video:/nowhere/away"):
        is_said(told(lambda spec=spec: open_source(spec)), "away ist nicht da")
    is_said(problem_of(f"video:{tmp_path}/a.avi"), "a.avi kann nicht abgespielt werden")
    is_said(told(lambda: open_source(f"folder:{tmp_path}/empty")), "In empty ist kein Bild")
    for spec in ("webcam", "usb:front"):
        is_said(told(lambda spec=spec: open_source(spec)), f"{spec} ist keine Kamera")


def test_disks_and_the_saved_scans(tmp_path: Path) -> None:
    def failed(code: int) -> str:
        error = sqlite3.OperationalError("as SQLite says it")
        error.sqlite_errorcode = code
        return _explain(error, tmp_path / "scans.db")

    full = "Der Speicher ist voll"
    is_said(failed(sqlite3.SQLITE_FULL), full)
    is_said(str(OSError(errno.ENOSPC, "No space left on device", "/x/a.csv.part")), full)
    is_said(failed(sqlite3.SQLITE_READONLY), "In scans.db kann nicht geschrieben werden")
    is_said(str(PermissionError(errno.EACCES, "Permission denied", "/x/exports")), "In exports kann nicht geschrieben")
    is_said(failed(sqlite3.SQLITE_BUSY), "Ein anderes Programm hält")
    (tmp_path / "file").touch()
    is_said(told(lambda: Store.open(tmp_path / "file" / "scans.db")), "In file kann nicht geschrieben werden")
    (tmp_path / "scans.db").write_bytes(b"no database at all" * 100)
    with Store.open(tmp_path / "scans.db") as store:
        is_said(store.notice, "Die gespeicherten Scans waren beschädigt. Sie wurden als scans-damaged-")
        is_said(told(lambda: store.scan(7)), "Diesen Scan gibt es nicht mehr")


def test_models(tiny_model: Path, tmp_path: Path, store: Store) -> None:
    chosen = tmp_path / "mine.tflite"
    chosen.write_bytes(b"damaged")
    notice = models.open_proven([str(chosen), str(tiny_model)])[1]
    is_said(
        notice, f"Das Modell mine.tflite fehlt, ist beschädigt oder rechnet hier falsch, darum wird {tiny_model.name}"
    )
    is_said(told(lambda: models.open_proven([str(chosen)])), "Hier läuft kein Modell")
    fresh = session.Session(store, lambda call: call())
    is_said(told(lambda: fresh.look_at(None)), "Das Modell ist noch nicht geöffnet")  # type: ignore[arg-type]


def test_what_is_unknown_stays_and_every_sentence_can_be_filled_in() -> None:
    assert said("Something\nquite new.") == "Something quite new."
    assert with_detail("Something quite new.") == "Something quite new."
    assert said(said("No voice: it has a cold")) == "Keine Stimme: it has a cold"
    for patterns, sentence in PROBLEMS:
        for pattern in patterns:
            assert set(re.findall(r"\{(\w+)\}", sentence())) == set(re.compile(pattern).groupindex)


@given(st.text(max_size=80), st.sampled_from([": no camera at x", ": can't be read (x)", "No voice: ", "{name}", ""]))
def test_no_line_ends_the_app(words: str, more: str) -> None:
    assert isinstance(said(words + more), str)


def test_the_screen_says_it_and_the_health_page_keeps_what_was_told(drive: Callable[..., Any], store: Store) -> None:
    store.set_setting("language", "de")
    driver = drive(source="usb:/nowhere/video9")
    driver.until(lambda: "Die Kamera video9 wurde nicht gefunden" in driver.app.live.picture.notice.text, "the notice")
    driver.app.files.open("/nowhere/a.png")
    driver.imported()
    assert driver.app.messages.text.startswith("a.png ist nicht da")
    driver.app.open_page("health")
    driver.frames(3)
    assert "Kamera: Die Kamera video9 wurde nicht gefunden" in driver.words()
    assert (
        "(usb:/nowhere/video9: no camera at /nowhere/video9; plug it in, or choose another source.)" in driver.words()
    )
    assert "Letzter Fehler: a.png ist nicht da" in driver.words()
    assert "(/nowhere/a.png: can't be read (No such file or directory).)" in driver.words()
    store.set_setting("language", "fr")
    driver.app.rebuild()
    driver.app.back()
    driver.frames(3)
    assert "La caméra video9 est introuvable" in driver.app.live.picture.notice.text, "in the language of now"
