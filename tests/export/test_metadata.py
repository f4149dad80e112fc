"""The standard metadata: what it says, and that the model it is written into stays the same model."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgefashion.errors import ModelFileError
from edgefashion.runtime.card import Head, InputRule, ModelCard
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile, append_files, seal_card
from edgefashion.taxonomy import Taxonomy

flatbuffers = pytest.importorskip("flatbuffers", reason="the extra train is not installed")
schema = pytest.importorskip("ai_edge_litert.schema_py_generated")

from edgefashion.export.metadata import METADATA_NAME, write_metadata  # noqa: E402

UINT8, FLOAT32, INT8 = schema.TensorType.UINT8, schema.TensorType.FLOAT32, schema.TensorType.INT8
TAXONOMY = Taxonomy("letters", {"tops": tuple("abcdefgh")})


def plain(value: Any) -> Any:
    """Object tree of a model → dicts, lists and bytes that can be compared."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if hasattr(value, "__dict__"):
        return {name: plain(item) for name, item in vars(value).items()}
    return value


def tree(content: bytes) -> dict[str, Any]:
    return plain(schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0)))


def handmade(outputs: list[tuple[str, int]], tensor_type: int = UINT8, **changes: Any) -> bytes:
    """A model of tensors only: one picture in, outputs (name, size) in the given order."""
    model, subgraph = schema.ModelT(), schema.SubGraphT()
    model.version, model.description, model.subgraphs = 3, "handmade", [subgraph]
    model.buffers = [schema.BufferT() for _ in range(3)]
    model.buffers[2].data = list(range(40))
    subgraph.tensors = []
    for name, shape in [("picture", [1, 4, 6, 3]), *((name, [1, size]) for name, size in outputs)]:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, shape, tensor_type
        subgraph.tensors.append(tensor)
    subgraph.inputs, subgraph.outputs = [0], list(range(1, len(outputs) + 1))
    for name, value in changes.items():
        setattr(subgraph.tensors[0], name, value)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def card_of(*heads: Head) -> ModelCard:
    return ModelCard("tiny", "1.2.3", InputRule(4, 6), heads, TAXONOMY, description="Ärmel", licence="Apache-2.0")


def letters(count: int) -> tuple[str, ...]:
    return tuple("abcdefgh"[:count])


TYPE = Head("type", "scores", "labels.txt", letters(5))


def metadata_bytes(content: bytes) -> bytes:
    """The buffer that the metadata entry names, found by the reader of the runtime's package."""
    model = schema.Model.GetRootAs(content, 0)
    found = [model.Metadata(index) for index in range(model.MetadataLength())]
    (entry,) = [entry for entry in found if entry.Name() == METADATA_NAME.encode()]
    return bytes(model.Buffers(entry.Buffer()).DataAsNumpy())


class Table:
    """Reads a flatbuffer table by slot, from the flatbuffer specification alone."""

    def __init__(self, content: bytes, position: int | None = None) -> None:
        self.content = content
        self.position = self.integer(0) if position is None else position

    def integer(self, at: int, size: int = 4) -> int:
        return int.from_bytes(self.content[at : at + size], "little", signed=size == 4)

    def at(self, slot: int) -> int:
        vtable = self.position - self.integer(self.position)
        if 4 + 2 * slot >= self.integer(vtable, 2):
            return 0
        offset = self.integer(vtable + 4 + 2 * slot, 2)
        return self.position + offset if offset else 0

    def follow(self, slot: int) -> int:
        at = self.at(slot)
        return at + self.integer(at) if at else 0

    def byte(self, slot: int) -> int:
        return self.content[self.at(slot)] if self.at(slot) else 0

    def text(self, slot: int) -> str | None:
        at = self.follow(slot)
        return self.content[at + 4 : at + 4 + self.integer(at)].decode() if at else None

    def floats(self, slot: int) -> list[float]:
        at = self.follow(slot)
        return np.frombuffer(self.content, "<f4", self.integer(at), at + 4).tolist()

    def table(self, slot: int) -> "Table":
        return Table(self.content, self.follow(slot))

    def tables(self, slot: int) -> list["Table"]:
        at = self.follow(slot)
        places = [at + 4 + 4 * index for index in range(self.integer(at))] if at else []
        return [Table(self.content, place + self.integer(place)) for place in places]


