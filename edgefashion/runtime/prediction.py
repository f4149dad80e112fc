"""The one result type: the command line, the app and the service only ever see a `Prediction`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COLOUR, COLOURS = "colour", "colours"
"""Attributes: the garment's main colour by its name, and all measured colours with their shares."""


@dataclass(frozen=True)
class Attribute:
    """What is said about the garment besides its type.

    Attributes:
        value: Of a head of the network one of its labels, such as "striped"; of measured colours their names with their
            shares, such as "navy 70 %, white 20 %".
        confidence: 0–1: of a head the value's probability; of a measured colour, or the first of several, its share of
            the garment.
        shares: Of measured colours the names and shares (0–1) that `value` spells out; else empty.
    """

    value: str
    confidence: float
    shares: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of_shares(cls, shares: tuple[tuple[str, float], ...]) -> "Attribute":
        """Spell out shares, largest first, at least one."""
        return cls(", ".join(f"{name} {100 * share:.0f} %" for name, share in shares), shares[0][1], shares)

    @property
    def main(self) -> "Attribute":
        """The first of the shares alone, with its bare name for a value; itself where there are none."""
        return Attribute(*self.shares[0]) if self.shares else self

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `shares` only where there are any."""
        told: dict[str, Any] = {"value": self.value, "confidence": round(self.confidence, 6)}
        if self.shares:
            told["shares"] = [{"value": name, "share": round(share, 6)} for name, share in self.shares]
        return told


@dataclass(frozen=True)
class Prediction:
    """What one picture shows.

    Attributes:
        ranking: All types with their probabilities, best first; at least one.
        category: The category that the best type stands in.
        sure: Whether the best type's probability reaches the card's threshold; `sure_of` tells more.
        attributes: Attribute name → value and confidence: what the network's other heads say, and for a model of the
            garment taxonomy the measured "colours", and the first of them by its bare name as "colour". May be empty.
            Treat as read-only.
        latency_ms: From picture to answer, in milliseconds.
        category_confidence: The category's probability, 0–1: the sum of its types'.
        category_sure: Whether the category's probability reaches the card's threshold.
        box: Where the garment lies, told from its colours: left, top, right and lower edge, as shares of the picture's
            width and height, 0–1 from its upper left corner. None where colours aren't measured, or nothing stands out
            in the middle. What stands out need not be a garment: see `sure`.

    Raises:
        ValueError: The ranking is empty, not sorted, or holds a probability outside of 0–1.
    """

    ranking: tuple[tuple[str, float], ...]
    category: str
    sure: bool
    attributes: Mapping[str, Attribute] = field(default_factory=dict, hash=False)
    latency_ms: float = field(default=0.0, compare=False)
    category_confidence: float = 0.0
    category_sure: bool = False
    box: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        """Check the ranking."""
        probabilities = [probability for _, probability in self.ranking]
        if not probabilities or sorted(probabilities, reverse=True) != probabilities:
            raise ValueError("A prediction's ranking must hold at least one type, best first.")
        if not (probabilities[0] <= 1.0 and probabilities[-1] >= 0.0):
            raise ValueError(f"Probabilities lie between 0 and 1. Received: {probabilities[0]} to {probabilities[-1]}.")

    @property
    def type(self) -> str:
        """The best type."""
        return self.ranking[0][0]

    @property
    def confidence(self) -> float:
        """The best type's probability, 0–1."""
        return self.ranking[0][1]

    @property
    def sure_of(self) -> str | None:
        """How far the answer can be relied on: "type", "category" (the type is open) or None (not sure at all)."""
        return "type" if self.sure else "category" if self.category_sure else None

    @property
    def details(self) -> Mapping[str, Attribute]:
        """The attributes as people are told them: without the main colour where the measured colours begin with it."""
        measured = self.attributes.get(COLOURS)
        again = None if measured is None else measured.main
        return {name: told for name, told in self.attributes.items() if name != COLOUR or told != again}

    def top(self, k: int) -> tuple[tuple[str, float], ...]:
        """Return the k best types with their probabilities, best first; fewer if there are fewer types."""
        return self.ranking[: max(0, k)]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `top` holds every type, and `box` is there only where it is known."""
        where = {} if self.box is None else {"box": [round(edge, 4) for edge in self.box]}
        return {
            "category": self.category,
            "type": self.type,
            "confidence": round(self.confidence, 6),
            "sure": self.sure,
            "sure_of": self.sure_of,
            "category_confidence": round(self.category_confidence, 6),
            "top": [{"type": name, "probability": round(probability, 6)} for name, probability in self.ranking],
            "attributes": {name: attribute.to_dict() for name, attribute in self.attributes.items()},
            **where,
            "latency_ms": round(self.latency_ms, 3),
        }
