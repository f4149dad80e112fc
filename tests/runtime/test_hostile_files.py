"""Model files from strangers: one clear error, in bounded time and memory."""

import io
import json
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgefashion import Classifier
from edgefashion.errors import EdgeFashionError, ModelFileError
from edgefashion.runtime import zip_tail
from edgefashion.runtime.flatbuffer_check import MAX_TABLES, check_flatbuffer
from edgefashion.runtime.graph_check import check_graph
from edgefashion.runtime.model_file import MAX_FILE_BYTES, ModelFile, append_files

TINY = Path(__file__).parents[1] / "data" / "tiny_int8.tflite"
CONTENT = TINY.read_bytes()
FLATBUFFER = ModelFile.read(TINY).flatbuffer
READER, MODEL = check_flatbuffer(FLATBUFFER, len(FLATBUFFER))
SUBGRAPH = MODEL[2][0]
CONVOLUTION = next(fields for fields in SUBGRAPH[3] if len(READER.integers(fields[1])) == 3)


def refused(content: bytes, said: str) -> None:
    with pytest.raises(ModelFileError, match=said) as caught:
        ModelFile.from_bytes(content, "stranger.tflite")
    assert str(caught.value).startswith("stranger.tflite: ")
    assert "\n" not in str(caught.value)


class TestWholeFiles:
    def test_a_text_file_called_tflite(self, tmp_path: Path) -> None:
        path = tmp_path / "model.tflite"
        path.write_text("I am a model, honestly.\n" * 50, encoding="utf-8")
        with pytest.raises(ModelFileError, match=r"model\.tflite: not a TensorFlow Lite model"):
            Classifier.open(path)

    @pytest.mark.parametrize("length", [0, 1, 4, 7, 8, 9, 100, 5000, len(FLATBUFFER) - 1])
    def test_truncated(self, length: int) -> None:
        refused(CONTENT[:length], "damaged|not a TensorFlow Lite model")

    @pytest.mark.parametrize("cut", [1, 10, 21, 22, 100, 2000])
    def test_a_cut_in_the_zip_loses_the_card_and_the_classifier_says_so(self, cut: int, tmp_path: Path) -> None:
        path = tmp_path / "cut.tflite"
        path.write_bytes(CONTENT[:-cut])
        with pytest.raises(ModelFileError, match=r"cut\.tflite: .*(no card|associated files)"):
            Classifier.open(path)

    def test_oversized(self, tmp_path: Path) -> None:
        path = tmp_path / "large.tflite"
        with path.open("wb") as file:
            file.write(CONTENT[:8])
            file.truncate(MAX_FILE_BYTES + 1)  # a sparse file: takes no room on the disk
        start = time.process_time()
        with pytest.raises(ModelFileError, match=f"at most {MAX_FILE_BYTES} bytes"):
            ModelFile.read(path)
        assert time.process_time() - start < 1

    def test_missing_folder_and_device(self, tmp_path: Path) -> None:
        for path, said in ((tmp_path / "no.tflite", "can't be read"), (tmp_path, "can't be read")):
            with pytest.raises(ModelFileError, match=said):
                ModelFile.read(path)
        with pytest.raises(ModelFileError, match="not a regular file"):
            ModelFile.read("/dev/zero")
        with pytest.raises(ModelFileError, match="can't be read"):
            ModelFile.read("nul\0byte.tflite")

    def test_a_card_from_the_future(self) -> None:
        card = json.dumps({"card_version": 99}).encode()
        refused(append_files(FLATBUFFER, {"card.json": card}), "card version 99")

    def test_a_card_that_is_no_json(self) -> None:
        refused(append_files(FLATBUFFER, {"card.json": b"{'card_version': 1}"}), "not valid JSON")


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class TestZips:
    def test_a_bomb_of_one_member(self) -> None:
        refused(FLATBUFFER + zipped(bomb=bytes(8 << 20)), "200-fold")

    def test_a_member_that_is_too_large(self) -> None:
        refused(FLATBUFFER + zipped(large=bytes(17 << 20)), "at most 16777216")

    def test_many_members_that_are_too_large_together(self) -> None:
        noise = zlib.compress(bytes(1000)) * 1000
        part = (noise * (15 * 2**20 // len(noise) + 1))[: 15 * 2**20]
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for number in range(3):
                archive.writestr(f"part{number}", part)
        refused(FLATBUFFER + content.getvalue(), "bytes in all")

    def test_too_many_members(self) -> None:
        refused(FLATBUFFER + zipped(**{f"m{n}": b"" for n in range(zip_tail.MAX_MEMBERS + 1)}), "at most 64")

    def test_a_member_that_lies_about_its_unpacked_length(self) -> None:
        """Claims 60,000 bytes, would unpack to a gigabyte: no more than was claimed is ever unpacked."""
        bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(1024)) + bomb.flush()
        size = 60_000
        shared = struct.pack("<5H3L2H", 20, 0, 8, 0, 0x21, 0, len(packed), size, 1, 0)
        local = b"PK\x03\x04" + shared + b"x" + packed
        central = b"PK\x01\x02" + struct.pack("<H", 20) + shared + struct.pack("<3H2L", 0, 0, 0, 0, 0) + b"x"
        end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(central), len(local), 0)
        start = time.process_time()
        refused(FLATBUFFER + local + central + end, "differs from its length")
        assert time.process_time() - start < 2

    @pytest.mark.parametrize("name", ["../up", "/root", "a\\b", "a\nb", "x" * 300])
    def test_names_that_lead_elsewhere(self, name: str) -> None:
        refused(FLATBUFFER + zipped(**{name: b"1"}), "associated files")
        with pytest.raises(ModelFileError, match="associated files"):
            append_files(FLATBUFFER, {name: b"1"})

    def test_the_same_name_twice(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a", "1")
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("a", "2")
        refused(FLATBUFFER + buffer.getvalue(), "twice")

    def test_encrypted_and_strangely_packed_members(self) -> None:
        for offset, value in ((8, 1), (10, 12)):
            content = bytearray(zipped(a=b"hello"))
            struct.pack_into("<H", content, content.index(b"PK\x01\x02") + offset, value)
            refused(FLATBUFFER + bytes(content), "encrypted or packed")

    @settings(deadline=None, max_examples=300)
    @given(st.lists(st.tuples(st.integers(0, len(CONTENT) - len(FLATBUFFER) - 1), st.integers(0, 255)), max_size=4))
    def test_any_damage_in_the_zip_gives_a_file_or_our_error(self, damage: list[tuple[int, int]]) -> None:
        content = bytearray(CONTENT)
        for place, value in damage:
            content[len(FLATBUFFER) + place] = value
        try:
            model = ModelFile.from_bytes(bytes(content))
        except ModelFileError:
            return
        assert sum(map(len, model.files.values())) <= zip_tail.MAX_TOTAL_BYTES

    @settings(deadline=None, max_examples=200)
    @given(st.binary(max_size=300))
    def test_any_bytes_after_the_flatbuffer(self, tail: bytes) -> None:
        with suppress(ModelFileError):
            ModelFile.from_bytes(FLATBUFFER + tail + b"PK\x05\x06" + tail[:18].ljust(18, b"\0"))


class TestFlatbuffers:
    """Each case changes one number of the real file to a lie that made, or could make, native code crash."""

    def lie(self, place: int, value: int, code: str = "<i") -> bytes:
        content = bytearray(FLATBUFFER)
        struct.pack_into(code, content, place, value)
        return bytes(content)

    def test_the_file_itself_is_fine(self) -> None:
        check_graph(FLATBUFFER)
        check_graph(CONTENT)

    @pytest.mark.parametrize("value", [0, -1, 7, 2**31 - 1, len(FLATBUFFER), len(FLATBUFFER) - 3])
    def test_root_offsets(self, value: int) -> None:
        with pytest.raises(ModelFileError, match="damaged"):
            check_graph(self.lie(0, value))

    @pytest.mark.parametrize("value", [2**31 - 1, -1, len(FLATBUFFER)])
    def test_lying_lengths_of_lists(self, value: int) -> None:
        for vector in (SUBGRAPH[0][0][0], SUBGRAPH[1], CONVOLUTION[1], MODEL[4][2][0]):
            if vector is not None:
                with pytest.raises(ModelFileError, match="more bytes than the file has"):
                    check_graph(self.lie(vector.start - 4, value))

    @pytest.mark.parametrize("value", [-2, 10_000, 2**31 - 1])
    def test_tensor_numbers(self, value: int) -> None:
        for vector in (SUBGRAPH[1], SUBGRAPH[2], CONVOLUTION[1], CONVOLUTION[2]):
            with pytest.raises(ModelFileError, match=r"tensor|input"):
                check_graph(self.lie(vector.start, value))

    def test_an_operator_that_writes_into_the_file(self) -> None:
        weights = READER.integers(CONVOLUTION[1])[1]
        with pytest.raises(ModelFileError, match="constant, taken or missing"):
            check_graph(self.lie(CONVOLUTION[2].start, weights))

    @pytest.mark.parametrize("value", [0, -5, 3, 2**30])
    def test_shapes_that_do_not_fit(self, value: int) -> None:
        for tensor in SUBGRAPH[0]:
            if tensor[0] is not None and tensor[0].length:
                with pytest.raises(
                    ModelFileError, match=r"shape|writes|fit|contradicts|working memory|window|declares"
                ):
                    check_graph(self.lie(tensor[0].start, value))

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1.0, 1e30, 1e-30])
    def test_scales(self, value: float) -> None:
        for tensor in SUBGRAPH[0]:
            if tensor[4] is not None and tensor[4][2] is not None:
                with pytest.raises(ModelFileError, match="scale"):
                    check_graph(self.lie(tensor[4][2].start, value, "<f"))

    def test_zero_points(self) -> None:
        for tensor in SUBGRAPH[0]:
            if tensor[4] is not None and tensor[4][3] is not None:
                with pytest.raises(ModelFileError, match="zero point"):
                    check_graph(self.lie(tensor[4][3].start, 1000, "<q"))

    def test_a_million_references_to_one_table_cost_little(self) -> None:
        """A list may name the same table again and again: a file of 4 MB then stands for millions of tables."""
        count = 1_000_000
        # root table (vtable at 8): only field 4, buffers; the one Buffer table is empty.
        content = struct.pack("<I", 24) + b"TFL3" + struct.pack("<HH5H", 14, 8, 0, 0, 0, 0, 4) + b"\0\0"
        content += struct.pack("<iI", 16, 4) + struct.pack("<I", count)
        table = len(content) + 4 * count + 4
        content += b"".join(struct.pack("<I", table - place) for place in range(len(content), table - 4, 4))
        content += struct.pack("<HHi", 4, 4, 4)
        start = time.process_time()
        with pytest.raises(ModelFileError, match=f"more than {MAX_TABLES} tables"):
            check_graph(content)
        assert time.process_time() - start < 5

    def test_fields_from_a_newer_schema(self) -> None:
        content = bytearray(FLATBUFFER)
        root = struct.unpack_from("<I", content, 0)[0]
        old = root - struct.unpack_from("<i", content, root)[0]
        length = struct.unpack_from("<H", content, old)[0]
        vtable = bytes(content[old : old + length]).ljust(4 + 2 * 12, b"\0") + struct.pack("<H", 4)
        at = len(content) + len(content) % 2
        content = content.ljust(at, b"\0") + struct.pack("<H", len(vtable)) + vtable[2:]
        struct.pack_into("<i", content, root, root - at)
        with pytest.raises(ModelFileError, match="update edgefashion"):
            check_graph(bytes(content))

    @settings(deadline=None, max_examples=300)
    @given(st.binary(max_size=200))
    def test_any_bytes_after_the_identifier(self, body: bytes) -> None:
        with pytest.raises(ModelFileError):
            check_graph(body[:4].ljust(4, b"\0") + b"TFL3" + body[4:])


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("bomb", lambda: FLATBUFFER + zipped(bomb=bytes(15 << 20))),
        ("lengths", lambda: FLATBUFFER[:4] + b"TFL3" + b"\xff" * 4096),
        ("empty", lambda: b"\0\0\0\0TFL3"),
    ],
)
def test_the_command_says_one_line_within_bounds(name: str, make: Callable[[], bytes], tmp_path: Path) -> None:
    path = tmp_path / f"{name}.tflite"
    path.write_bytes(make())
    code = (
        "import resource, sys; import numpy, PIL.Image; from edgefashion.cli import main; "
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30)); code = main(['verify', sys.argv[1]]); "
        # VmHWM is this program's own peak; ru_maxrss also remembers the process that it was forked from.
        "status = dict(line.split(':') for line in open('/proc/self/status')); "
        "print(int(status['VmHWM'].split()[0]) // 1024); sys.exit(code)"
    )
    arguments = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"edgefashion: {path}: ")
    assert int(done.stdout) < 300


def test_every_refusal_is_ours() -> None:
    assert issubclass(ModelFileError, EdgeFashionError)
