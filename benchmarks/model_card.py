"""Writes a shipped model's card for people to read, docs/models/NAME.md, from judging its file.

    python -m benchmarks.model_card garment-base clothing:FOLDER \
        --mapped clothing-ten:FOLDER --mapped clothing-ten-checked:FOLDER --others others:FOLDER --worn worn:FOLDER \
        --strangers things:/usr/share/tuxpaint/stamps

What it is for, what it is not for, and how it was made is written by hand, in benchmarks/cards/NAME.toml; every figure
comes from the int8 file as `Classifier` runs it, on the held-out split.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import Any

from benchmarks.subject import ROOT
from edgefashion.commands.evaluate import choose_split
from edgefashion.commands.evaluation_tables import head_rows, rejection_rows, retrieval_rows, summary_rows
from edgefashion.commands.robustness_table import COLUMNS, clean_row, condition_row
from edgefashion.commands.views_table import views_rows
from edgefashion.data.manifest import Manifest
from edgefashion.data.sources import open_source
from edgefashion.evaluation.corruptions import CORRUPTIONS
from edgefashion.evaluation.evaluate import evaluate, judge
from edgefashion.evaluation.predict import predict
from edgefashion.evaluation.rejection import judge_rejection
from edgefashion.evaluation.result import Evaluation
from edgefashion.evaluation.retrieval import retrieve
from edgefashion.evaluation.robustness import measure_robustness
from edgefashion.evaluation.sample import sample_by_group
from edgefashion.evaluation.slices import slice_scores
from edgefashion.evaluation.views import measure_views
from edgefashion.runtime.card import ModelCard
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.shipped import find_model

TEXTS = Path(__file__).parent / "cards"
CARDS = ROOT / "docs" / "models"
WATTS_A_CORE = 10.0
"""What a server's core takes under load, with its share of memory and cooling; an assumption, and said so."""
GRAMS_A_KILOWATT_HOUR = 400.0
"""CO2 of an average grid; an assumption too."""
FEWEST = 20
"""Pictures that a weak part must have to be named."""
SAMPLE = 146
"""Pictures for robustness: two of each of the clothing photos' 73 held-out contributors; each is judged 37 times."""


