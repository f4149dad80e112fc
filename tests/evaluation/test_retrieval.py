"""Finding similar pictures: counts against handmade ones, and a real model over a real folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgefashion.cli import main
from edgefashion.errors import DataError
from edgefashion.evaluation.retrieval import judge_retrieval, nearest
from edgefashion.runtime.model_file import ModelFile


def unit(*angles: float) -> NDArray[np.float32]:
    return np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], axis=1).astype(np.float32)


def test_the_nearest_others_come_first_and_never_the_picture_itself() -> None:
    found = nearest(unit(0, 10, 30, 80), count=2)
    assert found.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_more_pictures_than_a_block_are_searched_alike() -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(1100, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = nearest(vectors, count=3)
    likeness = vectors @ vectors.T - 2 * np.eye(1100)
    assert np.array_equal(found[:, 0], likeness.argmax(axis=1))


def test_shares_are_counted_by_property_and_together() -> None:
    vectors = unit(0, 1, 40, 41)
    judged = judge_retrieval(vectors, {"type": ["a", "a", "a", "b"], "colour": ["red", "red", "blue", "blue"]})
    assert judged.n == 4
    assert judged.first == 3
    assert judged.same == {"type": 6 / 12, "colour": 4 / 12}
    assert judged.same_all == 2 / 12
    assert judged.findable == 2
    assert judged.found == 1.0


def test_where_no_picture_has_a_twin_nothing_can_be_found() -> None:
    assert judge_retrieval(unit(0, 10), {"type": ["a", "b"]}).found is None


@pytest.mark.parametrize(("noted", "count"), [({}, 3), ({"type": ["a"]}, 3), ({"type": ["a"]}, 1)])
def test_what_can_not_be_judged_is_refused(noted: dict[str, list[str]], count: int) -> None:
    with pytest.raises(DataError):
        judge_retrieval(unit(*range(count)), noted)


def test_evaluate_prints_what_the_embeddings_find(
    tiny_model: Path, red_shirt: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trousers = np.full((64, 64, 3), 220, np.uint8)
    trousers[6:60, 18:30] = trousers[6:60, 34:46] = trousers[6:20, 18:46] = (30, 40, 90)
    for label, picture in (("t-shirt", red_shirt), ("pants", trousers)):
        (tmp_path / label).mkdir()
        for number in range(7):
            moved = np.roll(picture, number, axis=1)
            Image.fromarray(moved).save(tmp_path / label / f"{number}.png")
    command = ["evaluate", str(tiny_model), str(tmp_path), "--split", "all", "--retrieval", "--json"]
    assert main(command) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["retrieval"]
    assert found["n"] == 14
    assert found["first"] == 5
    assert found["same"]["type"] > 0.9
    assert main(command[:-1]) == 0
    assert "of the first 5: the same type" in capsys.readouterr().out


def test_a_model_without_a_card_has_no_embeddings(
    tiny_model: Path, red_shirt: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("t-shirt\ndress\npants\nshoes\nhat\n")
    for label in ("t-shirt", "hat"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        Image.fromarray(red_shirt).save(tmp_path / "photos" / label / "1.png")
    bare = tmp_path / "bare.tflite"
    bare.write_bytes(ModelFile.read(tiny_model).flatbuffer)
    command = ["evaluate", str(bare), str(tmp_path / "photos"), "--split", "all", "--retrieval"]
    assert main([*command, "--labels", str(labels), "--input-range", "0", "1"]) == 2
    assert "--retrieval needs a model with a card" in capsys.readouterr().err
