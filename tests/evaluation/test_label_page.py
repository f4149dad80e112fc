"""The page holds everything it needs, and nothing that a hostile label or path could run."""

import base64
import json
import re

import pytest

from edgefashion.data.corrections import Review, Suspect, write_decisions, write_review
from edgefashion.data.drawn import draw_garment
from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError
from edgefashion.evaluation.label_page import MAX_SUSPECTS, review_page

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture
def review(tmp_path):
    """Three suspects: one fine, one with a hostile label, one whose picture is damaged."""
    for number, garment in enumerate(("dress", "hat")):
        draw_garment(garment, number, 64).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes(b"no picture")
    rows = (Row("0.png", "hat", "a", "train"), Row("1.png", HOSTILE, "b", "train"), Row("2.png", "hat", "c", "train"))
    suspects = (
        Suspect("0.png", "hat", "dress", 0.9),
        Suspect("1.png", HOSTILE, "hat", 0.8),
        Suspect("2.png", "hat", "dress", 0.7),
    )
    return write_review(tmp_path / "review", Manifest("m", rows, ("hat", HOSTILE), tmp_path), suspects)


def facts(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_pictures_and_labels_are_inside(review):
    counted = []
    data = facts(review_page(review, {review.suspects[0].path: "dress"}, counted.append))
    assert [(item["given"], item["likelier"], item["probability"]) for item in data["items"]] == [
        ("hat", "dress", 0.9),
        (HOSTILE, "hat", 0.8),
        ("hat", "dress", 0.7),
    ]
    assert base64.b64decode(data["items"][0]["image"])[:2] == b"\xff\xd8"
    assert data["items"][2]["image"] == ""
    assert data["labels"] == sorted({"hat", "dress", HOSTILE})
    assert data["decided"] == {review.suspects[0].path: "dress"}
    assert data["givenOf"] == {review.suspects[0].path: "hat"}
    assert counted == [1, 1, 1]


def test_nothing_is_fetched_and_nothing_hostile_can_run(review):
    page = review_page(review, {})
    assert page.count("<script") == page.count("</script>") == 2
    assert "default-src 'none'" in page
    assert not re.search(r"(?:https?:)?//[a-z]", re.sub(r'id="data">.*?</script>', "", page, flags=re.DOTALL))
    assert "__" not in re.sub(r'id="data">.*?</script>', "", page, flags=re.DOTALL)


def test_the_key_of_the_browsers_store_is_the_suspects(review):
    other = Review(review.folder, review.given, review.suspects[:2])
    keys = [
        facts(review_page(one, decided))["key"]
        for one, decided in ((review, {}), (review, {review.suspects[0].path: "hat"}), (other, {}))
    ]
    assert keys[0] == keys[1] != keys[2]


def test_no_suspect_and_too_many_are_refused(review):
    for suspects in ((), review.suspects * MAX_SUSPECTS):
        with pytest.raises(DataError, match="search with another --top"):
            review_page(Review(review.folder, review.given, suspects), {})


def test_the_page_names_the_columns_that_decisions_have(review):
    data = facts(review_page(review, {}))
    written = write_decisions(review, {review.suspects[0].path: "hat"})
    assert written.name == data["file"]
    assert written.read_text().splitlines()[0] == ",".join(data["columns"])
