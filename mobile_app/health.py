"""What the health page shows, read from the app and from the system; Linux only where it says so."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from .text import tr

if TYPE_CHECKING:
    from .app import EdgeFashionApp

THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
"""Thousandths of a degree Celsius (Linux, Documentation/ABI/testing/sysfs-class-thermal)."""
PLATFORM = Path("/sys/devices/platform")
THROTTLED = "soc*/soc*:firmware/get_throttled"
"""Raspberry Pi firmware, under `PLATFORM`: hexadecimal flags; the lowest four bits are what holds now. A Pi 5 has a
number in the names ("soc@107c000000")."""


@dataclass(frozen=True)
class Health:
    """Figures of this moment.

    Attributes:
        model: Name and version; "" without one.
        camera: The source's name, or why there is no picture.
        frames_per_second: Shown since the app began to count, by the session's clock.
        latency: Median and 95th percentile from frame to answer, in milliseconds.
        answers: Frames answered, left out because a newer one came, failed.
        temperature: Of the processor, °C; None where the system doesn't say.
        throttled: What slows the processor down now, in the screen's language; None where the system doesn't say.
        free_bytes: Free on the disk of the app's folder.
        scans: Number of stored scans.
        store_bytes: Bytes of the store.
        last_error: What went wrong last, as it was told; "" if nothing did.
    """

    model: str
    camera: str
    frames_per_second: float
    latency: tuple[float, float]
    answers: tuple[int, int, int]
    temperature: float | None
    throttled: str | None
    free_bytes: int
    scans: int
    store_bytes: int
    last_error: str


class FrameRate:
    """Frames a second over the last few seconds, from the number of frames so far."""

    def __init__(self, seconds: float = 3.0) -> None:
        """Args: seconds, the time that is looked back on."""
        self._seconds = seconds
        self._seen: list[tuple[float, int]] = []

    def update(self, frames: int, at: float | None = None) -> float:
        """Take the number of frames so far into account and return frames a second; 0 at first."""
        now = monotonic() if at is None else at
        self._seen = [(then, count) for then, count in self._seen if now - then <= self._seconds and count <= frames]
        self._seen.append((now, frames))
        first, count = self._seen[0]
        return (frames - count) / (now - first) if now > first else 0.0


def read_health(app: "EdgeFashionApp") -> Health:
    """Read all figures; what can't be read is None."""
    session = app.session
    usage = app.store.usage()
    latency, answers, last_error = (0.0, 0.0), (0, 0, 0), app.last_problem
    if session.worker is not None:
        statistics = session.worker.statistics()
        latency = statistics.p50_ms, statistics.p95_ms
        answers = statistics.done, statistics.dropped, statistics.failed
        last_error = str(session.worker.last_error or app.last_problem)
    return Health(
        session.model_name,
        session.problem or session.source_name or tr("none"),
        app.frame_rate.update(session.frames_seen),
        latency,
        answers,
        _temperature(),
        _throttled(),
        shutil.disk_usage(app.options.folder).free,
        usage.scans,
        usage.bytes,
        last_error,
    )


def _temperature(path: Path = THERMAL) -> float | None:
    try:
        return int(path.read_text()) / 1000
    except (OSError, ValueError):
        return None


def _throttled(platform: Path = PLATFORM) -> str | None:
    try:
        flags = int(next(iter(sorted(platform.glob(THROTTLED)))).read_text(), 16)
    except (OSError, ValueError, StopIteration):
        return None
    names = {
        1: tr("under-voltage"),
        2: tr("frequency capped"),
        4: tr("throttled"),
        8: tr("soft temperature limit"),
    }
    return ", ".join(name for bit, name in names.items() if flags & bit) or tr("no")
