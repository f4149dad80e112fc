"""A whole session of the app while the kernel watches: a socket that leads off the device would end the process."""

import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEM_CALLS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Machine → its number in <linux/audit.h>, and the number of its system call `socket`."""
WATCH = """
import ctypes, platform, struct, sys
sys.path.insert(0, sys.argv[1])
from tests.mobile_app.test_offline import SYSTEM_CALLS
machine, call = SYSTEM_CALLS[platform.machine()]
# A filter of <linux/seccomp.h>, which threads and children inherit. Sockets within the device are let through.
LOAD, EQUAL, RETURN, UNIX, NETLINK, KILL, ALLOW = 0x20, 0x15, 0x06, 1, 16, 0x80000000, 0x7FFF0000
steps = (
    (LOAD, 0, 0, 4), (EQUAL, 0, 6, machine), (LOAD, 0, 0, 0), (EQUAL, 0, 4, call),
    (LOAD, 0, 0, 16), (EQUAL, 2, 0, UNIX), (EQUAL, 1, 0, NETLINK), (RETURN, 0, 0, KILL), (RETURN, 0, 0, ALLOW),
)
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
kernel = ctypes.CDLL(None, use_errno=True)
if kernel.prctl(38, 1, 0, 0, 0) or kernel.prctl(22, 2, program, 0, 0):
    sys.exit("no filter here")
"""
SOCKET = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
SESSION = """
from pathlib import Path
from tests.mobile_app.conftest import offscreen
scratch, model, pictures = map(Path, sys.argv[2:])
offscreen(scratch)
from edgefashion.store.store import Store
from edgefashion_app.app import EdgeFashionApp, Options
from edgefashion_app import message
from tests.mobile_app.driver import Driver

message.SECONDS = 3600.0
store = Store.open(scratch / "scans.db")
driver = Driver(EdgeFashionApp(store, Options(scratch, f"folder:{pictures}", str(model))), (800, 480))
app = driver.app
driver.answered()
for tap in ("freeze", "fix"):
    driver.tap(tap)
driver.tap(f"type {store.scans()[0].ranking[1][0]}")
for tap in ("undo", "count"):
    driver.tap(tap)
driver.answered()
driver.tap("share")
app.files.open(pictures / "a.png")
driver.imported()
assert app.session.frozen is not None
for page in ("history", "stock", "import", "settings", "health"):
    app.open_page(page)
    driver.frames(2)
    if page == "history":
        driver.tap("export")
assert len(list((scratch / "exports").iterdir())) == 2, app.messages.text
app.source_named = "http://127.0.0.1/stream"
app.open_camera()
driver.frames(2)
assert "A source must be" in app.session.problem
assert app.session.worker.last_error is None
driver.close()
print("the whole session")
"""


def run(code: str, *words: object) -> subprocess.CompletedProcess[str]:
    if platform.machine() not in SYSTEM_CALLS:
        pytest.skip(f"the number of a system call is not known for {platform.machine()}")
    done = subprocess.run(
        [sys.executable, "-c", WATCH + code, str(ROOT), *map(str, words)],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    if "no filter here" in done.stderr:
        pytest.skip("this kernel lets a process filter no system calls")
    return done


def test_a_socket_that_leads_off_the_device_ends_the_process() -> None:
    assert run(SOCKET).returncode == -signal.SIGSYS
    assert run(SOCKET.replace("AF_INET", "AF_INET6")).returncode == -signal.SIGSYS
    assert run(SOCKET.replace("AF_INET", "AF_UNIX")).returncode == 0


def test_a_whole_session_opens_none(tmp_path: Path, tiny_model: Path, garments: Path) -> None:
    done = run(SESSION, tmp_path, tiny_model, garments)
    assert (done.returncode, done.stdout.strip()) == (0, "the whole session"), done.stderr[-2000:]
