"""Runs a model file over labelled pictures and gives its probabilities in the labels by which they are judged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError, ImageError
from edgefashion.evaluation.checks import Floats, Indices, check_probabilities
from edgefashion.evaluation.heads import HeadPredictions, attribute_predictions, category_predictions, label_heads
from edgefashion.evaluation.result import Unreadable
from edgefashion.runtime.card import TYPE_HEAD, ModelCard
from edgefashion.runtime.image import picture_size, prepare
from edgefashion.runtime.look import Look
from edgefashion.taxonomy import NO_GARMENT

T = TypeVar("T")

DECODERS = 2
"""Threads that decode pictures while the network runs (Pillow lets go of Python's lock while it decodes)."""
AHEAD = 16
"""Decoded pictures that may wait for the network."""
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""


class Judged(Protocol):
    """What `evaluate` needs of a `runtime.classifier.Classifier`."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The type head's labels, in the order of its probabilities."""

    @property
    def card(self) -> ModelCard:
        """The model's card."""

    def probabilities(self, image: Any) -> npt.NDArray[np.float32]:
        """float32 (n,) probabilities of a picture."""


@runtime_checkable
class Looking(Protocol):
    """What a model that chooses its part of a picture tells."""

    def look(self, image: Any) -> Look:
        """As `Classifier.look`."""


@runtime_checkable
class ManyHeaded(Looking, Protocol):
    """What a model with several heads tells in one run."""

    def head_probabilities(self, image: Any) -> dict[str, npt.NDArray[np.float32]]:
        """Head name to float32 (n,) probabilities, the type's among them."""

    def measured(self, image: Any) -> dict[str, npt.NDArray[np.float32]]:
        """What is measured from the pixels: as `Classifier.measured`."""


@dataclass(frozen=True)
class Predictions:
    """What a model said of the readable pictures of a manifest, in the labels by which they are judged.

    Attributes:
        rows: The pictures that could be read.
        probabilities: float64 (n, k), 0 to 1.
        labels: The k labels.
        truth: int64 (n,), index of each row's label.
        brightness: float64 (n,), mean luma of what the network saw, 0 (black) to 255 (white).
        short_sides: int64 (n,), the shorter side of the picture as it is stored, in pixels.
        threshold: The card's: "not sure" below it.
        unreadable: The pictures that were skipped.
        mapping: Name of the mapping that led to the labels, None for the model's own.
        heads: What the other heads said, as far as the pictures' attributes are noted.
        categories: What category was said, where the labels are types in several categories; else None.
    """

    rows: tuple[Row, ...]
    probabilities: Floats = field(repr=False)
    labels: tuple[str, ...]
    truth: Indices = field(repr=False)
    brightness: Floats = field(repr=False)
    short_sides: Indices = field(repr=False)
    threshold: float
    unreadable: tuple[Unreadable, ...] = ()
    mapping: str | None = None
    heads: tuple[HeadPredictions, ...] = ()
    categories: HeadPredictions | None = None

    @property
    def groups(self) -> list[str]:
        """Who took each picture."""
        return [row.group for row in self.rows]

    @property
    def predicted(self) -> Indices:
        """The index of every picture's best class: int64 (n,)."""
        best: Indices = self.probabilities.argmax(axis=1).astype(np.int64)
        return best

    @property
    def confidence(self) -> Floats:
        """The probability of every picture's best class: float64 (n,)."""
        best: Floats = self.probabilities.max(axis=1)
        return best


def predict(classifier: Judged, manifest: Manifest, progress: Callable[[int], None] | None = None) -> Predictions:
    """Runs a model file on every picture of a manifest.

    Where the manifest's labels aren't the model's own and the model's taxonomy has the manifest's mapping, the
    probabilities are translated first (`map_probabilities`); a label that the mapping never reaches gets
    probability 0, so its pictures count as wrong. Otherwise the manifest's labels must be among the model's.

    Args:
        classifier: The opened model.
        manifest: The pictures.
        progress: Called with 1 after each picture, in the calling thread.

    Raises:
        DataError: The label sets don't fit, or there is no readable picture.
    """
    name = route(classifier, manifest)
    card = classifier.card

    def load(row: Row) -> tuple[Look, int]:
        source = manifest.picture(row)
        return look_of(classifier, source), min(picture_size(source))

    many = classifier if isinstance(classifier, ManyHeaded) and len(label_heads(card)) > 1 else None
    found: list[npt.NDArray[np.float32]] = []
    further: list[dict[str, npt.NDArray[np.float32]]] = []
    kept: list[Row] = []
    brightness: list[float] = []
    short_sides: list[int] = []
    unreadable: list[Unreadable] = []
    for row, item in loaded(manifest.rows, load):
        if isinstance(item, Unreadable):
            unreadable.append(item)
        else:
            seen, short_side = item
            if many is not None:
                further.append({**many.head_probabilities(seen), **many.measured(seen)})
                found.append(further[-1][TYPE_HEAD])
            else:
                found.append(ask(classifier, seen))
            kept.append(row)
            brightness.append(float(seen.picture.mean(axis=(0, 1)) @ LUMA))
            short_sides.append(short_side)
        if progress is not None:
            progress(1)
    require_pictures(manifest, len(found), unreadable)
    scores, labels = translate(np.stack(found), classifier, manifest, name)
    truth = np.array([labels.index(row.type) for row in kept], dtype=np.int64)
    return Predictions(
        rows=tuple(kept),
        probabilities=scores,
        labels=labels,
        truth=truth,
        brightness=np.array(brightness),
        short_sides=np.array(short_sides, dtype=np.int64),
        threshold=card.threshold,
        unreadable=tuple(unreadable),
        mapping=name,
        heads=attribute_predictions(card, kept, further) if many is not None else (),
        categories=category_predictions(scores, labels, truth, card.taxonomy) if name is None else None,
    )


def look_of(classifier: Judged, source: Any) -> Look:
    """Makes the input of a model's network as the model itself makes it; by the card's rule for one that can't say."""
    if isinstance(classifier, Looking):
        return classifier.look(source)
    rule = classifier.card.input
    return Look(prepare(source, rule.height, rule.width, rule.resize))


def ask(classifier: Judged, seen: Look) -> npt.NDArray[np.float32]:
    """Gives float32 (n,) probabilities of what `look_of` made."""
    return classifier.probabilities(seen if isinstance(classifier, Looking) else seen.picture)


def require_pictures(manifest: Manifest, readable: int, unreadable: Sequence[Unreadable]) -> None:
    """Raises DataError where no picture of a manifest could be read."""
    if not readable:
        reason = f"; the first: {unreadable[0].path}: {unreadable[0].reason}" if unreadable else ""
        raise DataError(
            f"'{manifest.name}' has no readable picture to judge on ({len(unreadable)} unreadable{reason})."
        )


def translate(
    probabilities: npt.ArrayLike, classifier: Judged, manifest: Manifest, name: str | None
) -> tuple[Floats, tuple[str, ...]]:
    """Gives probabilities (n, k) of the model's labels as float64 (n, m) of the m labels to judge by, and those labels.

    `NO_GARMENT` is no answer, so it is left out where the pictures aren't labelled with it.

    Args:
        probabilities: Shape (n, k), 0 to 1, in the order of the model's labels.
        classifier: The model.
        manifest: The pictures; with a mapping its labels come first.
        name: What `route` said.
    """
    scores, own = check_probabilities(probabilities), tuple(classifier.labels)
    if NO_GARMENT not in manifest.labels:  # never an answer; see Classifier
        scores = scores[:, [label != NO_GARMENT for label in own]]
        own = tuple(label for label in own if label != NO_GARMENT)
    if name is None:
        return scores, own
    mapped, reached = map_probabilities(scores, own, classifier.card.taxonomy.mappings[name])
    labels = manifest.labels + tuple(label for label in reached if label not in manifest.labels)
    scores = np.zeros((len(mapped), len(labels)))
    scores[:, [labels.index(label) for label in reached]] = mapped
    return scores, labels


def route(classifier: Judged, manifest: Manifest) -> str | None:
    """Gives the name of the mapping that leads to the manifest's labels, None for the model's own labels.

    Raises:
        DataError: The label sets don't fit.
    """
    own, asked = set(classifier.labels), set(manifest.labels)
    if own != asked and manifest.mapping is not None and manifest.mapping in classifier.card.taxonomy.mappings:
        return manifest.mapping
    if asked <= own:
        return None
    known = ", ".join(classifier.card.taxonomy.mappings) or "none"
    raise DataError(
        f"The labels of '{manifest.name}' ({', '.join(manifest.labels)}) aren't the model's "
        f"({', '.join(classifier.labels)}), and no mapping leads to them (asked: {manifest.mapping}; known: {known})."
    )


def loaded(rows: Sequence[Row], load: Callable[[Row], T]) -> Iterator[tuple[Row, T | Unreadable]]:
    """Rows with what `load` makes of each, in order, made a little ahead in other threads; unreadable ones say why."""

    def attempt(row: Row) -> T | Unreadable:
        try:
            return load(row)
        except (ImageError, OSError) as error:
            return Unreadable(row.path, str(error))

    waiting: deque[tuple[Row, Future[T | Unreadable]]] = deque()
    pool = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")
    try:
        for row in rows:
            waiting.append((row, pool.submit(attempt, row)))
            if len(waiting) > AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def map_probabilities(
    probabilities: npt.ArrayLike, labels: Sequence[str], mapping: Mapping[str, str]
) -> tuple[Floats, tuple[str, ...]]:
    """Translates probabilities of types to those of another label set.

    Types that map to the same label are added up, unmapped types are dropped, and each row is divided by its sum. A
    row of which nothing is left becomes equal shares: the model saw only types that the other set doesn't have.

    Args:
        probabilities: Shape (n, k), 0 to 1.
        labels: The k types.
        mapping: Type to label of the other set.

    Returns:
        float64 (n, m) with rows that sum to 1, and the m labels in the order in which the types first reach them.

    Raises:
        DataError: Wrong shapes or values, or no type is mapped.
    """
    scores = check_probabilities(probabilities)
    if scores.shape[1] != len(labels):
        raise DataError(f"Every score needs a label. Received: {scores.shape[1]} scores and {len(labels)} labels.")
    reached = tuple(dict.fromkeys(mapping[label] for label in labels if label in mapping))
    if not reached:
        raise DataError(f"The mapping knows none of the model's labels. Received: {', '.join(labels)}.")
    table = np.zeros((len(labels), len(reached)))
    for row, label in enumerate(labels):
        if label in mapping:
            table[row, reached.index(mapping[label])] = 1
    mapped = scores @ table
    total = mapped.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(mapped, total, out=np.full_like(mapped, 1 / len(reached)), where=total > 0)
    return np.minimum(shares, 1.0), reached
