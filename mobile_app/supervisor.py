"""Keeps a kiosk running on a desktop: the app is a child process, started again after a crash or a hang.

Under systemd this is not used: the unit in deploy/ restarts the app itself.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .watchdog import PERIOD, PROCESS, SOCKET

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before the first new start; the pause doubles with every crash that follows soon."""
STEADY_SECONDS = 60.0
"""A run this long was no false start: after it the pause is the first one again."""
START_SECONDS = 120.0
"""How long the app may take to its first sign of life."""
HANG_SECONDS = 30.0
"""How long it may go without one afterwards."""
LOOK_SECONDS = 0.2
TOLD, WRONG_USAGE = 1, 2


def is_watched(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process has somebody who restarts it: systemd or a supervisor."""
    return bool(environment.get(SOCKET))


def can_supervise() -> bool:
    """Whether this system has what a supervisor needs: local sockets, which Windows lacks."""
    return hasattr(socket, "AF_UNIX")


def supervise(command: Sequence[str], pause: float = FIRST_PAUSE, hang: float = HANG_SECONDS) -> int:
    """Run a command until it ends by itself; start it again when it crashes, is killed or hangs.

    It ends with the exit code 0 or 2 (wrong usage), and when it has never shown a sign of life, with 1: an error that
    was told, such as a missing package, is not cured by starting again. Whatever ends this process ends the child too.

    Args:
        command: The program and its arguments.
        pause: Seconds before the first new start.
        hang: Seconds without a sign of life after which it is killed.

    Returns:
        The exit code.
    """
    ending = _Ending()
    signal.signal(signal.SIGTERM, ending)
    with TemporaryDirectory(prefix="edgefashion-") as folder, _Inlet(Path(folder)) as inlet:
        wait, alive = pause, False
        while True:
            began = time.monotonic()
            code = _run(command, inlet, hang, ending)
            alive = alive or inlet.heard
            if code in (0, WRONG_USAGE) or (code == TOLD and not alive):
                return code
            if time.monotonic() - began >= STEADY_SECONDS:
                wait = pause
            sys.stderr.write(f"edgefashion-app: ended by {_reason(code)}; starts again in {wait:g} s.\n")
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_PAUSE)


class _Ending:
    """Handler of the signal that ends this process: as an exception, so that the child ends too.

    While a child is being started nobody holds it yet, and an exception would leave it running alone: `held` is set for
    as long, and the exception comes with `now`.
    """

    def __init__(self) -> None:
        self.held = False
        self._asked = 0

    def __call__(self, number: int, _: object) -> None:
        self._asked = number
        if not self.held:
            self.now()

    def now(self) -> None:
        """Go, if that was asked for."""
        if self._asked:
            sys.exit(128 + self._asked)


class _Inlet:
    """The socket on which the child's signs of life come in."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self.heard = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)

    def __enter__(self) -> "_Inlet":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def drain(self) -> bool:
        """Take what has come in; whether there was anything."""
        heard = False
        while True:
            try:
                self._socket.recv(4096)
            except BlockingIOError:
                self.heard = self.heard or heard
                return heard
            heard = True


def _run(command: Sequence[str], inlet: _Inlet, hang: float, ending: _Ending) -> int:
    """Run the command once; its exit code, or the negative number of the signal that ended it."""
    environment = {name: value for name, value in os.environ.items() if name != PROCESS}
    environment.update({SOCKET: inlet.address, PERIOD: str(int(hang * 1e6))})
    ending.held = True
    with subprocess.Popen(command, env=environment) as child:
        last, patience = time.monotonic(), max(START_SECONDS, hang)
        try:
            ending.held = False
            ending.now()
            while child.poll() is None:
                if inlet.drain():
                    last, patience = time.monotonic(), hang
                if time.monotonic() - last > patience:
                    child.kill()
                try:
                    child.wait(LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            child.terminate()
            raise
        inlet.drain()
        return child.returncode


def _reason(code: int) -> str:
    try:
        return f"the signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    except ValueError:
        return f"the signal {-code}"
