"""A kiosk on a desktop comes back after a crash, a kill and a hang, and nothing that was stored is lost."""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgefashion.runtime.prediction import Prediction
from edgefashion.store.place import FILE_NAME
from edgefashion.store.store import Store

HAT = Prediction((("hat", 0.8), ("shoes", 0.2)), "headwear", True)
PATHS = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
CHILD = """
import os, signal, sys, time
from pathlib import Path
from edgefashion_app.watchdog import Watchdog
runs = Path(sys.argv[1]); n = len(runs.read_text().split()) if runs.exists() else 0
with runs.open("a") as stream: stream.write(f"{os.getpid()} ")
watchdog = Watchdog()
%s
"""


def supervised(tmp_path: Path, child: str, hang: float = 30.0) -> subprocess.CompletedProcess[str]:
    """What a supervisor that is not patient does with a child."""
    script = tmp_path / "child.py"
    script.write_text(CHILD % child)
    command = [sys.executable, str(script), str(tmp_path / "runs")]
    code = (
        "import sys; from edgefashion_app import supervisor as s; s.LOOK_SECONDS = 0.02\n"
        f"sys.exit(s.supervise({command!r}, pause=0.01, hang={hang}))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **PATHS}, capture_output=True, text=True, timeout=300
    )


def runs(tmp_path: Path) -> int:
    return len((tmp_path / "runs").read_text().split())


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGABRT"])
def test_a_crash_starts_it_again_until_it_ends_by_itself(tmp_path: Path, name: str) -> None:
    done = supervised(tmp_path, f"if n < 3: os.kill(os.getpid(), signal.{name})")
    assert (done.returncode, runs(tmp_path)) == (0, 4)
    assert done.stderr.count(f"ended by the signal {name}; starts again in") == 3
    assert "in 0.01 s" in done.stderr
    assert "in 0.04 s" in done.stderr, "the pause doubles"


def test_a_hang_is_ended_and_started_again(tmp_path: Path) -> None:
    done = supervised(tmp_path, 'watchdog.send("READY=1")\nif n < 1: time.sleep(1000)', hang=3.0)
    assert (done.returncode, runs(tmp_path)) == (0, 2)
    assert "SIGKILL" in done.stderr


def test_signs_of_life_keep_it_running(tmp_path: Path) -> None:
    child = 'watchdog.send("READY=1")\nend = time.monotonic() + 6\n'
    child += "while time.monotonic() < end: watchdog.beat(); time.sleep(0.01)"
    assert supervised(tmp_path, child, hang=3.0).returncode == 0
    assert runs(tmp_path) == 1


def test_an_error_that_was_told_is_not_repeated_for_ever(tmp_path: Path) -> None:
    assert supervised(tmp_path, "sys.exit(1)").returncode == 1
    assert runs(tmp_path) == 1
    assert supervised(tmp_path, "sys.exit(2)").returncode == 2


def test_a_crash_in_python_after_a_good_start_is_repaired(tmp_path: Path) -> None:
    done = supervised(tmp_path, 'watchdog.send("READY=1")\nif n < 2: raise RuntimeError("oh")')
    assert (done.returncode, runs(tmp_path)) == (0, 3)


def test_an_end_that_comes_while_the_child_starts_ends_the_child_too(tmp_path: Path) -> None:
    child = "import time; time.sleep(100)"
    code = (
        "import os, signal, subprocess, sys\n"
        "from edgefashion_app import supervisor\n"
        "class Popen(subprocess.Popen):\n"
        "    def __init__(self, *words, **more):\n"
        "        super().__init__(*words, **more)\n"
        "        print(self.pid, flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "subprocess.Popen = Popen\n"
        f"supervisor.supervise([sys.executable, '-c', {child!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **PATHS}, stdout=subprocess.PIPE, text=True, timeout=60
    )
    assert done.returncode == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def children(process: int) -> list[int]:
    try:
        return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def supervises(process: int) -> bool:
    """Whether the process has been started anew, by `python -P`, and has a child: before that it is the app itself."""
    return b"-P" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0") and bool(children(process))


