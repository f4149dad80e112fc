"""A tiny run, trained once through the command line, for the verbs train and export."""

from pathlib import Path

import pytest

from edgefashion.cli import main
from edgefashion.data.drawn import draw_garment

RECIPE = """
name = "tiny"
[data]
source = "elsewhere"
[model]
architecture = "tiny-32"
dropout = 0.0
[augment]
flip = true
[fit]
epochs = 8
batch = 16
learning-rate = 1e-2
average = 0.8
[quantise-aware]
epochs = 1
batch = 16
learning-rate = 1e-4
"""
TYPES = ("dress", "pants", "hat")


@pytest.fixture(scope="session")
def tiny_recipe(tmp_path_factory):
    """A recipe for a network that trains in seconds, and beside it `garments`: 48 to train on, 18 to judge by."""
    pytest.importorskip("tf_keras", reason="the extra train is not installed")
    from edgefashion.models.architectures import ARCHITECTURES
    from edgefashion.models.inverted_residual import Block, InvertedResidualSpec

    folder = tmp_path_factory.mktemp("tiny")
    for split, count in (("train", 16), ("validation", 6)):
        for kind in TYPES:
            for seed in range(count):
                path = folder / "garments" / split / kind / f"{seed:02d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                draw_garment(kind, seed + (100 if split == "train" else 0), 40).save(path)
    (folder / "garments" / "train" / "hat" / "07.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    (folder / "tiny.toml").write_text(RECIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny-32", InvertedResidualSpec(
            height=32, width=32, stem=8, stem_stride=2, head=24, classes=2, bn_momentum=0.8,
            blocks=(Block(3, 2, 16, 8), Block(3, 1, 24, 8), Block(3, 2, 24, 16)),
        ))  # fmt: skip
        yield folder / "tiny.toml"


@pytest.fixture(scope="session")
def tiny_run(tiny_recipe: Path) -> Path:
    """The finished run of the tiny recipe."""
    run = tiny_recipe.parent / "run"
    words = ["train", str(tiny_recipe), "--data", str(tiny_recipe.parent / "garments"), "--out", str(run)]
    assert main([*words, "--tensorboard"]) == 0
    return run
