"""Accuracy against severity with classifiers whose weaknesses are known, and the contributor-aware sample."""

import json

import numpy as np
import pytest
from PIL import Image

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError
from edgefashion.evaluation.corruptions import CORRUPTIONS
from edgefashion.evaluation.robustness import measure_robustness
from edgefashion.evaluation.sample import sample_by_group
from tests.evaluation.teller import Teller


class Brightness(Teller):
    """Says 'hat' of a bright picture and 'shirt' of a dark one, by the median of all pixels."""

    def __init__(self, **options):
        super().__init__({}, labels=("shirt", "hat"), **options)

    def probabilities(self, image):
        bright = np.median(image) > 128
        return np.array([0.1, 0.9] if bright else [0.9, 0.1], np.float32)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Six bright hats and six dark shirts by four people, and a damaged file."""
    folder = tmp_path_factory.mktemp("pictures")
    rows = []
    for i in range(12):
        picture = np.full((48, 36, 3), 225 if i % 2 else 30, np.uint8)
        picture[20:28, 14:22] = 128
        Image.fromarray(picture).save(folder / f"{i}.png")
        rows.append(Row(f"{i}.png", "hat" if i % 2 else "shirt", f"p{i % 4}", "validation"))
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnot much of a picture")
    rows.append(Row("bad.png", "hat", "p0", "validation"))
    return Manifest("pictures", tuple(rows), ("shirt", "hat"), folder)


@pytest.fixture(scope="module")
def found(pictures):
    done = []
    result = measure_robustness(Brightness(), pictures, progress=done.append)
    assert sum(done) == 13
    return result


def test_a_judge_of_brightness_fails_in_the_dark_only(found):
    assert (found.n, found.groups, found.resampled, found.top1) == (12, 4, "group", 1.0)
    assert [item.path for item in found.unreadable] == ["bad.png"]
    steps = [(kind, level) for kind, item in CORRUPTIONS.items() for level in item.levels]
    assert [(item.corruption, item.level) for item in found.conditions] == steps
    loss = {(item.corruption, item.level): item.loss for item in found.conditions}
    assert loss["dim", 1] == 0
    assert loss["dim", 2] == loss["dim", 3] == loss["dim", 4] == 50  # every hat
    for kind in ("rotation", "scale", "off-centre", "blur", "noise", "jpeg", "low resolution"):
        assert all(value == 0 for (name, _), value in loss.items() if name == kind)
    dark = next(item for item in found.conditions if (item.corruption, item.level) == ("dim", 3))
    assert dark.top1 == 0.5
    assert dark.macro_f1 == pytest.approx((2 / 3 + 0) / 2)
    assert 0 <= dark.loss_interval[0] < 50 < dark.loss_interval[1]


def test_the_mild_loss_is_the_mean_of_the_mild_ones(found):
    mild = [item for item in found.conditions if item.mild]
    assert [(item.corruption, item.level) for item in mild] == [
        ("rotation", 15), ("off-centre", 0.1), ("blur", 0.005), ("dim", 1), ("cast", 0.25), ("jpeg", 40),
    ]  # fmt: skip
    assert found.mild_loss == pytest.approx(np.mean([item.loss for item in mild]))
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_order_of_pictures_does_not_matter(found, pictures):
    turned = pictures.take(list(range(12))[::-1])
    again = measure_robustness(Brightness(), turned)
    assert [item.loss for item in again.conditions] == [item.loss for item in found.conditions]


def test_labels_are_translated(pictures):
    mapped = Manifest(
        "mapped", tuple(Row(r.path, {"hat": "on", "shirt": "off"}[r.type], r.group, r.split) for r in pictures.rows),
        ("on", "off"), pictures.root, "state",
    )  # fmt: skip
    model = Brightness(mappings={"state": {"hat": "on", "shirt": "off"}})
    assert measure_robustness(model, mapped.take([0, 1, 2, 3])).top1 == 1
    with pytest.raises(DataError, match="no mapping leads to them"):
        measure_robustness(Brightness(), mapped)


def test_nothing_readable_is_an_error(pictures):
    with pytest.raises(DataError, match="no readable picture"):
        measure_robustness(Brightness(), pictures.take([12]))


def _people(*counts):
    rows = [Row(f"{p}-{i}.png", "hat", f"p{p}", "train") for p, count in enumerate(counts) for i in range(count)]
    return Manifest("people", tuple(rows), ("hat",))


def test_a_sample_hears_as_many_people_as_possible():
    manifest = _people(100, 3, 1, 1)
    found = sample_by_group(manifest, 4)
    assert {row.group for row in found.rows} == {"p0", "p1", "p2", "p3"}
    seven = [row.group for row in sample_by_group(manifest, 7).rows]
    assert sorted(seven) == ["p0", "p0", "p0", "p1", "p1", "p2", "p3"] or sorted(seven).count("p1") in (2, 3)
    assert len({row.group for row in sample_by_group(manifest, 2).rows}) == 2


def test_a_sample_is_seeded_and_never_larger_than_the_whole():
    manifest = _people(5, 5, 5)
    assert sample_by_group(manifest, 6) == sample_by_group(manifest, 6)
    assert sample_by_group(manifest, 6).rows != sample_by_group(manifest, 6, seed=1).rows
    assert sample_by_group(manifest, 99).rows == manifest.rows
    with pytest.raises(DataError, match="at least 1"):
        sample_by_group(manifest, 0)
