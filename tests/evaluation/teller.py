"""A classifier that says what it is told to say, picture by picture, so that a test can count on its fingers."""

import numpy as np
from PIL import Image

from edgefashion.data.manifest import Manifest, Row
from edgefashion.runtime.card import Head, InputRule, ModelCard
from edgefashion.taxonomy import Taxonomy


class Teller:
    """Knows a picture by its red channel (its number) and says `said[number]`, with 80 % confidence."""

    def __init__(self, said, labels=("shirt", "dress", "hat"), mappings=None):
        self.said, self.labels = said, tuple(labels)
        self.card = ModelCard(
            name="teller",
            version="1",
            input=InputRule(4, 4),
            heads=(Head("type", "type", "labels.txt", self.labels),),
            taxonomy=Taxonomy("own", {"all": self.labels}, mappings or {}),
            threshold=0.5,
        )

    def probabilities(self, image):
        number = round(float(image[..., 0].mean()))
        values = np.full(len(self.labels), 0.2 / max(1, len(self.labels) - 1), np.float32)
        values[self.labels.index(self.said[number])] = 0.8
        return values


def numbered(folder, types, labels=("shirt", "dress", "hat"), groups=None, mapping=None):
    """A manifest of pictures that show nothing but their number, 0 to 255."""
    rows = []
    for number, kind in enumerate(types):
        Image.new("RGB", (6, 8), (number, 0, 0)).save(folder / f"{number}.png")
        rows.append(Row(f"{number}.png", kind, groups[number] if groups else f"person {number}", "validation"))
    return Manifest("numbered", tuple(rows), tuple(labels), folder, mapping)
