"""Measured colours: CIELAB against published values, drawn garments of known colours, any picture, and the photos."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from edgefashion import Classifier
from edgefashion.data.sources import open_source
from edgefashion.evaluation.sample import sample_by_group
from edgefashion.runtime.colour import MOST, SIDE, SMALLEST, garment_weights, measure_colours, small_lab
from edgefashion.runtime.colour_names import COLOUR_NAMES, REGIONS
from edgefashion.runtime.image import prepare
from edgefashion.runtime.prediction import Attribute, Prediction
from edgefashion.taxonomy import Taxonomy

ROOT = Path(__file__).parents[2]
CLOTHING = ROOT.parent / "shared" / "data" / "clothing"
PURE = {
    "black": (20, 20, 22),
    "navy": (25, 30, 70),
    "red": (190, 25, 35),
    "green": (40, 110, 50),
    "yellow": (235, 200, 50),
    "orange": (235, 110, 30),
    "blue": (60, 110, 190),
    "pink": (235, 130, 165),
    "purple": (110, 50, 130),
    "brown": (95, 60, 40),
}


def garment(colour: tuple[int, int, int], ground: tuple[int, int, int] = (205, 205, 200)) -> NDArray[np.uint8]:
    """A patch of one colour in the middle of a ground, with a little noise."""
    random = np.random.default_rng(0)
    picture = np.full((96, 96, 3), ground, np.float32)
    picture[20:80, 24:72] = colour
    return np.clip(picture + random.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def test_lab_agrees_with_published_values() -> None:
    """The corners of sRGB in CIELAB under D65, as colour-science and Lindbloom's calculator give them."""
    corners = {
        (255, 255, 255): (100.0, 0.0, 0.0),
        (0, 0, 0): (0.0, 0.0, 0.0),
        (255, 0, 0): (53.24, 80.09, 67.20),
        (0, 255, 0): (87.73, -86.18, 83.18),
        (0, 0, 255): (32.30, 79.19, -107.86),
        (128, 128, 128): (53.59, 0.0, 0.0),
        (3, 3, 3): (0.82, 0.0, 0.0),
    }
    for rgb, expected in corners.items():
        lab = small_lab(np.full((10, 20, 3), rgb, np.uint8))
        assert lab.shape == (SIDE * SIDE, 3)
        np.testing.assert_allclose(lab, np.broadcast_to(expected, lab.shape), atol=0.05)


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_patch_of_one_colour_has_that_colour(name: str) -> None:
    told = measure_colours(garment(PURE[name]))
    assert told[0][0] == name
    assert told[0][1] > 0.6


def test_the_ground_is_not_the_garment() -> None:
    for ground in ("green", "brown", "blue"):
        assert measure_colours(garment(PURE["red"], PURE[ground]))[0][0] == "red"
    weights = garment_weights(small_lab(garment(PURE["red"]))).reshape(SIDE, SIDE)
    assert weights.sum() == pytest.approx(1)
    assert weights[10:40, 12:36].sum() > 0.8, "the patch covers 0.31 of the picture"


def test_two_colours_are_told_with_their_shares() -> None:
    picture = garment(PURE["navy"])
    picture[60:80, 24:72] = PURE["red"]
    told = dict(measure_colours(picture))
    assert list(told)[:2] == ["navy", "red"]
    assert 0.55 < told["navy"] < 0.9
    assert 0.1 < told["red"] < 0.45


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 70), st.integers(1, 70), st.just(3))))
def test_any_picture_has_colours(picture: NDArray[np.uint8]) -> None:
    told = measure_colours(picture)
    assert 1 <= len(told) <= MOST
    shares = [share for _, share in told]
    assert shares == sorted(shares, reverse=True)
    assert all(share >= SMALLEST for share in shares[1:])
    assert 0 < sum(shares) <= 1 + 1e-9
    assert told == measure_colours(picture.copy())


def test_the_regions_have_the_names_of_the_labels() -> None:
    assert set(COLOUR_NAMES) | {"multi"} == set(Taxonomy.load("garment").neighbours["colour"])
    assert {len(row) for row in REGIONS} == {12}
    assert len(REGIONS) == len(COLOUR_NAMES)


def test_shares_are_spelt_out() -> None:
    colours = Attribute.of_shares((("navy", 0.704), ("white", 0.2)))
    assert (colours.value, colours.confidence) == ("navy 70 %, white 20 %", 0.704)
    assert colours.to_dict() == {
        "value": "navy 70 %, white 20 %",
        "confidence": 0.704,
        "shares": [{"value": "navy", "share": 0.704}, {"value": "white", "share": 0.2}],
    }


def test_the_shipped_model_tells_them_of_the_examples() -> None:
    classifier = Classifier.open(threads=1)
    for name, colour in (("t-shirt-red", "red"), ("hat-navy", "navy"), ("skirt-black", "black")):
        path = ROOT / "examples" / f"{name}.jpg"
        prediction = classifier.classify(path)
        told = prediction.attributes["colours"]
        assert told.shares[0][0] == colour
        assert told == Attribute.of_shares(measure_colours(prepare(path, 192, 192)))
        assert prediction.attributes["colour"] == Attribute(colour, told.confidence)
        assert [name for name in prediction.details if name.startswith("colour")] == ["colours"], "told once"
        share = classifier.measured(path)["colours"]
        assert (share.shape, share.dtype) == ((13,), np.float32)
        assert (COLOUR_NAMES[int(share.argmax())], float(share.sum())) == (colour, pytest.approx(1.0))


def test_a_colour_that_a_head_says_is_told_beside_the_measured_ones() -> None:
    ranking, measured = (("hat", 0.9),), Attribute.of_shares((("navy", 0.7), ("white", 0.2)))
    said = {"colour": Attribute("black", 0.6), "colours": measured}
    assert set(Prediction(ranking, "headwear", True, said).details) == {"colour", "colours"}
    assert set(Prediction(ranking, "headwear", True, {"colour": measured.main}).details) == {"colour"}


@pytest.mark.skipif(not CLOTHING.is_dir(), reason="the clothing photos are not at ../shared/data/clothing")
def test_the_first_colour_is_mostly_the_noted_one_on_photos() -> None:
    """All of validation: 0.70 and 0.90 (`python -m benchmarks.colour_names --judge`); these are of many people."""
    manifest = sample_by_group(open_source(f"clothing:{CLOTHING}").select("validation"), 70)
    near = Taxonomy.load("garment").neighbours["colour"]
    told = [measure_colours(prepare(manifest.picture(row), 96, 96))[0][0] for row in manifest.rows]
    noted = [row.colour for row in manifest.rows]
    pairs = list(zip(told, noted, strict=True))
    assert sum(a == b for a, b in pairs) / len(pairs) > 0.55
    assert sum(a == b or a in near[b] for a, b in pairs) / len(pairs) > 0.8
