"""The store's file: opened, checked, migrated, set aside when damaged; its errors in plain words.

Threads: one connection writes and one reads, each behind a lock of its own. In write-ahead-log mode a reader never
waits for a writer (https://sqlite.org/wal.html), so that a list can be shown while a scan goes to a slow SD card, and
any number of threads may come and go without connections of their own.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from edgefashion.errors import StoreError
from edgefashion.store.migrations import APPLICATION_ID, TABLES, VERSION, migrate

WAIT_SECONDS = 5.0
"""How long a call waits for another process that holds the file."""
CHECKED_TABLES = ("scan", "stock", "setting")
"""Checked page by page when opening: a few megabytes. Pictures are checked when they are read."""
DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
SUFFIXES = ("", "-wal", "-shm")


class DamagedError(Exception):
    """The file is no whole store; said within this room only."""


class Database:
    """The open file.

    Attributes:
        path: The file.
        notice: One line about a damaged file that was set aside; empty if none was.
        times_opened: Rises where a damaged file was set aside while in use; ids begin at 1 again then.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file; a damaged one is set aside and a new one begun.

        Raises:
            StoreError: The folder can't be made or written, or the file is another program's or a newer version's.
        """
        self.path = path
        self.notice = ""
        self._write_lock = threading.RLock()
        self._read_lock = threading.RLock()
        self.times_opened = 0
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        with self._plain_errors():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                self._open()
            except DamagedError:
                self._set_aside()
                self._open()

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the writing connection inside a transaction: all of it is kept, on the disk, or nothing.

        Raises:
            StoreError: The disk is full or can't be written, the file turned out to be damaged, or is closed.
        """
        with self._healed(), self._plain_errors(), self._write_lock:
            connection = self._still_open(self._writer)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give the reading connection; each statement sees every transaction that was kept before it.

        Raises:
            StoreError: The file can't be read, turned out to be damaged, or is closed.
        """
        with self._healed(), self._plain_errors(), self._read_lock:
            yield self._still_open(self._reader)

    def shrink(self) -> None:
        """Give free space back to the disk, so that nothing of what was deleted stays in the file or its log."""
        with self._healed(), self._plain_errors(), self._write_lock, self._read_lock:
            connection = self._still_open(self._writer)
            # As a script, which runs to its end: `execute` stops this one after a single page.
            connection.executescript("PRAGMA incremental_vacuum;")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def size(self) -> int:
        """The bytes of the file's pages that are in use."""
        with self.read() as connection:
            pages, free, page_size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * page_size)

    def close(self) -> None:
        """Close the file; calls after this are refused. May be called twice."""
        with self._plain_errors(), self._write_lock, self._read_lock:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None

    def _open(self) -> None:
        """Open both connections.

        Raises:
            DamagedError: The file is none of SQLite's, or pages are damaged or missing.
            StoreError: As the class.
            sqlite3.Error, OSError: Anything else.
        """
        try:
            with contextlib.ExitStack() as opened:
                writer = self._connect("rwc")
                opened.callback(writer.close)
                if _is_new(writer, self.path):
                    # Counts only before anything is written; it lets `shrink` be quick.
                    writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
                (mode,) = writer.execute("PRAGMA journal_mode = WAL").fetchone()
                if mode != "wal":
                    raise StoreError(
                        f"'{self.path}' lies where SQLite can't keep a write-ahead log (a network folder?); "
                        "choose a folder on this device."
                    )
                writer.execute("PRAGMA synchronous = FULL")
                writer.execute("PRAGMA secure_delete = ON")
                # A short log: space that it takes can't be used by the scans themselves.
                writer.execute("PRAGMA wal_autocheckpoint = 200")
                migrate(writer)
                _check_pages(writer)
                writer.execute("PRAGMA foreign_keys = ON")
                self._reader = self._connect("ro")
                self._writer = writer
                opened.pop_all()
        except sqlite3.DatabaseError as error:
            if _code(error) in DAMAGE:
                raise DamagedError from error
            raise
        self.times_opened += 1

    def _connect(self, mode: str) -> sqlite3.Connection:
        address = f"file:{quote(str(self.path.absolute()))}?mode={mode}"
        # Autocommit: transactions begin and end where this module says so. Locks take the place of the thread check.
        connection = sqlite3.connect(
            address, uri=True, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        # A crafted file must not run anything by its schema.
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    def _set_aside(self) -> None:
        """Rename the damaged file, with its log, to a name with the date; it is never deleted."""
        date = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
        names = (
            f"{self.path.stem}-damaged-{date}{more}{self.path.suffix}"
            for more in ("", *map("-{}".format, range(2, 100)))
        )
        place = next(place for name in names if not (place := self.path.with_name(name)).exists())
        # The log first: were the file to go first and the power with it, a new file would meet an old log.
        for suffix in reversed(SUFFIXES):
            with contextlib.suppress(FileNotFoundError):
                os.rename(f"{self.path}{suffix}", f"{place}{suffix}")
        self.notice = f"The saved scans were damaged. They were set aside as '{place.name}' and a new file was begun."

    @contextlib.contextmanager
    def _healed(self) -> Iterator[None]:
        """Where a call meets damage, set the file aside and begin a new one before the error is told."""
        before = self.times_opened
        try:
            yield
        except StoreError as error:
            cause = error.__cause__
            if not isinstance(cause, sqlite3.DatabaseError) or _code(cause) not in DAMAGE:
                raise
            with self._plain_errors(), self._write_lock, self._read_lock:
                # Unless another thread, which met the same damage, has done so already.
                if self.times_opened == before and self._writer is not None:
                    self.close()
                    self._set_aside()
                    self._open()
            raise StoreError(self.notice or str(error)) from cause

    @contextlib.contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """Turn errors of SQLite and the system into one line that says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(_explain(error, self.path)) from error
        except OSError as error:
            raise StoreError(
                f"Can't keep scans in '{self.path.parent}': {error.strerror or error}; "
                "choose a folder that can be written."
            ) from error

    def _still_open(self, connection: sqlite3.Connection | None) -> sqlite3.Connection:
        if connection is None:
            raise StoreError(f"'{self.path}' is closed; open it again.")
        return connection


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    """Tell whether the file is empty. Nothing is changed by asking.

    Raises:
        StoreError: Another program, or a newer version, has written the file.
    """
    connection.execute("BEGIN")  # one look: another process may be making the same file just now
    try:
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (entries,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        connection.execute("ROLLBACK")
    if owner != APPLICATION_ID and (entries or owner or version):
        raise StoreError(f"'{path}' is another program's database; choose another file. It was left as it is.")
    if version > VERSION:
        raise StoreError(
            f"'{path}' was written by a newer EdgeFashion (schema {version}; this one knows up to {VERSION}); "
            "update the app. The file was left as it is."
        )
    return not entries


def _check_pages(connection: sqlite3.Connection) -> None:
    """Raise DamagedError where a table is missing or a page of the searched tables is damaged."""
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not found >= TABLES:
        raise DamagedError
    for table in CHECKED_TABLES:
        if connection.execute(f"PRAGMA quick_check({table})").fetchone() != ("ok",):
            raise DamagedError


def _code(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code; None for an error of the Python module itself."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def _explain(error: sqlite3.Error, path: Path) -> str:
    """One line about an error of SQLite: what happened and what to do."""
    code = _code(error)
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return f"The disk that holds '{path}' is full or fails, so nothing was saved; free some space ({error})."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return f"'{path}' can't be opened for writing ({error}); choose a folder that can be written."
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"'{path}' is held by another program; close that one and try again."
    return f"'{path}' can't be used ({error})."
