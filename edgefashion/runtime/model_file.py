"""A model file: a .tflite with the card and the label files in the zip at its end; files from strangers are safe."""

import os
import stat
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from edgefashion.errors import ModelFileError
from edgefashion.runtime.attribute_values import ATTRIBUTE_VALUES_FILE, with_attribute_values
from edgefashion.runtime.card import CARD_FILE, ModelCard
from edgefashion.runtime.flatbuffer_check import check_flatbuffer
from edgefashion.runtime.zip_tail import append_files, read_zip_tail

MAX_FILE_BYTES = 512 * 2**20
IDENTIFIER = b"TFL3"

__all__ = ["MAX_FILE_BYTES", "ModelFile", "append_files", "seal_card"]


@dataclass(frozen=True)
class ModelFile:
    """A model file that has passed every check.

    Attributes:
        path: Where it was read from; "" if it never was a file.
        content: The whole file.
        card: The card, or None if the file has none; its taxonomy's `values` come from a file of their own.
        files: The associated files, name → content, without the card.
        flatbuffer_bytes: How many bytes of `content` are the flatbuffer; the zip comes after them.
    """

    path: Path
    content: bytes
    card: ModelCard | None
    files: dict[str, bytes]
    flatbuffer_bytes: int

    @property
    def flatbuffer(self) -> bytes:
        """The model without its associated files."""
        return self.content[: self.flatbuffer_bytes]

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "ModelFile":
        """Read and check a model file.

        Args:
            path: A .tflite of at most `MAX_FILE_BYTES`, with or without a card.

        Raises:
            ModelFileError: Missing, no regular file, too large, no TFLite model, damaged, or with a card that is
                invalid or from the future. The message starts with the path.
        """
        path = Path(path)
        try:
            with path.open("rb") as file:
                facts = os.fstat(file.fileno())
                if not stat.S_ISREG(facts.st_mode):
                    raise ModelFileError(f"{path}: not a regular file; name a .tflite file.")
                if facts.st_size > MAX_FILE_BYTES:
                    raise ModelFileError(
                        f"{path}: {facts.st_size} bytes; a model file may have at most {MAX_FILE_BYTES} bytes."
                    )
                content = file.read(MAX_FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ModelFileError(f"{path}: can't be read ({reason}); name an existing .tflite file.") from error
        return cls.from_bytes(content, path)

    @classmethod
    def from_bytes(cls, content: bytes, path: str | os.PathLike[str] = "model.tflite") -> "ModelFile":
        """Check a model file that is in memory already.

        Args:
            content: The whole file.
            path: What to call it in messages.

        Raises:
            ModelFileError: As `read`.
        """
        try:
            return cls._checked(content, Path(path))
        except ModelFileError as error:
            raise ModelFileError(f"{path}: {error}") from error

    @classmethod
    def _checked(cls, content: bytes, path: Path) -> "ModelFile":
        """Run the checks from the outside in: identifier, zip, flatbuffer, card, and that they fit each other."""
        if len(content) > MAX_FILE_BYTES:
            raise ModelFileError(f"{len(content)} bytes; a model file may have at most {MAX_FILE_BYTES} bytes.")
        if content[4:8] != IDENTIFIER:
            raise ModelFileError("not a TensorFlow Lite model (the identifier 'TFL3' is missing); name a .tflite file.")
        tail = read_zip_tail(content)
        check_flatbuffer(content, tail.start)
        files = dict(tail.files)
        text = files.pop(CARD_FILE, None)
        card = None if text is None else ModelCard.from_json(text)
        if card is not None:
            _check_seal(card, content, tail.start)
            if ATTRIBUTE_VALUES_FILE in files:
                card = with_attribute_values(card, files[ATTRIBUTE_VALUES_FILE])
            for head in card.heads:
                _check_labels_file(files, head.labels_file, head.labels)
        return cls(path, content, card, files, tail.start)


def seal_card(card: ModelCard, flatbuffer: bytes) -> ModelCard:
    """Return the card with the flatbuffer's length and CRC-32 in `size`, which `ModelFile.read` compares.

    Args:
        card: The card that will be appended.
        flatbuffer: The finished flatbuffer, metadata included, without associated files.
    """
    return replace(card, size={**card.size, "flatbuffer": len(flatbuffer), "crc32": zlib.crc32(flatbuffer)})


def _check_seal(card: ModelCard, content: bytes, flatbuffer_bytes: int) -> None:
    """Refuse a flatbuffer that is not the one that the card was written for."""
    if "crc32" not in card.size:
        return
    crc = zlib.crc32(memoryview(content)[:flatbuffer_bytes])
    if card.size.get("flatbuffer", flatbuffer_bytes) != flatbuffer_bytes or card.size["crc32"] != crc:
        raise ModelFileError("the model differs from its card's length or checksum; it is damaged, fetch it again.")


def _check_labels_file(files: dict[str, bytes], name: str, labels: tuple[str, ...]) -> None:
    """Refuse a card whose labels differ from the labels file that other programs read."""
    if not name or not labels:
        return
    if name not in files:
        raise ModelFileError(f"the card names the labels file '{name}', which is not in the file.")
    if tuple(files[name].decode("utf-8", "replace").splitlines()) != labels:
        raise ModelFileError(f"the labels in '{name}' differ from those in the card; the file contradicts itself.")
