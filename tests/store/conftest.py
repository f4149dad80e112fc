"""Predictions and an open store for the tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgefashion.runtime.prediction import Attribute, Prediction
from edgefashion.store.store import Store

JPEG = b"\xff\xd8\xff\xe0drawn"


def prediction(type: str = "shirt", colour: str = "red", category: str = "tops") -> Prediction:
    ranking = ((type, 0.75), ("undershirt" if type == "dress" else "dress", 0.25))
    return Prediction(ranking, category, True, {"colour": Attribute(colour, 0.9), "detail": Attribute("-", 0.8)})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "folder" / "scans.db") as store:
        yield store
