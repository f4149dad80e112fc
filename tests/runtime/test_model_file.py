"""Model files: what is read from a good one, and that the card, the labels and the flatbuffer must fit together."""

import io
import json
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from edgefashion.errors import ModelFileError
from edgefashion.runtime.card import ModelCard
from edgefashion.runtime.model_file import ModelFile, append_files, seal_card


def rebuild(path: Path, card: ModelCard | None = None, **files: bytes) -> bytes:
    """The tiny model with another card or other files."""
    model = ModelFile.read(path)
    text = (card or model.card).to_json().encode()
    return append_files(model.flatbuffer, {**model.files, **files, "card.json": text})


def test_a_good_file(tiny_model: Path) -> None:
    model = ModelFile.read(tiny_model)
    assert model.path == tiny_model
    assert model.content == tiny_model.read_bytes()
    assert model.card is not None
    assert model.card.labels == ("t-shirt", "dress", "pants", "shoes", "hat")
    assert model.files == {"labels.txt": b"t-shirt\ndress\npants\nshoes\nhat\n"}
    assert len(model.flatbuffer) == model.flatbuffer_bytes < len(model.content)


def test_a_bare_flatbuffer_has_no_card(tiny_model: Path) -> None:
    bare = ModelFile.from_bytes(ModelFile.read(tiny_model).flatbuffer)
    assert bare.card is None
    assert bare.files == {}
    assert bare.flatbuffer == bare.content


def test_zip_tools_open_what_we_append(tiny_model: Path) -> None:
    with zipfile.ZipFile(tiny_model) as archive:
        assert archive.namelist() == ["labels.txt", "card.json"]
        assert archive.testzip() is None
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        assert json.loads(archive.read("card.json"))["name"] == "tiny"


def test_appending_is_deterministic_and_refuses_a_second_zip(tiny_model: Path) -> None:
    flatbuffer = ModelFile.read(tiny_model).flatbuffer
    files = {"labels.txt": b"a\n", "größe.json": b"{}" * 100}
    once = append_files(flatbuffer, files)
    assert once == append_files(flatbuffer, files)
    assert ModelFile.from_bytes(once).files == files
    assert zipfile.ZipFile(io.BytesIO(once)).namelist() == list(files)
    with pytest.raises(ModelFileError, match="already"):
        append_files(once, files)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("glued", [False, True], ids=["appended by a tool", "glued on"])
def test_zips_of_other_tools_are_read(tiny_model: Path, compression: int, glued: bool) -> None:
    flatbuffer = ModelFile.read(tiny_model).flatbuffer
    buffer = io.BytesIO(b"" if glued else flatbuffer)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", compression) as archive:
        archive.writestr("labels.txt", "a\nb\n" * 500)
        archive.comment = b"made by another tool"
    content = flatbuffer + buffer.getvalue() if glued else buffer.getvalue()
    model = ModelFile.from_bytes(content)
    assert model.files == {"labels.txt": b"a\nb\n" * 500}
    assert model.flatbuffer == flatbuffer


def test_the_seal_finds_a_single_flipped_bit_in_the_weights(tiny_model: Path) -> None:
    content = bytearray(tiny_model.read_bytes())
    flatbuffer = ModelFile.read(tiny_model).flatbuffer
    card = ModelFile.read(tiny_model).card
    assert card is not None
    assert card.size == {"flatbuffer": len(flatbuffer), "crc32": zlib.crc32(flatbuffer)}
    content[len(flatbuffer) // 2] ^= 1
    with pytest.raises(ModelFileError, match="damaged"):
        ModelFile.from_bytes(bytes(content))


def test_an_unsealed_card_is_allowed_and_a_seal_of_another_model_is_not(tiny_model: Path) -> None:
    model = ModelFile.read(tiny_model)
    assert model.card is not None
    unsealed = replace(model.card, size={})
    assert ModelFile.from_bytes(rebuild(tiny_model, unsealed)).card == unsealed
    assert ModelFile.from_bytes(rebuild(tiny_model, seal_card(unsealed, model.flatbuffer))).card == model.card
    with pytest.raises(ModelFileError, match="length or checksum"):
        ModelFile.from_bytes(rebuild(tiny_model, seal_card(unsealed, model.flatbuffer[:-4])))


def test_the_labels_file_must_agree_with_the_card(tiny_model: Path) -> None:
    with pytest.raises(ModelFileError, match="contradicts itself"):
        ModelFile.from_bytes(rebuild(tiny_model, **{"labels.txt": b"dress\nt-shirt\npants\nshoes\nhat\n"}))
    model = ModelFile.read(tiny_model)
    assert model.card is not None
    alone = append_files(model.flatbuffer, {"card.json": model.card.to_json().encode()})
    with pytest.raises(ModelFileError, match=r"'labels\.txt', which is not in the file"):
        ModelFile.from_bytes(alone)


def test_errors_start_with_the_path_once(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged.tflite"
    path.write_bytes(tiny_model.read_bytes()[:5000])
    with pytest.raises(ModelFileError) as caught:
        ModelFile.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).count(str(path)) == 1