def until(condition: Callable[[], Any], what: str, seconds: float = 120.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


@pytest.fixture
def started(
    window: None, tmp_path: Path, garments: Path, tiny_model: Path
) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts the real app, as a person does on a desktop, with the first words of its command line; ends it."""
    words = ["--folder", str(tmp_path), "--source", f"folder:{garments}", "--model", str(tiny_model)]
    own = {"KIVY_HOME": str(tmp_path / "kivy"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    environment = {**os.environ, **PATHS, **own}
    running: list[subprocess.Popen[str]] = []

    def start(*first: str, whole: bool = False) -> "subprocess.Popen[str]":
        command = [*first] if whole else [*first, *words]
        running.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for process in running:
        process.terminate()
        process.communicate(timeout=60)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the child in /proc")
def test_the_real_kiosk_comes_back_with_everything(
    started: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    kiosk = started(sys.executable, "-m", "edgefashion_app", "--kiosk")
    until((tmp_path / FILE_NAME).exists, "the store")
    killed: set[int] = set()
    for number in (signal.SIGKILL, signal.SIGSEGV):

        def running() -> bool:  # the model is open, so the frame loop runs
            with Store.open(tmp_path / FILE_NAME) as store:
                return bool(store.setting("proven_model", ""))

        until(running, "the app")
        (child,) = children(kiosk.pid)
        assert child not in killed
        with Store.open(tmp_path / FILE_NAME) as store:
            store.add(HAT, b"", "tiny 1")
            store.count("hat", "red")
            store.set_setting("proven_model", "")
        os.kill(child, number)
        killed.add(child)
    until(running, "the app for the third time")
    (last,) = children(kiosk.pid)
    with Store.open(tmp_path / FILE_NAME) as store:
        assert store.notice == ""
        assert len(store.scans()) == 2
        assert [stock.count for stock in store.counts()] == [2]
    kiosk.terminate()
    _, told = kiosk.communicate(timeout=60)
    assert kiosk.returncode == 128 + signal.SIGTERM
    until(lambda: not Path(f"/proc/{last}").exists(), "the child's end")
    assert "SIGKILL" in told
    assert "SIGSEGV" in told


BEGIN = """
import sys
from edgefashion_app import entry
prepare = entry.prepare
def prepare_and_begin(*words):
    prepare(*words)
    from kivy.app import App
    from kivy.clock import Clock
    def begin(_):
        app = App.get_running_app()
        if app.session.classifier is None:
            Clock.schedule_once(begin, 0.1)
            return
        for name, value in (("proven_model", ""), ("pin", "42"), ("kiosk", True)):
            app.store.set_setting(name, value)
        app.kiosk.use_setting()
    Clock.schedule_once(begin)
entry.prepare = prepare_and_begin
sys.exit(entry.main(sys.argv[1:]))
"""
"""The app, and somebody who makes a kiosk of it in the settings."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the child in /proc")
def test_a_kiosk_of_the_settings_comes_back_after_a_crash_and_a_power_cut(
    started: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    kiosk = started(sys.executable, "-c", BEGIN)

    def child() -> int | None:
        """The process with the window, once its model is open; each is asked for once."""
        with Store.open(tmp_path / FILE_NAME) as store:
            if not store.setting("proven_model", ""):
                return None
            store.set_setting("proven_model", "")
        (found,) = children(kiosk.pid)
        return found

    until(lambda: supervises(kiosk.pid), "the process with the window, and the one that watches over it")
    first = until(child, "the kiosk")
    with Store.open(tmp_path / FILE_NAME) as store:
        store.add(HAT, b"", "tiny 1")
    os.kill(first, signal.SIGKILL)
    second = until(child, "the kiosk after a crash")
    assert second != first
    with Store.open(tmp_path / FILE_NAME) as store:
        store.add(HAT, b"", "tiny 1")
    for process in (kiosk.pid, second):
        os.kill(process, signal.SIGKILL)
    kiosk.communicate(timeout=60)

    entry = (tmp_path / "config" / "autostart" / "edgefashion-kiosk.desktop").read_text()
    (command,) = [line.removeprefix("Exec=") for line in entry.splitlines() if line.startswith("Exec=")]
    kiosk = started(*shlex.split(command), whole=True)  # as the desktop does
    third = until(child, "the kiosk after a power cut")
    os.kill(third, signal.SIGSEGV)
    until(child, "the kiosk, which is watched again")
    with Store.open(tmp_path / FILE_NAME) as store:
        assert store.notice == ""
        assert len(store.scans()) == 2


def test_the_frame_loop_gives_signs_of_life(
    drive: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inlet:
        inlet.bind(str(tmp_path / "notify"))
        inlet.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "40000")
        driver = drive(source=None)
        received = [inlet.recv(100)]
        for _ in range(3):
            time.sleep(0.02)
            driver.frames(2)
        inlet.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                received.append(inlet.recv(100))
        assert received[0] == b"READY=1"
        assert received.count(b"WATCHDOG=1") >= 3
        time.sleep(0.1)
        with pytest.raises(BlockingIOError):  # without frames there are none: this is what a hang looks like
            inlet.recv(100)
        driver.close()
        assert inlet.recv(100) == b"STOPPING=1"


def test_a_watchdog_of_another_process_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    from edgefashion_app.supervisor import is_watched
    from edgefashion_app.watchdog import Watchdog

    sent: list[str] = []
    monkeypatch.setattr(Watchdog, "send", lambda self, state: sent.append(state))
    for environment, beats in (
        ({}, 0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}, 0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, 0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}, 1),
    ):
        sent.clear()
        watchdog = Watchdog(environment)
        watchdog.beat()
        watchdog.beat()
        assert len(sent) == beats, environment
        assert is_watched(environment) == bool(environment)


def test_touches_are_read_once(window: None) -> None:
    from kivy.config import Config

    assert dict(Config.items("input")) == {"mouse": "mouse,disable_multitouch"}
