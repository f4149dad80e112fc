"""Scoring arrays, translating label sets, and running a classifier over a manifest with damaged pictures in it."""

import json
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError
from edgefashion.evaluation import evaluate as room
from edgefashion.evaluation.evaluate import evaluate, map_probabilities, score
from edgefashion.runtime.card import Head, InputRule, ModelCard
from edgefashion.taxonomy import Taxonomy

COLOURS = {"shirt": (255, 0, 0), "dress": (0, 255, 0), "hat": (0, 0, 255)}
LABELS = tuple(COLOURS)
MAPPINGS = {"two": {"shirt": "worn", "dress": "worn", "hat": "carried"}, "half": {"shirt": "worn"}}


class Colourist:
    """A classifier that knows red from green from blue."""

    labels = LABELS

    def __init__(self, mappings=None, threshold=0.5, confidence=0.9):
        self.confidence = confidence
        self.shapes = set()
        self.threads = set()
        self.card = ModelCard(
            name="colourist",
            version="1",
            input=InputRule(8, 6),
            heads=(Head("type", "type", "labels.txt", LABELS),),
            taxonomy=Taxonomy("own", {"all": LABELS}, mappings or {}),
            threshold=threshold,
        )

    def probabilities(self, image):
        self.shapes.add((image.shape, image.dtype))
        self.threads.add(threading.get_ident())
        rest = (1 - self.confidence) / 2
        values = np.full(3, rest, np.float32)
        values[image.reshape(-1, 3).mean(axis=0).argmax()] = self.confidence
        return values


def _folder(tmp_path, shown, labels=LABELS, mapping=None):
    """Writes one picture a (type, colour) pair; colour None is a damaged file; gives the manifest."""
    rows = []
    for i, (label, colour) in enumerate(shown):
        path = tmp_path / f"{i}.png"
        if colour is None:
            path.write_bytes(b"\x89PNG\r\n\x1a\nnot much of a picture")
        else:
            Image.new("RGB", (9, 7), COLOURS[colour]).save(path)
        rows.append(Row(path.name, label, f"g{i % 3}", "validation"))
    return Manifest("pictures", tuple(rows), labels, tmp_path, mapping)


# score


def test_score_of_a_hand_counted_case():
    scores = np.array([[0.9, 0.1, 0.0, 0.0], [0.6, 0.4, 0.0, 0.0], [0.1, 0.2, 0.3, 0.4], [0.2, 0.3, 0.1, 0.4]])
    found = score(scores, [0, 1, 3, 2], ["a", "b", "c", "d"], ["x", "x", "y", "y"], threshold=0.5)
    assert (found.n, found.top1, found.top3) == (4, 0.5, 0.75)
    assert found.confusion == ((1, 0, 0, 0), (1, 0, 0, 0), (0, 0, 0, 1), (0, 0, 0, 1))
    assert found.macro_f1 == pytest.approx((2 / 3 + 0 + 0 + 2 / 3) / 4)
    assert (found.coverage.share, found.coverage.accuracy) == (0.5, 0.5)
    assert (found.resampled, found.groups) == ("group", 2)
    assert found.top1_interval[0] < 0.5 < found.top1_interval[1]
    assert found.macro_f1_interval[0] <= found.macro_f1 <= found.macro_f1_interval[1]


def test_score_is_ready_for_json():
    found = score(np.eye(3), [0, 1, 1], LABELS, threshold=0.99, unreadable=[room.Unreadable("x.jpg", "cut")])
    data = json.loads(json.dumps(found.to_dict()))
    assert data["n"] == 3
    assert data["per_class"][0] == {
        "label": "shirt", "precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1, "predicted": 1,
    }  # fmt: skip
    assert data["confusion"] == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert data["unreadable"] == [{"path": "x.jpg", "reason": "cut"}]
    assert data["coverage"] == {"threshold": 0.99, "share": 1.0, "accuracy": 2 / 3}


def test_all_different_groups_mean_single_pictures():
    scores, truth = np.eye(3)[[0, 1, 2, 0, 1]], [0, 1, 2, 1, 1]
    alone = score(scores, truth, LABELS)
    different = score(scores, truth, LABELS, list("abcde"))
    assert (alone.resampled, different.resampled, different.groups) == ("picture", "picture", 5)
    assert alone.macro_f1_interval == different.macro_f1_interval


def test_nothing_answered_has_no_accuracy():
    found = score([[0.4, 0.3, 0.3]], [0], LABELS, threshold=0.5)
    assert (found.coverage.share, found.coverage.accuracy) == (0, None)


@given(st.integers(1, 30), st.randoms(use_true_random=False))
def test_score_does_not_depend_on_the_order_of_pictures(n, random):
    generator = np.random.default_rng(random.randrange(2**32))
    scores = generator.dirichlet(np.ones(3), n)
    truth = generator.integers(0, 3, n)
    order = generator.permutation(n)
    one, other = score(scores, truth, LABELS), score(scores[order], truth[order], LABELS)
    assert one.ece == pytest.approx(other.ece, abs=1e-12)
    for name in ("top1", "top3", "macro_f1", "macro_f1_interval", "confusion", "per_class"):
        assert getattr(one, name) == getattr(other, name)


@pytest.mark.parametrize(
    ("scores", "truth", "labels", "groups"),
    [
        (np.eye(3), [0, 1], LABELS, None),
        (np.eye(3), [0, 1, 2], LABELS[:2], None),
        (np.eye(3), [0, 1, 2], LABELS, ["a"]),
        (np.zeros((0, 3)), [], LABELS, None),
        (np.full((1, 3), np.nan), [0], LABELS, None),
        ([[5.0, -2.0, 0.0]], [0], LABELS, None),
    ],
)
def test_score_refuses_what_does_not_fit(scores, truth, labels, groups):
    with pytest.raises(DataError):
        score(scores, truth, labels, groups)


