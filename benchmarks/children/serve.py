"""The children's loop. It imports the standard library only: some children live in other environments."""

import json
import sys
from collections.abc import Callable
from pathlib import Path


def serve(run: Callable[[], object], **facts: str) -> None:
    """Runs once and tells the facts; then once for each line; at the end of the input tells the peak memory."""
    run()
    print(json.dumps(facts), flush=True)
    for _ in sys.stdin:
        run()
        print("done", flush=True)
    print(json.dumps({"peak_bytes": peak_bytes()}), flush=True)


def peak_bytes() -> int:
    """Most memory that this process has held, bytes; 0 where the system doesn't say.

    From /proc on Linux: getrusage counts the parent's memory before exec as well.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0
