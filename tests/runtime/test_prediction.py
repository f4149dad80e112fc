"""The result type."""

import dataclasses
import json

import pytest

from edgefashion import Prediction
from edgefashion.runtime.prediction import Attribute

RANKING = (("dress", 0.75), ("skirt", 0.25), ("hat", 0.0))


def test_what_it_tells() -> None:
    attributes = {"pattern": Attribute("striped", 0.5)}
    prediction = Prediction(RANKING, "one-piece", sure=True, attributes=attributes, latency_ms=12.3456)
    assert (prediction.type, prediction.category) == ("dress", "one-piece")
    assert (prediction.confidence, prediction.sure) == (0.75, True)
    assert prediction.top(2) == (("dress", 0.75), ("skirt", 0.25))
    assert prediction.top(99) == RANKING
    assert prediction.top(0) == prediction.top(-1) == ()
    told = json.loads(json.dumps(prediction.to_dict()))
    assert told == {
        "category": "one-piece",
        "type": "dress",
        "confidence": 0.75,
        "sure": True,
        "sure_of": "type",
        "category_confidence": 0.0,
        "top": [{"type": name, "probability": probability} for name, probability in RANKING],
        "attributes": {"pattern": {"value": "striped", "confidence": 0.5}},
        "latency_ms": 12.346,
    }


def test_it_says_how_far_it_can_be_relied_on() -> None:
    for sure, category_sure, said in (
        (True, True, "type"),
        (True, False, "type"),
        (False, True, "category"),
        (False, False, None),
    ):
        prediction = Prediction(RANKING, "one-piece", sure, category_sure=category_sure, category_confidence=0.75)
        assert prediction.sure_of == prediction.to_dict()["sure_of"] == said
        assert prediction.to_dict()["category_confidence"] == 0.75


def test_it_is_frozen_and_compares_by_what_it_says() -> None:
    prediction = Prediction(RANKING, "one-piece", sure=True, latency_ms=1.0)
    assert prediction == Prediction(RANKING, "one-piece", sure=True, latency_ms=2.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        prediction.category = "tops"


@pytest.mark.parametrize(
    "ranking", [(), (("a", 0.1), ("b", 0.2)), (("a", 1.5),), (("a", -0.1),), (("a", float("nan")),)]
)
def test_an_impossible_ranking_is_refused(ranking: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(ValueError, match=r"ranking|Probabilities"):
        Prediction(ranking, "tops", sure=False)
