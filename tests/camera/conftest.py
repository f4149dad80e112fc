"""Frame sources are closed after each test, and try again soon."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edgefashion.camera import source


@pytest.fixture
def close() -> Iterator[Callable[[Any], Any]]:
    """Registers sources that are closed after the test; no thread of theirs may be left."""
    before = threading.active_count()
    opened: list[Any] = []

    def register(given: Any) -> Any:
        opened.append(given)
        return given

    yield register
    for given in opened:
        given.close()
    assert threading.active_count() == before, "a reader's thread is left over"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come sooner, so that the tests don't wait."""
    monkeypatch.setattr(source, "RETRY_SECONDS", 0.02)
