"""Makes tests/data/bare_float.tflite: a small classifier as others make them, float32 in and no card, to be mutated.

Run from the checkout: `python tests/data/make_bare_model.py`.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.evaluation.handmade import colour_model

    (Path(__file__).parent / "bare_float.tflite").write_bytes(colour_model())
