"""Checkpoints: what is written is what is read; anything else on disk is a clear error."""

import dataclasses
import errno
import json
import os
import resource

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")
safetensors = pytest.importorskip("safetensors.numpy", reason="the extra train is not installed")

from safetensors import safe_open  # noqa: E402

from edgefashion.errors import CheckpointError  # noqa: E402
from edgefashion.models.architectures import ARCHITECTURES, architecture, build, least_weights  # noqa: E402
from edgefashion.models.checkpoint import (  # noqa: E402
    CHECKPOINT_VERSION,
    load_checkpoint,
    read_weights,
    restore,
    save_checkpoint,
)
from tests.models.tiny import drawn_pictures, real, tiny_checkpoint  # noqa: E402

FULL = tiny_checkpoint(
    folded=True,
    heads={"pattern": ("plain",), "colour": ("red",)},
    stage="quantise-aware",
    ranges={"input": (-1.0, 0.9921875), "block00_add": (-3.25, 2.5)},
    name="made-up",
    version="2.3.4",
    description="Größe „M“",
    taxonomy={"name": "own", "categories": {"all": ["a", "b"]}, "mappings": {}},
    resize="pad",
    temperature=1.25,
    threshold=0.375,
    training={"data": "drawn", "pictures": 3, "train": ["train"]},
    accuracy={"split": "test", "n": 8, "top1": 0.5, "interval": [0.2, 0.8]},
)


def _same(found, expected):
    for field in dataclasses.fields(expected):
        if field.name != "weights":
            assert getattr(found, field.name) == getattr(expected, field.name), field.name
    assert set(found.weights) == set(expected.weights)


def test_everything_comes_back(tmp_path):
    path = tmp_path / "new" / "folder" / "x.safetensors"
    save_checkpoint(FULL, path)
    found = load_checkpoint(path)
    _same(found, FULL)
    for name, array in FULL.weights.items():
        np.testing.assert_array_equal(found.weights[name], array)
        assert found.weights[name].dtype == np.float32
    assert list(found.heads) == list(FULL.heads), "their order is that of the logits"
    assert os.listdir(path.parent) == ["x.safetensors"]
    pictures = real(drawn_pictures(2))
    np.testing.assert_array_equal(found.model()(pictures).numpy(), FULL.model()(pictures).numpy())


