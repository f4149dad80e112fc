"""The picture of accuracy against cost: what the results say, where they say it."""

import json
import re
import shutil
from xml.etree import ElementTree

import pytest

from benchmarks import picture
from benchmarks.peers import PEERS
from benchmarks.peers.compare import OURS
from benchmarks.picture import APART, Axis, Point
from benchmarks.result import RESULTS


def test_the_committed_picture_is_the_results_and_the_same_each_time():
    assert picture.drawn() == picture.PICTURE.read_text(encoding="utf-8")


def test_every_model_and_peer_has_a_sign_and_a_time():
    named = {task: {*PEERS[task], *(f"ours: {name}" for name in OURS[task])} for task in PEERS}
    assert set(picture.MARKS) == named["clothing"] | named["fashion-mnist"]
    # No network of MobileNetV3's shape is timed; where it was judged, it stands in the plots of size only.
    assert set(picture.TIMED) == named["clothing"] - {"mobilenet-v3-large"}
    for task, names in named.items():
        assert len({picture.MARKS[name][1:] for name in names}) == len(names), task


def test_a_point_stands_where_its_figures_are(tmp_path):
    before = picture.drawn()
    shutil.copytree(RESULTS, tmp_path / "results")
    path = tmp_path / "results" / "latency.json"
    told = json.loads(path.read_text())
    row = next(row for row in told["rows"] if row[:3] == ["garment-small", "ai_edge_litert", 1])
    row[3] = 0.25
    path.write_text(json.dumps(told))
    after = picture.drawn(tmp_path / "results")
    ElementTree.fromstring(after)
    assert "garment-small: latency × 0.25;" in after
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line[:8] for line in changed] == ["<desc id", "<path st", "<circle "]
    slowest = max(
        row[3] for row in told["rows"] if row[0] in picture.TIMED.values() and row[1:3] == ["ai_edge_litert", 1]
    )
    x, y = re.search(r'cx="([\d.]+)" cy="([\d.]+)"', changed[-1]).groups()
    assert float(x) == pytest.approx(picture._even_axis([slowest], 375, 625).at(0.25), abs=0.1)
    assert f'cy="{y}"' in before  # no less accurate than it was


def test_axes_lead_from_end_to_end():
    even = Axis((0, 1, 2), 0, 2, 100, 300)
    assert [even.at(value) for value in (0, 0.5, 2)] == [100, 150, 300]
    decades = Axis((1, 10, 100), 1, 100, 0, 60, logarithmic=True)
    assert [decades.at(value) for value in (1, 10, 100)] == pytest.approx([0, 30, 60])
    assert picture._share_axis([Point("a", 1, 0.9, 0.88, 0.92), Point("b", 1, 0.8, 0.79, 0.81)]).ticks == (
        0.75, 0.8, 0.85, 0.9, 0.95,
    )  # fmt: skip


def test_points_that_hide_each_other_stand_apart():
    axis = Axis((0, 100), 0, 100, 0, 100)
    points = [Point("a", 50, 0.8, 0.7, 0.9), Point("b", 51, 0.8, 0.7, 0.9), Point("c", 50, 0.5, 0.4, 0.6)]
    first, second, third = picture._side_by_side(points, axis)
    assert (second - first, third) == (APART, 50)
    crowd = [Point(str(place), place, 0.8, 0.7, 0.9) for place in (50, 57, 44)]
    assert picture._side_by_side(crowd, axis) == pytest.approx([151 / 3, 151 / 3 + APART, 151 / 3 - APART])
    assert picture._side_by_side([points[0], Point("b", 80, 0.8, 0.7, 0.9)], axis) == [50, 80]
