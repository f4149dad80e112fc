"""The stable door: open, classify, and what happens when file and model don't fit."""

import io
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgefashion import Classifier, Prediction
from edgefashion.errors import ImageError, ModelFileError, UsageError
from edgefashion.runtime import shipped
from edgefashion.runtime.card import Head, InputRule, ModelCard
from edgefashion.runtime.image import prepare
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile, append_files
from edgefashion.taxonomy import NO_GARMENT, Taxonomy

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.open(DATA / "tiny_int8.tflite", threads=1)


def write(path: Path, card: ModelCard) -> Path:
    """The tiny model with another card."""
    model = ModelFile.read(DATA / "tiny_int8.tflite")
    labels = "".join(f"{label}\n" for label in card.labels).encode()
    path.write_bytes(append_files(model.flatbuffer, {"labels.txt": labels, "card.json": card.to_json().encode()}))
    return path


def test_every_kind_of_picture_gives_the_same_answer(
    classifier: Classifier, red_shirt: NDArray[np.uint8], tmp_path: Path
) -> None:
    picture = Image.fromarray(red_shirt)
    path = tmp_path / "shirt.png"
    picture.save(path)
    expected = classifier.classify(red_shirt)
    assert isinstance(expected, Prediction)
    assert expected.type == "t-shirt"
    assert expected.category == "tops"
    assert expected.confidence > 0.5
    assert expected.sure
    assert expected.latency_ms > 0
    assert expected.attributes == {}
    for source in (path, str(path), path.read_bytes(), picture):
        assert classifier.classify(source) == expected


def test_it_tells_drawn_garments_apart(classifier: Classifier) -> None:
    """The model is no collapsed one: each golden input has another best label, with a clear margin."""
    from edgefashion.runtime.golden import golden_input

    types = [classifier.classify(golden_input(golden, 32, 32)).type for golden in classifier.card.golden]
    assert set(types) == set(classifier.labels)


def test_probabilities_are_in_label_order(classifier: Classifier, red_shirt: NDArray[np.uint8]) -> None:
    probabilities = classifier.probabilities(red_shirt)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (len(classifier.labels),)
    assert abs(float(probabilities.sum()) - 1) < 0.02
    prediction = classifier.classify(red_shirt)
    assert dict(prediction.top(5)) == dict(zip(classifier.labels, probabilities.tolist(), strict=True))
    assert prediction.confidence == float(probabilities.max())


def test_a_picture_without_a_garment_is_never_called_one_for_sure(
    classifier: Classifier, red_shirt: NDArray[np.uint8], tmp_path: Path
) -> None:
    """The model's "t-shirt" becomes "no garment": the same picture now shows nothing."""
    card = classifier.card
    labels = tuple(NO_GARMENT if label == "t-shirt" else label for label in card.labels)
    categories = {
        category: tuple(name for name in types if name != "t-shirt")
        for category, types in card.taxonomy.categories.items()
    }
    taxonomy = Taxonomy("garment", {**categories, NO_GARMENT: (NO_GARMENT,)})
    heads = (replace(card.heads[0], labels=labels),)
    aware = Classifier.open(write(tmp_path / "m.tflite", replace(card, heads=heads, taxonomy=taxonomy, threshold=0.0)))
    before, prediction = classifier.classify(red_shirt), aware.classify(red_shirt)
    assert NO_GARMENT not in dict(prediction.ranking)
    assert prediction.ranking == before.ranking[1:], "the others keep what they had"
    assert not prediction.sure
    assert prediction.sure_of is None
    assert aware.labels == labels


def test_classify_many_is_lazy(classifier: Classifier, red_shirt: NDArray[np.uint8]) -> None:
    predictions = classifier.classify_many(iter([red_shirt, b"no picture", red_shirt]))
    assert next(predictions).type == "t-shirt"
    with pytest.raises(ImageError):
        next(predictions)


def test_the_resize_rule_of_the_card_is_used(tmp_path: Path, red_shirt: NDArray[np.uint8]) -> None:
    card = ModelFile.read(DATA / "tiny_int8.tflite").card
    assert card is not None
    wide = np.concatenate([np.full((64, 200, 3), 220, np.uint8), red_shirt, np.zeros((64, 200, 3), np.uint8)], axis=1)
    for rule in ("stretch", "pad", "crop"):
        ruled = replace(card, size={}, input=InputRule(32, 32, resize=rule))
        opened = Classifier.open(write(tmp_path / f"{rule}.tflite", ruled))
        raw = opened.interpreter.run(prepare(wide, 32, 32, rule))
        (expected,) = raw.values()
        np.testing.assert_array_equal(opened.probabilities(wide), expected.astype(np.float32) / 256)
    assert opened.classify(wide).type == "t-shirt", "crop shows the shirt only"


def test_sure_follows_the_threshold_of_the_card(tmp_path: Path, red_shirt: NDArray[np.uint8]) -> None:
    card = ModelFile.read(DATA / "tiny_int8.tflite").card
    assert card is not None
    confidence = Classifier.open(DATA / "tiny_int8.tflite").classify(red_shirt).confidence
    for threshold, sure in ((confidence, True), (confidence + 1e-3, False)):
        path = write(tmp_path / f"{sure}.tflite", replace(card, size={}, threshold=threshold))
        assert Classifier.open(path).classify(red_shirt).sure is sure


