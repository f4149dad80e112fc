"""Garments kept, others turned away: counted on fingers, and through the command with a real model."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgefashion.cli import main
from edgefashion.data.manifest import Manifest
from edgefashion.errors import DataError
from edgefashion.evaluation.evaluate import evaluate
from edgefashion.evaluation.rejection import judge_rejection
from edgefashion.runtime.prediction import Prediction
from edgefashion.taxonomy import NO_GARMENT
from tests.evaluation.teller import Teller, numbered


class Sure:
    """Is sure of every picture whose number is among `sure`."""

    def __init__(self, *sure: int) -> None:
        self.sure = sure

    def classify(self, image: Path) -> Prediction:
        number = int(np.asarray(Image.open(image))[0, 0, 0])
        return Prediction((("hat", 0.6),), "headwear", number in self.sure)


def pictures(folder: Path, *types: str, labels: tuple[str, ...] = ("hat", "dress")) -> Manifest:
    folder.mkdir()
    return numbered(folder, types, labels)


def test_shares_are_counted(tmp_path: Path) -> None:
    garments = pictures(tmp_path / "a", "hat", "hat", "dress")
    others = pictures(tmp_path / "b", *(NO_GARMENT,) * 5, labels=(NO_GARMENT,))
    (tmp_path / "b" / "4.png").write_bytes(b"no picture")
    ticks: list[int] = []
    found = judge_rejection(Sure(0, 1), garments, others, ticks.append)
    assert (found.garments, found.others) == (3, 4)
    assert (found.kept, found.turned_away) == (2 / 3, 0.5)
    assert found.turned_away_interval[0] < 0.5 < found.turned_away_interval[1]
    assert sum(ticks) == 8


def test_garments_are_no_others(tmp_path: Path) -> None:
    garments = pictures(tmp_path / "a", "hat", "dress")
    with pytest.raises(DataError, match="all labelled 'no garment'"):
        judge_rejection(Sure(), garments, garments)


def test_no_garment_is_no_answer_where_garments_are_judged(tmp_path: Path) -> None:
    """The model thinks that the second picture shows nothing; what counts is the best type behind that."""
    labels = ("shirt", NO_GARMENT, "dress")

    class Doubting(Teller):
        def probabilities(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
            return np.array([0.3, 0.6, 0.1] if image[..., 0].mean() < 0.5 else [0.7, 0.2, 0.1], np.float32)

    teller = Doubting({}, labels)
    assert evaluate(teller, numbered(tmp_path, ("shirt", "shirt"), ("shirt", "dress"))).top1 == 1.0
    assert evaluate(teller, numbered(tmp_path, (NO_GARMENT, "shirt"), labels)).top1 == 1.0


def test_the_command_prints_both_shares(
    tiny_model: Path, red_shirt: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in ("t-shirt", "hat"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        Image.fromarray(red_shirt).save(tmp_path / "photos" / label / "1.png")
    (tmp_path / "others" / NO_GARMENT).mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", (64, 64), (number, 90, 200)).save(tmp_path / "others" / NO_GARMENT / f"{number}.png")
    command = ["evaluate", str(tiny_model), str(tmp_path / "photos"), "--split", "all", "--others"]
    assert main([*command, str(tmp_path / "others"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["rejection"]
    assert (found["garments"], found["others"]) == (2, 3)
    assert main([*command, str(tmp_path / "others")]) == 0
    assert "others turned away" in capsys.readouterr().out
    assert main([*command, str(tmp_path / "photos")]) == 1
    assert "pictures without a garment" in capsys.readouterr().err
    assert main([*command, str(tmp_path / "others"), "--robust"]) == 2