def test_the_same_checkpoint_is_the_same_file(tmp_path):
    for name in "ab":
        save_checkpoint(FULL, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_half_precision_halves_the_file_and_keeps_eleven_bits(tmp_path):
    save_checkpoint(FULL, tmp_path / "whole")
    save_checkpoint(FULL, tmp_path / "half", half=True)
    numbers = sum(array.size for array in FULL.weights.values())
    assert (tmp_path / "whole").stat().st_size - (tmp_path / "half").stat().st_size == pytest.approx(
        2 * numbers, rel=0.05
    )
    found = load_checkpoint(tmp_path / "half")
    _same(found, FULL)
    changed = 0
    for name, array in FULL.weights.items():
        assert found.weights[name].dtype == np.float32
        np.testing.assert_allclose(found.weights[name], array, rtol=2**-11, atol=2**-25)
        changed += np.count_nonzero(found.weights[name] != array)
    assert changed > numbers / 2


def test_with_model_takes_the_networks_weights(tmp_path):
    network = FULL.model()
    network.get_layer("type_dense").bias.assign((1.0, 2.0, 3.0))
    found = FULL.with_model(network, stage="prune-weights")
    assert (found.stage, found.name) == ("prune-weights", FULL.name)
    assert found.weights["type_dense/bias"].tolist() == [1.0, 2.0, 3.0]
    assert FULL.weights["type_dense/bias"].tolist() != [1.0, 2.0, 3.0]


@pytest.fixture
def written(tmp_path):
    save_checkpoint(FULL, tmp_path / "x.safetensors")
    return tmp_path / "x.safetensors"


def test_a_truncated_file_is_refused_wherever_it_ends(written):
    content = written.read_bytes()
    for end in (0, 1, 7, 8, 100, len(content) // 2, len(content) - 1):
        written.write_bytes(content[:end])
        with pytest.raises(
            CheckpointError, match=r"x\.safetensors' is not an EdgeFashion checkpoint, or it is damaged"
        ):
            load_checkpoint(written)


def _header(path, change):
    """Writes the file again with another header."""
    with safe_open(str(path), framework="numpy") as file:
        header = json.loads(file.metadata()["edgefashion"])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    path.write_bytes(safetensors.save(arrays, metadata={"edgefashion": change(header)}))


@pytest.mark.parametrize(
    "change",
    [
        lambda header: "not JSON",
        lambda header: "[1, 2]",
        lambda header: "[" * 100_000,
        lambda header: json.dumps({**header, "surprise": 1}),
        lambda header: json.dumps({**header, "ranges": {"input": [1, 2, 3]}}),
        lambda header: json.dumps({**header, "ranges": {"input": ["low", "high"]}}),
        lambda header: json.dumps({**header, "labels": 3}),
        lambda header: json.dumps({**header, "checkpoint_version": "one"}),
        lambda header: json.dumps({key: value for key, value in header.items() if key != "spec"}),
        lambda header: json.dumps({key: value for key, value in header.items() if key != "checkpoint_version"}),
        lambda header: json.dumps({**header, "spec": {"kind": "tree"}}),
        lambda header: json.dumps({**header, "spec": {**header["spec"], "blocks": [{"kernel": 3}]}}),
    ],
    ids=["text", "list", "deep", "unknown", "three", "words", "labels", "version", "spec", "none", "kind", "block"],
)
def test_a_damaged_header_is_refused(written, change):
    _header(written, change)
    with pytest.raises(CheckpointError, match="not an EdgeFashion checkpoint, or it is damaged") as caught:
        load_checkpoint(written)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "lie",
    [
        {"stem": 10**9},
        {"head": 10**12},
        {"classes": 10**9},
        {"height": 10**6},
        {"height": 10**9, "width": 1},
        {"blocks": [{"kernel": 3, "stride": 1, "expansion": 10**8, "channels": 8, "expand": True}]},
        {"blocks": [{"kernel": 10**6, "stride": 1, "expansion": 8, "channels": 8, "expand": True}]},
    ],
)
def test_a_description_larger_than_the_file_is_refused_before_it_is_built(written, lie):
    _header(written, lambda header: json.dumps({**header, "spec": {**header["spec"], **lie}}))
    with pytest.raises(CheckpointError, match=r"describes a network of .* weights: it is damaged"):
        load_checkpoint(written)


def test_what_a_description_asks_for_is_never_more_than_what_is_built():
    for name in ARCHITECTURES:
        spec = architecture(name, 7)
        built = sum(array.size for array in read_weights(build(spec)).values())
        assert 0.5 * built < least_weights(spec) <= built, name


def test_strangers_are_refused(tmp_path, tiny_model):
    (tmp_path / "text.safetensors").write_text("hello")
    (tmp_path / "foreign.safetensors").write_bytes(
        safetensors.save({"a": np.zeros(3, np.float32)}, metadata={"x": "y"})
    )
    (tmp_path / "bare.safetensors").write_bytes(safetensors.save({"a": np.zeros(3, np.float32)}))
    for path in (*tmp_path.iterdir(), tiny_model):
        with pytest.raises(CheckpointError, match="not an EdgeFashion checkpoint"):
            load_checkpoint(path)
    for path in (tmp_path, tmp_path / "nothing.safetensors"):
        with pytest.raises(
            CheckpointError, match=r"There is no checkpoint .* Give a run folder or a \.safetensors file"
        ):
            load_checkpoint(path)


def test_a_newer_version_says_so(written):
    _header(written, lambda header: json.dumps({**header, "checkpoint_version": CHECKPOINT_VERSION + 1, "future": 1}))
    with pytest.raises(
        CheckpointError, match=f"version {CHECKPOINT_VERSION + 1}; this EdgeFashion reads {CHECKPOINT_VERSION}"
    ):
        load_checkpoint(written)


def test_weights_must_fit_the_network():
    network = FULL.model()
    weights = read_weights(network)
    missing = {name: array for name, array in weights.items() if name != "stem_conv/bias"}
    with pytest.raises(CheckpointError, match=r"'stem_conv/bias' must have the shape \(8,\)\. Received: nothing"):
        restore(network, missing)
    with pytest.raises(CheckpointError, match="no place for the weights block09_add/kernel, extra/kernel"):
        restore(
            network, weights | {"extra/kernel": np.zeros(1, np.float32), "block09_add/kernel": np.zeros(1, np.float32)}
        )
    with pytest.raises(CheckpointError, match=r"type_dense/kernel.*\(16, 3\)\. Received: \(3, 16\)"):
        restore(network, weights | {"type_dense/kernel": weights["type_dense/kernel"].T})


def test_a_full_disk_leaves_the_old_file_and_no_half_one(written):
    before = written.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))  # writing beyond is an error, as on a full disk
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            save_checkpoint(tiny_checkpoint(seed=5, folded=True), written)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG
    assert len(before) > 5000
    assert written.read_bytes() == before
    assert os.listdir(written.parent) == [written.name]


def test_a_failed_rename_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(FULL, tmp_path / "x.safetensors")
    assert os.listdir(tmp_path) == []
