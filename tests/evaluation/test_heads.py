"""Attributes and the category, counted on the fingers: what is judged, by what, and what the verb and the page show."""

import argparse
import json

import numpy as np
import pytest
from PIL import Image

from edgefashion.commands import evaluate as verb
from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError
from edgefashion.evaluation.evaluate import evaluate
from edgefashion.evaluation.predict import predict
from edgefashion.runtime.card import Head, InputRule, ModelCard
from edgefashion.runtime.colour_names import COLOUR_NAMES
from edgefashion.runtime.image import prepare
from edgefashion.runtime.look import Look
from edgefashion.taxonomy import Taxonomy
from tests.runtime.test_classifier import with_card

TYPES = ("shirt", "polo", "shoes", "hat")
COLOURS = ("blue", "navy", "red")
DETAILS = ("boot", "long", "short", "sneaker")
TAXONOMY = Taxonomy(
    "own",
    {"tops": ("shirt", "polo"), "footwear": ("shoes",), "headwear": ("hat",)},
    values={"detail": {"shirt": ("long", "short"), "polo": ("long", "short"), "shoes": ("boot", "sneaker")}},
)


class Teller:
    """Knows a picture by its red channel (its number); says what it is told to, head by head."""

    labels = TYPES

    def __init__(self, **said):
        self.said = said
        heads = {"type": TYPES, "colour": COLOURS, "detail": DETAILS}
        heads = {name: labels for name, labels in heads.items() if name in said}
        self.card = ModelCard(
            name="teller",
            version="1",
            input=InputRule(4, 4),
            heads=tuple(Head(name, name, f"{name}.txt", labels) for name, labels in heads.items()),
            taxonomy=TAXONOMY,
            threshold=0.5,
        )

    def probabilities(self, image):
        raise AssertionError("a model with several heads is run once, for all of them")

    def look(self, image):
        return Look(prepare(image, 4, 4))

    def head_probabilities(self, seen):
        return {name: said for name, said in self._said_of(seen).items() if name != "colours"}

    def measured(self, seen):
        return {name: said for name, said in self._said_of(seen).items() if name == "colours"}

    def _said_of(self, seen):
        number = round(float(seen.picture[..., 0].mean()))
        return {name: np.array(rows[number], np.float32) for name, rows in self.said.items()}


def _manifest(folder, rows, labels=TYPES):
    """One picture a (type, colour, detail)."""
    found = []
    for number, (kind, colour, detail) in enumerate(rows):
        Image.new("RGB", (6, 8), (number, 0, 0)).save(folder / f"{number}.png")
        found.append(Row(f"{number}.png", kind, f"person {number // 2}", "validation", colour, "", detail))
    return Manifest("noted", tuple(found), labels, folder)


