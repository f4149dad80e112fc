"""The models that come with the package."""

import os
from pathlib import Path

from edgefashion.errors import ModelFileError

SHIPPED_FOLDER = Path(__file__).parent.parent / "shipped"
SHIPPED: dict[str, Path] = {
    name: SHIPPED_FOLDER / f"{name}.tflite"
    for name in ("garment-base", "garment-small", "fashion-mnist-nano", "fashion-mnist-small")
}
DEFAULT_MODEL = "garment-base"


def find_model(model: str | os.PathLike[str] | None = None) -> Path:
    """Return the path of a shipped model's name, or of a model file.

    Args:
        model: One of `SHIPPED`, a path to a .tflite, or None for `DEFAULT_MODEL`.

    Raises:
        ModelFileError: No such file; the message lists the shipped names.
    """
    name = DEFAULT_MODEL if model is None else os.fspath(model)
    path = SHIPPED.get(name, Path(name))
    if path.is_file():
        return path
    if name in SHIPPED:
        raise ModelFileError(f"{path}: the shipped model '{name}' is not installed; reinstall edgefashion.")
    raise ModelFileError(f"{name}: no such model file; name a .tflite file or a shipped model: {', '.join(SHIPPED)}.")
