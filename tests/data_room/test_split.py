import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgefashion.data.split import SPLITS, split_of
from edgefashion.errors import DataError

names = st.text(max_size=30)
shares = st.floats(0, 0.5)


def test_the_split_never_changes_between_versions() -> None:
    """These were written down once: a change would leak old validation pictures into new training sets."""
    assert [split_of(str(number)) for number in (9, 37, 48, 181, 262)] == [
        "validation", "train", "validation", "train", "train",
    ]  # fmt: skip
    assert split_of("262", salt="edgefashion-40") == "validation"


@settings(deadline=None)
@given(st.sets(names), st.sets(names), shares, shares)
def test_adding_groups_never_moves_another(before: set[str], added: set[str], validation: float, test: float) -> None:
    alone = {group: split_of(group, validation, test) for group in before}
    together = {group: split_of(group, validation, test) for group in before | added}
    assert all(together[group] == split for group, split in alone.items())


@settings(deadline=None)
@given(names, shares, shares, shares)
def test_a_changed_share_moves_only_from_and_to_train(group: str, test: float, one: float, other: float) -> None:
    moved = {split_of(group, one, test), split_of(group, other, test)}
    assert len(moved) == 1 or moved == {"train", "validation"}


def test_the_shares_are_kept() -> None:
    splits = [split_of(f"group {number}", 0.2, 0.1) for number in range(5000)]
    assert [round(splits.count(name) / 5000, 1) for name in SPLITS] == [0.7, 0.2, 0.1]


def test_the_extremes() -> None:
    assert {split_of(str(number), 0.0, 0.0) for number in range(300)} == {"train"}
    assert {split_of(str(number), 0.0, 1.0) for number in range(300)} == {"test"}
    assert {split_of(str(number), 0.4, 0.6) for number in range(300)} == {"validation", "test"}


@pytest.mark.parametrize(("validation", "test"), [(-0.1, 0), (1.1, 0), (0, -1), (0.6, 0.6), (float("nan"), 0)])
def test_impossible_shares_are_refused(validation: float, test: float) -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        split_of("a", validation, test)
