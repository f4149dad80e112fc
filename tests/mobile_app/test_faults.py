"""What goes wrong outside is said in one line, and nothing is lost: disks, model files, clocks, pictures."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgefashion.data.drawn import draw_garment
from edgefashion.errors import ModelFileError, StoreError
from edgefashion.runtime.model_file import ModelFile, append_files
from edgefashion.runtime.prediction import Prediction
from edgefashion.store.place import FILE_NAME
from edgefashion.store.store import Store

HAT = Prediction((("hat", 0.8), ("shoes", 0.2)), "headwear", True)
START = "import sys; from edgefashion_app.entry import main; sys.exit(main(sys.argv[1:]))"


# --- disks -----------------------------------------------------------------------------------------


class SmallDisk:
    """A real file system of a few megabytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filling = folder / "music"

    def fill(self) -> None:
        with self._filling.open("ab", buffering=0) as file:
            for size in (65_536, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def empty(self) -> None:
        self._filling.unlink()


@contextmanager
def mounted(folder: Path) -> Iterator[SmallDisk]:
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(folder)]
    try:
        done = subprocess.run(words, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("mounting a small disk needs root, and a machine that lets tests do so")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "disk") as small:
        yield small


def test_a_full_disk_is_said_and_nothing_that_was_saved_is_lost(
    disk: SmallDisk, window: None, tiny_model: Path, garments: Path
) -> None:
    from edgefashion_app.app import EdgeFashionApp, Options
    from tests.mobile_app.driver import Driver

    with Store.open(disk.folder / FILE_NAME) as store:
        options = Options(disk.folder, f"folder:{garments}", str(tiny_model))
        driver = Driver(EdgeFashionApp(store, options), (800, 480))
        try:
            _meet_a_full_disk(driver, store, disk)
        finally:
            driver.close()
    with Store.open(disk.folder / FILE_NAME) as store:
        assert store.notice == ""
        assert len(store.scans()) == 3
        assert sum(stock.count for stock in store.counts()) == 1


def _meet_a_full_disk(driver: Any, store: Store, disk: SmallDisk) -> None:
    app = driver.app
    driver.answered()
    for _ in range(2):
        driver.tap("freeze")
        driver.tap("freeze")
        driver.answered()
    disk.fill()
    for tap in ("freeze", "count", "fix", "share"):
        app.messages.hush()
        driver.tap(tap)
        assert "The disk is full or failing, so nothing was saved. Make room" in app.messages.text, tap
        assert "is full or fails, so nothing was saved; free some space" in app.last_problem
        assert "\n" not in app.messages.text
    assert app.page == ""
    assert len(store.scans()) == 2

    app.open_page("history")
    driver.frames(1)
    driver.tap("export")
    assert "The disk is full" in app.messages.text
    assert "No space left on device" in app.last_problem
    assert not list((disk.folder / "exports").glob("*")), "half a file is none"
    app.open_page("settings")
    driver.frames(1)
    driver.tap("theme light")
    assert "is full" in app.messages.text
    app.open_model()  # which is noted in the store
    before = app.session.classifier
    driver.until(lambda: app.session.classifier is not before, "the model again")
    app.back()
    app.session.resume()
    driver.answered()

    disk.empty()
    driver.tap("count")
    assert (len(store.scans()), len(store.counts())) == (3, 1)


