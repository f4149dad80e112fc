"""Stock counts as rows of the file. Works inside the caller's transaction."""

import sqlite3

from edgefashion.errors import StoreError
from edgefashion.store.records import check_name
from edgefashion.store.scan import Stock

MAX_COUNT = 1_000_000_000
UPSERT = (
    "INSERT INTO stock (type, colour, count, target) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (type, colour) DO UPDATE SET count = excluded.count, target = excluded.target"
)


def read_stock(connection: sqlite3.Connection, type: str, colour: str) -> Stock:
    """Gives the count of a type and colour; 0 without a target where nobody has counted.

    Raises:
        StoreError: A name is no clean line of text; the colour may be empty.
    """
    check_name("type", type)
    check_name("colour", colour, may_be_empty=True)
    row = connection.execute("SELECT count, target FROM stock WHERE type = ? AND colour = ?", (type, colour)).fetchone()
    return Stock(type, colour, *(row or (0, None)))


def write_stock(connection: sqlite3.Connection, stock: Stock) -> None:
    """Writes a count; one of 0 without a target is forgotten.

    Raises:
        StoreError: A number is negative or beyond `MAX_COUNT`.
    """
    for what, number in (("count", stock.count), ("target", stock.target or 0)):
        if not 0 <= number <= MAX_COUNT:
            raise StoreError(f"A {what} must be 0 to {MAX_COUNT:,}; received {number}.")
    if stock.count or stock.target is not None:
        connection.execute(UPSERT, (stock.type, stock.colour, stock.count, stock.target))
    else:
        connection.execute("DELETE FROM stock WHERE type = ? AND colour = ?", (stock.type, stock.colour))
