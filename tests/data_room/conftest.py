"""What the tests of the data room share: the clothing photos where they are at hand, and small made folders."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edgefashion.data.drawn import draw_garment

CLOTHING = Path(__file__).parents[2].parent / "shared" / "data" / "clothing"


@pytest.fixture(scope="session")
def clothing_folder() -> Path:
    if not (CLOTHING / "labels.csv").is_file():
        pytest.skip("the clothing photos are not at ../shared/data/clothing")
    return CLOTHING


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    """Draws a garment into a file below the test's folder: draw("dress/anna/1.jpg", "dress", 1)."""

    def make(place: str, garment: str, seed: int = 0, size: int = 96) -> Path:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_garment(garment, seed, size).save(path)
        return path

    return make