def test_a_disk_that_is_full_before_the_start_is_one_line(tmp_path: Path) -> None:
    with mounted(tmp_path / "full") as disk:
        disk.fill()
        words = ("--folder", str(disk.folder / "app"), "--source", "folder:nowhere")
        done = subprocess.run(
            [sys.executable, "-c", START, *words], capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("edgefashion-app: ")
    assert "space" in line


def test_the_oldest_scans_make_room(drive: Callable[..., Any], store: Store) -> None:
    for _ in range(60):
        store.add(HAT, b"\xff\xd8\xff" + bytes(4000), "tiny 1")
    store.correct(1, type="shoes")
    store.set_setting("store_bytes", 150_000)
    driver = drive()
    driver.answered()
    driver.tap("freeze")
    kept = [scan.id for scan in store.scans()]
    assert kept[0] == 61, "the new one is there"
    assert kept[-1] == 1, "what a person has corrected stays longest"
    assert len(kept) < 40
    assert store.usage().bytes <= 150_000


def test_an_error_of_the_disk_ends_nothing_and_one_of_our_own_does(
    drive: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kivy.clock import Clock

    driver = drive(source=None)

    def fail(error: Exception) -> Callable[[float], None]:
        def act(_: float) -> None:
            raise error

        return act

    Clock.schedule_once(fail(OSError(5, "Input/output\nerror")))
    driver.frames(2)
    assert driver.app.messages.text == "[Errno 5] Input/output error"
    monkeypatch.setattr(driver.app.session, "tick", lambda: fail(StoreError("The disk fails."))(0))
    driver.frames(3)
    assert driver.app.messages.text == "The disk fails."
    ticked: list[int] = []
    monkeypatch.setattr(driver.app.session, "tick", lambda: ticked.append(1))
    driver.frames(2)
    assert ticked, "the next frames of the camera are asked for all the same"
    Clock.schedule_once(fail(ZeroDivisionError("ours")))
    with pytest.raises(ZeroDivisionError):
        driver.frames(2)


# --- model files -----------------------------------------------------------------------------------


def damaged(model: Path, kind: str) -> bytes:
    content = bytearray(model.read_bytes())
    if kind == "cut short":
        del content[len(content) // 2 :]
    elif kind == "empty":
        content.clear()
    elif kind == "a few bytes":
        content[len(content) // 4] ^= 0x5A
    elif kind == "computes something else":  # a whole file that expects other scores, as on a device that is at fault
        file = ModelFile.read(model)
        assert file.card is not None
        golden = file.card.golden[0]
        wrong = replace(golden, outputs={name: scores[::-1] for name, scores in golden.outputs.items()})
        card = replace(file.card, golden=(wrong,)).to_json().encode()
        return append_files(file.flatbuffer, {**file.files, "card.json": card})
    return bytes(content)


@pytest.mark.parametrize("kind", ["cut short", "empty", "a few bytes", "computes something else", "missing"])
def test_a_damaged_model_is_left_out_for_the_one_before(kind: str, tiny_model: Path, tmp_path: Path) -> None:
    from edgefashion_app.models import open_proven

    chosen = tmp_path / "chosen.tflite"
    if kind != "missing":
        chosen.write_bytes(damaged(tiny_model, kind))
    classifier, notice = open_proven((str(chosen), str(tiny_model), "garment-base"))
    assert classifier.path == tiny_model
    assert "chosen.tflite" in notice
    assert "\n" not in notice
    with pytest.raises(ModelFileError, match=r"chosen\.tflite"):
        open_proven((str(chosen),))


def test_the_app_starts_with_the_model_that_worked_last(
    drive: Callable[..., Any], store: Store, tiny_model: Path, tmp_path: Path
) -> None:
    chosen = tmp_path / "chosen.tflite"
    chosen.write_bytes(damaged(tiny_model, "computes something else"))
    store.set_setting("model", str(chosen))
    store.set_setting("proven_model", str(tiny_model))
    driver = drive(model=None)
    driver.until(lambda: driver.app.messages.text, "why the model is another one")
    assert "chosen.tflite" in driver.app.messages.text
    driver.answered()
    assert driver.app.session.classifier.path == tiny_model
    assert store.setting("model", "") == str(chosen), "what was chosen is not forgotten: the file may come back"


# --- clocks ----------------------------------------------------------------------------------------


def test_the_clock_may_jump(drive: Callable[..., Any], store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [datetime(2026, 11, 22, 12, tzinfo=UTC)]

    class JumpingClock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return now[0].astimezone(tz)

    for module in ("edgefashion.store.store", "edgefashion_app.screens.history", "edgefashion_app.export"):
        monkeypatch.setattr(f"{module}.datetime", JumpingClock)
    monkeypatch.setattr(time, "time", lambda: now[0].timestamp())
    monkeypatch.setattr("edgefashion_app.message.SECONDS", 0.2)
    driver = drive(kiosk=True, idle_seconds=3600)
    app = driver.app
    driver.answered()
    for jump in (timedelta(0), timedelta(days=-20_000), timedelta(days=40_000), timedelta(hours=-1)):
        now[0] += jump
        before = len(store.scans())
        driver.tap("freeze")
        assert len(store.scans()) == before + 1
        driver.tap("freeze")
        driver.until(lambda: app.messages.text == "", "the end of the message")
        driver.answered()
        assert not app.kiosk.inviting, "nobody was idle for an hour"
    assert [scan.id for scan in store.scans()] == [4, 3, 2, 1], "in the order in which they were taken"
    assert [scan.taken_at[:4] for scan in store.scans()] == ["2081", "2081", "1972", "2026"]
    app.open_page("history")
    driver.frames(1)
    rows = [w.value for w in app.top_screen.walk(restrict=True) if getattr(w, "value", "").startswith("scan ")]
    assert rows == ["scan 4", "scan 3", "scan 2", "scan 1"]
    driver.tap("export")
    driver.tap("export")
    assert len(list((app.options.folder / "exports").iterdir())) == 4, "in the same second, and nothing is overwritten"
    app.back()
    app.undo()
    assert [scan.id for scan in store.scans()] == [3, 2, 1], "the last one, whatever the clock said"


# --- pictures --------------------------------------------------------------------------------------


def test_huge_and_empty_pictures_in_the_source_and_imported(
    drive: Callable[..., Any], store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"")
    huge = draw_garment("t-shirt", 3, (960, 540), colour="red", ground="sheet").resize((7680, 4320))
    huge.save(folder / "b.jpg", quality=60)
    driver = drive(source=f"folder:{folder}")
    app = driver.app
    driver.until(lambda: "a.png" in app.live.picture.notice.text, "what is wrong with the first picture")
    driver.until(lambda: app.live.card.type.text.startswith("t-shirt"), "the answer to the second")
    driver.until(lambda: app.live.picture.has_picture, "the second again")
    assert app.live.picture._texture.size == (1920, 1080)

    for nothing in (folder / "a.png", folder, tmp_path / "gone.png", Path(__file__)):
        app.messages.hush()
        driver.window.dispatch("on_drop_file", bytes(nothing), 10, 10)
        driver.imported()
        assert nothing.name in app.messages.text
        assert "\n" not in app.messages.text
        assert app.session.frozen is None
    app.files.open(folder / "a.png")
    app.files.open(folder / "b.jpg")  # the newest wish counts
    assert app.session.frozen is None, "it is read in a thread of its own"
    driver.imported()
    assert app.session.frozen.frame.pixels.shape == (1080, 1920, 4)
    driver.tap("count")
    (scan,) = store.scans()
    assert scan.type == "t-shirt"
    assert len(scan.thumbnail) < 20_000
    assert app.session.worker.last_error is None
