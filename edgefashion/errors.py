"""The errors of EdgeFashion: one root, so that a caller can catch "ours".

Every message is one line that says what was wrong, what is allowed, what was received and what to do.
"""


class EdgeFashionError(Exception):
    """Root of all errors raised on purpose by EdgeFashion."""


class UsageError(EdgeFashionError):
    """The command line was used wrongly (exit code 2)."""


class ModelFileError(EdgeFashionError):
    """A model file is damaged, hostile, too new or not a model at all."""


class ImageError(EdgeFashionError):
    """A picture can't be read, or is too large to be read safely."""


class CameraError(EdgeFashionError):
    """A camera, or what stands in for one, is unknown, missing or fails."""


class DataError(EdgeFashionError):
    """A data source is missing, empty or contradicts itself."""


class RecipeError(EdgeFashionError):
    """A recipe has an unknown key, or a value out of range."""


class CheckpointError(EdgeFashionError):
    """A checkpoint or run folder is missing, damaged or of another version."""


class StoreError(EdgeFashionError):
    """The app's file of scans can't be opened or written, or was asked for something that it doesn't hold."""


class RuntimeMissingError(EdgeFashionError):
    """No TensorFlow Lite runtime can be imported."""


class ExportRefusedError(EdgeFashionError):
    """The exported file lost more than allowed, so the final name was not written."""


class CheckFailedError(EdgeFashionError):
    """A check that was asked for found a fault; its figures were printed first."""


class MissingExtraError(EdgeFashionError):
    """A verb needs packages of an extra that is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        """Args: extra, the extra's name in pyproject.toml; purpose, what needs it."""
        super().__init__(f"{purpose} needs the extra '{extra}': pip install 'edgefashion[{extra}]'.")
        self.extra = extra