def read_metadata(content: bytes) -> dict[str, Any]:
    """The metadata as plain values; slots as in mediapipe/tasks/metadata/metadata_schema.fbs."""
    raw = metadata_bytes(content)
    assert raw[4:8] == b"M001"
    model = Table(raw)
    (subgraph,) = model.tables(3)
    (picture,) = subgraph.tables(2)
    (unit,) = picture.tables(4)
    return {
        "model": [model.text(slot) for slot in (0, 1, 2, 5, 7)],
        "content": (picture.table(3).byte(0), picture.table(3).table(1).byte(0)),
        "normalization": (unit.byte(0), unit.table(1).floats(0), unit.table(1).floats(1)),
        "range": (picture.table(5).floats(1), picture.table(5).floats(0)),
        "outputs": [
            {
                "name": output.text(0),
                "content": output.table(3).byte(0),
                "range": (output.table(5).floats(1), output.table(5).floats(0)),
                "files": [(file.text(0), file.byte(2)) for file in output.tables(6)],
            }
            for output in subgraph.tables(3)
        ],
    }


def test_says_what_the_card_says() -> None:
    content = write_metadata(handmade([("scores", 5), ("vector", 3)]), card_of(TYPE, Head("embedding", "vector")))
    assert read_metadata(content) == {
        "model": ["tiny", "Ärmel", "1.2.3", "Apache-2.0", "1.0.0"],
        "content": (2, 1),
        "normalization": (1, [128.0], [128.0]),
        "range": ([0.0], [255.0]),
        "outputs": [
            {"name": "type", "content": 1, "range": ([0.0], [255.0]), "files": [("labels.txt", 2)]},
            {"name": "embedding", "content": 1, "range": ([0.0], [255.0]), "files": []},
        ],
    }


def test_float_models_state_their_range_after_normalisation() -> None:
    found = read_metadata(write_metadata(handmade([("scores", 5)], FLOAT32), card_of(TYPE)))
    assert found["range"] == ([-1.0], [127 / 128])
    assert found["outputs"][0]["range"] == ([0.0], [1.0])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), tensor_type=st.sampled_from([UINT8, FLOAT32]))
def test_heads_follow_the_order_of_the_outputs(data: st.DataObject, tensor_type: int) -> None:
    names = data.draw(st.lists(st.text("xyz:/é_0", min_size=1, max_size=9), min_size=1, max_size=6, unique=True))
    sizes = data.draw(st.lists(st.integers(1, 8), min_size=len(names), max_size=len(names)))
    heads = [Head("type", names[0], "type.txt", letters(sizes[0]))]
    for index in range(1, len(names)):
        labelled = data.draw(st.booleans())
        heads.append(
            Head(f"h{index}", names[index], f"{index}.txt" if labelled else "", letters(sizes[index] * labelled))
        )
    outputs = data.draw(st.permutations(list(zip(names, sizes, strict=True))))
    old = handmade(outputs, tensor_type)
    new = write_metadata(old, card_of(*data.draw(st.permutations(heads))))
    by_output = {head.output: head for head in heads}
    for (name, _), found in zip(outputs, read_metadata(new)["outputs"], strict=True):
        head = by_output[name]
        assert found["name"] == head.name
        assert found["files"] == ([(head.labels_file, 2)] if head.labels else [])
    assert_same_model(old, new)
    assert new == write_metadata(old, card_of(*heads))


def assert_same_model(old: bytes, new: bytes) -> None:
    """Everything but one more buffer and one more metadata entry is equal, and the old bytes are there unchanged."""
    before, after = tree(old), tree(new)
    assert after["buffers"][:-1] == before["buffers"]
    assert (after["metadata"] or [])[:-1] == (before["metadata"] or [])
    for field in before.keys() - {"buffers", "metadata"}:
        assert after[field] == before[field], field
    assert new.endswith(old + bytes(-len(old) % 16))
    assert len(new) % 16 == 0


@pytest.fixture
def tiny(tiny_model: Path) -> ModelFile:
    return ModelFile.read(tiny_model)


