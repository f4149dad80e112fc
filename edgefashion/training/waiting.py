"""What a run tells while it works without training: something that counts, which a command shows as a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Counter(Protocol):
    """Counts work that has been done."""

    def advance(self, n: int = 1) -> None:
        """Count n more units as done."""


Waiting = Callable[[int | None, str], AbstractContextManager[Counter]]
"""Called with the number of units, None if nobody knows, and what is being done: `commands.display.progress`."""


class _Nobody:
    def advance(self, n: int = 1) -> None:
        """Counts for nobody."""


@contextmanager
def unseen(_total: int | None, _what: str) -> Iterator[Counter]:
    """Shows nothing."""
    yield _Nobody()
