"""Judging files without a card: float32, int8 and uint8 inputs, normalisation, labels, and what doesn't fit."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError, EdgeFashionError, ModelFileError, UsageError
from edgefashion.evaluation.bare_model import open_bare, read_labels
from edgefashion.evaluation.evaluate import evaluate
from edgefashion.evaluation.normalisation import Normalisation, read_normalisation
from edgefashion.evaluation.predict import predict
from edgefashion.export.metadata_tables import metadata_buffer
from edgefashion.runtime.card import Head, InputRule, ModelCard
from edgefashion.taxonomy import Taxonomy
from tests.evaluation.handmade import COLOURS, colour_model, dense_model

LABELS = tuple(COLOURS)
HALF = Normalisation((127.5,), (127.5,))
GREY = np.full((20, 20, 3), (200, 100, 50), np.uint8)
CARD = ModelCard(
    "c", "1", InputRule(8, 6), (Head("type", "scores", "labels.txt", LABELS),), Taxonomy.from_labels(LABELS)
)
METADATA = metadata_buffer(CARD, 0, [(CARD.heads[0], 0)])
"""Mean 128, deviation 128, as `edgefashion export` writes it."""


def write(tmp_path, **facts):
    path = tmp_path / "bare.tflite"
    path.write_bytes(colour_model(**facts))
    return path


def logits_of(real):
    """What the network without its softmax (which would hide a shift) should say of the means (3,) of its channels."""
    return 2.0 * np.asarray(real)


@pytest.fixture
def photos(tmp_path):
    """Two pictures of each colour, and one shirt that is green."""
    rows = []
    for i, (label, colour) in enumerate([*COLOURS.items(), *COLOURS.items(), ("shirt", COLOURS["dress"])]):
        Image.new("RGB", (12, 16), colour).save(tmp_path / f"{i}.png")
        rows.append(Row(f"{i}.png", label, f"g{i % 2}", "validation"))
    return Manifest("photos", tuple(rows), tuple(sorted(LABELS)), tmp_path)


@pytest.mark.parametrize("dtype", ["FLOAT32", "UINT8", "INT8"])
def test_each_type_of_input_is_judged_alike(tmp_path, photos, dtype):
    zero_point = {"FLOAT32": 0, "UINT8": 128, "INT8": 0}[dtype]
    classifier = open_bare(write(tmp_path, dtype=dtype, zero_point=zero_point), LABELS, 1, HALF)
    found = evaluate(classifier, photos)
    assert (found.n, found.top1) == (7, 6 / 7)
    assert found.labels == LABELS
    real = (np.array([200, 100, 50]) - 127.5) / 127.5
    bare = open_bare(write(tmp_path, dtype=dtype, zero_point=zero_point, softmax=False), LABELS, 1, HALF)
    assert bare.probabilities(GREY) == pytest.approx(logits_of(real), abs=1e-2)  # Half a step of a byte at most.


def test_int8_without_a_normalisation_takes_the_byte_less_128(tmp_path):
    classifier = open_bare(write(tmp_path, dtype="INT8", scale=1 / 128, softmax=False), LABELS, 1)
    real = (np.array([200, 100, 50]) - 128) / 128
    assert classifier.probabilities(GREY) == pytest.approx(logits_of(real), abs=1e-5)


def test_the_normalisation_of_the_metadata_is_used_unless_another_is_given(tmp_path):
    path = write(tmp_path, metadata=METADATA, softmax=False)
    assert read_normalisation(path.read_bytes()) == Normalisation((128.0,), (128.0,))
    real = (np.array([200, 100, 50]) - 128) / 128
    assert open_bare(path, LABELS, 1).probabilities(GREY) == pytest.approx(logits_of(real), abs=1e-5)
    other = open_bare(path, LABELS, 1, Normalisation.of_range(0, 1))
    assert other.probabilities(GREY) == pytest.approx(logits_of(np.array([200, 100, 50]) / 255), abs=1e-5)


def test_float_without_a_range_says_what_to_give(tmp_path):
    with pytest.raises(ModelFileError, match="--input-range"):
        open_bare(write(tmp_path), LABELS, 1)


def test_logits_become_probabilities_when_asked(tmp_path, photos):
    path = write(tmp_path, softmax=False)
    with pytest.raises(DataError, match="apply softmax"):
        evaluate(open_bare(path, LABELS, 1, HALF), photos)
    found = open_bare(path, LABELS, 1, HALF, logits=True)
    assert evaluate(found, photos).top1 == 6 / 7
    assert found.probabilities(GREY).sum() == pytest.approx(1)


def test_scores_that_are_not_numbers_are_refused_with_their_number(tmp_path, photos):
    path = write(tmp_path, gain=float("nan"))
    with pytest.raises(DataError, match="7 of 7 rows with NaN"):
        predict(open_bare(path, LABELS, 1, HALF), photos)


def test_labels_that_do_not_fit_the_outputs_or_the_data(tmp_path, photos):
    path = write(tmp_path)
    with pytest.raises(ModelFileError, match=r"2 labels need exactly one output of shape \(1, 2\).*shares \(1, 3\)"):
        open_bare(path, LABELS[:2], 1, HALF)
    with pytest.raises(DataError, match=r"dress, hat, shirt.*sock, coat, hat"):
        evaluate(open_bare(path, ("sock", "coat", "hat"), 1, HALF), photos)


def test_a_file_with_a_card_and_other_kinds_of_files(tmp_path, tiny_model):
    with pytest.raises(ModelFileError, match="leave --labels out"):
        open_bare(tiny_model, ("a",) * 5, 1)
    path = tmp_path / "no.tflite"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelFileError, match="not a TensorFlow Lite model"):
        open_bare(path, LABELS, 1)
    path.write_bytes(dense_model()[:200])
    with pytest.raises(ModelFileError, match="damaged"):
        open_bare(path, LABELS, 1)


# normalisation


@given(st.floats(-1e3, 1e3), st.floats(1e-2, 1e3))
def test_a_range_maps_black_and_white_to_its_ends(low, width):
    real = Normalisation.of_range(low, low + width).real(np.array([[[0, 255, 0]]], np.uint8))
    assert real.dtype == np.float32
    assert real.ravel().tolist() == pytest.approx([low, low + width, low], rel=1e-3, abs=1e-3 * (abs(low) + width))


@pytest.mark.parametrize(("low", "high"), [(1, 0), (0, 0), (float("nan"), 1), (0, float("inf"))])
def test_a_range_that_is_none(low, high):
    with pytest.raises(UsageError, match="input range"):
        Normalisation.of_range(low, high)


@pytest.mark.parametrize(
    ("mean", "std"), [((0.0,), (0.0,)), ((0.0, 1.0), (1.0,)), ((), ()), ((float("nan"),), (1.0,)), ((0.0,), (-1.0,))]
)
def test_a_normalisation_that_is_none(mean, std):
    with pytest.raises(ModelFileError, match="normalisation"):
        Normalisation(mean, std)


def test_without_metadata_there_is_no_normalisation():
    assert read_normalisation(colour_model()) is None


@given(st.integers(0, len(METADATA) - 4), st.integers(-(2**31), 2**31 - 1), st.integers(0, len(METADATA)))
def test_damaged_metadata_are_refused_or_read(place, number, length):
    damaged = bytearray(METADATA)
    damaged[place : place + 4] = number.to_bytes(4, "little", signed=True)
    with contextlib.suppress(ModelFileError):
        read_normalisation(colour_model(metadata=bytes(damaged[: max(1, length)])))


# labels


def test_labels_are_read_line_by_line(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes(b"\xef\xbb\xbfshirt\r\n dress \nhat\n\n")
    assert read_labels(path) == LABELS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "are empty"),
        (b"\n\n", "are empty"),
        (b"shirt\n\nhat", "line 2: a label must be printable"),
        (b"shirt\nhat\nshirt\n", "line 3: 'shirt' is there twice"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"a\x00b\n", "printable"),
        (b"x" * (1024 * 1024 + 1), "1,048,576 bytes"),
    ],
)
def test_labels_that_are_none(tmp_path, content, said):
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    with pytest.raises(EdgeFashionError, match=said):
        read_labels(path)
    with pytest.raises(DataError, match="Can't read"):
        read_labels(tmp_path)