def main(words: list[str]) -> int:
    """Judges a model and writes its card."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model_card", description=__doc__.split("\n")[0])
    parser.add_argument("model", help="name of a shipped model")
    parser.add_argument("source", help="the pictures to judge on, such as clothing:FOLDER")
    parser.add_argument("--split", help="which split of them (default: as edgefashion evaluate chooses)")
    parser.add_argument(
        "--mapped", metavar="SOURCE", action="append", default=[],
        help="the same under other labels, such as clothing-ten:FOLDER; may be given several times",
    )  # fmt: skip
    parser.add_argument("--others", metavar="SOURCE", help="pictures without a garment")
    parser.add_argument(
        "--strangers", metavar="SOURCE", help="pictures without a garment of a source that taught nothing: all of them"
    )
    parser.add_argument("--worn", metavar="SOURCE", help="garments as they are worn")
    parser.add_argument(
        "--sample", type=int, default=SAMPLE, metavar="N",
        help=f"pictures for robustness, from as many contributors as possible (default {SAMPLE})",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write (default: docs/models/NAME.md)")
    arguments = parser.parse_args(words)
    text = tomllib.loads((TEXTS / f"{arguments.model}.toml").read_text(encoding="utf-8"))
    classifier = Classifier.open(find_model(arguments.model))
    page = made_card(classifier, text, arguments)
    path = arguments.out or CARDS / f"{arguments.model}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return 0


def made_card(classifier: Classifier, text: dict[str, Any], arguments: argparse.Namespace) -> str:
    """Markdown: the texts and the figures of one model."""
    card = classifier.card
    split, manifest = choose_split(open_source(arguments.source), arguments.split)
    scores = predict(classifier, manifest)
    found = judge(scores)
    parts = [
        f"# Model card: {card.name} {card.version}",
        "Written by `python -m benchmarks.model_card`; the texts are in `benchmarks/cards/`.",
        card.description,
        *(f"## {title}\n{text[key].strip()}" for key, title in (("for", "For"), ("not_for", "Not for"))),
        f"## Data and licence\n{text['data'].strip()}",
        _origin(card),
        f"## How it was made\n{text['made'].strip()}\n\n{_energy(text['hours'], text['cores'])}",
        f"## How good it is\nThe int8 file as shipped, on {found.n:,} {split} pictures"
        + _people(found.groups, found.n)
        + f" of {manifest.name} that training never saw.",
        _table(["measure", "value", "95 % interval"], summary_rows(found)),
    ]
    if split != "test":
        parts += [
            "The same pictures, moved by 3 % of each side and mirrored, ten views of each. The mean is what to "
            "believe, because settings were chosen on these pictures (`edgefashion evaluate --views`):",
            _table(["measure", "value", "95 % interval"], views_rows(measure_views(classifier, manifest))[1:]),
        ]
    if found.heads:
        headers = ["besides the type", "pictures", "accuracy", "or a neighbour", "macro-F1", "calibration error"]
        parts.append(_table(headers, head_rows(found)))
    for spec in arguments.mapped:
        parts += _further(classifier, spec, arguments.split, "The same pictures")
    if arguments.worn:
        parts += _further(classifier, arguments.worn, arguments.split, "Garments as they are worn")
    if arguments.others:
        _, others = choose_split(open_source(arguments.others), arguments.split)
        rejection = judge_rejection(classifier, manifest, others)
        parts.append(f"Does it know when it does not know? Garments, and pictures of {others.name}:")
        parts.append(_table(["is it a garment?", "pictures", "share", "95 % interval"], rejection_rows(rejection)))
    if arguments.strangers:
        strangers = open_source(arguments.strangers)
        first = {row.group: place for place, row in reversed(list(enumerate(strangers.rows)))}
        strangers = strangers.take(sorted(first.values()))  # one view of each thing
        rejection = judge_rejection(classifier, manifest, strangers)
        parts.append(f"And pictures of {len(strangers.rows)} {strangers.name} of a source that training never saw:")
        parts.append(_table(["is it a garment?", "pictures", "share", "95 % interval"], rejection_rows(rejection)[1:]))
    if manifest.rows[0].colour:
        parts.append(
            _table(["similar pictures, by embedding", "share"], retrieval_rows(retrieve(classifier, manifest)))
        )
    parts += _robust(classifier, sample_by_group(manifest, arguments.sample))
    parts += [
        "## Class by class",
        _table(["class", "precision", "recall", "F1", "pictures"], _class_rows(found)),
        "## Where it is weak\nParts of the pictures on which it is worse than on all, the whole 95 % interval below:",
        _table(["part", "pictures", "accuracy", "95 % interval"], _weak_rows(scores)),
    ]
    return "\n\n".join(parts) + "\n"


def _further(classifier: Classifier, spec: str, asked: str | None, title: str) -> list[str]:
    """The headline on other pictures, or on other labels of the same ones."""
    split, manifest = choose_split(open_source(spec), asked)
    found = evaluate(classifier, manifest)
    labels = f", {len(found.labels)} labels" if found.mapping else ""
    return [
        f"{title}: {manifest.name}{labels}, {found.n:,} {split} pictures.",
        _table(["measure", "value", "95 % interval"], summary_rows(found)),
    ]


def _robust(classifier: Classifier, sample: Manifest) -> list[str]:
    """What the mild form of each corruption costs: its mild level, its first where none counts as mild."""
    found = measure_robustness(classifier, sample)
    low, high = found.mild_loss_interval
    shown = [item for item in found.conditions if item.level == _mild_level(item.corruption)]
    people = _people(found.groups, found.n) if found.resampled == "group" else ""
    weighed = "; who sent few pictures counts for more here than above" if people else ""
    return [
        f"## Robust against\n{found.n} of the same pictures{people}, as they are and made worse{weighed}. "
        "What is marked mild costs on average "
        f"{found.mild_loss:.1f} points of top-1 (95 % interval {low:.1f} to {high:.1f}, paired). "
        f"`edgefashion evaluate --robust --sample {found.n}` shows stronger levels too.",
        _table(list(COLUMNS), [clean_row(found), *map(condition_row, shown)]),
    ]


def _mild_level(name: str) -> float:
    corruption = CORRUPTIONS[name]
    return corruption.levels[0] if corruption.mild is None else corruption.mild


def _origin(card: ModelCard) -> str:
    facts = card.training
    made = f", recipe `{facts['recipe']}` {facts['recipe_digest'][:12]}" if "recipe" in facts else ""
    people = _people(facts.get("groups", 0), facts.get("pictures", 0))
    return (
        f"Trained on {facts.get('pictures', 0):,} pictures{people} "
        f"({facts.get('data') or 'source not noted'}; {facts.get('data_licence') or 'licence not noted'}){made}. "
        f"The model is under {card.licence}."
    )


def _people(groups: int, pictures: int) -> str:
    """Whose pictures they are, where that is known: a picture without a contributor is a group of its own."""
    return f" by {groups:,} contributors" if 0 < groups < pictures else ""


def _energy(hours: float, cores: int) -> str:
    kilowatt_hours = hours * cores * WATTS_A_CORE / 1000
    return (
        f"An estimate, nothing was metered: about {hours:g} h on {cores} cores, {kilowatt_hours:.2g} kWh at an assumed "
        f"{WATTS_A_CORE:g} W a core, {kilowatt_hours * GRAMS_A_KILOWATT_HOUR:.0f} g of CO2 at an assumed "
        f"{GRAMS_A_KILOWATT_HOUR:g} g a kWh."
    )


def _class_rows(found: Evaluation) -> list[list[str]]:
    return [
        [item.label, f"{item.precision:.3f}", f"{item.recall:.3f}", f"{item.f1:.3f}", str(item.support)]
        for item in found.per_class
        if item.support  # "no garment" is a label, but no answer
    ]


def _weak_rows(scores: Any) -> list[list[str]]:
    """Contributors stay unnamed: their number says nothing to a reader."""
    rows = []
    for cut in slice_scores(scores):
        for part in cut.slices:
            if part.below and part.n >= FEWEST:
                name = f"one of {len(cut.slices)} contributors" if cut.name == "contributor" else part.value
                low, high = part.interval
                rows.append([f"{cut.name}: {name}", str(part.n), f"{part.accuracy:.3f}", f"{low:.3f} to {high:.3f}"])
    return rows or [["none found", "", "", ""]]


def _table(headers: list[str], rows: list[list[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
