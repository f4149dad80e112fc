"""The manifest: which picture shows what, who took it, and on which side of the split it lies.

On disk a manifest is a CSV file, `path,type,group,split[,colour,pattern,detail,kids,box]`, in UTF-8. Paths are relative
to the folder of the CSV file, or absolute. Reading, checking and writing are in this module and nowhere else.
"""

import csv
import hashlib
import io
import json
import os
import posixpath
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgefashion.data.csv_records import read_records
from edgefashion.data.split import SPLITS
from edgefashion.errors import DataError, ImageError
from edgefashion.runtime.image import upright

REQUIRED_COLUMNS = ("path", "type", "group", "split")
OPTIONAL_COLUMNS = ("colour", "pattern", "detail", "kids", "box")
MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_PATH_CHARACTERS = 4096
MAX_VALUE_CHARACTERS = 200
MAX_BOX_PIXELS = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """One picture: where it is, what it shows, who took it, and its split; the attributes may be empty.

    `box` is "x0 y0 x1 y1", whole pixels of the upright picture, x1 and y1 exclusive, where a part of it is meant.
    """

    path: str
    type: str
    group: str
    split: str
    colour: str = ""
    pattern: str = ""
    detail: str = ""
    kids: str = ""
    box: str = ""


@dataclass(frozen=True)
class Manifest:
    """Labelled pictures, ready to be prepared and counted.

    Attributes:
        name: What the source is called in tables and in the card.
        rows: One per picture.
        labels: Every label, in the order of the network's outputs; may hold labels without a row.
        root: Folder that relative paths start from; None where the pictures are `arrays`.
        mapping: Name of the taxonomy's mapping table that leads to these labels; None where they are types.
        arrays: uint8 (n, height, width) grey pictures, 0-255, aligned with `rows`; None where pictures are files.
        notes: What the reader of the source left out or found odd, one line each.
        licence: Licence of the pictures, empty where unknown.
        make: Makes a row's picture where it is more than a file or a part of one: uint8 (height, width, 3) RGB, 0-255;
            raises ImageError.
    """

    name: str
    rows: tuple[Row, ...]
    labels: tuple[str, ...]
    root: Path | None = None
    mapping: str | None = None
    arrays: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)
    notes: tuple[str, ...] = ()
    licence: str = ""
    make: Callable[[Row], NDArray[np.uint8]] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Raises DataError where rows, labels and arrays contradict each other."""
        if len(set(self.labels)) != len(self.labels):
            raise DataError(f"The labels of '{self.name}' must differ from each other; received {list(self.labels)}.")
        unknown = sorted({row.type for row in self.rows} - set(self.labels))
        if unknown:
            raise DataError(f"'{self.name}' has rows with a type that is not among its labels: {unknown[:5]}.")
        if self.arrays is not None and (self.arrays.dtype != np.uint8 or len(self.arrays) != len(self.rows)):
            raise DataError(
                f"The arrays of '{self.name}' must be uint8, one per row ({len(self.rows)}); "
                f"received {self.arrays.dtype} {self.arrays.shape}."
            )

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the rows, whatever their order; of the pixels too where the pictures are arrays.

        Cheap on purpose: files are not read, so it names the choice of pictures and labels, not their bytes. `kids` is
        left out: the digests in shipped cards are older than that column.
        """
        lines = []
        for index, row in enumerate(self.rows):
            values = [getattr(row, column) for column in DIGEST_COLUMNS] + ([row.box] if row.box else [])
            if self.arrays is not None:
                values.append(hashlib.sha256(self.arrays[index].tobytes()).hexdigest())
            lines.append(json.dumps(values, separators=(",", ":")))
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()

    @cached_property
    def truth(self) -> NDArray[np.int64]:
        """The index of every row's type in `labels`: int64 (n,)."""
        index = {label: position for position, label in enumerate(self.labels)}
        return np.array([index[row.type] for row in self.rows], dtype=np.int64)

    @cached_property
    def _array_index(self) -> dict[str, int]:
        return {row.path: position for position, row in enumerate(self.rows)}

    def select(self, *splits: str) -> "Manifest":
        """Gives the manifest of these splits only, with the same labels.

        Raises:
            DataError: A name is not one of `SPLITS`.
        """
        unknown = sorted(set(splits) - set(SPLITS))
        if unknown or not splits:
            raise DataError(f"A split must be one of {', '.join(SPLITS)}; received {', '.join(unknown) or 'nothing'}.")
        return self.take([position for position, row in enumerate(self.rows) if row.split in splits])

    def take(self, positions: Sequence[int]) -> "Manifest":
        """Gives the manifest of the rows at these positions, in this order, with the same labels."""
        arrays = None if self.arrays is None else self.arrays[np.asarray(positions, dtype=np.int64)]
        return replace(self, rows=tuple(self.rows[position] for position in positions), arrays=arrays)

    def picture(self, row: Row) -> Path | NDArray[np.uint8]:
        """Gives what `runtime.image.prepare` accepts.

        Returns:
            The picture's path; or uint8 (height, width) grey, 0-255, of a manifest of arrays; or uint8
            (height, width, 3) RGB, 0-255, where the row has a box or its picture is made.

        Raises:
            DataError: The row is not of this manifest (arrays), or its path leaves the manifest's folder.
            ImageError: The row has a box, and its picture can't be read or doesn't contain the box; or it
                can't be made.
        """
        if self.arrays is not None:
            position = self._array_index.get(row.path)
            if position is None:
                raise DataError(f"'{self.name}' has no picture '{row.path}'.")
            picture: NDArray[np.uint8] = self.arrays[position]
            return picture
        if self.make is not None:
            return self.make(row)
        path = resolve_path(row.path, self.root or Path())
        return _cut(path, parse_box(row.box)) if row.box else path

    def require_trainable(self) -> None:
        """Raises DataError unless there are two labels with training pictures and something to validate on."""
        if not self.rows:
            raise DataError(f"'{self.name}' holds no labelled picture; training needs at least two labels.")
        labels = {row.type for row in self.rows}
        if len(labels) < 2:
            raise DataError(
                f"'{self.name}' holds one label only ('{labels.pop()}'); a classifier needs at least two: "
                "add pictures of something else under a second label."
            )
        trained = {row.type for row in self.rows if row.split == "train"}
        missing = sorted(labels - trained)
        if missing:
            raise DataError(
                f"'{self.name}' has no training picture of {', '.join(repr(label) for label in missing[:5])}; "
                "add pictures by other contributors, or name the splits yourself (folders train and validation)."
            )
        if not any(row.split == "validation" for row in self.rows):
            raise DataError(
                f"'{self.name}' has no validation picture: none of its {len({row.group for row in self.rows})} groups "
                "falls there; add pictures by other contributors, or name the splits yourself."
            )


