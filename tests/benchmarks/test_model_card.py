"""A model's card for people: every figure comes from judging the file."""

import argparse

from benchmarks.model_card import TEXTS, made_card
from edgefashion.data.drawn import draw_garment
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.shipped import SHIPPED


def test_a_card_says_what_was_measured(tmp_path, tiny_model):
    classifier = Classifier.open(tiny_model)
    for name in classifier.card.labels:
        folder = tmp_path / "garments" / "validation" / name
        folder.mkdir(parents=True)
        for seed in range(2):
            draw_garment(name, seed, (160, 120)).save(folder / f"{seed}.png")
    nothing = tmp_path / "others" / "no garment"
    nothing.mkdir(parents=True)
    draw_garment(classifier.card.labels[0], 1, (160, 120)).save(nothing / "a.png")
    text = {"for": "Shops.", "not_for": "People.", "data": "Drawn.", "made": "Quickly.", "hours": 0.5, "cores": 2}
    words = argparse.Namespace(
        source=str(tmp_path / "garments"), split=None, mapped=None, worn=str(tmp_path / "garments"),
        others=str(tmp_path / "others"), strangers=str(tmp_path / "others"),
    )  # fmt: skip
    page = made_card(classifier, text, words)
    count = 2 * len(classifier.card.labels)
    for said in (
        f"# Model card: {classifier.card.name}", "## Not for\nPeople.", f"on {count} validation pictures", "0.01 kWh",
        "Garments as they are worn", "| top-1, mean over the views | ", "| others turned away | 1 |",
        "And pictures of 1 others", "| class | precision |", "## Where it is weak",
    ):  # fmt: skip
        assert said in page, said
    for label in classifier.card.labels:
        assert f"| {label} | " in page


def test_every_text_belongs_to_a_shipped_model():
    assert {path.stem for path in TEXTS.iterdir()} <= set(SHIPPED)
