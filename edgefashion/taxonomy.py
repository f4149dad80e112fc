"""What a garment can be: category › type, the attribute values of each type, and mappings to the label sets of others.

A taxonomy is data: a TOML file in `taxonomies/`, or the same thing as a dict inside a model's card.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgefashion.errors import DataError

TAXONOMY_FOLDER = Path(__file__).parent / "taxonomies"
TAXONOMIES = ("garment", "fashion-mnist")
OTHER = "other"
"""Category of a user's own label that no type of the garment taxonomy has."""
NO_GARMENT = "no garment"
"""Category and only type of pictures that show none: a street, a face. A model may know it; it is never an answer."""
MAX_NAMES = 10_000
MAX_NAME_LENGTH = 100
KEYS = ("name", "categories", "mappings", "values", "neighbours")


@dataclass(frozen=True)
class Taxonomy:
    """Categories, the types in them, and mappings from the types to other label sets. Checked when made.

    Attributes:
        name: The taxonomy's name.
        categories: Category → its types; both in order. A category may be empty. Treat as read-only.
        mappings: Mapping name → {type → label of the other set}. A type that is absent is unmapped on purpose.
            Treat as read-only.
        values: Attribute → {type → the values that it can have}. A type that is absent has none of this attribute; of
            an attribute that is absent every type can have every value. Treat as read-only.
        neighbours: Attribute → {value → the values that a careful person may give instead}. Treat as read-only.

    Raises:
        DataError: A name is not a clean line of text, or a type is listed twice, or a mapping names an unknown type, or
            one value is another's neighbour and not the other way round.
    """

    name: str
    categories: Mapping[str, tuple[str, ...]] = field(hash=False)
    mappings: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    values: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict, hash=False)
    neighbours: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Check every name and reference."""
        _check_name("taxonomy", self.name)
        seen: set[str] = set()
        for category, types in self.categories.items():
            _check_name("category", category)
            for name in types:
                _check_name("type", name)
                if name in seen:
                    raise DataError(f"Taxonomy '{self.name}': the type '{name}' is listed twice; list it once.")
                seen.add(name)
        if not seen or len(seen) > MAX_NAMES:
            raise DataError(f"Taxonomy '{self.name}': 1 to {MAX_NAMES} types are allowed. Received: {len(seen)}.")
        for mapping, table in self.mappings.items():
            _check_name("mapping", mapping)
            for source, label in table.items():
                _check_name("label", label)
                if source not in seen:
                    raise DataError(
                        f"Taxonomy '{self.name}': mapping '{mapping}' maps '{source}', which is no type of it. "
                        f"Types: {', '.join(sorted(seen)[:40])}."
                    )
        for attribute, possible in self.values.items():
            _check_lists("value", attribute, possible)
            for name in possible:
                if name not in seen:
                    raise DataError(f"Taxonomy '{self.name}': '{attribute}' has values for '{name}', no type of it.")
        for attribute, near in self.neighbours.items():
            _check_lists("neighbour", attribute, near)
            for value, others in near.items():
                for other in others:
                    if other == value or value not in near.get(other, ()):
                        raise DataError(
                            f"Taxonomy '{self.name}': {attribute} '{value}' has the neighbour '{other}'; "
                            "neighbours must name each other, and no value is its own."
                        )

    @property
    def types(self) -> tuple[str, ...]:
        """All types, category by category."""
        return tuple(name for types in self.categories.values() for name in types)

    def category_of(self, type_name: str) -> str:
        """Return the category that a type stands in.

        Raises:
            DataError: The type is not in this taxonomy.
        """
        for category, types in self.categories.items():
            if type_name in types:
                return category
        raise DataError(f"Taxonomy '{self.name}' has no type '{type_name}'. Types: {', '.join(self.types[:40])}.")

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists and strings."""
        return {
            "name": self.name,
            "categories": {category: list(types) for category, types in self.categories.items()},
            "mappings": {mapping: dict(table) for mapping, table in self.mappings.items()},
            "values": _plain(self.values),
            "neighbours": _plain(self.neighbours),
        }

    @classmethod
    def from_dict(cls, data: Any) -> "Taxonomy":
        """Build a taxonomy from what `to_dict` returned; every type is checked, so `data` may be hostile.

        Raises:
            DataError: `data` has another shape, an unknown key or a bad name.
        """
        if not isinstance(data, dict):
            raise DataError(f"A taxonomy is a table with 'name' and 'categories'. Received: {type(data).__name__}.")
        unknown = [str(key) for key in data if key not in KEYS]
        if unknown:
            raise DataError(f"A taxonomy has the keys {', '.join(KEYS)}. Received: {unknown[0][:40]!r}.")
        categories = _lists("categories", data.get("categories"))
        mappings = {
            mapping: _table("mapping", table) for mapping, table in _table("mappings", data.get("mappings", {})).items()
        }
        return cls(
            data.get("name", ""), categories, mappings, *(lists_by_name(key, data.get(key, {})) for key in KEYS[3:])
        )

    @classmethod
    def load(cls, name: str) -> "Taxonomy":
        """Load a taxonomy that comes with the package, or a TOML file of the same shape.

        Args:
            name: One of `TAXONOMIES`, or a path that ends in `.toml`.

        Raises:
            DataError: No such taxonomy or file, or the file is no valid taxonomy.
        """
        import tomllib

        if name in TAXONOMIES:
            path = TAXONOMY_FOLDER / f"{name}.toml"
        elif name.endswith(".toml"):
            path = Path(name)
        else:
            raise DataError(f"Unknown taxonomy '{name}'. Known: {', '.join(TAXONOMIES)}, or a path to a .toml file.")
        try:
            return cls.from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise DataError(f"{path}: can't be read ({error.strerror}).") from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise DataError(f"{path}: not a TOML file ({error}).") from error

    @classmethod
    def from_labels(cls, labels: Iterable[str], name: str = "own") -> "Taxonomy":
        """Make a taxonomy from a user's own labels.

        A label that is a type of the garment taxonomy gets its category; any other label gets the category `OTHER`.

        Args:
            labels: The labels, each once.
            name: The new taxonomy's name.

        Raises:
            DataError: A label is listed twice or is not a clean line of text, or there is none.
        """
        garment = cls.load("garment")
        known = {name: category for category, names in garment.categories.items() for name in names}
        found: dict[str, list[str]] = {category: [] for category in (*garment.categories, OTHER)}
        for label in labels:
            found[known.get(label, OTHER)].append(label)
        return cls(name, {category: tuple(types) for category, types in found.items() if types})


