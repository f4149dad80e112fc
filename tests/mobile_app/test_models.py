"""The app asks only a model that proves itself on this device; else the one before."""

import shutil
from pathlib import Path

import pytest

from edgefashion.errors import ModelFileError
from edgefashion.runtime import golden
from edgefashion.runtime.model_file import ModelFile, append_files


def with_wrong_scores(model: Path, target: Path) -> Path:
    """A copy whose card says that other scores were computed where the model was made."""
    held = ModelFile.read(model)
    assert held.card is not None
    text = held.card.to_json()
    scores = next(iter(held.card.golden[0].outputs.values()))
    written = "[" + ",".join(map(str, scores)) + "]"
    plain = text.replace(" ", "").replace("\n", "")
    assert written in plain
    wrong = plain.replace(written, "[" + ",".join(map(str, (*scores[1:], scores[0]))) + "]", 1)
    flatbuffer = held.content[: held.content.index(b"PK\x03\x04")]
    target.write_bytes(append_files(flatbuffer, held.files | {"card.json": wrong.encode()}))
    return target


def test_a_model_that_fails_its_golden_vectors_is_left_out(tiny_model: Path, tmp_path: Path) -> None:
    from edgefashion_app.models import open_proven

    wrong = with_wrong_scores(tiny_model, tmp_path / "wrong.tflite")
    before = shutil.copy(tiny_model, tmp_path / "before.tflite")
    classifier, notice = open_proven([str(wrong), str(before)])
    assert classifier.path == before
    assert "wrong.tflite: computes other scores here" in notice
    with pytest.raises(ModelFileError, match="computes other scores here"):
        open_proven([str(wrong)])
    with pytest.raises(ModelFileError, match=r"nowhere\.tflite.*no such model"):
        open_proven(["nowhere.tflite"])
    with pytest.raises(ModelFileError, match="none was named"):
        open_proven([])


def test_a_proven_model_comes_without_a_notice(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgefashion_app import models

    assert models.open_proven([str(tiny_model), "nowhere.tflite"])[1] == ""
    monkeypatch.setattr(golden, "TOLERANCE", -1)
    with pytest.raises(ModelFileError, match="computes other scores here"):
        models.open_proven([str(tiny_model)])