ROWS = [
    ("shirt", "blue", "long"),
    ("shirt", "navy", "short"),
    ("polo", "red", ""),
    ("shoes", "", "boot"),
    ("hat", "blue", ""),
    ("hat", "mauve", ""),
]
SAID = {
    "type": [
        [0.6, 0.2, 0.1, 0.1],  # shirt: right and sure
        [0.35, 0.4, 0.15, 0.1],  # polo, wrong; tops 0.75, right
        [0.3, 0.25, 0.4, 0.05],  # shoes, wrong; footwear 0.4, wrong and not sure, though tops have 0.55
        [0.1, 0.1, 0.45, 0.35],  # shoes: right, not sure
        [0.0, 0.0, 0.1, 0.9],  # hat
        [0.45, 0.45, 0.05, 0.05],  # shirt, wrong; tops 0.9, wrong
    ],
    "colour": [
        [0.1, 0.8, 0.1],  # navy for blue: a neighbour
        [0.1, 0.8, 0.1],  # right
        [0.8, 0.1, 0.1],  # blue for red: no neighbour
        [0.8, 0.1, 0.1],  # not noted
        [0.8, 0.1, 0.1],  # right
        [0.8, 0.1, 0.1],  # mauve is none of the head's
    ],
    "detail": [
        [0.7, 0.2, 0.1, 0.0],  # a boot; among sleeves long: right
        [0.6, 0.0, 0.0, 0.4],  # no sleeve has any share: equal shares, so the first, long, which is wrong
        [0.0, 0.0, 1.0, 0.0],  # not noted
        [0.1, 0.5, 0.2, 0.2],  # long; among shoes a sneaker: wrong
        [0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
    ],
}


def test_every_head_is_judged_on_what_is_noted(tmp_path):
    found = evaluate(Teller(**SAID), _manifest(tmp_path, ROWS))
    assert (found.n, found.top1) == (6, 0.5)
    category, colour, detail = found.heads
    assert (category.name, category.n, category.accuracy) == ("category", 6, pytest.approx(4 / 6))
    assert category.labels == ("tops", "footwear", "headwear")
    assert category.confusion == ((2, 1, 0), (0, 1, 0), (1, 0, 1))
    assert (colour.name, colour.n, colour.accuracy) == ("colour", 5, 2 / 5)
    assert colour.labels == ("blue", "navy", "red", "mauve")
    assert colour.near is None, "no neighbours are known for mauve"
    assert (detail.name, detail.n, detail.accuracy, detail.given_type) == ("detail", 3, 1 / 3, True)
    assert not colour.given_type
    assert detail.interval[0] < 1 / 3 < detail.interval[1]
    assert detail.macro_f1 == pytest.approx((2 / 3 + 0 + 0) / 3)


def test_measured_colours_are_judged_where_no_head_says_the_colour(tmp_path):
    shares = {name: np.eye(13)[COLOUR_NAMES.index(name)] * 0.6 + 0.4 / 13 for name in ("navy", "red", "blue")}
    measured = [shares[name] for name in ("navy", "navy", "blue", "blue", "blue", "red")]
    said = {**SAID, "colours": measured}
    assert [head.name for head in evaluate(Teller(**said), _manifest(tmp_path, ROWS)).heads].count("colour") == 1
    assert evaluate(Teller(**said), _manifest(tmp_path, ROWS)).heads[1].labels[0] == "blue", "the head's, not measured"
    del said["colour"]
    *_, colour = evaluate(Teller(**said), _manifest(tmp_path, ROWS[:5])).heads
    assert (colour.name, colour.n, colour.labels) == ("colour", 4, COLOUR_NAMES)
    assert (colour.accuracy, colour.near) == (2 / 4, 3 / 4), "navy for blue is a neighbour, blue for red is none"


def test_neighbouring_colours_count_as_nearly_right(tmp_path):
    colour = evaluate(Teller(**SAID), _manifest(tmp_path, ROWS[:5])).heads[1]
    assert (colour.n, colour.accuracy, colour.near) == (4, 0.5, 0.75)
    assert colour.near_interval[0] < 0.75 < colour.near_interval[1]


def test_levels_of_sureness(tmp_path):
    levels = evaluate(Teller(**SAID), _manifest(tmp_path, ROWS)).levels
    assert (levels.type, levels.category, levels.neither) == pytest.approx((2 / 6, 2 / 6, 2 / 6))
    assert levels.category_accuracy == 0.5


def test_what_no_picture_has_noted_is_left_out(tmp_path):
    rows = [("shirt", "", ""), ("hat", "", "")]
    found = evaluate(Teller(**SAID), _manifest(tmp_path, rows))
    assert [head.name for head in found.heads] == ["category"]
    assert json.loads(json.dumps(found.to_dict()))["heads"][0]["n"] == 2


def test_categories_are_left_out_where_labels_are_no_types_of_several(tmp_path):
    rows = [("shirt", "blue", ""), ("shirt", "navy", "")]
    teller = Teller(**SAID)
    manifest = _manifest(tmp_path, rows, ("shirt",))
    assert predict(teller, manifest).categories is not None
    teller.card = ModelCard(
        "t", "1", InputRule(4, 4), teller.card.heads, Taxonomy("flat", {name: (name,) for name in TYPES})
    )
    found = predict(teller, manifest)
    assert found.categories is None
    assert [head.name for head in found.heads] == ["colour"]
    assert evaluate(teller, manifest).levels is None


def test_heads_that_say_no_probabilities_are_refused(tmp_path):
    broken = {**SAID, "colour": [[np.nan, 0.5, 0.5]] * 6}
    with pytest.raises(DataError, match="finite"):
        evaluate(Teller(**broken), _manifest(tmp_path, ROWS))


@pytest.fixture
def model_and_source(tmp_path):
    """A real file with the heads type and pattern, and 12 noisy pictures with both noted."""
    model = tmp_path / "two.tflite"
    model.write_bytes(with_card("operators_int8").content)
    random = np.random.default_rng(0)
    lines = ["path,type,group,split,pattern"]
    for i in range(12):
        Image.fromarray(random.integers(0, 256, (20, 16, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{('hat', 'pants')[i % 2]},person{i % 4},test,{('plain', '', 'dotted')[i % 3]}")
    (tmp_path / "pictures.csv").write_text("\n".join(lines) + "\n")
    return model, tmp_path / "pictures.csv"


def _run(*words):
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return verb.run(parser.parse_args([str(word) for word in words]))


def test_the_verb_and_the_page_show_them(model_and_source, tmp_path, capsys):
    pytest.importorskip("jinja2", reason="the extra report is not installed")
    assert _run(*model_and_source) == 0
    shown = capsys.readouterr().out
    for text in ("besides the type", "category", "pattern", "or a neighbour", "only category sure"):
        assert text in shown
    assert _run(*model_and_source, "--json", "--report", tmp_path / "report") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(head["name"], head["n"]) for head in told["heads"]] == [("category", 12), ("pattern", 8)]
    assert set(told["levels"]) == {"type", "category", "category_accuracy", "neither"}
    page = (tmp_path / "report" / "index.html").read_text()
    for text in ("Besides the type", "Pattern, value by value", "Only the category sure"):
        assert text in page
