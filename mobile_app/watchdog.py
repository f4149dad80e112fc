"""Tells whoever watches over the app that its frame loop runs: systemd, or the supervisor of a kiosk on a desktop.

The protocol is systemd's sd_notify(3): short texts to a local socket that the environment names. Without one nothing
is sent, and no socket is opened.
"""

import contextlib
import os
import socket
from collections.abc import Mapping
from time import monotonic

SOCKET, PERIOD, PROCESS = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
BEATS = 4
"""Signs of life in one period of the watchdog; one or two may get lost in a busy moment."""


class Watchdog:
    """Sends signs of life. For one thread, the one that draws, so that a hang of it is noticed."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Args: environment, in which a watching process has left its address."""
        address = environment.get(SOCKET, "")
        meant = environment.get(PROCESS, "") in ("", str(os.getpid()))
        microseconds = environment.get(PERIOD, "")
        self._period = int(microseconds) / 1e6 / BEATS if meant and microseconds.isdecimal() else None
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._next = 0.0

    def send(self, state: str) -> None:
        """Send "READY=1", "STOPPING=1" or another state; who no longer listens is no reason to stop."""
        if self._address:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outlet:
                outlet.setblocking(False)
                outlet.sendto(state.encode(), self._address)

    def beat(self) -> None:
        """Say that a frame was drawn; sent only as often as it is asked for."""
        if self._period is not None and (now := monotonic()) >= self._next:
            self._next = now + self._period
            self.send("WATCHDOG=1")
