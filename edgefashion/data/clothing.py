"""The clothing photos (github.com/alexeygrigorev/clothing-dataset, CC0 1.0): labels.csv and a folder images.

Views of the same photographs: the 17 types of a careful second look (`clothing`), and the ten classes of the published
subset clothing-dataset-small, with its own labels (`clothing-ten`) or with those of the second look
(`clothing-ten-checked`: 4 % differ). All are split by contributor and alike, so that a model trained on one can be
judged on the validation photos of another. The published split is not used: its validation photos come from
contributors of its training photos.
"""

from dataclasses import replace
from pathlib import Path

from edgefashion.data.csv_records import read_records, read_table
from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.split import split_of
from edgefashion.errors import DataError
from edgefashion.taxonomy import Taxonomy

CLOTHING_SALT = "edgefashion-40"
"""Chosen once, for balance, before any training: the first of edgefashion, edgefashion-1, edgefashion-2 … that puts 17
to 23 % of the photos of both views and at least 8 photos of each type into validation, no more than a quarter of it by
one contributor (one sent 509 of the photos). Never choose it by a model's accuracy."""

SAME_PERSON = {"53": "37"}
"""Contributor → the one that sent the same photograph (found by `data check`): one group, so that it can't leak."""
VALIDATION_SHARE = 0.2
LEFT_OUT = ("Other", "Not sure")
"""Values of checked_label that are no type."""
LICENCE = "CC0-1.0"
COLUMNS = ("image", "contributor", "checked_label", "colour", "pattern", "detail", "ten_class")


def open_clothing(folder: str | None) -> Manifest:
    """Opens the photos with the types of the garment taxonomy (`checked_label`, lower case); others are left out.

    Args:
        folder: Holds labels.csv and images/.

    Raises:
        DataError: The folder, labels.csv or images/ is missing, or labels.csv is damaged.
    """
    return _open(folder, "clothing", "checked_label", Taxonomy.load("garment").types, None)


def open_clothing_ten(folder: str | None) -> Manifest:
    """Opens the photos of the published ten-class subset with its labels, sorted; `mapping` is "clothing-ten".

    Args:
        folder: Holds labels.csv and images/.

    Raises:
        DataError: As `open_clothing`.
    """
    return _ten(folder, "clothing-ten")


def open_clothing_ten_checked(folder: str | None) -> Manifest:
    """Opens the photos of the ten-class subset with the class that the second look (`checked_label`) gives them.

    Args:
        folder: Holds labels.csv and images/.

    Raises:
        DataError: As `open_clothing`.
    """
    published, checked = _ten(folder, "clothing-ten-checked"), open_clothing(folder)
    ten_of = Taxonomy.load("garment").mappings["clothing-ten"]
    found = {row.path: ten_of[row.type] for row in checked.rows if row.type in ten_of}
    rows = tuple(replace(row, type=found[row.path]) for row in published.rows if row.path in found)
    left_out = len(published.rows) - len(rows)
    notes = (f"{left_out:,} pictures that the second look gave none of the ten classes left out",) if left_out else ()
    return replace(published, rows=rows, notes=(*published.notes, *notes))


def _ten(folder: str | None, name: str) -> Manifest:
    labels = tuple(sorted(set(Taxonomy.load("garment").mappings["clothing-ten"].values())))
    return _open(folder, name, "ten_class", labels, "clothing-ten")


def _open(folder: str | None, name: str, column: str, labels: tuple[str, ...], mapping: str | None) -> Manifest:
    if not folder:
        raise DataError(f"'{name}' needs the folder of the clothing photos: write {name}:FOLDER.")
    root = Path(folder).expanduser()
    table = root / "labels.csv"
    if not table.is_file() or not (root / "images").is_dir():
        raise DataError(
            f"'{folder}' must hold labels.csv and a folder images; get the photos from "
            "github.com/alexeygrigorev/clothing-dataset."
        )
    rows, left_out = [], 0
    seen: set[str] = set()
    for number, record in read_records(read_table(table), str(table), COLUMNS):
        image, contributor, label = record["image"], record["contributor"], record[column]
        if not image or image in (".", "..") or "/" in image or "\\" in image or image in seen:
            raise DataError(f"'{table}', row {number}: image must be a file name, once; received '{image[:60]}'.")
        seen.add(image)
        if not contributor:
            raise DataError(f"'{table}', row {number}: the contributor is missing; the split needs one.")
        group = SAME_PERSON.get(contributor, contributor)
        if not label or label in LEFT_OUT:
            left_out += 1
            continue
        if label.lower() not in labels:
            raise DataError(
                f"'{table}', row {number}: {column} must be one of {', '.join(labels)}; received '{label[:40]}'."
            )
        split = split_of(group, validation=VALIDATION_SHARE, salt=CLOTHING_SALT)
        attributes = (record["colour"], record["pattern"], "" if record["detail"] == "-" else record["detail"])
        kids = record.get("kids", "")
        rows.append(Row(f"images/{image}", label.lower(), group, split, *attributes, kids))
    if not rows:
        raise DataError(f"'{table}' holds no row with a usable {column}.")
    notes = (f"{left_out:,} rows of labels.csv without a usable {column} left out",) if left_out else ()
    return Manifest(name, tuple(rows), labels, root, mapping, notes=notes, licence=LICENCE)
