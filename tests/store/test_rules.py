"""The store against a plain model of it, in every order of calls that hypothesis thinks of."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edgefashion.errors import StoreError
from edgefashion.store.scan import Scan, Stock
from edgefashion.store.store import Store
from edgefashion.taxonomy import Taxonomy
from tests.store.conftest import JPEG, prediction

TYPES, COLOURS = st.sampled_from(["shirt", "dress", "hat"]), st.sampled_from(["red", "blue"])
CATEGORY = Taxonomy.load("garment").category_of


class StoreAndModel(RuleBasedStateMachine):
    """What the store holds is compared after every step with a dict of scans, a dict of counts and a list of pasts."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "scans.db"
        self.store = Store.open(self.path)
        self.scans: dict[int, Scan] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self.targets: dict[tuple[str, str], int] = {}
        self.past: list[tuple[str, Any, Any]] = []
        self.last_id = 0

    def pick(self, at: int) -> int:
        return sorted(self.scans)[at % len(self.scans)]

    @rule(type=TYPES, colour=COLOURS)
    def add(self, type: str, colour: str) -> None:
        scan = self.store.add(prediction(type, colour, CATEGORY(type)), JPEG, "m")
        assert scan.id > self.last_id
        self.last_id = scan.id
        self.scans[scan.id] = scan
        self.past.append(("add", scan.id, None))

    @precondition(lambda self: self.scans)
    @rule(at=st.integers(0, 99), type=TYPES, colour=st.none() | COLOURS)
    def correct(self, at: int, type: str, colour: str | None) -> None:
        before = self.scans[self.pick(at)]
        given = {"type": type} | ({"colour": colour} if colour else {})
        reviewed = {**before.reviewed, **given, "category": CATEGORY(type)}
        said = {"type": before.type, "category": before.category, **before.attributes}
        corrected = {name: value for name, value in reviewed.items() if said[name] != value}
        after = replace(before, reviewed=reviewed, corrected=corrected)
        assert self.store.correct(before.id, **given) == after
        self.scans[before.id] = after
        if after != before:
            self.past.append(("correct", before.id, before))

    @precondition(lambda self: self.scans)
    @rule(at=st.integers(0, 99))
    def delete(self, at: int) -> None:
        number = self.pick(at)
        self.store.delete(number)
        self.past.append(("delete", number, self.scans.pop(number)))

    @rule()
    def delete_what_is_not_there(self) -> None:
        with pytest.raises(StoreError):
            self.store.delete(self.last_id + 1)

    @rule(type=TYPES, colour=COLOURS, change=st.integers(-3, 3))
    def count(self, type: str, colour: str, change: int) -> None:
        key = (type, colour)
        before = self.counts.get(key, 0)
        self.counts[key] = max(0, before + change)
        assert self.store.count(type, colour, change) == self.counts[key]
        if self.counts[key] != before:
            self.past.append(("count", key, self.counts[key] - before))

    @rule(type=TYPES, colour=COLOURS, wanted=st.none() | st.integers(0, 9))
    def set_target(self, type: str, colour: str, wanted: int | None) -> None:
        self.store.set_target(type, colour, wanted)
        before = self.targets.get((type, colour))
        self.aim((type, colour), wanted)
        if wanted != before:
            self.past.append(("target", (type, colour), before))

    def aim(self, key: tuple[str, str], wanted: int | None) -> None:
        self.targets.pop(key, None)
        if wanted is not None:
            self.targets[key] = wanted

    @rule()
    def undo(self) -> None:
        undone = self.store.undo()
        while self.past:
            action, key, before = self.past.pop()
            if action == "count":
                self.counts[key] = max(0, self.counts[key] - before)
                expected = (action, None, Stock(*key, self.counts[key], self.targets.get(key)))
            elif action == "target":
                self.aim(key, before)
                expected = (action, None, Stock(*key, self.counts.get(key, 0), before))
            elif action == "add" and key in self.scans:
                expected = (action, self.scans.pop(key), None)
            elif action == "delete" or (action == "correct" and key in self.scans):
                self.scans[key] = before
                expected = (action, before, None)
            else:
                continue  # cleaned away since
            assert undone is not None
            assert (undone.action, undone.scan, undone.stock) == expected
            return
        assert undone is None

    @rule(most=st.integers(0, 6))
    def clean(self, most: int) -> None:
        order = sorted(self.scans.values(), key=lambda scan: (bool(scan.reviewed), scan.id))
        gone = order[: max(0, len(order) - most)]
        assert self.store.clean(max_scans=most) == len(gone)
        for scan in gone:
            del self.scans[scan.id]

    @rule()
    def close_and_open_again(self) -> None:
        self.store.close()
        self.store = Store.open(self.path)
        self.past = []

    @rule(type=TYPES, colour=COLOURS, corrected=st.none() | st.booleans())
    def search(self, type: str, colour: str, corrected: bool | None) -> None:
        expected = tuple(
            scan
            for scan in sorted(self.scans.values(), key=lambda scan: -scan.id)
            if scan.final["type"] == type and scan.final["colour"] == colour
            if corrected is None or corrected == bool(scan.corrected)
        )
        assert self.store.scans(type=type, colour=colour, corrected=corrected) == expected
        assert self.store.scans(text=f"{colour} {type}", corrected=corrected) == expected

    @invariant()
    def the_same_scans_and_counts(self) -> None:
        assert self.store.scans() == tuple(sorted(self.scans.values(), key=lambda scan: -scan.id))
        keys = {key for key, count in self.counts.items() if count} | set(self.targets)
        expected = [Stock(*key, self.counts.get(key, 0), self.targets.get(key)) for key in sorted(keys)]
        assert list(self.store.counts()) == expected

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


TestRules = StoreAndModel.TestCase
TestRules.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
