"""How each change is taken back: a step that is run inside a transaction, later.

A step gives None where its scan is no longer there (cleaned away since); the next one is tried then.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace

from edgefashion.store import records
from edgefashion.store.scan import Undone
from edgefashion.store.stock import read_stock, write_stock

Step = Callable[[sqlite3.Connection], Undone | None]


def undo_add(number: int) -> Step:
    """Takes back a scan that was added."""

    def step(connection: sqlite3.Connection) -> Undone | None:
        scan = records.find(connection, number)
        if scan is None:
            return None
        records.remove(connection, number)
        return Undone("add", scan)

    return step


def undo_correct(number: int, reviewed: Mapping[str, str]) -> Step:
    """Gives a scan the review that it had before."""

    def step(connection: sqlite3.Connection) -> Undone | None:
        scan = records.find(connection, number)
        return None if scan is None else Undone("correct", records.write_review(connection, scan, reviewed))

    return step


def undo_delete(removed: records.Removed) -> Step:
    """Brings a deleted scan back, under its own id."""

    def step(connection: sqlite3.Connection) -> Undone:
        return Undone("delete", records.put_back(connection, removed))

    return step


def undo_count(type: str, colour: str, change: int) -> Step:
    """Takes a change of a count back; a count that has fallen since then stops at 0."""

    def step(connection: sqlite3.Connection) -> Undone:
        before = read_stock(connection, type, colour)
        after = replace(before, count=max(0, before.count - change))
        write_stock(connection, after)
        return Undone("count", stock=after)

    return step


def undo_target(type: str, colour: str, target: int | None) -> Step:
    """Gives a type and colour the target that it had before; None for none."""

    def step(connection: sqlite3.Connection) -> Undone:
        after = replace(read_stock(connection, type, colour), target=target)
        write_stock(connection, after)
        return Undone("target", stock=after)

    return step
