"""What shipping makes of a finished run."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.data.sources import open_source
from edgefashion.errors import DataError, ExportRefusedError
from edgefashion.export import ship
from edgefashion.export.export import export
from edgefashion.models.checkpoint import load_checkpoint, save_checkpoint
from edgefashion.runtime.classifier import Classifier


@pytest.mark.slow
def test_the_threshold_is_of_what_the_int8_file_answers(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, shelf = tmp_path / "run", tmp_path / "shelf"
    shutil.copytree(tiny_run, run)
    trained = load_checkpoint(run / "checkpoint.safetensors")
    save_checkpoint(dataclasses.replace(trained, threshold=0.93), run / "checkpoint.safetensors")
    monkeypatch.setattr(ship, "SHIPPED_FOLDER", shelf)
    ship.ship(run, max_loss=100.0)
    shipped = Classifier.open(shelf / "tiny.tflite")
    tune = open_source(json.loads((run / "recipe.json").read_text())["source"]).select("validation")
    confidences = np.array([shipped.classify(tune.picture(row)).confidence for row in tune.rows])
    assert len(confidences) >= 15
    assert shipped.card.threshold == pytest.approx(np.sort(confidences)[len(confidences) // 20], abs=1e-4)
    assert load_checkpoint(shelf / "tiny.safetensors").threshold == shipped.card.threshold
    with pytest.raises(DataError, match="no readable picture"):
        ship.threshold_told(shelf / "tiny.tflite", tune.select("test"))


@pytest.mark.slow
def test_what_ships_gets_no_benefit_of_the_doubt(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loss above the limit by less than chance gives: `export` writes the file, `ship` doesn't."""
    run, shelf = tmp_path / "run", tmp_path / "shelf"
    shelf.mkdir()
    shutil.copytree(tiny_run, run)
    whole = load_checkpoint(run / "checkpoint.safetensors")
    ranges = {name: (0.0, 1e-3) if name.endswith("relu") else ends for name, ends in whole.ranges.items()}
    save_checkpoint(dataclasses.replace(whole, ranges=ranges), run / "checkpoint.safetensors")
    monkeypatch.setattr(ship, "SHIPPED_FOLDER", shelf)
    report = ship.ship(run, max_loss=100.0)
    assert report.loss
    assert report.doubt
    shipped = (shelf / "tiny.tflite").read_bytes()
    limit = report.loss - report.doubt / 2
    data = open_source(json.loads((run / "recipe.json").read_text())["source"])
    assert export(load_checkpoint(run / "checkpoint.safetensors"), tmp_path / "x.tflite", max_loss=limit, data=data)
    with pytest.raises(ExportRefusedError, match="what ships may lose"):
        ship.ship(run, max_loss=limit)
    assert (shelf / "tiny.tflite").read_bytes() == shipped
