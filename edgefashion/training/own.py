"""A recipe for a user's own pictures, with settings chosen from how many there are."""

from __future__ import annotations

import math
import re
from pathlib import Path

from edgefashion.data.manifest import Manifest
from edgefashion.training.recipe import Augment, Blend, Data, Model, QuantiseAware, Recipe, Schedule
from edgefashion.training.start import SHIPPED_CHECKPOINTS

HEAD = Schedule(30, 64, 3e-3, weight_decay=0.05, smoothing=0.1)
STEPS = 100
"""Steps that fine-tuning takes on few pictures; on many it takes at least `EPOCHS[0]` epochs."""
EPOCHS = (5, 8)


def own_recipe(manifest: Manifest, source: str, quick: bool = False) -> Recipe:
    """Chooses how to fine-tune the shipped garment network on a user's pictures.

    Few pictures are seen more often, in smaller batches and with stronger changes; the network starts from the garment
    checkpoint that comes with EdgeFashion, or from ImageNet where that is missing.

    Args:
        manifest: the user's pictures, with train and validation splits.
        source: where they were opened from.
        quick: train the last layer alone.

    Raises:
        DataError: fewer than two labels, or nothing to validate on.
    """
    manifest.require_trainable()
    count = sum(row.split == "train" for row in manifest.rows)
    batch = 16 if count < 800 else 32
    epochs = min(EPOCHS[1], max(EPOCHS[0], math.ceil(STEPS * batch / count)))
    parent = "garment-base" if (SHIPPED_CHECKPOINTS / "garment-base.safetensors").is_file() else "efficientnet-lite0"
    name = re.sub(r"[^a-z0-9]+", "-", Path(source.split(":")[0]).stem.lower()).strip("-") or "own"
    few = count < 800
    if quick:
        return Recipe(
            name=f"{name}-quick",
            description=f"The last layer of {parent} trained on {count} pictures of {len(manifest.labels)} labels.",
            data=Data(source=source),
            model=Model("efficientnet-lite0", 192, 192, weights=parent, folded=True),
            head=HEAD,
        )
    return Recipe(
        name=name,
        description=f"Fine-tuned from {parent} on {count} pictures of {len(manifest.labels)} labels.",
        data=Data(source=source),
        model=Model("efficientnet-lite0", 192, 192, weights=parent, folded=True, frozen=4, dropout=0.3 if few else 0.2),
        augment=Augment(
            rotate=20.0, scale=0.4, aspect=1.3, brightness=0.2, contrast=0.25, saturation=0.25, cast=0.08,
            erase=0.25, mixup=0.1 if few else 0.2,
        ),
        head=HEAD,
        fit=Schedule(epochs, batch, 1e-4, weight_decay=0.02, warmup=epochs * 0.1, smoothing=0.1, average=0.99),
        blend=Blend(head=0.5) if few else None,
        quantise_aware=QuantiseAware(0, batch),  # ranges alone: an epoch of rounding costs 1 to 3 points of few photos
    )  # fmt: skip
