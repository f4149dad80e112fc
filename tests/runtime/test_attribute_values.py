"""What a type can have: from the taxonomy into the file, out of it, and into the answer; hostile files too."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgefashion.errors import ModelFileError
from edgefashion.runtime.attribute_values import (
    ATTRIBUTE_VALUES_FILE,
    attribute_values_file,
    possible_values,
    restrict,
    told_values,
)
from edgefashion.runtime.card import ModelCard
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile, append_files
from edgefashion.taxonomy import Taxonomy
from tests.runtime.test_classifier import with_card

GARMENT = Taxonomy.load("garment")
DETAILS = ("boot", "jeans", "long", "short")
PICTURE = np.random.default_rng(5).integers(0, 256, (16, 16, 3), np.uint8)


def opened(values: dict[str, list[str]] | None) -> Classifier:
    """A model with the heads type and pattern, and what its types can have."""
    model = with_card("operators_int8")
    assert model.card is not None
    files = {**model.files, "card.json": model.card.to_json().encode()}
    if values is not None:
        files[ATTRIBUTE_VALUES_FILE] = json.dumps({"pattern": values}).encode()
    file = ModelFile.from_bytes(append_files(model.flatbuffer, files))
    return Classifier(file, Interpreter.open(file.content, threads=1))


def test_the_answer_keeps_to_what_the_type_can_have() -> None:
    free = opened(None)
    said = free.classify(PICTURE)
    scores = free.head_probabilities(PICTURE)["pattern"].astype(float)
    labels = free.card.head("pattern").labels
    others = tuple(label for label in labels if label != said.attributes["pattern"].value)[:2]
    kept = opened({said.type: list(others), "hat": []}).classify(PICTURE)
    shares = {label: scores[labels.index(label)] for label in others}
    best = max(shares, key=shares.__getitem__)
    assert kept.attributes["pattern"].value == best
    total = sum(shares.values())
    assert kept.attributes["pattern"].confidence == pytest.approx(shares[best] / total if total else 0.5)
    assert replace(kept, attributes=said.attributes) == said
    assert opened({said.type: list(labels)}).classify(PICTURE) == said


def test_a_type_without_the_attribute_gets_none() -> None:
    said = opened(None).classify(PICTURE)
    other = next(name for name, _ in said.ranking[1:])
    assert opened({other: ["plain"]}).classify(PICTURE).attributes == {}
    assert opened({said.type: []}).classify(PICTURE).attributes == {}
    assert opened({said.type: ["mottled"]}).classify(PICTURE).attributes == {}, "a value that the head doesn't know"


def test_all_heads_are_told_and_the_type_is_as_before() -> None:
    classifier = opened(None)
    heads = classifier.head_probabilities(PICTURE)
    assert {name: scores.shape for name, scores in heads.items()} == {"pattern": (4,), "type": (6,)}
    np.testing.assert_array_equal(heads["type"], classifier.probabilities(PICTURE))


def test_the_category_is_as_sure_as_its_types_together() -> None:
    classifier = opened(None)
    prediction = classifier.classify(PICTURE)
    of = classifier.card.taxonomy.category_of
    whole = sum(share for name, share in prediction.ranking if of(name) == of(prediction.type))
    assert prediction.category_confidence == pytest.approx(min(1.0, whole))
    assert prediction.category == of(prediction.type)


@pytest.mark.parametrize(("threshold", "said"), [(0.35, "type"), (0.5, "category"), (0.8, None)])
def test_levels_follow_the_threshold(threshold: float, said: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels: hat dress pants shoes skirt shirt; pants and skirt are bottoms."""
    file = with_card("operators_int8", threshold=threshold)
    classifier = Classifier(file, Interpreter.open(file.content, threads=1))
    scores = np.array([0.1, 0.05, 0.4, 0.05, 0.3, 0.1], np.float32)
    said_of = {head.name: scores[: len(head.labels)] for head in classifier.card.heads}
    monkeypatch.setattr(classifier, "_said", lambda picture: said_of)
    prediction = classifier.classify(PICTURE)
    assert (prediction.category, prediction.sure_of, prediction.sure) == ("bottoms", said, said == "type")
    assert prediction.category_confidence == pytest.approx(0.7)


