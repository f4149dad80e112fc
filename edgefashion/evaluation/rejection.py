"""Does a model know when it does not know? Garments should be kept, pictures of anything else turned away."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError
from edgefashion.evaluation.metrics import wilson_interval
from edgefashion.evaluation.predict import loaded
from edgefashion.evaluation.result import Rejection, Unreadable
from edgefashion.taxonomy import NO_GARMENT

if TYPE_CHECKING:
    from edgefashion.runtime.classifier import Classifier


def judge_rejection(
    classifier: Classifier, garments: Manifest, others: Manifest, progress: Callable[[int], None] | None = None
) -> Rejection:
    """Asks a model for its answers, as an app would, and counts how many of them it is sure of.

    Args:
        classifier: The opened model.
        garments: Pictures of garments.
        others: Pictures without one, all labelled `NO_GARMENT`.
        progress: Called with 1 after each picture, in the calling thread.

    Raises:
        DataError: A picture of `others` is labelled as a garment, or one of the two has no readable picture.
    """
    strange = sorted({row.type for row in others.rows} - {NO_GARMENT})
    if strange:
        raise DataError(
            f"'{others.name}' must hold pictures without a garment, all labelled '{NO_GARMENT}'. "
            f"Received: '{strange[0]}'."
        )
    kept, garment_count = _sure(classifier, garments, progress)
    fooled, other_count = _sure(classifier, others, progress)
    turned = other_count - fooled
    return Rejection(
        garments=garment_count,
        kept=kept / garment_count,
        kept_interval=wilson_interval(kept, garment_count),
        others=other_count,
        turned_away=turned / other_count,
        turned_away_interval=wilson_interval(turned, other_count),
    )


def _sure(classifier: Classifier, manifest: Manifest, progress: Callable[[int], None] | None) -> tuple[int, int]:
    """How many pictures get a sure type, and how many could be read."""

    def load(row: Row) -> bool:
        return classifier.classify(manifest.picture(row)).sure

    sure = count = 0
    for _, item in loaded(manifest.rows, load):
        if not isinstance(item, Unreadable):
            sure, count = sure + item, count + 1
        if progress is not None:
            progress(1)
    if not count:
        raise DataError(f"'{manifest.name}' has no readable picture.")
    return sure, count
