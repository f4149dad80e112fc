"""What every test may use: the tiny model, and pictures that it knows."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """A real int8 model with a card: 32 × 32, five types (t-shirt, dress, pants, shoes, hat); no TensorFlow needed."""
    return DATA / "tiny_int8.tflite"


@pytest.fixture
def red_shirt() -> NDArray[np.uint8]:
    """A picture, uint8 (64, 64, 3) RGB, that the tiny model calls a t-shirt: a red one on a light ground."""
    picture = np.full((64, 64, 3), 220, np.uint8)
    picture[10:54, 20:44] = picture[10:26, 6:58] = (200, 40, 40)
    return picture
