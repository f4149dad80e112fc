"""Garments as they are worn: cuts from the street photos with hand-made masks (clothing-co-parsing, Apache-2.0).

A folder with photos/, masks/, tags.csv and garments.csv: one row of garments.csv a tag a picture, with the box of the
tag's pixels. Each row whose tag has a garment type becomes one picture: its box and a margin round it.
"""

from pathlib import Path

from PIL import Image

from edgefashion.data.csv_records import read_records, read_table
from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.split import split_of
from edgefashion.errors import DataError
from edgefashion.taxonomy import Taxonomy

MARGIN = 0.08
"""Share of the box's longer side that is added all round, as far as the picture goes."""
MIN_SIDE = 40
"""Boxes with a shorter side below this, in pixels, are left out: nobody could tell what is in them."""
VALIDATION_SHARE = 0.25
SALT = "edgefashion"
LICENCE = "Apache-2.0"
COLUMNS = ("image", "tag_id", "tag", "type", "x0", "y0", "x1", "y1", "pixels")


def open_worn(folder: str | None) -> Manifest:
    """Opens the garments in the street photos, one picture a box, with the types of the garment taxonomy.

    All cuts of one photo lie on one side of the split.

    Args:
        folder: Holds garments.csv, photos/ and masks/.

    Raises:
        DataError: A part is missing or damaged.
    """
    root, records = read_boxes(folder, "worn")
    types = Taxonomy.load("garment").types
    rows, small, strange = [], 0, 0
    for record in records:
        name = record["type"].lower()
        x0, y0, x1, y1 = (int(record[column]) for column in ("x0", "y0", "x1", "y1"))
        if name not in types:
            strange += bool(name)
        elif min(x1 - x0, y1 - y0) < MIN_SIDE:
            small += 1
        else:
            width, height = picture_size(root / "photos" / record["image"])
            room = round(MARGIN * max(x1 - x0, y1 - y0))
            box = f"{max(0, x0 - room)} {max(0, y0 - room)} {min(width, x1 + room)} {min(height, y1 + room)}"
            split = split_of(record["image"], validation=VALIDATION_SHARE, salt=SALT)
            rows.append(Row(f"photos/{record['image']}", name, record["image"], split, box=box))
    if not rows:
        raise DataError(f"'{root}' holds no garment of a known type.")
    notes = (f"{small} boxes narrower than {MIN_SIDE} pixels and {strange} of types that the taxonomy lacks left out",)
    return Manifest("worn", tuple(dict.fromkeys(rows)), types, root, notes=notes, licence=LICENCE)


def picture_size(path: Path) -> tuple[int, int]:
    """Reads width and height of a picture, in pixels, from its head.

    Raises:
        DataError: It can't be read.
    """
    try:
        with Image.open(path) as picture:
            return picture.size
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"Can't read the picture '{path}': {error}.") from error


def read_boxes(folder: str | None, name: str) -> tuple[Path, list[dict[str, str]]]:
    """Reads garments.csv.

    Args:
        folder: Holds garments.csv and photos/.
        name: What errors call the source.

    Returns:
        The folder, and the rows as text by column; the box's numbers are whole.

    Raises:
        DataError: The folder or the table is missing or damaged.
    """
    if not folder:
        raise DataError(f"'{name}' needs the folder of the street photos: write {name}:FOLDER.")
    root = Path(folder).expanduser()
    table = root / "garments.csv"
    if not table.is_file() or not (root / "photos").is_dir():
        raise DataError(
            f"'{folder}' must hold garments.csv and a folder photos (github.com/bearpaw/clothing-co-parsing)."
        )
    rows = []
    for number, record in read_records(read_table(table), str(table), COLUMNS):
        image = record["image"]
        if not image or "/" in image or "\\" in image or image in (".", ".."):
            raise DataError(f"'{table}', row {number}: image must be a file name; received '{image[:60]}'.")
        if not all(record[column].isascii() and record[column].isdigit() for column in ("x0", "y0", "x1", "y1")):
            raise DataError(f"'{table}', row {number}: x0, y0, x1 and y1 must be whole numbers.")
        rows.append(record)
    return root, rows
