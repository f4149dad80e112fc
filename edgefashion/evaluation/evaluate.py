"""Judges a classifier on labelled pictures: `score` for arrays of probabilities, `evaluate` for a model file.

`evaluate` is `collect`, which runs the model and keeps what it said of every picture, and then `score`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError, ImageError
from edgefashion.evaluation import metrics
from edgefashion.evaluation.checks import Floats, Indices, check_indices, check_probabilities
from edgefashion.evaluation.result import Coverage, Evaluation, Unreadable
from edgefashion.runtime.card import ModelCard
from edgefashion.runtime.image import picture_size, prepare

__all__ = [
    "Coverage",
    "Evaluation",
    "Judged",
    "Scores",
    "Unreadable",
    "collect",
    "evaluate",
    "map_probabilities",
    "score",
]

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


@dataclass(frozen=True)
class Scores:
    """What a classifier said of every readable picture.

    Attributes:
        rows: The pictures, in the manifest's order.
        probabilities: float64 (n, k), 0 to 1.
        truth: int64 (n,), indices of `labels`.
        labels: The k class names.
        brightness: float64 (n,), mean luma of what the network saw, 0 (black) to 255 (white).
        short_sides: int64 (n,), the shorter side of the picture as it is stored, in pixels.
        threshold: The card's: "not sure" below it.
        unreadable: Pictures that were skipped.
        mapping: Name of the mapping that led to the labels, None for the model's own.
    """

    rows: tuple[Row, ...]
    probabilities: Floats = field(repr=False)
    truth: Indices = field(repr=False)
    labels: tuple[str, ...]
    brightness: Floats = field(repr=False)
    short_sides: Indices = field(repr=False)
    threshold: float
    unreadable: tuple[Unreadable, ...] = ()
    mapping: str | None = None

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

    def evaluation(self) -> Evaluation:
        """The figures of these scores; see `score`."""
        return score(
            self.probabilities,
            self.truth,
            self.labels,
            [row.group for row in self.rows],
            threshold=self.threshold,
            unreadable=self.unreadable,
            mapping=self.mapping,
        )


class _Prepared(NamedTuple):
    """A picture as the network takes it, uint8 (height, width, 3) RGB, and the shorter side of the stored one."""

    picture: npt.NDArray[np.uint8]
    short_side: int


def score(
    probabilities: npt.ArrayLike,
    truth: npt.ArrayLike,
    labels: Sequence[str],
    groups: Sequence[str] | None = None,
    *,
    threshold: float | None = None,
    unreadable: Sequence[Unreadable] = (),
    mapping: str | None = None,
) -> Evaluation:
    """Judges probabilities against the truth. Needs numpy only, so it judges a float Keras model as well.

    Args:
        probabilities: Shape (n, k), n >= 1, 0 to 1; the order of rows doesn't matter.
        truth: Class indices 0 to k - 1, shape (n,).
        labels: The k class names.
        groups: n names of contributors, for the bootstrap of macro-F1; None or all different draws single pictures.
        threshold: "Not sure" below this confidence, 0 to 1; None leaves coverage out.
        unreadable: Skipped pictures, to be carried along.
        mapping: Name of the mapping that made these probabilities, to be carried along.

    Returns:
        The evaluation.

    Raises:
        DataError: Wrong shapes, no picture, values that are no probabilities, indices out of range.
    """
    scores = check_probabilities(probabilities)
    n, classes = scores.shape
    right = check_indices(truth, classes)
    if len(right) != n or len(labels) != classes or (groups is not None and len(groups) != n):
        raise DataError(
            f"Scores of shape {scores.shape} need as many truths, groups and labels. Received: {len(right)} truths, "
            f"{'no' if groups is None else len(groups)} groups, {len(labels)} labels."
        )
    predicted = scores.argmax(axis=1)
    confusion = metrics.confusion_matrix(right, predicted, classes)
    first, third = (metrics.top_k_correct(scores, right, k) for k in (1, 3))
    known = len(set(groups)) if groups is not None else 0
    by_group = 2 <= known < n
    return Evaluation(
        n=n,
        labels=tuple(labels),
        top1=first / n,
        top1_interval=metrics.wilson_interval(first, n),
        top3=third / n,
        top3_interval=metrics.wilson_interval(third, n),
        macro_f1=metrics.macro_f1(right, predicted, classes),
        macro_f1_interval=metrics.macro_f1_interval(right, predicted, classes, groups if by_group else None),
        resampled="group" if by_group else "picture",
        groups=known,
        per_class=metrics.per_class(confusion, labels),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        ece=metrics.expected_calibration_error(scores, right),
        coverage=None if threshold is None else _coverage(scores, right, threshold),
        unreadable=tuple(unreadable),
        mapping=mapping,
    )


def _coverage(scores: Floats, right: Indices, threshold: float) -> Coverage:
    """Share answered at a threshold, and how many of those are right."""
    answered = scores.max(axis=1) >= threshold
    given = int(answered.sum())
    hits = int((scores.argmax(axis=1) == right)[answered].sum())
    return Coverage(threshold, given / len(right), hits / given if given else None)


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


def evaluate(classifier: Judged, manifest: Manifest, progress: Callable[[int], None] | None = None) -> Evaluation:
    """Runs a model file on every picture of a manifest and judges it: the figures of `collect`, which see."""
    return collect(classifier, manifest, progress).evaluation()


def collect(classifier: Judged, manifest: Manifest, progress: Callable[[int], None] | None = None) -> Scores:
    """Runs a model file on every picture of a manifest and keeps what it says.

    Where the manifest's labels aren't the model's own and the model's taxonomy has the manifest's mapping, the
    probabilities are translated first (`map_probabilities`); a label that the mapping never reaches gets
    probability 0, so its pictures count as wrong. Otherwise the manifest's labels must be among the model's.

    Args:
        classifier: The opened model.
        manifest: The pictures, usually one split: `manifest.select("validation")`.
        progress: Called with 1 after each picture, in the calling thread.

    Returns:
        The scores; pictures that can't be read are skipped and listed in `unreadable`.

    Raises:
        DataError: The label sets don't fit, there is no readable picture, or a score is no probability.
    """
    name = _route(classifier, manifest)
    found: list[npt.NDArray[np.float32]] = []
    kept: list[Row] = []
    brightness: list[float] = []
    short_sides: list[int] = []
    unreadable: list[Unreadable] = []
    for row, item in _prepared(manifest, classifier.card):
        if isinstance(item, Unreadable):
            unreadable.append(item)
        else:
            found.append(classifier.probabilities(item.picture))
            kept.append(row)
            brightness.append(float(item.picture.mean(axis=(0, 1)) @ LUMA))
            short_sides.append(item.short_side)
        if progress is not None:
            progress(1)
    if not found:
        reason = f"; the first: {unreadable[0].path}: {unreadable[0].reason}" if unreadable else ""
        raise DataError(
            f"'{manifest.name}' has no readable picture to judge on ({len(unreadable)} unreadable{reason})."
        )
    scores, labels = check_probabilities(np.stack(found)), tuple(classifier.labels)
    if name is not None:
        mapped, reached = map_probabilities(scores, labels, classifier.card.taxonomy.mappings[name])
        labels = manifest.labels + tuple(label for label in reached if label not in manifest.labels)
        scores = np.zeros((len(mapped), len(labels)))
        scores[:, [labels.index(label) for label in reached]] = mapped
    return Scores(
        rows=tuple(kept),
        probabilities=scores,
        truth=np.array([labels.index(row.type) for row in kept], dtype=np.int64),
        labels=labels,
        brightness=np.array(brightness),
        short_sides=np.array(short_sides, dtype=np.int64),
        threshold=classifier.card.threshold,
        unreadable=tuple(unreadable),
        mapping=name,
    )


def _route(classifier: Judged, manifest: Manifest) -> str | None:
    """The name of the mapping to use, None for the model's own labels."""
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


def _prepared(manifest: Manifest, card: ModelCard) -> Iterator[tuple[Row, _Prepared | Unreadable]]:
    """Rows with their prepared pictures, in order, decoded a little ahead."""

    def load(row: Row) -> _Prepared | Unreadable:
        try:
            source = manifest.picture(row)
            picture = prepare(source, card.input.height, card.input.width, card.input.resize)
            return _Prepared(picture, min(picture_size(source)))
        except (ImageError, OSError) as error:
            return Unreadable(row.path, str(error))

    waiting: deque[tuple[Row, Future[_Prepared | Unreadable]]] = deque()
    pool = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")
    try:
        for row in manifest.rows:
            waiting.append((row, pool.submit(load, row)))
            if len(waiting) > AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)
