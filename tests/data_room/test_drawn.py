import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgefashion.data import drawn as module
from edgefashion.data.drawn import DRAWN_TYPES, EXAMPLE_SIZE, EXAMPLES, draw_garment, write_examples
from edgefashion.data.fabric import COLOURS, GROUNDS, PATTERNS
from edgefashion.errors import DataError
from edgefashion.taxonomy import Taxonomy

COMMITTED = Path(__file__).parents[2] / "examples"


def test_every_type_of_the_taxonomy_can_be_drawn() -> None:
    assert set(DRAWN_TYPES) == set(Taxonomy.load("garment").types)


@pytest.mark.parametrize("type_", DRAWN_TYPES)
def test_a_garment_stands_out_from_its_ground(type_: str) -> None:
    picture = draw_garment(type_, 1, 64, colour="red", pattern="plain", ground="wall")
    assert picture.mode == "RGB"
    assert picture.size == (64, 64)
    pixels = np.asarray(picture).astype(int)
    red = pixels[..., 0] - pixels[..., 1] > 60
    assert 0.08 < red.mean() < 0.75
    border = np.concatenate([red[0], red[-1], red[:, 0], red[:, -1]])
    assert not border.any()


def test_the_same_arguments_draw_the_same_picture() -> None:
    one, two = draw_garment("dress", 5, 80), draw_garment("dress", 5, 80)
    assert one.tobytes() == two.tobytes()
    digests = {hashlib.sha256(draw_garment(t, s, 48).tobytes()).digest() for t in DRAWN_TYPES for s in (0, 1)}
    assert len(digests) == 2 * len(DRAWN_TYPES)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_changes_the_cloth_and_not_the_ground(pattern: str, ground: str) -> None:
    plain = np.asarray(draw_garment("t-shirt", 3, 96, "white", "plain", ground)).astype(int)
    change = np.abs(np.asarray(draw_garment("t-shirt", 3, 96, "white", pattern, ground)) - plain).max(axis=2)
    assert not change[:6].any()
    share = (change[35:60, 35:60] > 40).mean()
    assert (0.1 < share < 0.9) if pattern != "plain" else not change.any()


def test_colours_are_the_ones_asked_for() -> None:
    means = {
        name: np.asarray(draw_garment("t-shirt", 2, 64, name, "plain", "wall"))[26:40, 26:38].mean(axis=(0, 1))
        for name in COLOURS
    }
    for name, mean in means.items():
        nearest = min(COLOURS, key=lambda other: float(np.abs(mean - np.array(COLOURS[other])).sum()))
        assert nearest == name


def test_width_comes_before_height() -> None:
    assert draw_garment("hat", 0, (40, 60)).size == (40, 60)


@pytest.mark.parametrize(
    "arguments",
    [
        ("cape",),
        ("hat", 0, 8),
        ("hat", -1),
        ("hat", 0, 64, "mauve"),
        ("hat", 0, 64, None, "tartan"),
        ("hat", 0, (64, 9999)),
    ],
)
def test_wrong_arguments_are_refused(arguments: tuple) -> None:
    with pytest.raises(DataError, match="received"):
        draw_garment(*arguments)


def test_the_committed_examples_are_the_ones_that_the_code_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of them are drawn anew, and compared with a tolerance: JPEG encoders differ between Pillow's builds."""
    committed = {path.stem: path for path in COMMITTED.glob("*.jpg")}
    assert set(committed) == {name for name, *_ in EXAMPLES}
    assert max(path.stat().st_size for path in committed.values()) <= 40_000
    monkeypatch.setattr(module, "EXAMPLES", EXAMPLES[:1] + EXAMPLES[-1:])
    for path in write_examples(tmp_path):
        with Image.open(committed[path.stem]) as old, Image.open(path) as new:
            assert old.size == new.size == EXAMPLE_SIZE
            assert np.abs(np.asarray(old).astype(int) - np.asarray(new)).mean() < 2
            assert not old.getexif()


def test_examples_are_named_by_their_type() -> None:
    assert all(name.startswith(f"{type_}-") for name, type_, *_ in EXAMPLES)
    assert len({type_ for _, type_, *_ in EXAMPLES}) >= 10
