"""The store: what the app remembers. May be shared between threads."""

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, TypeVar

from edgefashion.errors import StoreError
from edgefashion.runtime.prediction import Prediction
from edgefashion.store import export, records
from edgefashion.store.database import Database
from edgefashion.store.scan import Scan, Stock, Undone, Usage
from edgefashion.store.search import Query
from edgefashion.store.stock import read_stock, write_stock
from edgefashion.store.undo import Step, undo_add, undo_correct, undo_count, undo_delete, undo_target

T = TypeVar("T")
MAX_UNDO = 100
"""Steps that `undo` can take back. They are kept in memory only: what was deleted is not on the disk any more."""
PAGE = 200
"""Scans that are read at a time when all are wanted, so that other threads get their turn in between."""


class Store:
    """The scans, stock counts and settings of one device, in one file.

    A call that changes something returns when the change is on the disk: a crash or a power cut loses at most the one
    that is under way.

    Attributes:
        path: The file.
    """

    def __init__(self, database: Database) -> None:
        """Most callers use `open`."""
        self.path = database.path
        self._database = database
        self._change_lock = threading.RLock()
        self._steps: list[Step] = []
        self._steps_of = database.times_opened

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "Store":
        """Open the store's file, or make it, with its folder.

        A damaged file is set aside under a name with the date, a new one is begun, and `notice` says so.

        Raises:
            StoreError: The folder can't be written, or the file is another program's or a newer version's.
        """
        return cls(Database(Path(path)))

    @property
    def notice(self) -> str:
        """One line for the user about a damaged file that was set aside; empty if all is well."""
        return self._database.notice

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._database.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- scans

    def add(
        self, prediction: Prediction, thumbnail: bytes, model: str, code: str = "", at: datetime | None = None
    ) -> Scan:
        """Keep a scan.

        Args:
            prediction: What the model said.
            thumbnail: A small JPEG of the garment, or empty.
            model: The model's name and version.
            code: Barcode or SKU that was read.
            at: When the picture was taken, with a time zone; now if None.

        Raises:
            StoreError: A value can't be kept, or the disk can't be written; then nothing is.
        """
        with self._change() as (connection, steps):
            scan = records.insert(connection, prediction, thumbnail, model, code, at or datetime.now(UTC))
            steps.append(undo_add(scan.id))
        return scan

    def scan(self, id: int) -> Scan:
        """Give one scan. Raises StoreError where there is none with this id."""
        with self._database.read() as connection:
            return records.get(connection, id)

    def correct(self, id: int, **fields: str) -> Scan:
        """Give a scan the values that a person has chosen, and return it as it is then.

        Args:
            id: The scan.
            fields: type, category or an attribute → value. A type brings its category along. The value that the
                model gave confirms it.

        Raises:
            StoreError: There is no such scan or field, or a value can't be kept.
        """
        with self._change() as (connection, steps):
            scan = records.get(connection, id)
            corrected = records.write_review(connection, scan, records.review(scan, fields))
            if corrected != scan:
                steps.append(undo_correct(id, scan.reviewed))
        return corrected

    def delete(self, id: int) -> None:
        """Remove a scan; until the app ends `undo` brings it back.

        Raises:
            StoreError: There is none with this id.
        """
        with self._change() as (connection, steps):
            steps.append(undo_delete(records.remove(connection, id)))
        self._database.shrink()

    def delete_all(self) -> int:
        """Remove all scans for good, from the disk too, and give their number. Counts and settings stay."""
        with self._change() as (connection, steps):
            removed = int(connection.execute("DELETE FROM scan").rowcount)
            steps.clear()
        self._database.shrink()
        return removed

    def scans(
        self,
        text: str = "",
        type: str | None = None,
        colour: str | None = None,
        corrected: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        before: int | None = None,
        meanings: Mapping[str, Sequence[str]] | None = None,
    ) -> tuple[Scan, ...]:
        """Give the newest scans for which all of this holds, newest first.

        Args:
            text: Words, each of which must occur in the scan's values or code.
            type: The type that holds, corrections included.
            colour: The colour that holds, corrections included.
            corrected: Whether a person has corrected the scan; None for both.
            since: Taken at this moment or later; with a time zone.
            until: Taken before this moment; with a time zone.
            limit: At most so many.
            before: Only scans older than the one with this id: the last one of the page before.
            meanings: A word of `text`, without capitals → texts, any of which may occur instead: "rot" → ("red",).
        """
        return self._search(Query(text, type, colour, corrected, since, until, before, meanings or {}), limit)

    def usage(self) -> Usage:
        """Give the number of scans and the bytes in use."""
        with self._database.read() as connection:
            (number,) = connection.execute("SELECT count(*) FROM scan").fetchone()
        return Usage(int(number), self._database.size())

    def clean(self, max_bytes: int | None = None, max_scans: int | None = None) -> int:
        """Remove the oldest scans, reviewed ones last, until both limits hold; gives the number of removed ones."""
        removed = 0
        while (excess := self._excess(max_bytes, max_scans)) > 0:
            with self._database.write() as connection:
                oldest = "SELECT id FROM scan ORDER BY reviewed <> '{}', id LIMIT ?"
                gone = connection.execute(f"DELETE FROM scan WHERE id IN ({oldest})", (excess,)).rowcount
            if gone <= 0:
                break
            removed += gone
        if removed:
            self._database.shrink()
        return removed

    def _excess(self, max_bytes: int | None, max_scans: int | None) -> int:
        """How many scans go in the next round: all that are too many, or most of those that are too large together."""
        usage = self.usage()
        excess = 0 if max_scans is None else usage.scans - max(0, max_scans)
        if max_bytes is not None and usage.bytes > max_bytes:
            share = 1 - max(0, max_bytes) / usage.bytes
            excess = max(excess, round(usage.scans * share * 0.9), 1)
        return min(excess, usage.scans)

    # --- stock

    def count(self, type: str, colour: str, change: int = 1) -> int:
        """Count garments into the stock, or out of it by a negative change; gives the new count, never below 0."""
        with self._change() as (connection, steps):
            before = read_stock(connection, type, colour)
            after = replace(before, count=max(0, before.count + change))
            write_stock(connection, after)
            if after != before:
                steps.append(undo_count(type, colour, after.count - before.count))
        return after.count

    def counts(self) -> tuple[Stock, ...]:
        """Give every type and colour that was counted or has a target, in alphabetical order."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT type, colour, count, target FROM stock ORDER BY type, colour").fetchall()
        return tuple(Stock(*row) for row in rows)

    def set_target(self, type: str, colour: str, n: int | None) -> None:
        """Say how many there should be; None for no target.

        Raises:
            StoreError: The number is negative or beyond `MAX_COUNT`.
        """
        with self._change() as (connection, steps):
            before = read_stock(connection, type, colour)
            write_stock(connection, replace(before, target=n))
            if n != before.target:
                steps.append(undo_target(type, colour, before.target))

    # --- undo

    def undo(self) -> Undone | None:
        """Take back the last add, correct, delete, count or target since the app began; None if there is none."""
        undone = None
        with self._change() as (connection, steps):
            while steps and undone is None:
                undone = steps.pop()(connection)
        return undone

    @contextlib.contextmanager
    def _change(self) -> Iterator[tuple[sqlite3.Connection, list[Step]]]:
        """Give a transaction, and the steps back as they will be if it is kept."""
        with self._change_lock:
            if self._steps_of != self._database.times_opened:
                self._steps, self._steps_of = [], self._database.times_opened
            steps = list(self._steps)
            with self._database.write() as connection:
                yield connection, steps
            self._steps = steps[-MAX_UNDO:]

    # --- settings

    def setting(self, name: str, default: T) -> T:
        """Give a setting; the default where it was never set, or was set to a value of another kind."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        try:
            value = default if row is None else json.loads(row[0])
        except ValueError:
            return default
        same_kind = default is None or type(value) is type(default)
        return value if same_kind else default

    def set_setting(self, name: str, value: Any) -> None:
        """Keep a setting.

        Raises:
            StoreError: The value can't be written as JSON.
        """
        try:
            text = json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise StoreError(f"The setting '{name}' must be text, a number or a list of such; {error}.") from error
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO setting VALUES (?, ?)", (records.check_name("setting", name), text)
            )

    # --- export

    def write_csv(self, stream: TextIO) -> int:
        """Write all scans as CSV, newest first; gives their number. Columns and encoding: `export.write_csv`."""
        return export.write_csv(self._all(), stream)

    def write_json(self, stream: TextIO) -> int:
        """Write all scans as JSON, newest first, without thumbnails; gives their number."""
        return export.write_json(self._all(), stream)

    def write_reviewed(self, folder: Path, group: str) -> int:
        """Write the scans whose type a person has reviewed, to train on; gives their number. See `export`."""
        return export.write_reviewed(self._all(), folder, group)

    def _all(self) -> Iterator[Scan]:
        before: int | None = None
        while page := self._search(Query(before=before), PAGE):
            yield from page
            before = page[-1].id

    def _search(self, query: Query, limit: int) -> tuple[Scan, ...]:
        statement, values = query.sql(max(0, limit))
        with self._database.read() as connection:
            return tuple(records.scan_of(row) for row in connection.execute(statement, values).fetchall())