COLUMNS = tuple(item.name for item in fields(Row))
DIGEST_COLUMNS = tuple(column for column in COLUMNS if column not in ("kids", "box"))


def parse_box(text: str) -> tuple[int, int, int, int]:
    """Reads a row's box: x0, y0, x1, y1 in pixels, x1 and y1 exclusive.

    Raises:
        DataError: Not four whole numbers from 0 to 100,000, or nothing lies between them.
    """
    numbers = [int(word) for word in text.split() if word.isascii() and word.isdigit() and len(word) <= 6]
    if len(numbers) != 4 or len(text.split()) != 4 or max(numbers) > MAX_BOX_PIXELS:
        raise DataError(f"A box is four whole numbers, x0 y0 x1 y1, in pixels; received '{text[:40]}'.")
    x0, y0, x1, y1 = numbers
    if x0 >= x1 or y0 >= y1:
        raise DataError(f"A box x0 y0 x1 y1 needs x0 < x1 and y0 < y1; received '{text[:40]}'.")
    return x0, y0, x1, y1


def _cut(path: Path, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Decodes a picture and gives the part of it in a box."""
    x0, y0, x1, y1 = box
    pixels = upright(path, MAX_BOX_PIXELS)
    if x1 > pixels.shape[1] or y1 > pixels.shape[0]:
        raise ImageError(
            f"{path}: is {pixels.shape[1]} x {pixels.shape[0]} pixels, so the box {x0} {y0} {x1} {y1} is not in it."
        )
    part: NDArray[np.uint8] = pixels[y0:y1, x0:x1]
    return part


def resolve_path(path: str, root: Path) -> Path:
    """Gives the file of a manifest's path: absolute as it stands, relative under `root`.

    Raises:
        DataError: A relative path leaves the folder by '..'.
    """
    if Path(path).is_absolute():
        return Path(path)
    if posixpath.normpath(path.replace("\\", "/")).split("/")[0] == "..":
        raise DataError(f"A relative path must stay in the manifest's folder; received '{path}': write it absolute.")
    return root / path


def read_manifest(path: str | os.PathLike[str]) -> Manifest:
    """Reads and checks a manifest CSV. The labels are the types found, sorted.

    Args:
        path: The CSV file: UTF-8, with or without byte order mark, any line ends.

    Raises:
        DataError: Unreadable, too large, not UTF-8, columns missing or unknown, or a bad row, with its number as a
            spreadsheet shows it (the header is row 1).
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DataError(f"Can't read the manifest '{path}': {error.strerror or error}.") from error
    if len(content) > MAX_FILE_BYTES:
        raise DataError(f"The manifest '{path}' is larger than {MAX_FILE_BYTES:,} bytes; split it into several files.")
    rows = parse_manifest(content, str(path))
    labels = tuple(sorted({row.type for row in rows}))
    return Manifest(name=path.stem, rows=rows, labels=labels, root=path.parent)


def parse_manifest(content: bytes, name: str = "manifest") -> tuple[Row, ...]:
    """Gives the checked rows of a manifest CSV's bytes; `name` is what errors call the file.

    Raises:
        DataError: As `read_manifest`.
    """
    rows = []
    seen: dict[tuple[str, str], int] = {}
    for number, record in read_records(content, name, REQUIRED_COLUMNS, REQUIRED_COLUMNS + OPTIONAL_COLUMNS):
        where = f"'{name}', row {number}"
        for column in REQUIRED_COLUMNS:
            if not record[column]:
                raise DataError(f"{where}: the column '{column}' is empty; every picture needs one.")
        for column, value in record.items():
            limit = MAX_PATH_CHARACTERS if column == "path" else MAX_VALUE_CHARACTERS
            if len(value) > limit:
                raise DataError(f"{where}: '{column}' may have {limit} characters; received {len(value):,}.")
            if any(ord(character) < 32 or ord(character) == 127 for character in value):
                raise DataError(f"{where}: '{column}' holds a control character (a line end, a tab or a NUL).")
        if record["split"] not in SPLITS:
            raise DataError(f"{where}: split must be one of {', '.join(SPLITS)}; received '{record['split'][:40]}'.")
        try:
            resolve_path(record["path"], Path())
            if record.get("box"):
                parse_box(record["box"])
        except DataError as error:
            raise DataError(f"{where}: {error}") from error
        key = (posixpath.normpath(record["path"]), record.get("box", ""))
        if key in seen:
            raise DataError(f"{where}: '{record['path']}' is already in row {seen[key]}; a picture may appear once.")
        seen[key] = number
        rows.append(Row(**record))
    return tuple(rows)


def write_manifest(manifest: Manifest, path: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Writes a manifest CSV under a temporary name and renames it; gives its path.

    Paths become relative to the new file's folder where the picture lies under it, else absolute.

    Raises:
        DataError: The file exists and `overwrite` is not set, it can't be written, the rows would not be read
            back, or the pictures are arrays or made.
    """
    path = Path(path)
    if manifest.arrays is not None or manifest.make is not None:
        raise DataError(f"The pictures of '{manifest.name}' have no files of their own, so no manifest can name them.")
    if path.exists() and not overwrite:
        raise DataError(f"'{path}' exists already; choose another name, or ask for it to be overwritten.")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    columns = COLUMNS if any(row.box for row in manifest.rows) else COLUMNS[:-1]
    writer.writerow(columns)
    folder = path.resolve().parent
    for row in manifest.rows:
        picture = Path(os.path.abspath(resolve_path(row.path, manifest.root or Path())))
        inside = picture.is_relative_to(folder)
        place = picture.relative_to(folder).as_posix() if inside else str(picture)
        writer.writerow([place, *(getattr(row, column) for column in columns[1:])])
    content = text.getvalue().encode()
    parse_manifest(content, str(path))
    write_file(path, content)
    return path


def write_file(path: Path, content: bytes) -> None:
    """Writes bytes under a temporary name in the same folder and renames it, so that no half file is ever seen.

    Raises:
        DataError: The folder can't be made or written (permission, disk full).
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise DataError(f"Can't write '{path}': {error.strerror or error}.") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
