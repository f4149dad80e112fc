"""The tables are made from the committed results; no ratio is asserted here."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from benchmarks import table
from benchmarks.result import RESULTS, Comparison, Limit, Result
from benchmarks.run import SUITES
from benchmarks.suites import resize

RESULT = Result(
    "toy", "A toy", ("what", "ratio"), (("one", 1.0), ("other", None)), {"n": 3}, (Limit("adds", 30, 31, "ms"),)
)


def test_a_result_survives_the_file_and_names_no_place(tmp_path):
    path = RESULT.write(tmp_path)
    again, machine = Result.read(path)
    assert again == RESULT
    assert machine["cores"] >= 1
    assert machine["packages"]["numpy"] == np.__version__
    assert str(tmp_path) not in path.read_text()
    assert not list(tmp_path.glob("*.part"))


def test_a_marked_table_is_written_and_the_rest_of_the_page_kept(tmp_path):
    RESULT.write(tmp_path)
    untouched = "after <!-- bench:none:begin -->\n<!-- bench:none:end -->"
    page = f"before\n<!-- bench:toy:begin -->\nold\n<!-- bench:toy:end -->\n{untouched}"
    filled = table.fill(page, tmp_path)
    assert filled.startswith("before\n<!-- bench:toy:begin -->\n**A toy**")
    assert filled.endswith(f"<!-- bench:toy:end -->\n{untouched}")
    assert "| one | 1.0 |" in filled
    assert "| other | – |" in filled
    assert "| adds | 30 ms | 31 ms | **no** |" in filled
    assert "old" not in filled
    assert table.fill(filled, tmp_path) == filled


def test_losses_are_listed_whatever_they_are_measured_in(tmp_path):
    assert table.losses_table(tmp_path) == "No comparison with a rival is committed yet."
    compared = (
        Comparison("accuracy", 0.9, "big", 0.95, lower_is_better=False, clear=False),
        Comparison("bytes", 900, "big", 123_456, lower_is_better=True),
        Comparison("latency ratio", 1.0, "small", 0.5, lower_is_better=True),
        Comparison("latency ratio", 1.0, "equal", 1.0, lower_is_better=True),
    )
    dataclasses.replace(RESULT, comparisons=compared).write(tmp_path)
    assert Result.read(tmp_path / "toy.json")[0].comparisons == compared
    page = table.fill("<!-- losses:begin -->\nold\n<!-- losses:end -->", tmp_path)
    assert "The rival does better in 2 of 4 comparisons." in page
    assert "| toy | accuracy | big | 0.9 | 0.95 | no |" in page
    assert "| toy | latency ratio | small | 1 | 0.5 | yes |" in page
    assert "equal" not in page
    assert "old" not in page


def test_the_pages_show_the_committed_results():
    assert table.stale_pages() == []


def test_every_committed_result_is_a_suites_and_has_markers():
    page = (table.ROOT / "benchmarks" / "README.md").read_text()
    for path in RESULTS.glob("*.json"):
        result, machine = Result.read(path)
        assert result.name == path.stem
        assert result.name in SUITES
        assert f"<!-- bench:{result.name}:begin -->" in page
        assert all(len(row) == len(result.columns) for row in result.rows)
        assert "/work" not in json.dumps(machine)


def test_suites_bear_the_names_they_are_listed_under():
    assert all(name == suite.NAME and suite.__doc__ for name, suite in SUITES.items())


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (3, 5), (8, 8)])
def test_the_plain_client_enlarges_as_pillow_does(size):
    # Without reduction there is nothing to antialias, so the two must agree to the rounding.
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    ours = resize.plain_stretch(pixels, 16, 24)
    theirs = np.asarray(Image.fromarray(pixels).resize((24, 16), Image.Resampling.BILINEAR))
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1


def test_the_plain_client_does_not_antialias():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::8] = 255
    assert resize.plain_stretch(stripes, 8, 8).max() == 0  # It looks at columns 3 and 4 of each 8 only.
