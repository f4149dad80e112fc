"""Comparing two models: counted by hand, translated where their labels differ, and the verdict."""

import json

import pytest

from edgefashion.errors import DataError
from edgefashion.evaluation.compare import compare, may_replace
from edgefashion.evaluation.evaluate import evaluate
from tests.evaluation.teller import Teller, numbered

TRUTH = ["shirt"] * 4 + ["dress"] * 4 + ["hat"] * 2
FIRST = ["shirt", "shirt", "shirt", "dress", "dress", "dress", "hat", "hat", "hat", "hat"]
SECOND = ["shirt", "shirt", "dress", "shirt", "dress", "dress", "dress", "shirt", "hat", "hat"]


def test_counted_by_hand(tmp_path):
    manifest = numbered(tmp_path, TRUTH, groups=[f"p{i % 5}" for i in range(10)])
    found = compare(Teller(FIRST), Teller(SECOND), manifest)
    assert (found.n, found.groups, found.resampled) == (10, 5, "group")
    assert (found.first.top1, found.second.top1, found.change) == (0.7, 0.8, pytest.approx(10))
    assert (found.only_first, found.only_second, found.p_value) == (1, 2, 1.0)
    assert [(item.label, item.support, item.gained, item.lost) for item in found.classes] == [
        ("shirt", 4, 1, 1), ("dress", 4, 1, 0), ("hat", 2, 0, 0),
    ]  # fmt: skip
    assert found.classes[1].recall == (0.5, 0.75)
    assert [(item.path, item.truth, item.labels) for item in found.disagreements] == [
        ("2.png", "shirt", ("shirt", "dress")),
        ("3.png", "shirt", ("dress", "shirt")),
        ("6.png", "dress", ("hat", "dress")),
        ("7.png", "dress", ("hat", "shirt")),
    ]
    assert found.change_interval[0] <= 10 <= found.change_interval[1]
    assert found.first == evaluate(Teller(FIRST), manifest)
    assert found.macro_f1_change == pytest.approx(100 * (found.second.macro_f1 - found.first.macro_f1))
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_other_way_round_is_the_mirror_image(tmp_path):
    manifest = numbered(tmp_path, TRUTH)
    there, back = (compare(Teller(a), Teller(b), manifest) for a, b in ((FIRST, SECOND), (SECOND, FIRST)))
    assert there.change == -back.change
    assert there.change_interval == pytest.approx([-value for value in reversed(back.change_interval)])
    assert there.p_value == back.p_value


def test_without_a_lost_picture_few_pictures_still_prove_little(tmp_path):
    few, many = numbered(tmp_path, TRUTH), numbered(tmp_path, ["shirt"] * 250)
    found = compare(Teller(FIRST), Teller(FIRST), few)
    assert found.change_interval == pytest.approx((-100 * (1 - 0.025**0.1), 0))
    assert not may_replace(found, max_loss=2)
    same = Teller(["shirt"] * 250)
    assert may_replace(compare(same, same, many), max_loss=2)


def test_the_verdict_asks_for_both_limits(tmp_path):
    manifest = numbered(tmp_path, ["shirt"] * 200)
    right = ["shirt"] * 200
    worse = right[:170] + ["hat"] * 30
    gained = compare(Teller(worse), Teller(right), manifest)
    assert gained.change == pytest.approx(15)
    assert may_replace(gained, 0)
    assert may_replace(gained, 0, min_gain=15 - 1e-9)
    assert not may_replace(gained, 0, min_gain=16)
    lost = compare(Teller(right), Teller(worse), manifest)
    assert not may_replace(lost, 15)  # 15 were lost, and up to about 20 can't be ruled out
    assert may_replace(lost, 25)
    assert not may_replace(lost, 25, min_gain=0)


MAPPING = {"two": {"shirt": "worn", "dress": "worn", "hat": "carried"}}


def test_a_model_of_other_labels_is_compared_by_the_mapping(tmp_path):
    first = Teller(FIRST, mappings=MAPPING)
    second = Teller(["worn"] * 8 + ["carried"] * 2, labels=("carried", "worn"))
    for manifest in (
        numbered(tmp_path, TRUTH),  # the first model's own labels
        numbered(tmp_path, ["worn"] * 8 + ["carried"] * 2, ("carried", "worn"), mapping="two"),
    ):
        for order in ((first, second), (second, first)):
            found = compare(*order, manifest)
            assert found.n == 10
            assert found.relabelled == ("two" if manifest.mapping is None else None)
            assert {item.label for item in found.classes} == {"worn", "carried"}
            assert sorted((found.first.top1, found.second.top1)) == [0.8, 1.0]
            assert len(found.disagreements) == 2


def test_labels_without_a_common_ground_are_refused(tmp_path):
    manifest = numbered(tmp_path, TRUTH)
    with pytest.raises(DataError, match=r"no labels in common by which 'numbered' could judge them: The labels of"):
        compare(Teller(FIRST), Teller(["spoon"] * 10, labels=("spoon", "fork")), manifest)


def test_damaged_pictures_are_left_out_on_both_sides(tmp_path):
    manifest = numbered(tmp_path, TRUTH)
    (tmp_path / "3.png").write_bytes(b"\x89PNG\r\n\x1a\nnot much of a picture")
    found = compare(Teller(FIRST), Teller(SECOND), manifest)
    assert found.n == 9
    assert [item.path for item in found.unreadable] == ["3.png"]
