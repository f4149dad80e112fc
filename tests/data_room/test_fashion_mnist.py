import gzip
import hashlib
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgefashion.data import fashion_mnist as module
from edgefashion.data.fashion_mnist import DEBIAN_FOLDER, LABELS, open_fashion_mnist, parse_idx, unpack
from edgefashion.errors import DataError


def idx(array: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes((0, 0, 8, array.ndim)) + sizes + array.astype(np.uint8).tobytes()


def small_set(folder: Path, count: int = 12) -> dict[str, bytes]:
    """Writes a tiny Fashion-MNIST, two files packed and two plain; gives the unpacked contents."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(3)
    contents = {}
    for prefix in ("train", "t10k"):
        contents[f"{prefix}-images-idx3-ubyte"] = idx(random.integers(0, 256, (count, 28, 28)))
        contents[f"{prefix}-labels-idx1-ubyte"] = idx(np.arange(count) % 10)
    for name, content in contents.items():
        if "images" in name:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / name).write_bytes(content)
    return contents


def test_a_folder_is_read_and_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VALIDATION_PICTURES", 5)
    contents = small_set(tmp_path)
    manifest = open_fashion_mnist(str(tmp_path))
    assert Counter(row.split for row in manifest.rows) == {"train": 7, "validation": 5, "test": 12}
    assert [row.split for row in manifest.rows[6:8]] == ["train", "validation"]
    assert manifest.labels == LABELS
    assert manifest.rows[13].type == "trouser"
    assert manifest.arrays is not None
    assert manifest.arrays.shape == (24, 28, 28)
    expected = parse_idx(contents["t10k-images-idx3-ubyte"], 3)[1]
    assert np.array_equal(manifest.picture(manifest.rows[13]), expected)
    assert manifest.notes == ("the files differ from the ones that the publisher gives out",)


def test_the_debian_files_are_the_published_ones() -> None:
    if not DEBIAN_FOLDER.is_dir():
        pytest.skip("the Debian package dataset-fashion-mnist is not installed")
    manifest = open_fashion_mnist()
    assert Counter(row.split for row in manifest.rows) == {"train": 55_000, "validation": 5_000, "test": 10_000}
    assert manifest.notes == ()
    assert set(Counter(row.type for row in manifest.select("test").rows).values()) == {1000}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte.gz", b"hello", "is not an IDX file"),
        ("train-images-idx3-ubyte.gz", None, "is missing"),
        ("train-labels-idx1-ubyte", idx(np.arange(11) % 10), "as many labels"),
        ("train-labels-idx1-ubyte", idx(np.full(12, 10)), "labels from 0 to 9"),
        ("t10k-images-idx3-ubyte.gz", idx(np.zeros((12, 27, 28))), "28 × 28"),
        ("t10k-images-idx3-ubyte.gz", gzip.compress(idx(np.zeros((12, 28, 28))), mtime=0)[:-20], "is damaged"),
        ("t10k-images-idx3-ubyte.gz", b"\x1f\x8b" + bytes(40), "is damaged"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    small_set(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        open_fashion_mnist(str(tmp_path))


def test_a_gzip_bomb_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    assert len(bomb) < 60_000
    with pytest.raises(DataError, match="unpacks to more than 1,000,000 bytes"):
        unpack(bomb, "bomb")


@settings(deadline=None)
@given(
    st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\0\0\x08\x03" + rest), st.sampled_from([1, 3])
)
def test_any_bytes_are_an_array_or_a_data_error(content: bytes, dimensions: int) -> None:
    try:
        array = parse_idx(content, dimensions)
    except DataError:
        return
    assert array.ndim == dimensions
    assert array.size == len(content) - 4 - 4 * dimensions


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=3, max_size=3), st.integers(-3, 3))
def test_an_idx_file_is_read_back_unless_its_length_lies(shape: list[int], change: int) -> None:
    array = (np.arange(int(np.prod(shape))) % 256).astype(np.uint8).reshape(shape)
    content = idx(array)
    if change == 0:
        assert np.array_equal(parse_idx(content, 3), array)
        return
    lying = content + bytes(change) if change > 0 else content[:change]
    with pytest.raises(DataError):
        parse_idx(lying, 3)


def test_sizes_that_overflow_are_refused_at_once() -> None:
    with pytest.raises(DataError, match="states the shape"):
        parse_idx(b"\0\0\x08\x03" + b"\xff" * 12 + b"x", 3)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on this machine that gives out a tiny set, and the sums that belong to it."""
    folder = tmp_path / "published"
    contents = small_set(folder)
    for name, content in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=1))
    monkeypatch.setattr(
        module, "SHA256", {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    )
    server = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_download_is_checked_and_kept(tmp_path: Path, publisher: str) -> None:
    cache = module.download(tmp_path / "cache", publisher)
    assert len(open_fashion_mnist(str(cache)).rows) == 24
    module.download(cache, "http://127.0.0.1:9")  # everything is there: nobody is asked


def test_a_changed_download_is_refused_and_not_kept(tmp_path: Path, publisher: str) -> None:
    changed = gzip.compress(zlib.compress(b"something else"), mtime=0)
    (tmp_path / "published" / "t10k-images-idx3-ubyte.gz").write_bytes(changed)
    with pytest.raises(DataError, match=r"not the file that was published; install the Debian package \(apt-get"):
        module.download(tmp_path / "cache", publisher)
    assert not (tmp_path / "cache" / "t10k-images-idx3-ubyte.gz").exists()


@pytest.mark.parametrize("broken", ["", "/none"])
def test_a_failed_download_says_what_to_do_instead(tmp_path: Path, publisher: str, broken: str) -> None:
    address = publisher + broken if broken else "http://127.0.0.1:9"
    with pytest.raises(DataError, match=r"Can't download .*fashion-mnist:FOLDER") as caught:
        module.download(tmp_path / "cache", address)
    assert "\n" not in str(caught.value)


def test_the_cache_is_used_where_debian_has_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEBIAN_FOLDER", tmp_path / "none")
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")
    small_set(tmp_path / "cache")
    assert len(open_fashion_mnist().rows) == 24
