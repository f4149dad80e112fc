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
    """Most memory that this process has held, bytes; 0 where the system doesn't say."""
    return process_status("VmHWM") * 1024


def process_status(name: str) -> int:
    """A number of /proc/self/status on Linux, such as VmRSS (kB) or Threads; 0 where the system doesn't say.

    Not from getrusage, which counts the parent's memory before exec as well.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    lines = [line for line in status.read_text().splitlines() if line.startswith(f"{name}:")]
    return int(lines[0].split()[1]) if lines else 0
