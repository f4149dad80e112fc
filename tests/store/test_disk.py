"""The disk under the file: full, full and free again, read-only, no folder at all."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from edgefashion.errors import StoreError
from edgefashion.store.store import Store
from tests.store.conftest import JPEG, prediction

ROOT = Path(__file__).parents[2]


def fill(store: Store) -> int:
    """Adds scans until the disk is full; gives how many were kept."""
    for number in range(10_000):
        try:
            store.add(prediction(), JPEG + bytes(20_000), "m")
        except StoreError as error:
            if "is full or fails, so nothing was saved; free some space" not in str(error):
                raise
            return number
    raise AssertionError("the disk never became full")


FULL = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.store.test_disk import fill
from edgefashion.store.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store.open(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
kept = fill(store)
assert len(store.scans(limit=1000)) == kept, "nothing is lost, nothing is half there"
try:
    store.add(None, b"", "m")
except AttributeError:
    pass
print(kept)
"""


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    """The limit on the size of a file stands for the disk's; SQLite meets the same failed write."""
    path = tmp_path / "scans.db"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(ROOT)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = int(done.stdout)
    assert kept > 3
    with Store.open(path) as store:
        assert store.notice == ""
        assert len(store.scans(limit=1_000)) == kept
        store.add(prediction(), JPEG, "m")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk needs root")
def test_after_a_full_disk_the_store_goes_on_once_there_is_space(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let tests mount a disk")
    try:
        (tmp_path / "music").write_bytes(bytes(1_000_000))
        with Store.open(tmp_path / "scans.db") as store:
            kept = fill(store)
            assert len(store.scans(limit=1_000)) == kept > 3
            (tmp_path / "music").unlink()
            assert store.clean(max_scans=kept // 2) == kept - kept // 2
            assert fill(store) > kept
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_place_that_cant_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"Can't keep scans in .*file'.*choose a folder that can be written"):
        Store.open(tmp_path / "file" / "scans.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreError, match="can't be opened for writing"):
        Store.open(tmp_path / "folder.db")


READ_ONLY = """
import os, sys
from edgefashion.errors import StoreError
from edgefashion.store.store import Store
import edgefashion.store.database, sqlite3
if os.geteuid() == 0:
    os.setuid(65534)
for name in ("there.db", "new.db"):
    try:
        Store.open(os.path.join(sys.argv[1], name))
    except StoreError as error:
        print(error)
"""


def test_a_read_only_folder_is_told() -> None:
    # Not tmp_path: another user, which root becomes here, can't get into pytest's folders.
    with tempfile.TemporaryDirectory(prefix="edgefashion-") as name:
        folder = Path(name)
        with Store.open(folder / "there.db") as store:
            store.add(prediction(), JPEG, "m")
        (folder / "there.db").chmod(0o444)
        folder.chmod(0o555)
        try:
            done = subprocess.run(
                [sys.executable, "-c", READ_ONLY, name], capture_output=True, text=True, timeout=60, check=False
            )
        finally:
            folder.chmod(0o700)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(
        "can't be opened for writing" in line and "choose a folder that can be written" in line for line in lines
    )
