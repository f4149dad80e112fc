"""What the network is shown of a picture: all of it, or only the garment where that is small in it."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgefashion import Classifier
from edgefashion.runtime.card import InputRule
from edgefashion.runtime.classifier import Look
from edgefashion.runtime.colour import colour_shares
from edgefashion.runtime.garment_box import Box
from edgefashion.runtime.image import prepare
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.look import MARGIN, SMALL, chooser, closer, look
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import find_model
from edgefashion.taxonomy import Taxonomy

EXAMPLES = Path(__file__).parents[2] / "examples"
RULE = InputRule(96, 96)
edges = st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda pair: pair[0] != pair[1]).map(sorted)


def scene(side: int = 480, part: tuple[int, int, int, int] = (180, 150, 300, 330)) -> NDArray[np.uint8]:
    """A red garment with a white stripe (left, top, right, bottom in pixels) on a grey floor."""
    picture = np.full((side, side, 3), 150, np.uint8)
    left, top, right, bottom = part
    picture[top:bottom, left:right] = (200, 30, 40)
    picture[top : top + 12, left:right] = (250, 250, 250)
    return picture


def expected(picture: NDArray[np.uint8], box: Box, height: int, width: int) -> NDArray[np.uint8]:
    """The box with its margin, cut out of the picture by hand."""
    rows, columns = picture.shape[:2]
    left, top, right, bottom = box
    across, down = MARGIN * (right - left), MARGIN * (bottom - top)
    part = picture[
        int((top - down) * rows) : int((bottom + down) * rows),
        int((left - across) * columns) : int((right + across) * columns),
    ]
    return prepare(part, height, width)


def test_a_small_garment_is_shown_alone_and_a_large_one_with_all_around_it() -> None:
    seen = look(scene(), RULE, "garment")
    assert seen.box is not None
    assert np.abs(np.array(seen.box) - np.array((180, 150, 300, 330)) / 480).max() < 0.05
    np.testing.assert_array_equal(seen.picture, expected(scene(), seen.box, 96, 96))
    assert (seen.picture[:, 40:56, 0] > 190).mean() > 0.6, "the garment fills it now"
    large = scene(part=(60, 30, 420, 450))
    np.testing.assert_array_equal(look(large, RULE, "garment").picture, prepare(large, 96, 96))


def test_another_models_picture_is_shown_whole_and_nothing_is_measured() -> None:
    seen = look(scene(), RULE, "fashion-mnist")
    np.testing.assert_array_equal(seen.picture, prepare(scene(), 96, 96))
    assert (seen.shares, seen.box, chooser("fashion-mnist")) == (None, None, None)


def test_colours_are_those_of_the_whole_picture() -> None:
    """The floor around the garment is what tells it from the garment."""
    seen = look(scene(), RULE, "garment")
    assert seen.shares is not None
    np.testing.assert_array_equal(seen.shares, colour_shares(prepare(scene(), 96, 96)))


@pytest.mark.parametrize("rule", ["pad", "crop"])
def test_the_part_is_resized_by_the_rule(rule: str) -> None:
    seen = look(scene(), InputRule(96, 96, resize=rule), "garment")
    part = Image.fromarray(scene()).crop([int(480 * edge) for edge in closer(seen.box) or ()])
    np.testing.assert_array_equal(seen.picture, prepare(part, 96, 96, rule))
    large = scene(part=(60, 30, 420, 450))[:, 40:]
    np.testing.assert_array_equal(
        look(large, InputRule(96, 96, resize=rule), "garment").picture, prepare(large, 96, 96, rule)
    )


def test_training_looks_as_the_device_does() -> None:
    np.testing.assert_array_equal(
        prepare(scene(), 96, 96, choose=chooser("garment")), look(scene(), RULE, "garment").picture
    )


def test_every_kind_of_source_is_looked_at_alike(tmp_path: Path) -> None:
    path, file = tmp_path / "small.png", BytesIO()
    Image.fromarray(scene()).save(path)
    Image.fromarray(scene()).save(file, "PNG")
    first = look(scene(), RULE, "garment")
    for source in (path, file.getvalue(), Image.open(path)):
        seen = look(source, RULE, "garment")
        np.testing.assert_array_equal(seen.picture, first.picture)
        assert seen.box == first.box


@given(edges, edges)
@example([0.0, 1.0], [0.0, 1.0])
@example([0.0, 0.001], [0.999, 1.0])
def test_the_part_holds_the_box_and_stays_inside(across: list[float], down: list[float]) -> None:
    box = (across[0], down[0], across[1], down[1])
    part = closer(box)
    width, height = box[2] - box[0], box[3] - box[1]
    if width * height >= SMALL:
        assert part is None
    elif (1 + 2 * MARGIN) ** 2 * width * height < SMALL:
        assert part is not None
    if part is not None:
        assert (part[2] - part[0]) * (part[3] - part[1]) < SMALL
        assert 0 <= part[0] <= box[0] < box[2] <= part[2] <= 1
        assert 0 <= part[1] <= box[1] < box[3] <= part[3] <= 1
    assert closer(None) is None


@given(edges, edges, st.integers(1, 40), st.integers(1, 40))
@example([0.0, 1e-9], [0.0, 1e-9], 1, 1)
@example([1 - 1e-9, 1.0], [1 - 1e-9, 1.0], 40, 1)
def test_any_part_of_any_picture_can_be_prepared(
    across: list[float], down: list[float], rows: int, columns: int
) -> None:
    picture = np.arange(rows * columns * 3, dtype=np.uint8).reshape(rows, columns, 3)
    for rule in ("stretch", "pad", "crop"):
        found = prepare(picture, 8, 6, rule, lambda _: (across[0], down[0], across[1], down[1]))
        assert (found.shape, found.dtype) == ((8, 6, 3), np.uint8)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.open("garment-small", threads=1)


def test_all_methods_show_the_network_the_same(classifier: Classifier) -> None:
    seen = classifier.look(scene())
    raw = classifier.interpreter.run(expected(scene(), seen.box or (0, 0, 1, 1), *seen.picture.shape[:2]))
    types = classifier.interpreter.dequantise("type", raw["type"])
    for image in (scene(), seen):
        np.testing.assert_array_equal(classifier.probabilities(image), types)
        np.testing.assert_array_equal(classifier.head_probabilities(image)["type"], types)
        assert classifier.classify(image).box == seen.box
        assert classifier.classify(image).confidence == max(types[[n != "no garment" for n in classifier.labels]])
        np.testing.assert_array_equal(classifier.embed(image), classifier.embed(seen))
        np.testing.assert_array_equal(classifier.measured(image)["colours"], seen.shares.astype(np.float32))


def test_what_is_looked_at_is_shown_as_it_is(classifier: Classifier) -> None:
    height, width = classifier.card.input.height, classifier.card.input.width
    picture = prepare(scene(), height, width)
    assert classifier.look(Look(picture)).picture is picture
    raw = classifier.interpreter.run(picture)
    shown = classifier.interpreter.dequantise("type", raw["type"])
    np.testing.assert_array_equal(classifier.probabilities(Look(picture)), shown)
    assert not np.array_equal(shown, classifier.probabilities(scene()))


def test_a_model_of_other_things_looks_at_all_of_it() -> None:
    content = ModelFile.read(find_model("garment-small"))
    assert content.card is not None
    taxonomy = Taxonomy("own", content.card.taxonomy.categories)
    other = Classifier(
        replace(content, card=replace(content.card, taxonomy=taxonomy)), Interpreter.open(content.content)
    )
    rule = other.card.input
    np.testing.assert_array_equal(other.look(scene()).picture, prepare(scene(), rule.height, rule.width))
    assert other.classify(scene()).box is None
