"""The history's question as SQL.

Ids are found first, in the narrow table and by an index where one helps; what they show is read for those only. At
50,000 scans a search that finds nothing reads about 8 MB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edgefashion.store.records import READ, utc_text


@dataclass(frozen=True)
class Query:
    """What is looked for; every condition that is given must hold.

    Attributes:
        text: Words, each of which must occur in the scan's values or code, in any spelling of capitals.
        type, colour: The values that hold, corrections included.
        corrected: Whether a person has corrected the scan; None for both.
        since, until: Taken at this moment or later; before this moment.
        before: Scans older than the one with this id.
        meanings: A word of `text`, without capitals → texts, any of which may occur instead of it.
    """

    text: str = ""
    type: str | None = None
    colour: str | None = None
    corrected: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    meanings: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def sql(self, limit: int) -> tuple[str, Sequence[str | int]]:
        """Gives the statement that finds the newest `limit` scans, newest first, and its values.

        Raises:
            StoreError: A moment has no time zone.
        """
        conditions: list[str] = []
        values: list[str | int] = []
        for condition, value in (
            ("id < ?", self.before),
            ("type = ?", self.type),
            ("colour = ?", self.colour),
            ("taken_at >= ?", None if self.since is None else utc_text(self.since)),
            ("taken_at < ?", None if self.until is None else utc_text(self.until)),
        ):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        for word in self.text.casefold().split():
            texts = (word, *(meaning.casefold() for meaning in self.meanings.get(word, ())))
            conditions.append(f"({' OR '.join(['instr(words, ?)'] * len(texts))})")
            values += texts
        if self.corrected is not None:
            # Spelt as in the index on corrected scans, which SQLite takes for no other spelling.
            conditions.append("corrected <> '{}'" if self.corrected else "corrected = '{}'")
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        ids = f"SELECT id FROM scan {where}ORDER BY id DESC LIMIT ?"
        return f"{READ} WHERE scan.id IN ({ids}) ORDER BY scan.id DESC", (*values, limit)