def lists_by_name(what: str, data: Any) -> dict[str, dict[str, tuple[str, ...]]]:
    """Read a table of tables of lists, such as `values`; what is in the lists is for `Taxonomy` to check.

    Raises:
        DataError: `data` has another shape.
    """
    return {name: _lists(what, table) for name, table in _table(what, data).items()}


def _lists(what: str, value: Any) -> dict[str, tuple[str, ...]]:
    """Read a table of lists."""
    found = _table(what, value)
    for name, entries in found.items():
        if not isinstance(entries, list) or len(entries) > MAX_NAMES:
            raise DataError(f"A taxonomy's {what}: '{name[:40]}' must hold a list. Received: {type(entries).__name__}.")
    return {name: tuple(entries) for name, entries in found.items()}


def _plain(tables: Mapping[str, Mapping[str, tuple[str, ...]]]) -> dict[str, dict[str, list[str]]]:
    """Tuples as lists."""
    return {name: {key: list(entries) for key, entries in table.items()} for name, table in tables.items()}


def _check_lists(what: str, attribute: str, table: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse bad names in one attribute's table, and an entry that is listed twice."""
    _check_name("attribute", attribute)
    for name, entries in table.items():
        for entry in (name, *entries):
            _check_name(what, entry)
        if len(set(entries)) != len(entries):
            raise DataError(f"A taxonomy's {what}s of {attribute} '{name}' must differ from each other.")


def _table(what: str, value: Any) -> dict[str, Any]:
    """Return `value` if it is a dict whose keys are strings (JSON and TOML can't make others)."""
    if not isinstance(value, dict) or len(value) > MAX_NAMES:
        raise DataError(f"A taxonomy's {what} must be a table. Received: {type(value).__name__}.")
    return value


def _check_name(what: str, name: Any) -> None:
    """Refuse a name that is empty, too long, padded, or not one printable line of text."""
    clean = isinstance(name, str) and name.isprintable() and name == name.strip()
    if not clean or not 0 < len(name) <= MAX_NAME_LENGTH:
        raise DataError(
            f"A {what} name must be one line of 1 to {MAX_NAME_LENGTH} printable characters without blanks around it. "
            f"Received: {str(name)[:60]!r}."
        )