def test_the_card_itself_stays_readable_for_older_readers() -> None:
    card = opened({"hat": ["plain"]}).card
    assert card.taxonomy.values == {"pattern": {"hat": ("plain",)}}
    told = json.loads(card.to_json())
    assert set(told["taxonomy"]) == {"name", "categories", "mappings"}
    assert ModelCard.from_json(card.to_json()) == replace(card, taxonomy=replace(card.taxonomy, values={}))


def test_a_file_is_written_for_the_heads_of_the_model_only() -> None:
    old = replace(GARMENT, values={}, neighbours={})
    assert told_values(old, ["colour", "detail"]).values == GARMENT.values
    assert told_values(GARMENT, ["colour"]).values == {}
    few = Taxonomy("garment", {"tops": ("shirt", "sari")})
    assert told_values(few, ["detail"]).values == {"detail": {"shirt": ("sleeveless", "short", "long")}}
    assert told_values(Taxonomy.from_labels(["shirt"]), ["detail"]).values == {}
    assert json.loads(attribute_values_file(GARMENT))["detail"]["pants"] == ["jeans", "leggings", "trousers"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff\xfe", b"[1]", b"null", b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b" " * (2**20 + 1), b'{"pattern": 3}', b'{"pattern": {"hat": "plain"}}', b'{"pattern": {"hat": [1]}}',
        b'{"pattern": {"sari": ["a"]}}',
        b'{"pattern": {"hat": ["a", "a"]}}', b'{"pattern": {"hat": ["a\\nb"]}}', b'{"": {"hat": ["a"]}}',
    ],
    ids=range(15),
)  # fmt: skip
def test_a_hostile_file_is_refused(content: bytes) -> None:
    model = with_card("operators_int8")
    assert model.card is not None
    files = {**model.files, "card.json": model.card.to_json().encode(), ATTRIBUTE_VALUES_FILE: content}
    with pytest.raises(ModelFileError, match=rf"^model\.tflite: '{ATTRIBUTE_VALUES_FILE}'") as caught:
        ModelFile.from_bytes(append_files(model.flatbuffer, files))
    assert "\n" not in str(caught.value)


def test_possible_values_keep_the_order_of_the_labels() -> None:
    assert possible_values(GARMENT, "detail", "shirt", DETAILS) == ("long", "short")
    assert possible_values(GARMENT, "detail", "hat", DETAILS) == ()
    assert possible_values(GARMENT, "colour", "hat", DETAILS) == DETAILS


@given(
    hnp.arrays(np.float32, 4, elements=st.floats(0, 1, width=32)),
    st.sets(st.sampled_from(DETAILS), min_size=1).map(tuple),
)
def test_restricted_shares_sum_to_one_in_the_old_proportions(scores: np.ndarray, allowed: tuple[str, ...]) -> None:
    found = restrict(scores, DETAILS, allowed)
    inside = np.isin(DETAILS, allowed)
    given_inside = scores[inside].astype(float)  # a millionth of the smallest float32 is nothing but in float64
    assert found.sum() == pytest.approx(1)
    assert not found[~inside].any()
    if given_inside.sum() > 0:
        np.testing.assert_allclose(found[inside] * given_inside.sum(), given_inside, rtol=1e-6)
    else:
        np.testing.assert_allclose(found[inside], 1 / inside.sum())


def test_a_shipped_file_of_old_opens_as_before() -> None:
    file = ModelFile.read(Path(__file__).parents[1] / "data" / "tiny_int8.tflite")
    assert file.card is not None
    assert file.card.taxonomy.values == {}
