"""The card: what a model file says about itself, as `card.json` in the zip at the end of the file.

A card may come from anywhere, so every field's type and range is checked when a card is made.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgefashion.errors import DataError, ModelFileError
from edgefashion.runtime import card_checks as check
from edgefashion.taxonomy import Taxonomy

CARD_VERSION = 1
CARD_FILE = "card.json"
TYPE_HEAD = "type"
MAX_SIDE = 4096
MAX_LABELS = 10_000
MAX_HEADS = 32
MAX_GOLDEN = 64
MAX_GOLDEN_SIDE = 64
MAX_TEXT = 20_000
TAXONOMY_KEYS = ("name", "categories", "mappings")
KEYS = (
    "card_version", "name", "version", "description", "licence", "input", "heads", "taxonomy", "temperature",
    "threshold", "training", "accuracy", "size", "lowest_runtime", "golden",
)  # fmt: skip


@dataclass(frozen=True)
class InputRule:
    """How a picture becomes the network's input: size in pixels, colour order, and the resize rule of `image.py`."""

    height: int
    width: int
    colour: str = "RGB"
    resize: str = "stretch"

    def __post_init__(self) -> None:
        """Check sizes and names."""
        check.whole("input.height", self.height, 1, MAX_SIDE)
        check.whole("input.width", self.width, 1, MAX_SIDE)
        check.one_of("input.colour", self.colour, ("RGB",))
        check.one_of("input.resize", self.resize, ("stretch", "pad", "crop"))