# map_probabilities


def test_mapping_sums_drops_and_renormalises():
    mapped, labels = map_probabilities(
        [[0.5, 0.2, 0.3], [0.0, 0.1, 0.9], [0.0, 0.0, 0.0]], ("shirt", "dress", "hat"), {"hat": "head", "shirt": "body"}
    )
    assert labels == ("body", "head")
    assert mapped == pytest.approx(np.array([[0.625, 0.375], [0.0, 1.0], [0.5, 0.5]]))


@given(hnp.arrays(np.float64, (4, 3), elements=st.floats(0, 1)))
def test_mapped_rows_sum_to_one(scores):
    mapped, _ = map_probabilities(scores, LABELS, MAPPINGS["two"])
    assert mapped.sum(axis=1) == pytest.approx(np.ones(4))
    assert mapped.min() >= 0


def test_a_mapping_that_reaches_nothing_is_refused():
    with pytest.raises(DataError, match="none of the model's labels"):
        map_probabilities(np.eye(3), LABELS, {"shoe": "foot"})
    with pytest.raises(DataError, match="needs a label"):
        map_probabilities(np.eye(3), LABELS[:2], MAPPINGS["two"])


# evaluate


def test_evaluate_counts_right_wrong_and_unreadable(tmp_path):
    shown = [("shirt", "shirt"), ("dress", None), ("hat", "hat"), ("dress", "hat"), ("hat", "hat")] * 10
    manifest, classifier, ticks = _folder(tmp_path, shown), Colourist(), []
    found = evaluate(classifier, manifest, ticks.append)
    assert (found.n, found.top1) == (40, 0.75)
    assert found.labels == LABELS
    assert found.confusion == ((10, 0, 0), (0, 0, 10), (0, 0, 20))
    assert [item.path for item in found.unreadable] == [f"{i}.png" for i in range(1, 50, 5)]
    assert all(item.reason for item in found.unreadable)
    assert ticks == [1] * 50
    assert found.groups == 3
    assert found.coverage.threshold == 0.5
    assert classifier.shapes == {((8, 6, 3), np.dtype(np.uint8))}  # The card's height and width, prepared once.
    assert classifier.threads == {threading.get_ident()}  # The interpreter stays in the caller's thread.
    assert evaluate(Colourist(), manifest) == found


def test_a_missing_file_is_skipped_too(tmp_path):
    manifest = _folder(tmp_path, [("shirt", "shirt"), ("hat", "hat")])
    (tmp_path / "0.png").unlink()
    found = evaluate(Colourist(), manifest)
    assert (found.n, len(found.unreadable)) == (1, 1)


def test_nothing_readable_is_an_error_that_says_why(tmp_path):
    with pytest.raises(DataError, match=r"no readable picture.*1 unreadable.*0\.png"):
        evaluate(Colourist(), _folder(tmp_path, [("shirt", None)]))
    with pytest.raises(DataError, match="no readable picture"):
        evaluate(Colourist(), _folder(tmp_path, []))


def test_a_part_of_the_labels_is_scored_against_all_of_the_models(tmp_path):
    manifest = _folder(tmp_path, [("hat", "hat"), ("hat", "dress")], labels=("hat",))
    found = evaluate(Colourist(), manifest)
    assert found.labels == LABELS
    assert (found.top1, found.macro_f1) == (0.5, pytest.approx(2 / 3))


def test_another_label_set_goes_through_the_mapping(tmp_path):
    shown = [("worn", "shirt"), ("worn", "dress"), ("carried", "hat"), ("carried", "dress")]
    manifest = _folder(tmp_path, shown, labels=("carried", "worn"), mapping="two")
    found = evaluate(Colourist(MAPPINGS), manifest)
    assert found.labels == ("carried", "worn")
    assert found.mapping == "two"
    assert found.confusion == ((1, 1), (0, 2))


def test_the_mapping_goes_before_equal_names(tmp_path):
    # Ten-class 'shirt' may mean more than the type 'shirt': a dress counts as right for it here.
    mapping = {"ten": {"shirt": "shirt", "dress": "shirt", "hat": "hat"}}
    manifest = _folder(tmp_path, [("shirt", "dress"), ("hat", "hat")], labels=("shirt", "hat"), mapping="ten")
    assert evaluate(Colourist(mapping), manifest).top1 == 1
    assert evaluate(Colourist(), manifest).top1 == 0.5  # Without the table: the names alone.


def test_labels_that_the_mapping_never_reaches_count_as_wrong(tmp_path):
    manifest = _folder(tmp_path, [("worn", "shirt"), ("carried", "hat")], labels=("carried", "worn"), mapping="half")
    found = evaluate(Colourist(MAPPINGS), manifest)
    assert found.labels == ("carried", "worn")
    assert found.confusion == ((0, 1), (0, 1))


def test_label_sets_that_do_not_fit_are_both_named(tmp_path):
    manifest = _folder(tmp_path, [("sock", "shirt")], labels=("sock",), mapping="feet")
    with pytest.raises(DataError, match=r"sock.*shirt, dress, hat.*asked: feet; known: two, half"):
        evaluate(Colourist(MAPPINGS), manifest)


def test_a_failing_classifier_stops_the_decoding(tmp_path):
    manifest = _folder(tmp_path, [("shirt", "shirt")] * 60)
    classifier = Colourist()

    def interrupted(image):
        raise KeyboardInterrupt

    classifier.probabilities = interrupted
    with pytest.raises(KeyboardInterrupt):
        evaluate(classifier, manifest)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]
