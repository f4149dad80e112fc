"""What a model says besides the type: its attributes and the category, ready to be judged.

An attribute is judged on the pictures that have it noted. Where the taxonomy says which values a type can have, the
head is asked "given the type": it may only answer what the *noted* type can have, so that a mistake of the type is
not counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import OPTIONAL_COLUMNS, Row
from edgefashion.evaluation.checks import Floats, Indices, check_probabilities
from edgefashion.runtime.attribute_values import possible_values, restrict
from edgefashion.runtime.card import TYPE_HEAD, Head, ModelCard
from edgefashion.runtime.colour_names import COLOUR_NAMES
from edgefashion.runtime.prediction import COLOUR, COLOURS
from edgefashion.taxonomy import Taxonomy

CATEGORY = "category"


@dataclass(frozen=True)
class HeadPredictions:
    """What was said about one property of the pictures that have it noted.

    Attributes:
        name: "category", or the attribute.
        labels: The k values.
        rows: int64 (m,), which of the readable pictures these are.
        probabilities: float64 (m, k), 0 to 1. Of categories only the one that the best type stands in is not 0: that
            is the one that a `Prediction` tells.
        truth: int64 (m,), index of the noted value.
        given_type: Whether only values that the noted type can have were allowed.
    """

    name: str
    labels: tuple[str, ...]
    rows: Indices = field(repr=False)
    probabilities: Floats = field(repr=False)
    truth: Indices = field(repr=False)
    given_type: bool = False


def label_heads(card: ModelCard) -> tuple[Head, ...]:
    """The heads that have labels, the type's among them."""
    return tuple(head for head in card.heads if head.labels)


def attribute_predictions(
    card: ModelCard, rows: Sequence[Row], said: Sequence[Mapping[str, npt.NDArray[np.float32]]]
) -> tuple[HeadPredictions, ...]:
    """Sorts out what was said of the attributes that a manifest has noted.

    A noted value that the head has not learnt gets probability 0, so its pictures count as wrong.

    Args:
        card: The model's card.
        rows: The n pictures.
        said: For each of them, head name to float32 (k,); among them the measured "colours", if there are any.

    Returns:
        One for each head that is a column of manifests and has at least one picture; measured colours are judged as
        "colour": told is the one with the largest share.

    Raises:
        DataError: What was said are no probabilities.
    """
    found = []
    asked = {head.name: (head.name, head.labels) for head in label_heads(card) if head.name != TYPE_HEAD}
    if said and COLOURS in said[0]:
        asked.setdefault(COLOUR, (COLOURS, COLOUR_NAMES))
    for name, (key, known) in asked.items():
        noted = [(at, getattr(row, name)) for at, row in enumerate(rows)] if name in OPTIONAL_COLUMNS else []
        noted = [(at, value) for at, value in noted if value]
        if not noted:
            continue
        strange = sorted({value for _, value in noted} - set(known))
        scores = np.zeros((len(noted), len(known) + len(strange)))
        scores[:, : len(known)] = check_probabilities([said[at][key] for at, _ in noted])
        labels = (*known, *strange)
        for line, (at, _) in enumerate(noted):
            allowed = possible_values(card.taxonomy, name, rows[at].type, labels)
            if 0 < len(allowed) < len(labels):
                scores[line] = restrict(scores[line], labels, allowed)
        truth = np.array([labels.index(value) for _, value in noted], dtype=np.int64)
        places = np.array([at for at, _ in noted], dtype=np.int64)
        given = name in card.taxonomy.values
        found.append(HeadPredictions(name, labels, places, np.minimum(scores, 1.0), truth, given))
    return tuple(found)


def category_predictions(
    scores: Floats, labels: Sequence[str], truth: Indices, taxonomy: Taxonomy
) -> HeadPredictions | None:
    """Gives what was said of the category: the best type's, with the sum of its types' probabilities.

    Args:
        scores: float64 (n, k), probabilities of the types.
        labels: The k types.
        truth: int64 (n,), index of each picture's type.
        taxonomy: Knows their categories.

    Returns:
        Those of all n pictures; None where categories say nothing: all types stand in one, or each in its own.
    """
    category_of = {name: category for category, types in taxonomy.categories.items() for name in types}
    categories = tuple(dict.fromkeys(category_of[label] for label in labels))
    if not 1 < len(categories) < len(labels):
        return None
    place = np.array([categories.index(category_of[label]) for label in labels], dtype=np.int64)
    everyone = np.arange(len(scores))
    said = place[scores.argmax(axis=1)]
    sums = scores @ np.eye(len(categories))[place]
    told = np.zeros_like(sums)
    told[everyone, said] = np.minimum(sums[everyone, said], 1.0)
    return HeadPredictions(CATEGORY, categories, everyone, told, place[truth])
