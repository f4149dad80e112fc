"""The tables are made from the committed results; no ratio is asserted here."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from benchmarks import readme_figures, table
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


def test_the_sentences_say_what_the_results_and_cards_say():
    assert readme_figures.missing() == []


def test_a_changed_result_is_missed_in_the_sentences(tmp_path, monkeypatch):
    shutil.copytree(RESULTS, tmp_path / "results")
    before = readme_figures.readme_phrases(tmp_path / "results")
    path = tmp_path / "results" / "limit.json"
    told = json.loads(path.read_text())
    told["rows"][0][told["columns"].index("fraction of the limit")] = 0.777
    path.write_text(json.dumps(told))
    changed = [line for line in readme_figures.readme_phrases(tmp_path / "results") if line not in before]
    assert changed == ["reaches 0.78 of the multiply-accumulates"]
    monkeypatch.setattr(readme_figures, "readme_phrases", lambda: [*before, *changed])
    assert readme_figures.missing() == [f"README.md should say: {changed[0]}"]


def test_the_peers_table_gives_leads_and_skips_who_was_not_judged(tmp_path):
    columns = ("what", "accuracy", "zipped", "MACs", "p (McNemar)", "ten views", "note")
    rows = (
        ("ours: garment-base", 0.84, 3_000_000, 282_104_448, None, 0.83, ""),
        ("ours: garment-small", 0.8, 1_000_000, 119_000_000, 0.001, 0.82, ""),
        ("frozen-head", 0.7354, 3_293_091, 384e6, 6.2e-14, 0.7, ""),
        ("mobilenet-v2", None, None, None, None, None, "skipped"),
        ("post-training", 0.8512, 3_302_364, 384e6, 0.17, None, ""),
        ("published: x", 0.9, None, None, None, None, ""),
    )
    Result("peers-clothing", "Peers", columns, rows).write(tmp_path)
    page = table.fill("<!-- peers:begin -->\nold\n<!-- peers:end -->", tmp_path)
    assert page.splitlines()[3:-1] == [
        "| `garment-base` | 0.840 |  |  | 0.830 | 3,000,000 | 282.1 M |",
        "| `garment-small` | 0.800 |  |  | 0.820 | 1,000,000 | 119.0 M |",
        "| EfficientNet-Lite0 fine-tuned, int8 after training (as MediaPipe Model Maker) "
        "| 0.851 | -1.1 | no, p = 0.17 | – | 3,302,364 | 384.0 M |",
        "| frozen EfficientNet-Lite0 and a linear head, int8 (as Teachable Machine) "
        "| 0.735 | 10.5 | yes, p = 6.2e-14 | 0.700 | 3,293,091 | 384.0 M |",
    ]
    assert table.fill("<!-- peers:begin -->\nold\n<!-- peers:end -->", tmp_path / "none").count("\n") == 2


def test_published_figures_are_quoted_with_their_source_beside_the_ten_classes(tmp_path):
    columns = ("what", "accuracy", "95 % interval", "raw bytes", "note")
    rows = (
        ("ours: garment-base", 0.84, "", 3_735_424, ""),
        ("frozen-head", 0.7354, "", 3_662_096, ""),
        ("ten classes: frozen-head", 0.85, "0.81 to 0.88", None, "608 photos"),
        ("ten classes: garment-base", 0.9013, "0.875 to 0.923", None, "608 photos"),
        ("published: Xception; its own test split", 0.9032, "0.869 to 0.929", None, "83 MB, float; a book, chapter 7"),
    )
    Result("peers-clothing", "Peers", columns, rows).write(tmp_path)
    page = table.fill("<!-- ten-classes:begin -->\nold\n<!-- ten-classes:end -->", tmp_path)
    assert page.splitlines()[3:-1] == [
        "| `garment-base` | 0.901 | 0.875 to 0.923 | 3.7 MB, int8 | 608 photos |",
        "| frozen EfficientNet-Lite0 and a linear head, int8 (as Teachable Machine) "
        "| 0.850 | 0.81 to 0.88 | 3.7 MB, int8 | 608 photos |",
        "| published: Xception | 0.903 | 0.869 to 0.929 | 83 MB, float | its own test split; a book, chapter 7 |",
    ]


def test_fashion_mnist_has_p_beside_each_of_ours_where_it_was_measured(tmp_path):
    columns = ("what", "accuracy", "95 % interval", "raw bytes", "p (McNemar)", "p beside small", "note")
    rows = (
        ("ours: nano", 0.934, "0.929 to 0.939", 99_567, None, None, ""),
        ("ours: small", 0.946, "0.942 to 0.950", 439_604, 9.4e-11, None, ""),
        ("hog-svm", 0.92, "0.915 to 0.925", 107_813_880, 1.1e-7, 2e-30, ""),
        ("keras-cnn", None, None, None, None, None, "skipped"),
        ("published: DenseNet-BC", 0.954, "0.950 to 0.958", None, None, None, "768 K parameters; README"),
    )
    filled = [
        "| `nano` | 0.934 | 0.929 to 0.939 | 100 kB |  |  | measured here |",
        "| `small` | 0.946 | 0.942 to 0.950 | 440 kB | 9.4e-11 |  | measured here |",
        "| HOG features and a support vector machine | 0.920 | 0.915 to 0.925 | 107,814 kB | 1.1e-07 | 2e-30 "
        "| measured here |",
        "| published: DenseNet-BC | 0.954 | 0.950 to 0.958 | 768 K parameters |  |  | README |",
    ]
    page = "<!-- fashion-mnist-peers:begin -->\nold\n<!-- fashion-mnist-peers:end -->"
    Result("peers-fashion-mnist", "Peers", columns, rows).write(tmp_path)
    assert table.fill(page, tmp_path).splitlines()[3:-1] == filled
    older = tuple(row[:5] + row[6:] for row in rows)
    Result("peers-fashion-mnist", "Peers", columns[:5] + columns[6:], older).write(tmp_path)
    assert table.fill(page, tmp_path).splitlines()[5] == filled[2].replace(" 2e-30 ", "  ")


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
