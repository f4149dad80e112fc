"""What the network is shown of a picture: all of it, or only the garment where that is small in it."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgefashion import Classifier
from edgefashion.runtime.card import InputRule
from edgefashion.runtime.categories import category_numbers, within_likeliest
from edgefashion.runtime.classifier import Look
from edgefashion.runtime.colour import colour_shares
from edgefashion.runtime.garment_box import Box
from edgefashion.runtime.image import prepare
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.look import CLOSE_UP, GARMENTS, MARGIN, SMALL, UNSURE, again, closer, look, unsure
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
    assert (seen.shares, seen.box, seen.whole, again(seen)) == (None, None, None, ())


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


@pytest.mark.parametrize("part", [(180, 150, 300, 330), (60, 30, 420, 450)])
def test_what_is_looked_at_again_is_mirrored_close_up_and_all_of_it(part: tuple[int, int, int, int]) -> None:
    picture = scene(part=part)
    picture[part[1] : part[3], part[0] : part[0] + 20] = (30, 30, 160)  # a blue sleeve, at the left
    seen = look(picture, RULE, GARMENTS)
    assert seen.box is not None
    close, whole = again(seen)
    np.testing.assert_array_equal(whole[:, ::-1], prepare(picture, 96, 96))
    left, top, right, bottom = seen.box
    across, down = CLOSE_UP * (right - left), CLOSE_UP * (bottom - top)
    by_hand = prepare(
        picture,
        96,
        96,
        choose=lambda _: (
            max(0.0, left - across), max(0.0, top - down), min(1.0, right + across), min(1.0, bottom + down)
        ),
    )  # fmt: skip
    assert np.abs(close[:, ::-1].astype(int) - by_hand).mean() < 6, "the same part, out of fewer pixels"
    blue = (close[:, :, 2] > 120) & (close[:, :, 0] < 90)
    assert np.flatnonzero(blue.any(axis=0)).min() > 60, "the sleeve is at the right now"
    red = [(shown[:, :, 0] > 180) & (shown[:, :, 1] < 90) for shown in (close, seen.picture)]
    assert red[0].mean() > red[1].mean(), "closer than at first"


def test_only_what_was_looked_at_whole_and_stretched_is_looked_at_again() -> None:
    assert again(Look(prepare(scene(), 96, 96))) == ()
    for rule in ("pad", "crop"):
        assert again(look(scene(), InputRule(96, 96, resize=rule), GARMENTS)) == ()
    empty = look(np.full((50, 70, 3), 120, np.uint8), RULE, GARMENTS)
    assert [shown.shape for shown in again(empty)] == [(96, 96, 3)] * 2


@given(st.integers(1, 60), st.integers(1, 60), edges, edges)
@example(60, 60, [0.0, 1e-12], [0.0, 1.0])
@example(60, 60, [1 - 1e-12, 1.0], [0.5, 0.5 + 1e-9])
def test_any_box_can_be_looked_at_again(height: int, width: int, across: list[float], down: list[float]) -> None:
    box = (across[0], down[0], across[1], down[1])
    picture = np.zeros((height, width, 3), np.uint8)
    for part in (None, closer(box)):
        shown = again(Look(picture, box=box, whole=picture, part=part))
        assert [(one.shape, one.dtype) for one in tuple(shown)] == [((height, width, 3), np.uint8)] * 2


def test_unsure_is_whoever_gives_no_label_enough() -> None:
    table = np.array([[UNSURE, 0.1], [UNSURE - 0.01, 0.2], [0.0, 1.0], [np.nan, 0.1]])
    assert unsure(table).tolist() == [False, True, False, True]
    assert bool(unsure(table[1]))


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
        np.testing.assert_array_equal(classifier.probabilities(image, once=True), types)
        np.testing.assert_array_equal(classifier.head_probabilities(image, once=True)["type"], types)
        found = classifier.classify(image, once=True)
        assert found.box == seen.box
        assert found.confidence == max(types[[n != "no garment" for n in classifier.labels]])
        np.testing.assert_array_equal(classifier.embed(image), classifier.embed(seen))
        np.testing.assert_array_equal(classifier.measured(image)["colours"], seen.shares.astype(np.float32))


def test_an_unsure_picture_is_looked_at_again_and_a_sure_one_is_not(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[NDArray[np.uint8]] = []
    run = classifier.interpreter.run

    def counted(picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        shown.append(picture)
        return run(picture)

    monkeypatch.setattr(classifier.interpreter, "run", counted)
    looks, fog = {}, Image.new("RGB", (300, 300), "grey")
    for path in sorted(EXAMPLES.glob("*.jpg")):
        faint = Image.blend(Image.open(path).convert("RGB").resize((300, 300)), fog, 0.6)
        seen = classifier.look(faint)
        shown.clear()
        first = classifier.head_probabilities(seen, once=True)
        assert len(shown) == 1
        shown.clear()
        found = classifier.head_probabilities(seen)
        looks[path.name] = len(shown)
        if first["type"].max() >= UNSURE:
            np.testing.assert_array_equal(found["type"], first["type"])
            continue
        for one, other in zip(shown, (seen.picture, *again(seen)), strict=True):
            np.testing.assert_array_equal(one, other)
        told = [classifier.head_probabilities(Look(one)) for one in tuple(shown)]
        means = {name: np.mean([one[name] for one in told], axis=0) for name in found}
        numbers = category_numbers(classifier.labels, classifier.card.taxonomy.categories)
        means["type"] = within_likeliest(means["type"], numbers)
        for name, mean in found.items():
            np.testing.assert_allclose(mean, means[name], atol=1e-6)
        answer = classifier.classify(faint)
        assert answer.ranking == classifier.classify(seen).ranking
        assert answer.confidence == max(found["type"][[n != "no garment" for n in classifier.labels]])
    assert set(looks.values()) == {1, 3}, looks


def test_after_a_second_look_the_type_is_of_the_likeliest_category(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, torn = classifier.interpreter.run, np.zeros(len(classifier.labels), np.uint8)
    for name, share in (("dress", 80), ("t-shirt", 70), ("longsleeve", 60)):
        torn[classifier.labels.index(name)] = share
    monkeypatch.setattr(classifier.interpreter, "run", lambda picture: {**run(picture), "type": torn})
    answer = classifier.classify(scene())
    assert (answer.type, answer.category) == ("t-shirt", "tops")
    assert answer.top(3) == (("t-shirt", 80 / 256), ("dress", 70 / 256), ("longsleeve", 60 / 256))
    assert answer.category_confidence == pytest.approx(140 / 256)
    assert (
        classifier.probabilities(scene()).max()
        == 80 / 256
        == classifier.probabilities(scene())[classifier.labels.index("t-shirt")]
    )
    assert classifier.classify(scene(), once=True).type == "dress", "a live camera's next picture is the other look"


def test_what_is_looked_at_is_shown_as_it_is(classifier: Classifier) -> None:
    height, width = classifier.card.input.height, classifier.card.input.width
    picture = prepare(scene(), height, width)
    assert classifier.look(Look(picture)).picture is picture
    raw = classifier.interpreter.run(picture)
    shown = classifier.interpreter.dequantise("type", raw["type"])
    np.testing.assert_array_equal(classifier.probabilities(Look(picture)), shown)
    as_it_is, closer_up = (classifier.head_probabilities(one, once=True) for one in (Look(picture), scene()))
    assert not all(np.array_equal(as_it_is[name], closer_up[name]) for name in as_it_is)


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
