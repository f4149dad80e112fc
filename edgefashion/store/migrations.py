"""The schema of the store's file, as the list of steps that lead to it.

A file's version is SQLite's `user_version`: the number of steps that it has taken. A step is never edited once a file
may have taken it; a change of schema is one more step at the end. Nothing here needs more than SQLite 3.35, which is
what Android's builds of Python may carry.
"""

import sqlite3

APPLICATION_ID = 0x45464153
"""SQLite's `application_id` of our files, "EFAS": how a foreign database is told from ours."""

# `scan` is what searching reads and stays narrow (about 150 bytes a scan); what only showing needs lies in
# `scan_content`. type, colour and words are those that hold, corrections included. id rises with every scan, whatever
# the clock does, and is the order of the history.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE scan (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            taken_at TEXT NOT NULL,
            type TEXT NOT NULL,
            colour TEXT NOT NULL,
            corrected TEXT NOT NULL,
            code TEXT NOT NULL,
            model TEXT NOT NULL,
            words TEXT NOT NULL
        )""",
        "CREATE INDEX scan_taken_at ON scan (taken_at)",
        "CREATE INDEX scan_type ON scan (type)",
        "CREATE INDEX scan_colour ON scan (colour)",
        "CREATE INDEX scan_corrected ON scan (id) WHERE corrected <> '{}'",
        """CREATE TABLE scan_content (
            id INTEGER PRIMARY KEY REFERENCES scan (id) ON DELETE CASCADE,
            prediction TEXT NOT NULL,
            thumbnail BLOB NOT NULL
        )""",
        """CREATE TABLE stock (
            type TEXT NOT NULL,
            colour TEXT NOT NULL,
            count INTEGER NOT NULL DEFAULT 0 CHECK (count >= 0),
            target INTEGER CHECK (target >= 0),
            PRIMARY KEY (type, colour)
        ) WITHOUT ROWID""",
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    ),
    # 2: also what a person has confirmed is kept, not only what was corrected: it is what a model can learn from.
    (
        "ALTER TABLE scan ADD COLUMN reviewed TEXT NOT NULL DEFAULT '{}'",
        "UPDATE scan SET reviewed = corrected",
        "CREATE INDEX scan_reviewed ON scan (id) WHERE reviewed <> '{}'",
    ),
)
VERSION = len(STEPS)
TABLES = frozenset({"scan", "scan_content", "stock", "setting"})


def migrate(connection: sqlite3.Connection) -> None:
    """Takes the steps that a file has not taken yet, each in a transaction of its own: a crash leaves a whole version.

    Args:
        connection: In autocommit mode, on an empty file or on one of ours whose version is at most `VERSION`.

    Raises:
        sqlite3.Error: The file can't be written; it stays at the last whole version.
    """
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Read inside the transaction: another process may have opened the same file a moment ago.
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version >= VERSION:
                connection.execute("ROLLBACK")
                return
            for statement in STEPS[version]:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
