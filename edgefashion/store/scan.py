"""What the store hands out: `Scan`, `Stock`, `Usage` and `Undone`. All frozen, so that any thread may hold them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ATTRIBUTES = ("colour", "pattern", "detail")
"""The attributes of the garment models, in the order in which they are shown."""


def main_colour(final: Mapping[str, str]) -> str:
    """The colour that a garment is listed and counted by: the named one, else the first measured one, else ""."""
    return final.get("colour") or final.get("colours", "").partition(" ")[0]


@dataclass(frozen=True)
class Scan:
    """One garment that was looked at: what the model said, and what a person said about it.

    Attributes:
        id: Rises with every scan; never used twice.
        taken_at: UTC, ISO 8601 with milliseconds, such as "2026-11-22T01:17:51.123Z".
        type, category, confidence, sure: What the model said; confidence is 0-1.
        ranking: All types with their probabilities, best first.
        attributes: Attribute name → value, as the model said. Treat as read-only.
        corrected: Field ("type", "category" or an attribute) → the value that a person gave instead of the model's.
            Treat as read-only.
        code: Barcode or SKU, empty if none was read.
        model: The model's name and version.
        thumbnail: JPEG, or empty.
        reviewed: Field → the value that a person gave, also where the model had said the same. Treat as read-only.
    """

    id: int
    taken_at: str
    type: str
    category: str
    confidence: float
    sure: bool
    ranking: tuple[tuple[str, float], ...]
    attributes: Mapping[str, str] = field(hash=False)
    corrected: Mapping[str, str] = field(hash=False)
    code: str
    model: str
    thumbnail: bytes = field(repr=False)
    reviewed: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def final(self) -> dict[str, str]:
        """The values that hold, corrections included: "type", "category" and every attribute."""
        return {"type": self.type, "category": self.category, **self.attributes, **self.corrected}

    @property
    def colour(self) -> str:
        """The colour that the scan is listed and counted by; see `main_colour`."""
        return main_colour(self.final)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, without the thumbnail."""
        return {
            "id": self.id,
            "taken_at": self.taken_at,
            "final": self.final,
            "corrected": dict(self.corrected),
            "reviewed": dict(self.reviewed),
            "type": self.type,
            "category": self.category,
            "confidence": self.confidence,
            "sure": self.sure,
            "attributes": dict(self.attributes),
            "top": [{"type": name, "probability": probability} for name, probability in self.ranking],
            "code": self.code,
            "model": self.model,
        }


@dataclass(frozen=True)
class Stock:
    """How many garments of a type and colour were counted, and how many there should be (None: nobody has said)."""

    type: str
    colour: str
    count: int
    target: int | None


@dataclass(frozen=True)
class Usage:
    """How many scans there are, and how many bytes of the disk the store takes."""

    scans: int
    bytes: int


@dataclass(frozen=True)
class Undone:
    """What `undo` has taken back.

    Attributes:
        action: "add", "correct", "delete", "count" or "target".
        scan: The scan as it is now; for "add", as it was before it went. None for "count" and "target".
        stock: Count and target as they are now. None but for "count" and "target".
    """

    action: str
    scan: Scan | None = None
    stock: Stock | None = None
