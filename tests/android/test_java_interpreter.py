"""The interpreter that the phone uses, against a stand-in for LiteRT's Java class in a real Java machine."""

import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgefashion.errors import ModelFileError
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.golden import check_golden, golden_input
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.look import Look
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import find_model

TINY = Path(__file__).parents[1] / "data" / "tiny_int8.tflite"
HEADS = (  # name, type, length, scale, zero point
    ("type", "UINT8", 5, 1 / 256, 0),
    ("colour", "INT8", 3, 1 / 256, -128),
    ("embedding", "FLOAT32", 4, 0.0, 0),
)
Table = Callable[[list[str]], None]


@pytest.fixture
def table(java: Callable[[str], Any], tmp_path: Path) -> Table:
    """Writes what the stand-in's models look like and what they answer."""

    def write(lines: list[str]) -> None:
        path = tmp_path / "table.txt"
        path.write_text("\n".join(lines), encoding="ascii")
        java("java.lang.System").setProperty("stub.table", str(path))

    return write


def answer(picture: NDArray[np.uint8], *outputs: NDArray[Any]) -> str:
    return f"answer {zlib.crc32(picture.tobytes())} {' '.join(output.tobytes().hex() for output in outputs)}"


def picture(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)


@pytest.fixture
def heads(table: Table) -> dict[int, tuple[NDArray[Any], ...]]:
    """A model with three heads and two known answers: seed of the picture → its outputs."""
    answers: dict[int, tuple[NDArray[Any], ...]] = {}
    for seed in (1, 2):
        random = np.random.default_rng(seed + 10)
        answers[seed] = (
            random.integers(0, 256, 5, np.uint8),
            random.integers(-128, 128, 3, np.int8),
            random.normal(size=4).astype(np.float32),
        )
    lines = ["input serving_default_image:0 UINT8 1,32,32,3 0.0078125 128"]
    lines += [f"output {name} {kind} 1,{length} {scale} {zero}" for name, kind, length, scale, zero in HEADS]
    table([*lines, *(answer(picture(seed), *outputs) for seed, outputs in answers.items())])
    return answers


def test_threads_find_their_classes_and_say_goodbye(heads: dict[int, Any], java: Callable[[str], Any]) -> None:
    """Opened and run in threads of Python's; none stays attached to the Java machine, which Android would punish.

    The first test, so that only importing the module can have found the classes.
    """
    import edgefashion.runtime.android_interpreter  # noqa: F401 - as the app does when it starts

    attached = java("java.lang.Thread")
    before = attached.activeCount()
    results: list[Any] = []

    def work() -> None:
        opened = Interpreter.open(TINY.read_bytes(), runtime="jnius")
        results.append(opened.run(picture(1)))
        results.append(attached.activeCount())

    for _ in range(3):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert results[1] == before + 1, "while it runs it is attached"
    np.testing.assert_array_equal(results[4]["type"], heads[1][0])
    assert attached.activeCount() == before


def test_quantised_bytes_in_and_several_heads_out(heads: dict[int, Any], java: Callable[[str], Any]) -> None:
    content = TINY.read_bytes()
    opened = Interpreter.open(content, threads=3, runtime="jnius")
    assert opened.runtime == "jnius"
    assert (opened.input_shape, opened.input_dtype) == ((1, 32, 32, 3), np.uint8)
    assert (opened.input_scale, opened.input_zero_point) == (1 / 128, 128)
    native = java("org.tensorflow.lite.Interpreter")
    assert native.threads() == 3
    assert native.modelChecksum == zlib.crc32(content), "the model arrives as it is"
    for name, _, length, scale, zero in HEADS:
        assert opened.outputs[name] == ((1, length), scale, zero)
    for seed in (1, 2, 1):  # again, for the buffers are used again
        results = opened.run(picture(seed))
        assert list(results) == [name for name, *_ in HEADS]
        for result, wanted in zip(results.values(), heads[seed], strict=True):
            assert result.dtype == wanted.dtype
            np.testing.assert_array_equal(result, wanted)
    kept = opened.run(picture(1))
    opened.run(picture(2))
    np.testing.assert_array_equal(kept["type"], heads[1][0])
    wanted = (heads[1][1].astype(np.float32) + 128) / 256
    np.testing.assert_array_equal(opened.dequantise("colour", kept["colour"]), wanted)


def test_what_java_throws_is_one_plain_line(heads: dict[int, Any], table: Table) -> None:
    opened = Interpreter.open(TINY.read_bytes(), runtime="jnius")
    with pytest.raises(ModelFileError, match=r"jnius can't run this model \(Internal error: the stub knows no answer"):
        opened.run(picture(9))
    table(["input image UINT8 1,32,32,3 1 0", "output type STRING 1,5 0 0"])
    with pytest.raises(ModelFileError, match="type is of the type STRING; known: UINT8"):
        Interpreter.open(TINY.read_bytes(), runtime="jnius")
    table(["output type UINT8 nonsense 0 0"])
    with pytest.raises(ModelFileError, match="jnius can't open this model"):
        Interpreter.open(TINY.read_bytes(), runtime="jnius")


def test_the_shipped_model_proves_itself_through_java(table: Table) -> None:
    """Its own golden vectors, through all of the calling code; one wrong score is found."""
    model_file = ModelFile.read(find_model())
    card = model_file.card
    assert card is not None
    height, width = card.input.height, card.input.width
    lines = [f"input image UINT8 1,{height},{width},3 0.0078125 128"]
    lines += [f"output {head.output} UINT8 1,{len(head.labels)} 0.00390625 0" for head in card.heads]
    answers = []
    for golden in card.golden:
        outputs = [np.array(golden.outputs[head.name], np.uint8) for head in card.heads]
        answers.append((golden_input(golden, height, width), outputs))
    table([*lines, *(answer(given, *outputs) for given, outputs in answers)])
    opened = Interpreter.open(model_file.content, runtime="jnius")
    assert check_golden(model_file, opened).passed
    assert len(answers) > 1

    probabilities = Classifier(model_file, opened).probabilities(Look(answers[0][0]))
    assert np.argmax(probabilities) == np.argmax(answers[0][1][0])

    answers[-1][1][0][0] += 7
    table([*lines, *(answer(given, *outputs) for given, outputs in answers)])
    assert not check_golden(model_file, Interpreter.open(model_file.content, runtime="jnius")).passed
