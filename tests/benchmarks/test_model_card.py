"""A model's card for people: every figure comes from judging the file."""

import argparse
from dataclasses import replace

from benchmarks import model_card
from benchmarks.model_card import TEXTS, made_card
from edgefashion.commands.evaluate import choose_split
from edgefashion.data.drawn import draw_garment
from edgefashion.data.sources import open_source
from edgefashion.evaluation.corruptions import CORRUPTIONS
from edgefashion.evaluation.robustness import measure_robustness
from edgefashion.evaluation.sample import sample_by_group
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.shipped import SHIPPED


def _sampled(source):
    return sample_by_group(choose_split(open_source(source), None)[1], 8)


def test_a_card_says_what_was_measured(tmp_path, tiny_model, monkeypatch):
    asked = []
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
        source=str(tmp_path / "garments"), split=None, mapped=[], worn=str(tmp_path / "garments"),
        others=str(tmp_path / "others"), strangers=str(tmp_path / "others"), sample=8,
    )  # fmt: skip
    found = replace(measure_robustness(classifier, _sampled(words.source)), mild_loss_interval=(-1.26, 3.5))
    monkeypatch.setattr(model_card, "measure_robustness", lambda _, sample: asked.append(sample) or found)
    page = made_card(classifier, text, words)
    assert asked == [_sampled(words.source)]
    count = 2 * len(classifier.card.labels)
    for said in (
        f"# Model card: {classifier.card.name}", "## Not for\nPeople.", f"on {count} validation pictures", "0.01 kWh",
        "Garments as they are worn", "| top-1, mean over the views | ", "| others turned away | 1 |",
        "And pictures of 1 others", "| class | precision |", "## Where it is weak",
    ):  # fmt: skip
        assert said in page, said
    for label in classifier.card.labels:
        assert f"| {label} | " in page
    part = page.partition("## Robust against\n")[2].partition("\n## ")[0]
    assert part.startswith("8 of the same pictures, as they are")
    assert f"costs on average {found.mild_loss:.1f} points of top-1 (95 % interval -1.3 to 3.5, paired)" in part
    rows = [line.split(" | ") for line in part.splitlines() if line.startswith("| ")][2:]
    assert [row[0] for row in rows] == ["| clean", *(f"| {name}" for name in CORRUPTIONS)]
    losses = {(item.corruption, item.unit, item.level): item.loss for item in found.conditions}
    for (name, corruption), row in zip(CORRUPTIONS.items(), rows[1:], strict=True):
        level = corruption.mild or corruption.levels[0]
        assert row[1] == f"{level:g} {corruption.unit}"
        assert row[3] == f"{losses[name, corruption.unit, level]:+.2f}"
        assert (row[-1] == "mild |") == (corruption.mild is not None)
    (tmp_path / "garments" / "validation").rename(tmp_path / "garments" / "test")
    page = made_card(classifier, text, words)
    assert f"on {count} test pictures" in page
    assert "mean over the views" not in page, "nothing was chosen on test pictures"
    assert "contributors" not in page.partition("## How good it is")[2], "each picture is a group of its own"


def test_the_command_writes_where_it_is_told(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(model_card, "made_card", lambda classifier, text, arguments: asked.append(arguments) or "page")
    monkeypatch.setattr(model_card, "CARDS", tmp_path / "cards")
    for more in ([], ["--out", str(tmp_path / "new" / "card.md"), "--sample", "3"]):
        assert model_card.main(["garment-small", "photos", *more]) == 0
    assert (tmp_path / "cards" / "garment-small.md").read_text() == "page"
    assert (tmp_path / "new" / "card.md").read_text() == "page"
    assert [arguments.sample for arguments in asked] == [model_card.SAMPLE, 3]


def test_every_text_belongs_to_a_shipped_model():
    assert {path.stem for path in TEXTS.iterdir()} <= set(SHIPPED)