@dataclass(frozen=True)
class Head:
    """One output of the network.

    Attributes:
        name: What the output tells: "type", or an attribute such as "pattern".
        output: Name of the output tensor in the flatbuffer; heads are found by it, never by position.
        labels_file: The associated file that holds the labels, one per line; "" for an output of bare numbers.
        labels: The labels in output order, each once; empty for an output of bare numbers.
    """

    name: str
    output: str
    labels_file: str = ""
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check names and labels."""
        check.line("heads.name", self.name)
        check.line("heads.output", self.output, 1000)
        check.line("heads.labels_file", self.labels_file, empty=True)
        if not isinstance(self.labels, tuple) or len(self.labels) > MAX_LABELS:
            check.refuse("heads.labels", f"a tuple of at most {MAX_LABELS} labels", self.labels)
        for label in self.labels:
            check.line("heads.labels", label)
        if len(set(self.labels)) != len(self.labels):
            raise ModelFileError(f"Card: the head '{self.name}' lists a label twice; each may stand once.")


@dataclass(frozen=True)
class Golden:
    """A tiny input with the outputs that the workshop computed for it.

    Attributes:
        rows: Rows of the grid, 1 to 64.
        columns: Columns of the grid, 1 to 64.
        pixels: The grid, rows × columns × 3 bytes, uint8 RGB; `golden_input` spells the full input out.
        outputs: Head name → scores in whole steps, 0–255: the raw bytes of a quantised output; of a float output
            the probability times 256, rounded and clipped.
    """

    rows: int
    columns: int
    pixels: bytes
    outputs: Mapping[str, tuple[int, ...]] = field(hash=False)

    def __post_init__(self) -> None:
        """Check sizes and ranges."""
        check.whole("golden.rows", self.rows, 1, MAX_GOLDEN_SIDE)
        check.whole("golden.columns", self.columns, 1, MAX_GOLDEN_SIDE)
        if not isinstance(self.pixels, bytes) or len(self.pixels) != self.rows * self.columns * 3:
            check.refuse("golden.pixels", f"rows × columns × 3 = {self.rows * self.columns * 3} bytes", self.pixels)
        for name, scores in check.table("golden.outputs", self.outputs).items():
            check.line("golden.outputs", name)
            if not isinstance(scores, tuple) or not 0 < len(scores) <= MAX_LABELS:
                check.refuse(f"golden.outputs.{name}", f"1 to {MAX_LABELS} scores", scores)
            for score in scores:
                check.whole(f"golden.outputs.{name}", score, 0, 255)


@dataclass(frozen=True)
class ModelCard:
    """Everything a device must know to use a model file, and everything a reader wants to know about it.

    Attributes:
        name: The model's name, such as "garment-base".
        version: The model's version, such as "1.0.0".
        input: How a picture becomes the input.
        heads: The outputs; one of them is named "type".
        taxonomy: Categories and types; knows every label of the head "type".
        description: One paragraph.
        licence: Licence of the weights, as an SPDX name.
        temperature: The softmax temperature that is already folded into the network; > 0.
        threshold: Below this probability, 0–1, the answer is "not sure".
        training: Facts about the data and the recipe; open table of plain JSON.
        accuracy: Variant ("float", "int8") → {split, n, top1, interval, …}; open table of plain JSON.
        size: Whole numbers: parameters, macs, flatbuffer (bytes), crc32 (of the flatbuffer; checked on reading), …
        lowest_runtime: The lowest runtime that was seen to open the file; "" if none was tried.
        golden: Golden vectors.

    Raises:
        ModelFileError: A field has a wrong type or is out of range.
    """

    name: str
    version: str
    input: InputRule
    heads: tuple[Head, ...]
    taxonomy: Taxonomy
    description: str = ""
    licence: str = ""
    temperature: float = 1.0
    threshold: float = 0.5
    training: Mapping[str, Any] = field(default_factory=dict, hash=False)
    accuracy: Mapping[str, Any] = field(default_factory=dict, hash=False)
    size: Mapping[str, int] = field(default_factory=dict, hash=False)
    lowest_runtime: str = ""
    golden: tuple[Golden, ...] = ()

    def __post_init__(self) -> None:
        """Check every field, and that the parts fit each other."""
        for key in ("name", "version"):
            check.line(key, getattr(self, key))
        for key in ("licence", "lowest_runtime"):
            check.line(key, getattr(self, key), empty=True)
        check.text("description", self.description, MAX_TEXT)
        check.number("temperature", self.temperature, 1e-6, 1e6)
        check.number("threshold", self.threshold, 0.0, 1.0)
        check.facts(self.training, self.accuracy, self.size)
        names = [head.name for head in self.heads]
        if not 0 < len(names) <= MAX_HEADS or len(set(names)) != len(names) or TYPE_HEAD not in names:
            raise ModelFileError(
                f"Card: 1 to {MAX_HEADS} heads with different names are allowed and one must be '{TYPE_HEAD}'. "
                f"Received: {check.show(names)}."
            )
        labels, types = self.head(TYPE_HEAD).labels, set(self.taxonomy.types)
        if not labels or any(label not in types for label in labels):
            strange = next((label for label in labels if label not in types), "no label")
            check.refuse("heads.labels of the head 'type'", "types of the card's taxonomy", strange)
        if not isinstance(self.golden, tuple) or len(self.golden) > MAX_GOLDEN:
            check.refuse("golden", f"a tuple of at most {MAX_GOLDEN} vectors", self.golden)
        for golden in self.golden:
            for head, scores in golden.outputs.items():
                if head not in names or (self.head(head).labels and len(self.head(head).labels) != len(scores)):
                    raise ModelFileError(f"Card: a golden vector's output '{head}' fits no head of the card.")

    def head(self, name: str) -> Head:
        """Return the head of that name.

        Raises:
            ModelFileError: The card has no such head.
        """
        for head in self.heads:
            if head.name == name:
                return head
        raise ModelFileError(f"Card: no head '{name}'. Heads: {', '.join(head.name for head in self.heads)}.")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the head "type", in output order."""
        return self.head(TYPE_HEAD).labels

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, strings and numbers in the order in which the card is documented.

        Of the taxonomy only what card version 1 has a place for: `values` stand in a file of their own
        (`attribute_values.py`), and `neighbours` are for judges, not for devices.
        """
        rule = self.input
        taxonomy = self.taxonomy.to_dict()
        return {
            "card_version": CARD_VERSION,
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "licence": self.licence,
            "input": {"height": rule.height, "width": rule.width, "colour": rule.colour, "resize": rule.resize},
            "heads": [
                {"name": head.name, "output": head.output, "labels_file": head.labels_file, "labels": list(head.labels)}
                for head in self.heads
            ],
            "taxonomy": {key: taxonomy[key] for key in TAXONOMY_KEYS},
            "temperature": self.temperature,
            "threshold": self.threshold,
            "training": dict(self.training),
            "accuracy": dict(self.accuracy),
            "size": dict(self.size),
            "lowest_runtime": self.lowest_runtime,
            "golden": [
                {
                    "rows": golden.rows,
                    "columns": golden.columns,
                    "pixels": base64.b64encode(golden.pixels).decode("ascii"),
                    "outputs": {name: list(scores) for name, scores in golden.outputs.items()},
                }
                for golden in self.golden
            ],
        }

    def to_json(self) -> str:
        """Return the card as one line of JSON; the same card gives the same text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: bytes | str) -> "ModelCard":
        """Read a card.

        Args:
            text: JSON, as UTF-8 bytes or as text.

        Raises:
            ModelFileError: Not JSON, a card of a newer version, an unknown key, or a field with a wrong value.
        """
        try:
            data = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"Card: not valid JSON ({check.show(str(error))}).") from error
        return cls.from_dict(data)

    @classmethod
    def from_dict(cls, data: Any) -> "ModelCard":
        """Build a card from what `to_dict` returned; `data` may be hostile.

        Raises:
            ModelFileError: As `from_json`.
        """
        version = check.whole("card_version", check.table("card.json", data).get("card_version"), 1)
        if version > CARD_VERSION:
            raise ModelFileError(
                f"Card: this model needs an EdgeFashion that reads card version {version}; this one reads up to "
                f"{CARD_VERSION}. Update it: pip install -U edgefashion."
            )
        check.keys("card.json", data, KEYS)
        try:
            taxonomy = Taxonomy.from_dict(check.keys("taxonomy", data.get("taxonomy"), TAXONOMY_KEYS))
        except DataError as error:
            raise ModelFileError(f"Card: {error}") from error
        rule = check.keys("input", data.get("input"), ("height", "width", "colour", "resize"))
        given = {key: data[key] for key in KEYS if key in data and key != "card_version"}
        given["input"] = InputRule(**{"height": 0, "width": 0, **rule})
        given["heads"] = tuple(_head(item) for item in check.listing("heads", data.get("heads"), MAX_HEADS))
        given["taxonomy"] = taxonomy
        given["golden"] = tuple(_golden(item) for item in check.listing("golden", data.get("golden", []), MAX_GOLDEN))
        return cls(**{"name": "", "version": "", **given})


def _head(data: Any) -> Head:
    """Read one entry of `heads`."""
    item = check.keys("heads", data, ("name", "output", "labels_file", "labels"))
    labels = tuple(check.listing("heads.labels", item.get("labels", []), MAX_LABELS))
    return Head(item.get("name", ""), item.get("output", ""), item.get("labels_file", ""), labels)


def _golden(data: Any) -> Golden:
    """Read one entry of `golden`."""
    item = check.keys("golden", data, ("rows", "columns", "pixels", "outputs"))
    try:
        encoded = check.text("golden.pixels", item.get("pixels"), 5 * MAX_GOLDEN_SIDE**2)
        pixels = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ModelFileError(f"Card: golden.pixels must be base64 ({check.show(str(error))}).") from error
    outputs = {
        name: tuple(check.listing("golden.outputs", scores, MAX_LABELS))
        for name, scores in check.table("golden.outputs", item.get("outputs")).items()
    }
    return Golden(item.get("rows", 0), item.get("columns", 0), pixels, outputs)


def _refuse_constant(name: str) -> None:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError(f"{name} is not JSON")
