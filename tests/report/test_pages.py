"""The pages, from the verbs to the bytes in the folder: well-formed, self-contained, escaped, true to report.json."""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgefashion.cli import main
from edgefashion.data.check import DataReport
from edgefashion.data.drawn import draw_garment
from edgefashion.data.manifest import Manifest, Row
from edgefashion.evaluation.cost import Cost, FileSize
from edgefashion.evaluation.latency import Latency
from edgefashion.evaluation.predict import Predictions
from edgefashion.evaluation.result import sample_notes
from edgefashion.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, coverage_chart, reliability_chart
from edgefashion.report.evaluation_report import EvaluationReport, make_report, write_evaluation
from edgefashion.report.thumbnails import SIDE, thumbnail

pytest.importorskip("jinja2", reason="the extra report is not installed")

VOID = {"meta", "br", "img", "link", "input", "hr"}
NASTY = "<script>alert(1)</script>\"'&"


class Page(HTMLParser):
    """Reads a page: its text, its tags, and whether every tag is closed in its turn."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def assert_self_contained(page: Page, path: Path) -> None:
    """Nothing is loaded from anywhere, no script runs, and ids and images are whole."""
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "href"]
        assert (attributes.get("src") or "data:").startswith("data:image/jpeg;base64,") or "src" not in attributes
    text = path.read_text(encoding="utf-8")
    assert "http" not in text.replace("http-equiv", "")
    assert "url(" not in text
    assert "@import" not in text


def latency(ratio: float = 1.0, spread: float = 0.1) -> Latency:
    return Latency(5.0, 6.0, 4.5, spread, ratio, 30)


def small_report(
    labels: tuple[str, ...], probabilities: np.ndarray, truth: list[int], rows: tuple[Row, ...]
) -> EvaluationReport:
    scores = Predictions(
        rows=rows, probabilities=np.asarray(probabilities, float), truth=np.array(truth), labels=labels,
        brightness=np.linspace(20, 220, len(truth)), short_sides=np.full(len(truth), 40), threshold=0.5,
    )  # fmt: skip
    size = FileSize(3_715_734, 3_278_247, 3_371_777, 282_076_288)
    cost = Cost(size, "float file", FileSize(13_511_058, 7_899_051, 3_371_778, 282_076_288), latency(1.03), latency())
    model = {"name": labels[0], "version": "1", "path": "m.tflite"}
    return make_report(model, {"name": "photos", "split": "validation", "digest": "abc"}, scores, cost)


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A manifest of 40 drawn garments that the tiny model knows by name, by four people; one is damaged."""
    lines = ["path,type,group,split,colour"]
    for i in range(40):
        kind = ("dress", "pants", "hat")[i % 3]
        draw_garment(kind, i, 48).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{kind},person{i % 4},validation,{'red' if i % 2 else 'blue'}")
    (tmp_path / "5.png").write_bytes(b"\x89PNG\r\n\x1a\nnot much of a picture")
    (tmp_path / "pictures.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "pictures.csv"


def test_evaluate_writes_a_page_that_agrees_with_its_figures(
    drawn: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "report"
    words = ["evaluate", str(tiny_model), str(drawn), "--report", str(folder), "--float", str(tiny_model), "--json"]
    assert main(words) == 0
    printed = json.loads(capsys.readouterr().out)
    figures = json.loads((folder / "report.json").read_text())
    page = Page(folder / "index.html")
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "report.json"]
    assert_self_contained(page, folder / "index.html")
    assert figures["evaluation"] == {name: printed[name] for name in figures["evaluation"]}
    assert figures["cost"]["size"]["raw"] == tiny_model.stat().st_size
    assert figures["cost"]["reference"] == "float file"
    assert figures["cost"]["latency"]["ratio"] > 0
    assert f"{100 * printed['top1']:.1f}\u00a0%" in page.text
    assert "39 pictures by 4 contributors" in page.text
    assert "1 of 40 pictures can't be read" in page.text
    wrong = round(39 * (1 - printed["top1"]))
    assert len(figures["mistakes"]) == wrong
    assert len(page.all("img")) == min(24, wrong)
    assert "the source has nothing in the column 'pattern'" in page.text
    assert {item["value"] for item in figures["slices"][2]["slices"]} == {"red", "blue"}
    assert len(page.all("svg")) == 3


def test_a_report_is_not_overwritten_unless_asked(
    drawn: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("mine")
    words = ["evaluate", str(tiny_model), str(drawn), "--limit", "3", "--report", str(tmp_path / "report")]
    assert main(words) == 2
    assert "holds a report already" in capsys.readouterr().err
    assert (tmp_path / "report" / "index.html").read_text() == "mine"
    assert main([*words, "--overwrite"]) == 0
    assert "latency" in capsys.readouterr().out or (tmp_path / "report" / "report.json").is_file()
    assert main(["evaluate", str(tiny_model), str(drawn), "--report", str(drawn)]) == 2
    assert "which is a file" in capsys.readouterr().err
    assert main(["evaluate", str(tiny_model), str(drawn), "--overwrite"]) == 2
    assert "give --report FOLDER too" in capsys.readouterr().err


def test_the_missing_package_is_named_before_any_work(
    drawn: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert main(["evaluate", str(tiny_model), str(drawn), "--report", str(tmp_path / "r")]) == 1
    assert "edgefashion[report]" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    labels = (NASTY, "b", "c")
    rows = tuple(Row(f"{NASTY}{i}.jpg", labels[i % 3], f"{NASTY}{i % 2}", "validation", NASTY) for i in range(6))
    report = small_report(labels, np.roll(np.eye(3)[[0, 1, 2] * 2], 1, axis=1), [0, 1, 2] * 2, rows)
    write_evaluation(report, Manifest("m", rows, labels, tmp_path), tmp_path / "r")
    page = Page(tmp_path / "r" / "index.html")
    assert_self_contained(page, tmp_path / "r" / "index.html")
    assert NASTY in page.text
    assert page.text.count("can’t be read any more") == 6  # The pictures aren't there.


def test_a_model_without_mistakes_and_one_with_many_classes(tmp_path: Path) -> None:
    labels = tuple(f"label{i}" for i in range(70))
    rows = tuple(Row(f"{i}.jpg", label, str(i), "validation") for i, label in enumerate(labels))
    report = small_report(labels, np.eye(70), list(range(70)), rows)
    write_evaluation(report, Manifest("m", rows, labels, tmp_path), tmp_path / "r")
    page = Page(tmp_path / "r" / "index.html")
    assert "every picture was called what it is" in page.text
    assert "70 classes are too many" in page.text
    assert "the intervals take pictures to be independent" in page.text


def test_one_class_in_the_sample_is_said() -> None:
    rows = tuple(Row(f"{i}.jpg", "a", f"g{i % 2}", "validation") for i in range(8))
    report = small_report(("a", "b"), np.full((8, 2), 0.5), [0] * 8, rows)
    assert any("All pictures show one class ('a')" in note for note in sample_notes(report.evaluation))


def test_a_busy_machine_is_said() -> None:
    rows = tuple(Row(f"{i}.jpg", "a", f"g{i % 2}", "validation") for i in range(8))
    report = small_report(("a", "b"), np.full((8, 2), 0.5), [0] * 8, rows)
    assert not any("busy" in note for note in report.notes)
    busy = Cost(report.cost.size, "decoding", None, latency(spread=0.5), latency())
    assert busy.busy
    assert busy.to_dict()["busy"] is True


def test_everything_in_a_chart_lies_inside_of_it() -> None:
    random = np.random.default_rng(3)
    n = 60
    rows = tuple(Row(f"{i}.jpg", "a", f"g{i % 5}", "validation") for i in range(n))
    report = small_report(("a", "b", "c"), random.dirichlet(np.ones(3), n), random.integers(0, 3, n).tolist(), rows)
    curve = reliability_chart(report.reliability)
    for dot in curve.dots:
        assert LEFT <= dot.x <= WIDTH - RIGHT
        assert TOP <= dot.high <= dot.y <= dot.low <= HEIGHT - BOTTOM
    chart = coverage_chart(report.coverage_curve, report.evaluation.coverage)
    numbers = [tuple(map(float, point.split(","))) for point in (chart.line + " " + chart.band).split()]
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in numbers)
    assert chart.mark is not None
    assert TOP <= chart.mark.y <= chart.mark.low


def test_a_thumbnail_keeps_proportions_and_turns_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 100), (200, 0, 0)).save(tmp_path / "a.jpg", exif=exif)
    row = Row("a.jpg", "hat", "g", "test")
    address = thumbnail(Manifest("m", (row,), ("hat",), tmp_path), row)
    import base64
    from io import BytesIO

    with Image.open(BytesIO(base64.b64decode(address.partition(",")[2]))) as small:
        assert small.size == (SIDE // 4, SIDE)
        assert not small.getexif()
    assert thumbnail(Manifest("m", (row,), ("hat",), tmp_path / "gone"), row) == ""


# data check


def test_data_check_writes_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("imagehash", reason="the extra data is not installed")
    for seed, place in enumerate(
        ("train/dress/anna/1.png", "train/dress/anna/2.png", "train/pants/ben/3.png", "test/dress/cleo/4.png")
    ):
        path = tmp_path / "photos" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_garment(place.split("/")[1], seed, 96).save(path)
    photos = tmp_path / "photos"
    leak = photos / "test/pants/ben/copy.png"
    leak.parent.mkdir(parents=True)
    leak.write_bytes((photos / "train/dress/anna/1.png").read_bytes())
    (photos / "train/pants/ben/broken.jpg").write_bytes(b"\xff\xd8\xff")
    draw_garment("pants", 9, 40).save(photos / "train/pants/ben/tiny.png")
    assert main(["data", "check", str(photos), "--report", str(tmp_path / "r")]) == 0
    assert "index.html: open it in a browser" in capsys.readouterr().out
    page = Page(tmp_path / "r" / "index.html")
    assert_self_contained(page, tmp_path / "r" / "index.html")
    figures = json.loads((tmp_path / "r" / "report.json").read_text())
    assert figures["leaks"]["pictures"] == [["test/pants/ben/copy.png", "train/dress/anna/1.png"]]
    assert figures["leaks"]["groups"] == ["ben"]
    for text in (
        "Leaks: the same picture in several splits",
        "The same picture under different labels",
        "Exactly the same file",
        "train/pants/ben/broken.jpg",
        "Groups in several splits",
        "1 shorter side under",
    ):
        assert text in page.text
    assert "Nearly the same picture" not in page.text
    assert len(page.all("img")) == 3 * 2 + 1
    assert main(["data", "check", str(photos), "--report", str(tmp_path / "r")]) == 2


def test_a_source_that_cannot_be_used_gets_its_page_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("imagehash", reason="the extra data is not installed")
    path = tmp_path / "photos" / "dress" / "1.png"
    path.parent.mkdir(parents=True)
    draw_garment("dress", 1, 96).save(path)
    assert main(["data", "check", str(tmp_path / "photos"), "--report", str(tmp_path / "r")]) == 1
    assert "one label only" in Page(tmp_path / "r" / "index.html").text


def test_thousands_of_copies_stay_a_page_of_a_sane_size(tmp_path: Path) -> None:
    from edgefashion.report.data_report import CLUSTERS_SHOWN, COPIES_SHOWN, data_page

    draw_garment("dress", 1, 96).save(tmp_path / "a.png")
    rows = tuple(Row(f"./{'x/../' * i}a.png", "dress", str(i), "train") for i in range(120))
    paths = tuple(row.path for row in rows)
    report = DataReport(
        "m", 120, {"dress": {"train": 120, "validation": 0, "test": 0}}, {"dress": 120}, dict.fromkeys("ab", 60),
        exact=(paths, *((paths[0], other) for other in paths[1:100])),
    )  # fmt: skip
    (tmp_path / "x").mkdir()
    text = data_page(report, Manifest("m", rows, ("dress",), tmp_path))
    assert text.count("<img") == COPIES_SHOWN + 2 * (CLUSTERS_SHOWN - 1)
    assert "and 114 more" in text
    assert re.search(r"100 found, the first 40 shown", text)
