"""The file: older, newer and foreign ones, damage, kill -9 and many threads."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edgefashion.errors import StoreError
from edgefashion.store import migrations
from edgefashion.store.database import Database, _is_new
from edgefashion.store.scan import Stock
from edgefashion.store.search import Query
from edgefashion.store.store import Store
from tests.store.conftest import JPEG, prediction

HERE = Path(__file__).parent
WRITER = """
import sys
from edgefashion.runtime.prediction import Prediction
from edgefashion.store.store import Store
store = Store.open(sys.argv[1])
while True:
    scan = store.add(Prediction((("shirt", 1.0),), "tops", True), b"\\xff\\xd8\\xff" + bytes(5_000), "m")
    store.count("shirt", "red")
    print(scan.id, flush=True)
"""


def test_a_file_of_schema_1_opens_and_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "scans.db"
    shutil.copyfile(HERE / "version-1.db", path)
    with contextlib.closing(sqlite3.connect(path)) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
    with Store.open(path) as store:
        assert store.notice == ""
        assert [scan.final["type"] for scan in store.scans()] == ["hat", "dress", "shirt"]
        corrected = {"type": "dress", "category": "one-piece", "pattern": "dotted"}
        assert store.scan(2).corrected == corrected == store.scan(2).reviewed
        assert store.scan(1).reviewed == {}
        assert store.scan(3).thumbnail == b"\xff\xd8\xffdrawn"
        assert store.scans(text="4006381333903") == (store.scan(3),)
        assert store.counts() == (Stock("dress", "red", 3, 5),)
        assert store.setting("language", "") == "de"
        assert store.correct(3, type="hat").reviewed["type"] == "hat"
    with contextlib.closing(sqlite3.connect(path)) as new:
        assert new.execute("PRAGMA user_version").fetchone() == (migrations.VERSION,)


def test_a_new_file_and_a_migrated_one_have_the_same_schema(tmp_path: Path) -> None:
    shutil.copyfile(HERE / "version-1.db", tmp_path / "old.db")
    schemas = []
    for name in ("old.db", "new.db"):
        Store.open(tmp_path / name).close()
        with contextlib.closing(sqlite3.connect(tmp_path / name)) as connection:
            schemas.append(connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall())
    assert schemas[0] == schemas[1]


def test_a_failing_migration_leaves_the_whole_older_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scans.db"
    shutil.copyfile(HERE / "version-1.db", path)
    steps = (migrations.STEPS[0], ("ALTER TABLE scan ADD COLUMN reviewed TEXT", "no SQL"))
    monkeypatch.setattr(migrations, "STEPS", steps)
    with pytest.raises(StoreError, match="can't be used"):
        Store.open(path)
    monkeypatch.undo()
    with Store.open(path) as store:
        assert len(store.scans()) == 3


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "scans.db"
    Store.open(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 7")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer EdgeFashion \(schema 7; this one knows up to 2\); update the app"):
        Store.open(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["scans.db"]


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mail.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mail (x)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program's database"):
        Store.open(path)
    assert path.read_bytes() == before


def filled(path: Path, number: int = 40) -> bytes:
    with Store.open(path) as store:
        for _ in range(number):
            store.add(prediction(), JPEG + bytes(3_000), "m")
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["no database", "header", "cut short", "searched pages", "table missing"])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "scans.db"
    content = bytearray(filled(path))
    if kind == "no database":
        content = bytearray(b"\xff\xd8\xff a photo" * 1_000)
    elif kind == "header":
        content[:100] = bytes(100)
    elif kind == "cut short":
        del content[len(content) // 2 :]
    elif kind == "searched pages":
        content[4096 : 4096 * 12] = os.urandom(4096 * 11)
    path.write_bytes(content)
    if kind == "table missing":
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TABLE stock")
        content = bytearray(path.read_bytes())
    with Store.open(path) as store:
        aside = list(tmp_path.glob("scans-damaged-*.db"))
        assert len(aside) == 1
        assert aside[0].read_bytes() == content, "never deleted, never changed"
        assert aside[0].name in store.notice
        assert store.scans() == ()
        assert store.add(prediction(), JPEG, "m").id == 1
    with Store.open(path) as store:
        assert (store.notice, len(store.scans())) == ("", 1)


def test_damage_that_shows_later_is_set_aside_then(tmp_path: Path) -> None:
    path = tmp_path / "scans.db"
    content = bytearray(filled(path, 80))
    with Store.open(path) as store:
        store.count("hat", "red")
        (root,) = store._database._writer.execute(  # type: ignore[union-attr]
            "SELECT rootpage FROM sqlite_master WHERE name = 'scan_content'"
        ).fetchone()
        (tables,) = store._database._writer.execute("PRAGMA page_size").fetchone()  # type: ignore[union-attr]
    content[(root - 1) * tables : root * tables] = os.urandom(tables)
    path.write_bytes(content)
    with Store.open(path) as store:
        assert store.notice == "", "pictures are not looked at when opening"
        store.count("hat", "blue")
        with pytest.raises(StoreError, match=r"were damaged\. They were set aside as 'scans-damaged-"):
            store.scans()
        assert "scans-damaged-" in store.notice
        assert store.scans() == ()
        assert store.add(prediction(), JPEG, "m").id == 1
        undone = store.undo()
        assert undone is not None
        assert undone.action == "add"
        assert store.undo() is None, "steps of the old file are gone with it"


def test_an_empty_file_is_a_new_store(tmp_path: Path) -> None:
    (tmp_path / "scans.db").touch()
    with Store.open(tmp_path / "scans.db") as store:
        assert (store.notice, store.scans()) == ("", ())


def test_kill_minus_nine_loses_at_most_the_scan_in_flight(tmp_path: Path) -> None:
    path, told, chance = tmp_path / "scans.db", set[int](), random.Random(5)
    for kills in range(1, 5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            told |= {int(child.stdout.readline()) for _ in range(chance.randint(1, 12))}
            threading.Event().wait(chance.random() / 50)
            child.send_signal(signal.SIGKILL)
            told |= {int(line) for line in child.stdout if line.endswith("\n")}
        if kills == 3:
            (tmp_path / "scans.db-shm").unlink(
                missing_ok=True
            )  # as after a power cut: shared memory is not on the disk
        with Store.open(path) as store:
            kept = [scan.id for scan in store.scans(limit=10_000)]
            assert store.notice == ""
            assert told <= set(kept), "what was said to be kept is there"
            assert len(kept) - len(told) <= kills
            assert all(len(scan.thumbnail) == 5_003 for scan in store.scans())
            assert len(told) <= store.counts()[0].count <= len(kept)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_many_threads_share_one_store(tmp_path: Path) -> None:
    failures: list[BaseException] = []
    begin = threading.Barrier(4)

    def write(store: Store, name: str) -> None:
        try:
            begin.wait()
            for _ in range(8):
                scan = store.add(prediction(), JPEG, "m", name)
                store.correct(scan.id, type="dress")
                store.count("hat", "red")
                assert store.scans(type="dress", limit=3)
        except BaseException as error:  # noqa: BLE001 - told below, in the thread of the test
            failures.append(error)

    with Store.open(tmp_path / "scans.db") as store:
        threads = [threading.Thread(target=write, args=(store, f"t{number}")) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert store.usage().scans == len(store.scans(corrected=True, limit=1_000)) == 32
        assert store.counts() == (Stock("hat", "red", 32, None),)
        assert [len(store.scans(text=f"t{number}")) for number in range(4)] == [8] * 4


def test_reading_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    database = Database(tmp_path / "scans.db")
    inside, leave = threading.Event(), threading.Event()

    def write() -> None:
        with database.write() as connection:
            connection.execute("INSERT INTO setting VALUES ('slow', '1')")
            inside.set()
            leave.wait(20)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert inside.wait(20)
        with database.read() as connection:
            assert connection.execute("SELECT count(*) FROM setting").fetchone() == (0,)
        assert thread.is_alive()
    finally:
        leave.set()
        thread.join()
    with database.read() as connection:
        assert connection.execute("SELECT count(*) FROM setting").fetchone() == (1,)
    database.close()


def test_two_programs_may_have_the_file_open(tmp_path: Path) -> None:
    with Store.open(tmp_path / "scans.db") as kiosk, Store.open(tmp_path / "scans.db") as terminal:
        first = kiosk.add(prediction(), JPEG, "m")
        second = terminal.add(prediction(), JPEG, "m")
        assert kiosk.scans() == (second, first) == terminal.scans()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 50,000 scans."""
    path = tmp_path_factory.mktemp("large") / "scans.db"
    Store.open(path).close()
    rows = """
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number LIMIT 50000),
        kind (n, type, colour) AS (
            SELECT n, substr('shirtdresspants', n % 3 * 5 + 1, 5), substr('redtan', n % 2 * 3 + 1, 3) FROM number
        )
        INSERT INTO scan SELECT n, '2026-01-01T00:00:00.000Z', type, colour, '{}', 'code' || n, 'm',
            type || ' ' || colour || ' code' || n, '{}' FROM kind
    """
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(rows)
        said = '{"ranking":[["shirt",1.0]],"category":"tops","sure":true,"attributes":{}}'
        connection.execute("INSERT INTO scan_content SELECT id, ?, x'ffd8ff' FROM scan", (said,))
    return path


