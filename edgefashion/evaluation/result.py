"""What an evaluation says: one validated, frozen result that tables, JSON and cards are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgefashion.evaluation.metrics import ClassScore

Interval = tuple[float, float]

SMALL = 30
"""Fewer pictures than this say little: the interval of a share is then up to 0.34 wide."""


@dataclass(frozen=True)
class Unreadable:
    """A picture that was skipped, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Coverage:
    """What the "not sure" threshold does.

    Attributes:
        threshold: Answers at or above this confidence are given.
        share: Share of pictures answered, 0 to 1.
        accuracy: Top-1 accuracy of the answers given; None where there is none.
    """

    threshold: float
    share: float
    accuracy: float | None


@dataclass(frozen=True)
class Levels:
    """How far answers can be relied on, as `Prediction.sure_of` says it; shares of all pictures, 0 to 1.

    Attributes:
        type: Share with a sure type.
        category: Share where only the category is sure.
        category_accuracy: How many of those categories are right; None where there is none.
        neither: Share without a sure answer.
    """

    type: float
    category: float
    category_accuracy: float | None
    neither: float


@dataclass(frozen=True)
class HeadScore:
    """How well one property besides the type is told, on the pictures that have it noted. Intervals are 95 %.

    Attributes:
        name: "category", "colour", "pattern" and so on.
        n: Pictures that have it noted.
        accuracy: Share of them that are right.
        interval: Its Wilson interval.
        near: Share that are right or a neighbouring value; None where the taxonomy has no neighbours for it.
        near_interval: Its Wilson interval.
        macro_f1: Mean F1 over the values with support.
        macro_f1_interval: Its bootstrap interval, by contributor where they are known.
        ece: Expected calibration error, 0 to 1.
        given_type: Whether only values that the noted type can have were allowed.
        labels: The values, in the order of `per_class` and `confusion`.
        per_class: Precision, recall, F1 and support of each value.
        confusion: Counts; row = noted value, column = told value.
    """

    name: str
    n: int
    accuracy: float
    interval: Interval
    near: float | None
    near_interval: Interval | None
    macro_f1: float
    macro_f1_interval: Interval
    ece: float
    given_type: bool
    labels: tuple[str, ...]
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Retrieval:
    """What a model's embeddings find first when each picture looks for similar ones among the others.

    Attributes:
        n: Pictures that looked, each among n - 1 others.
        first: How many results each looked at.
        same: Property, such as "colour", to the share of results that have the picture's own value, 0 to 1.
        same_all: Share of results that have all of the picture's own values.
        found: Share of pictures with at least one such result, of those that have one to be found; None where no
            picture has.
        findable: How many pictures have one.
    """

    n: int
    first: int
    same: Mapping[str, float]
    same_all: float
    found: float | None
    findable: int


@dataclass(frozen=True)
class Rejection:
    """Whether a model knows when it does not know. Intervals are 95 %.

    Attributes:
        garments: Pictures of garments that were judged.
        kept: Share of them with a sure type (`Prediction.sure`).
        kept_interval: Its Wilson interval.
        others: Pictures without a garment that were judged.
        turned_away: Share of them without.
        turned_away_interval: Its Wilson interval.
    """

    garments: int
    kept: float
    kept_interval: Interval
    others: int
    turned_away: float
    turned_away_interval: Interval


@dataclass(frozen=True)
class Evaluation:
    """How well a classifier did on n pictures. Intervals are 95 %.

    Attributes:
        n: Pictures scored.
        labels: Class names, in the order of `per_class` and `confusion`.
        top1: Share of pictures whose best class is right.
        top1_interval: Its Wilson interval; it takes pictures to be independent.
        top3: Share of pictures whose class is among the three best.
        top3_interval: Its Wilson interval.
        macro_f1: Mean F1 over the classes with support.
        macro_f1_interval: Its bootstrap interval.
        resampled: What the bootstrap drew: 'group' (contributors) or 'picture'.
        groups: Number of contributors, 0 where unknown.
        per_class: Precision, recall, F1 and support of each class.
        confusion: Counts; row = true class, column = predicted class.
        ece: Expected calibration error, 15 equal-width bins, 0 to 1.
        coverage: What the "not sure" threshold does, where there is one.
        unreadable: Pictures that were skipped.
        mapping: Name of the taxonomy's mapping that led to the labels, None for the model's own.
        heads: The category and the attributes, where the model tells them and the pictures have them noted.
        levels: How far answers can be relied on, where there is a threshold and there are categories.
        retrieval: What the embeddings find, where the model has them and the pictures have attributes noted.
        rejection: Whether pictures without a garment are turned away, where some were given.
    """

    n: int
    labels: tuple[str, ...]
    top1: float
    top1_interval: Interval
    top3: float
    top3_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    resampled: str
    groups: int
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    ece: float
    coverage: Coverage | None = None
    unreadable: tuple[Unreadable, ...] = ()
    mapping: str | None = None
    heads: tuple[HeadScore, ...] = ()
    levels: Levels | None = None
    retrieval: Retrieval | None = None
    rejection: Rejection | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything as dicts, lists, strings and numbers, ready for JSON."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def sample_notes(evaluation: Evaluation) -> tuple[str, ...]:
    """What a reader must know of the pictures that were judged, one sentence each."""
    notes = []
    present = [item.label for item in evaluation.per_class if item.support]
    absent = [item.label for item in evaluation.per_class if not item.support]
    if len(present) == 1:
        notes.append(
            f"All pictures show one class ('{present[0]}'): the accuracy is its recall, and the precision says nothing."
        )
    elif absent:
        notes.append(f"No picture shows {', '.join(absent)}: nothing is known of these classes.")
    small = [item.label for item in evaluation.per_class if 0 < item.support < SMALL]
    if small and len(present) > 1:
        notes.append(f"Fewer than {SMALL} pictures each, so that their figures say little: {', '.join(small)}.")
    if evaluation.resampled != "group":
        notes.append("Nobody noted who took which picture: the intervals take pictures to be independent.")
    return tuple(notes)


def _plain(value: Any) -> Any:
    """Tuples to lists, all the way down."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value