def test_a_real_model_stays_the_same_model(tiny: ModelFile) -> None:
    assert tiny.card is not None
    new = write_metadata(tiny.flatbuffer, tiny.card)
    assert_same_model(tiny.flatbuffer, new)
    assert [entry["name"] for entry in tree(new)["metadata"]] == [
        b"min_runtime_version",
        b"CONVERSION_METADATA",
        METADATA_NAME.encode(),
    ]
    pictures = np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3), np.uint8)
    before, after = Interpreter.open(tiny.flatbuffer), Interpreter.open(new)
    for picture in pictures:
        expected, received = before.run(picture), after.run(picture)
        assert expected.keys() == received.keys()
        assert all(np.array_equal(expected[name], received[name]) for name in expected)


def test_weights_keep_their_alignment(tiny: ModelFile) -> None:
    assert tiny.card is not None

    def places(content: bytes) -> list[int]:
        model = schema.Model.GetRootAs(content, 0)
        buffers = [model.Buffers(index) for index in range(model.BuffersLength())]
        return [buffer._tab.Vector(buffer._tab.Offset(4)) for buffer in buffers if not buffer.DataIsNone()]

    old, new = places(tiny.flatbuffer), places(write_metadata(tiny.flatbuffer, tiny.card))
    assert len(old) > 5
    assert [place % 16 for place in new] == [*(place % 16 for place in old), 0]


def test_costs_about_a_kilobyte(tiny: ModelFile) -> None:
    assert tiny.card is not None
    assert len(write_metadata(tiny.flatbuffer, tiny.card)) - len(tiny.flatbuffer) < 1100


def test_the_finished_file_passes_every_check_of_the_runtime(tiny: ModelFile, tmp_path: Path) -> None:
    assert tiny.card is not None
    flatbuffer = write_metadata(tiny.flatbuffer, tiny.card)
    card = seal_card(tiny.card, flatbuffer)
    path = tmp_path / "sealed.tflite"
    path.write_bytes(append_files(flatbuffer, {**tiny.files, "card.json": card.to_json().encode()}))
    read = ModelFile.read(path)
    assert read.card == card
    assert read.flatbuffer == flatbuffer
    with pytest.raises(ModelFileError, match="associated files already"):
        write_metadata(read.content, card)


def test_is_written_once(tiny: ModelFile) -> None:
    assert tiny.card is not None
    with pytest.raises(ModelFileError, match="already"):
        write_metadata(write_metadata(tiny.flatbuffer, tiny.card), tiny.card)


@pytest.mark.parametrize(
    ("outputs", "heads", "message"),
    [
        ([("scores", 5)], (TYPE, Head("more", "vector")), "must name the model's outputs"),
        ([("scores", 5), ("vector", 3)], (TYPE,), "must name the model's outputs"),
        ([("other", 5)], (TYPE,), "must name the model's outputs"),
        ([("scores", 5)], (TYPE, Head("twin", "scores")), "must name the model's outputs"),
        ([("scores", 6)], (TYPE,), "needs 6 labels"),
        ([("scores", 5)], (replace(TYPE, labels_file=""),), "name of a label file"),
    ],
)
def test_heads_that_do_not_fit_are_refused(
    outputs: list[tuple[str, int]], heads: tuple[Head, ...], message: str
) -> None:
    with pytest.raises(ModelFileError, match=message):
        write_metadata(handmade(outputs), card_of(*heads))


@pytest.mark.parametrize(
    ("tensor_type", "changes"),
    [
        (INT8, {}),
        (UINT8, {"shape": [1, 6, 4, 3]}),
        (UINT8, {"shape": [2, 4, 6, 3]}),
        (UINT8, {"shape": [1, 4, 6, 1]}),
        (UINT8, {"shapeSignature": [-1, 4, 6, 3]}),
    ],
)
def test_inputs_that_strangers_can_not_feed_are_refused(tensor_type: int, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError, match="input must be uint8 or float32 of shape"):
        write_metadata(handmade([("scores", 5)], tensor_type, **changes), card_of(TYPE))


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\0\0\0\0TFL3", b"\x10\0\0\0XXXX" + bytes(40), b"not a model" * 9])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ModelFileError, match="Not a TFLite model"):
        write_metadata(content, card_of(TYPE))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_model_gives_a_model_or_one_clear_error(data: st.DataObject) -> None:
    content = bytearray(handmade([("scores", 5)]))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content[4:8] = b"TFL3"
    with contextlib.suppress(ModelFileError):
        written = write_metadata(bytes(content), card_of(TYPE))
        assert len(written) < len(content) + 2000