@pytest.mark.parametrize(
    ("query", "step"),
    [
        (Query(), "SCAN scan"),
        (Query(before=40_000), "SEARCH scan USING INTEGER PRIMARY KEY (rowid<?)"),
        (Query(type="dress"), "SEARCH scan USING COVERING INDEX scan_type (type=?)"),
        (Query(colour="red", text="code"), "SEARCH scan USING INDEX scan_colour (colour=?)"),
        (Query(corrected=True), "USING INDEX scan_corrected"),
        (Query(text="nowhere"), "SCAN scan"),
    ],
    ids=["newest", "next page", "type", "colour and text", "corrected", "text"],
)
def test_a_search_in_50000_scans_uses_the_indexes(query: Query, step: str, large: Path) -> None:
    database = Database(large)
    statement, values = query.sql(100)
    with database.read() as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        ticks = [0]
        connection.set_progress_handler(lambda: ticks.__setitem__(0, ticks[0] + 1), 1_000)
        found = connection.execute(statement, values).fetchall()
        connection.set_progress_handler(None, 1_000)
    database.close()
    assert any(step in line for line in plan), plan
    assert "SEARCH scan_content USING INTEGER PRIMARY KEY (rowid=?)" in plan, plan
    assert len(found) == (0 if query.corrected or query.text == "nowhere" else 100)
    # Thousands of steps of SQLite's machine, which unlike time are the same on every machine.
    assert ticks[0] <= (500 if query.text == "nowhere" else 10)


def test_a_file_that_another_process_is_just_making_is_not_anothers(tmp_path: Path) -> None:
    """The kiosk's store is made between two questions about it."""
    path = tmp_path / "scans.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as maker:
        maker.execute("PRAGMA journal_mode = WAL")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as asker:
            made: list[str] = []

            def make(statement: str) -> None:
                if "sqlite_master" in statement and not made:
                    made.append(statement)
                    migrations.migrate(maker)

            asker.set_trace_callback(make)
            assert _is_new(asker, path)
            assert made
            assert not _is_new(asker, path)
    Store.open(path).close()