def test_several_threads_share_one_classifier(classifier: Classifier, red_shirt: NDArray[np.uint8]) -> None:
    blank = np.full((50, 50, 3), 128, np.uint8)
    expected = {True: classifier.probabilities(red_shirt), False: classifier.probabilities(blank)}
    wrong: list[int] = []

    def work(number: int) -> None:
        for turn in range(50):
            shirt = (turn + number) % 2 == 0
            if not np.array_equal(classifier.probabilities(red_shirt if shirt else blank), expected[shirt]):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def with_card(name: str, **facts: object) -> ModelFile:
    """One of the operator models, which have two outputs, with a card made for it."""
    content = (DATA / f"{name}.tflite").read_bytes()
    outputs = {tensor.shape[1]: key for key, tensor in Interpreter.open(content, threads=1).outputs.items()}
    labels = ("hat", "dress", "pants", "shoes", "skirt", "shirt")
    heads = (
        Head("pattern", outputs[4], "patterns.txt", ("plain", "striped", "dotted", "checked")),
        Head("type", outputs[6], "labels.txt", labels),
    )
    card = ModelCard("two", "1", InputRule(16, 16), heads, Taxonomy.from_labels(labels))
    card = replace(card, **facts)
    files = {head.labels_file: "\n".join(head.labels).encode() for head in card.heads if head.labels_file}
    return ModelFile.from_bytes(append_files(content, {**files, "card.json": card.to_json().encode()}))


@pytest.mark.parametrize("name", ["operators_int8", "operators_float"])
def test_heads_are_found_by_name_and_become_attributes(name: str) -> None:
    model = with_card(name)
    interpreter = Interpreter.open(model.content, threads=1)
    picture = np.random.default_rng(5).integers(0, 256, (16, 16, 3), np.uint8)
    prediction = Classifier(model, interpreter).classify(picture)
    assert model.card is not None
    head = model.card.head("pattern")
    scores = interpreter.dequantise(head.output, interpreter.run(picture)[head.output])
    assert prediction.attributes["pattern"].value == head.labels[int(scores.argmax())]
    assert prediction.to_dict()["attributes"]["pattern"]["value"] == prediction.attributes["pattern"].value
    turned = Classifier(with_card(name, heads=model.card.heads[::-1]), interpreter).classify(picture)
    assert turned == prediction


def test_a_float_file_gives_float_probabilities() -> None:
    model = with_card("operators_float")
    interpreter = Interpreter.open(model.content, threads=1)
    picture = np.random.default_rng(5).integers(0, 256, (16, 16, 3), np.uint8)
    probabilities = Classifier(model, interpreter).probabilities(picture)
    assert probabilities.dtype == np.float32
    assert abs(float(probabilities.sum()) - 1) < 1e-5
    assert (np.rint(probabilities * 256) / 256 != probabilities).any(), "these are no quantised steps"


def test_cards_that_do_not_fit_the_model(tmp_path: Path) -> None:
    card = ModelFile.read(DATA / "tiny_int8.tflite").card
    assert card is not None
    head = card.head("type")
    for wrong, said in (
        ({"input": InputRule(24, 32)}, r"input is uint8 \(1, 24, 32, 3\)"),
        ({"heads": (replace(head, output="nowhere"),)}, "'nowhere'"),
        ({"heads": (replace(head, labels=head.labels[:4]),), "golden": ()}, "of 4 numbers"),
    ):
        with pytest.raises(ModelFileError, match=said):
            Classifier.open(write(tmp_path / "wrong.tflite", replace(card, size={}, **wrong)))


def test_a_file_without_a_card_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "bare.tflite"
    path.write_bytes(ModelFile.read(DATA / "tiny_int8.tflite").flatbuffer)
    with pytest.raises(ModelFileError, match=r"bare\.tflite: has no card.*edgefashion export"):
        Classifier.open(path)


def test_names_of_shipped_models(monkeypatch: pytest.MonkeyPatch, tiny_model: Path, tmp_path: Path) -> None:
    monkeypatch.setitem(shipped.SHIPPED, shipped.DEFAULT_MODEL, tiny_model)
    assert Classifier.open().path == tiny_model
    assert Classifier.open(shipped.DEFAULT_MODEL).path == tiny_model
    monkeypatch.setitem(shipped.SHIPPED, "fashion-mnist-nano", tmp_path / "gone.tflite")
    with pytest.raises(ModelFileError, match="'fashion-mnist-nano' is not installed"):
        Classifier.open("fashion-mnist-nano")
    with pytest.raises(ModelFileError, match="garment-base, garment-small, fashion-mnist-nano, fashion-mnist-small"):
        Classifier.open("garmet-base")


@pytest.mark.parametrize("threads", [0, -1, 1000])
def test_an_impossible_number_of_threads(threads: int, tiny_model: Path) -> None:
    with pytest.raises(UsageError, match="1 to 256"):
        Classifier.open(tiny_model, threads=threads)


def test_a_jpeg_photo(classifier: Classifier, red_shirt: NDArray[np.uint8]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(red_shirt).resize((1280, 1280)).save(buffer, "JPEG")
    assert classifier.classify(buffer.getvalue()).type == "t-shirt"
