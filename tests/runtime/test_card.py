"""The card: what goes in comes out, and every field of a hostile one is refused by name."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgefashion.errors import ModelFileError
from edgefashion.runtime.card import CARD_VERSION, KEYS, Head, InputRule, ModelCard
from edgefashion.runtime.model_file import ModelFile
from edgefashion.taxonomy import Taxonomy

TINY = Path(__file__).parents[1] / "data" / "tiny_int8.tflite"
CARD = json.loads(ModelFile.read(TINY).card.to_json())


def changed(path: str, value: Any) -> dict[str, Any]:
    """The tiny model's card with one value changed; `path` such as "heads.0.labels"."""
    data = copy.deepcopy(CARD)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = data
    for step in way:
        place = place[step]
    place[last] = value
    return data


def test_round_trip() -> None:
    card = ModelCard.from_json(json.dumps(CARD))
    assert ModelCard.from_json(card.to_json()) == card
    assert ModelCard.from_json(card.to_json().encode()) == card
    assert card.to_json() == ModelCard.from_json(card.to_json()).to_json()
    assert list(json.loads(card.to_json())) == list(KEYS)
    assert json.loads(card.to_json())["card_version"] == CARD_VERSION


def test_the_documented_fields_are_read() -> None:
    facts = {
        "accuracy": {"int8": {"split": "validation", "n": 10, "top1": 0.9, "interval": [0.6, 0.98], "macro_f1": 0.8}},
        "training": {"data": "photos", "pictures": 3, "groups": 2, "recipe": "garment-base", "seed": 7},
        "lowest_runtime": "tflite-runtime 2.8.0",
    }
    card = ModelCard.from_json(json.dumps({**CARD, **facts}))
    assert card.accuracy["int8"]["top1"] == 0.9
    assert card.training["seed"] == 7
    assert card.input == InputRule(32, 32, "RGB", "stretch")
    assert card.head("type").labels == card.labels
    assert json.loads(card.to_json())["accuracy"] == facts["accuracy"]


def test_a_card_from_the_future_names_the_version_that_is_needed() -> None:
    future = {"card_version": CARD_VERSION + 6, "anything": "at all"}
    with pytest.raises(ModelFileError, match=rf"card version {CARD_VERSION + 6}.*up to {CARD_VERSION}"):
        ModelCard.from_json(json.dumps(future))


BAD = [
    ("card_version", 0), ("card_version", "1"), ("card_version", True), ("card_version", None), ("card_version", 1.0),
    ("name", ""), ("name", 3), ("name", "two\nlines"), ("name", "x" * 300), ("version", None),
    ("description", 5), ("licence", []), ("lowest_runtime", {}),
    ("input", None), ("input", []), ("input.height", 0), ("input.height", 10**6), ("input.width", "32"),
    ("input.width", True), ("input.colour", "BGR"), ("input.resize", "squeeze"), ("input.extra", 1),
    ("heads", {}), ("heads", []), ("heads", [3]), ("heads.0.name", "colour"), ("heads.0.output", ""),
    ("heads.0.labels", "abc"), ("heads.0.labels", [1, 2]), ("heads.0.labels", []),
    ("heads.0.labels", ["t-shirt", "t-shirt"]), ("heads.0.labels", ["t-shirt", "spoon"]), ("heads.0.labels_file", 7),
    ("heads.0.labels_file", "a\nb"), ("heads.0.spare", 1),
    ("taxonomy", None), ("taxonomy", "garment"), ("taxonomy.categories", []), ("taxonomy.name", 1),
    ("taxonomy.categories", {"tops": ["t-shirt", "t-shirt"]}), ("taxonomy.mappings", {"m": {"spoon": "x"}}),
    ("temperature", 0), ("temperature", "1"), ("temperature", -1.0), ("threshold", 1.5), ("threshold", None),
    ("training", []), ("training", {"pictures": -1}), ("training", {"pictures": 1.5}), ("training", {"data": 3}),
    ("accuracy", 7), ("accuracy", {"int8": 7}), ("accuracy", {"int8": {"top1": 2}}), ("accuracy", {"f": {"n": "9"}}),
    ("accuracy", {"f": {"interval": [0.1]}}), ("accuracy", {"f": {"interval": ["a", "b"]}}),
    ("accuracy", {"f": {"split": 3}}),
    ("size", {"macs": -1}), ("size", {"macs": 1.5}), ("size", []),
    ("golden", {}), ("golden", [1]), ("golden.0.rows", 0), ("golden.0.rows", 9), ("golden.0.columns", 65),
    ("golden.0.pixels", "***"), ("golden.0.pixels", 3), ("golden.0.pixels", "AAAA"), ("golden.0.outputs", []),
    ("golden.0.outputs", {"type": "abc"}), ("golden.0.outputs", {"type": [0, 0, 0, 0, 256]}),
    ("golden.0.outputs", {"type": [0]}), ("golden.0.outputs", {"colour": [0]}),
    ("golden.0.outputs", {"type": [0.5] * 5}),
    ("golden", [CARD["golden"][0]] * 65),
    ("unknown", 1),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), BAD, ids=[f"{path}={str(value)[:20]}" for path, value in BAD])
def test_a_wrong_value_is_refused(path: str, value: Any) -> None:
    with pytest.raises(ModelFileError, match=r"^Card: ") as caught:
        ModelCard.from_json(json.dumps(changed(path, value)))
    assert "\n" not in str(caught.value)
    named = path.replace("card_version", "version").split(".")[0]
    assert named.rstrip("s") in str(caught.value).lower()


@pytest.mark.parametrize("key", ["card_version", "name", "version", "input", "heads", "taxonomy"])
def test_a_missing_field_is_refused(key: str) -> None:
    with pytest.raises(ModelFileError, match=r"^Card: "):
        ModelCard.from_json(json.dumps({name: value for name, value in CARD.items() if name != key}))


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"card_version": ' + b"9" * 5000 + b"}", b"null", b"[1]", b'"card"',
        json.dumps(changed("threshold", float("nan"))).encode(), json.dumps(changed("temperature", 1e999)).encode(),
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_what_is_no_json_or_no_card(text: bytes) -> None:
    with pytest.raises(ModelFileError, match=r"^Card: "):
        ModelCard.from_json(text)


def test_facts_can_not_be_a_bomb() -> None:
    deep: Any = 1
    for _ in range(20):
        deep = [deep]
    for training in ({"notes": deep}, {"notes": [0] * 200_000}, {"notes": "x", "k" * 500: 1}):
        with pytest.raises(ModelFileError, match="training"):
            ModelCard.from_json(json.dumps(changed("training", training)))


def test_heads_of_bare_numbers_need_no_labels() -> None:
    heads = (Head("type", "probabilities", "labels.txt", ("hat",)), Head("embedding", "features"))
    card = ModelCard("n", "1", InputRule(8, 8), heads, Taxonomy.from_labels(["hat"]))
    assert ModelCard.from_json(card.to_json()).head("embedding").labels == ()
    with pytest.raises(ModelFileError, match="Heads: type, embedding"):
        card.head("pattern")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(KEYS), JSON)
def test_whatever_a_field_holds_the_answer_is_a_card_or_our_error(key: str, value: Any) -> None:
    try:
        card = ModelCard.from_json(json.dumps({**CARD, key: value}))
    except ModelFileError:
        return
    assert ModelCard.from_json(card.to_json()) == card
