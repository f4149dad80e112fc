"""Label errors: exchanged labels are found, probabilities mean what they say, bad input is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError, MissingExtraError
from edgefashion.evaluation import label_errors, out_of_fold
from edgefashion.evaluation.label_noise import probability_wrong, sharpen
from edgefashion.evaluation.result import Unreadable

pytest.importorskip("cleanlab", reason="the extra labels is not installed")
CLASSES, SIZE = 4, 400


def blobs(seed, share=0.05, spread=0.6):
    """Embeddings of four overlapping blobs by 40 people, their labels, and which labels were exchanged."""
    random = np.random.default_rng(seed)
    true = random.integers(0, CLASSES, SIZE)
    values = np.abs(3 * np.eye(12)[true] + random.normal(0, spread, (SIZE, 12)))
    exchanged = np.zeros(SIZE, dtype=bool)
    exchanged[random.choice(SIZE, round(share * SIZE), replace=False)] = True
    labels = np.where(exchanged, (true + random.integers(1, CLASSES, SIZE)) % CLASSES, true)
    rows = tuple(Row(f"{i}.png", f"c{label}", f"g{i % 40}", "train") for i, label in enumerate(labels))
    return values, rows, exchanged


def found(seed, **options):
    values, rows, exchanged = blobs(seed, **options)
    return label_errors.judge_out_of_fold(out_of_fold.out_of_fold(values, rows), "blobs"), exchanged


def test_exchanged_labels_come_first_with_the_label_that_they_had():
    result, exchanged = found(1)
    count = int(exchanged.sum())
    first = result.ranking.order[:count]
    assert exchanged[first].mean() >= 0.8
    assert abs(result.ranking.wrong.sum() - count) <= 8
    assert abs(result.ranking.estimated - count) <= 15
    assert np.all(np.diff(result.ranking.wrong[result.ranking.order]) <= 1e-12)
    suspects = result.suspects(count)
    assert [suspect.path for suspect in suspects] == [f"{position}.png" for position in first]
    assert len(result.suspects()) == result.ranking.estimated


def test_probabilities_are_calibrated_over_many_pictures():
    """Of labels called wrong with a large probability most were exchanged, with a small one hardly any."""
    results = [found(seed, spread=0.8) for seed in range(4)]
    wrong = np.concatenate([result.ranking.wrong for result, _ in results])
    exchanged = np.concatenate([flags for _, flags in results])
    for low, high, least, most in ((0.0, 0.1, 0.0, 0.04), (0.1, 0.6, 0.1, 0.8), (0.6, 1.01, 0.65, 1.0)):
        inside = (wrong >= low) & (wrong < high)
        assert inside.sum() >= 15
        assert least <= exchanged[inside].mean() <= most


def test_sharpening_undoes_bluntness_in_spite_of_wrong_labels():
    random = np.random.default_rng(3)
    sharp = random.dirichlet([0.2] * 5, 4000)
    true = np.array([random.choice(5, p=row) for row in sharp])
    flip = random.random(4000) < 0.1
    given_labels = np.where(flip, (true + random.integers(1, 5, 4000)) % 5, true)
    blunt = np.sqrt(sharp) / np.sqrt(sharp).sum(axis=1, keepdims=True)
    clean, share = sharpen(blunt, given_labels)
    assert np.abs(clean - sharp).mean() < 0.01
    assert share == pytest.approx(0.1, abs=0.02)
    assert np.abs(blunt - sharp).mean() > 0.05


def test_probabilities_sum_to_the_number_of_wrong_labels():
    clean = np.random.default_rng(4).dirichlet([0.3] * 4, 500)
    labels = np.random.default_rng(5).integers(0, 4, 500)
    for count in (0, 1, 30, 400):
        wrong = probability_wrong(clean, labels, count)
        assert wrong.sum() == pytest.approx(count, abs=1e-3)
        order = np.argsort(clean[np.arange(500), labels])
        assert (np.diff(wrong[order]) <= 0).all()


TABLES = arrays.arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(2, 6)), elements=st.floats(0, 1))


@settings(max_examples=15)
@given(TABLES, st.integers(0, 2**32 - 1))
def test_any_table_gives_a_complete_ranking(table, seed):
    labels = np.random.default_rng(seed).integers(0, table.shape[1], len(table))
    ranking = label_errors.rank_labels(table, labels)
    assert sorted(ranking.order.tolist()) == list(range(len(table)))
    assert np.isfinite(ranking.wrong).all()
    assert (ranking.wrong >= 0).all()
    assert (ranking.wrong <= 1).all()
    assert (ranking.likelier != labels).all()
    assert 0 <= ranking.estimated <= len(table)


def test_wholly_sure_and_right_is_never_suspicious():
    ranking = label_errors.rank_labels(np.eye(3)[[0, 1, 2, 0]], np.array([0, 1, 2, 0]))
    assert ranking.estimated == 0
    assert ranking.wrong.max() < 0.01


@pytest.mark.parametrize(
    ("table", "labels", "message"),
    [
        ([[0.5, np.nan]], [0], "NaN"),
        ([[0.5, 0.5]], [2], "given label must lie from 0 to 1"),
        ([[0.5, 0.5]], [0, 1], "a label a picture"),
        ([[1.0]], [0], "2 classes"),
        ([[3.0, -1.0]], [0], "probabilities"),
        ([], [], "shape"),
    ],
)
def test_scores_that_are_none_are_refused(table, labels, message):
    with pytest.raises(DataError, match=message):
        label_errors.rank_labels(table, np.array(labels, dtype=np.int64))


def test_no_picture_of_a_held_out_person_is_fitted_on():
    """Every person has a direction and a label of their own: without them, neither can be known."""
    values = np.repeat(np.eye(10) * 5, 6, axis=0)
    rows = [Row(f"{i}", f"c{i // 6 % 2}", f"g{i // 6}", "train") for i in range(60)]
    table = out_of_fold.out_of_fold(values, rows, folds=5)
    sure = table.probabilities[np.arange(60), table.given]
    assert sure.max() < 0.9
    single = [Row(row.path, row.type, row.path, "train") for row in rows]
    assert (
        out_of_fold.out_of_fold(values, single, folds=5).probabilities[np.arange(60), table.given].mean() > sure.mean()
    )


def test_a_label_of_one_person_alone_is_not_judged():
    values, rows, _ = blobs(2)
    lonely = [Row(row.path, "body" if i % 40 == 7 else row.type, row.group, "train") for i, row in enumerate(rows)]
    table = out_of_fold.out_of_fold(values, lonely)
    assert table.probabilities.sum(axis=1) == pytest.approx(1)
    result = label_errors.judge_out_of_fold(table, "blobs", [Unreadable("x", "y")])
    assert result.unjudged == {"body": 10}
    assert len(result.rows) == SIZE - 10
    assert not [item for item in result.suspects(SIZE) if item.given == "body"]
    assert result.to_dict()["unreadable"] == [{"path": "x", "reason": "y"}]
    apart = [Row(row.path, row.group, row.group, "train") for row in rows]
    with pytest.raises(DataError, match="used by two contributors"):
        label_errors.judge_out_of_fold(out_of_fold.out_of_fold(values, apart), "blobs")


@pytest.mark.parametrize(
    ("change", "folds", "message"),
    [
        (lambda values, rows: (values[:-1], rows), 5, "Every picture needs an embedding"),
        (lambda values, rows: (np.where(values > 3, np.nan, values), rows), 5, "rows with NaN or infinity"),
        (lambda values, rows: (values, [Row(r.path, "hat", r.group, "train") for r in rows]), 5, "only 'hat'"),
        (lambda values, rows: (values, [Row(r.path, r.type, "me", "train") for r in rows]), 5, "received 1 groups"),
        (lambda values, rows: (values[:3], rows[:3]), 5, "choose fewer --folds"),
        (lambda values, rows: (values, rows), 1, "1 folds need"),
    ],
)
def test_what_cannot_be_cross_validated_is_refused(change, folds, message):
    values, rows, _ = blobs(1)
    with pytest.raises(DataError, match=message):
        out_of_fold.out_of_fold(*change(values, rows), folds)


@settings(max_examples=20)
@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 8)), elements=st.floats(-1e3, 1e3)))
def test_principal_components_keep_the_distances_of_evened_out_embeddings(values):
    kept = out_of_fold.principal_components(values)
    assert kept.shape == values.shape
    assert np.isfinite(kept).all()
    rooted = np.sign(values) * np.sqrt(np.abs(values))
    length = np.linalg.norm(rooted, axis=1, keepdims=True)
    even = np.divide(rooted, length, out=np.zeros_like(rooted), where=length > 0)
    distances = np.linalg.norm(even - even[:1], axis=1)
    got = np.linalg.norm(kept - kept[:1], axis=1)
    scale = got.max() / distances.max() if distances.max() > 1e-6 else 0.0
    if scale:
        np.testing.assert_allclose(got, distances * scale, atol=1e-6 * max(1, scale))


def test_one_label_is_no_choice():
    rows = (Row("a", "hat", "g", "train"), Row("b", "hat", "h", "train"))
    with pytest.raises(DataError, match="under 1 label; a wrong label"):
        label_errors.check_labels(Manifest("m", rows, ("hat", "dress")))
    with pytest.raises(DataError, match="under 0 labels"):
        label_errors.check_labels(Manifest("m", (), ("hat", "dress")))


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setattr(label_errors, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'edgefashion\[labels\]'"):
        label_errors.rank_labels([[0.5, 0.5]], np.array([0]))
