"""The values that an attribute can be corrected to, where the model itself has no such head.

They are those of the clothing photos' second labels (colour, pattern and detail by eye).
"""

from edgefashion.runtime.card import ModelCard

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "colour": (
        "black", "white", "grey", "blue", "navy", "red", "pink", "purple", "green", "yellow", "orange", "brown",
        "beige", "multi",
    ),
    "pattern": ("plain", "striped", "checked", "dotted", "floral", "graphic", "camouflage", "other"),
    "detail": (
        "sleeveless", "short", "long", "sneaker", "boot", "sandal", "slipper", "flat", "heel", "dress-shoe", "jeans",
        "leggings", "trousers",
    ),
}  # fmt: skip

NAMELESS = "other"
"""A value that can be chosen, but says nothing in a list: it is left out there."""


def values_of(attribute: str, card: ModelCard) -> tuple[str, ...]:
    """Return what an attribute can be: the labels of the model's head of that name, else those of `ATTRIBUTES`."""
    for head in card.heads:
        if head.name == attribute and head.labels:
            return head.labels
    return ATTRIBUTES[attribute]
