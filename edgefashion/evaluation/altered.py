"""Asks a model about every picture of a manifest several times: as it is, and altered in given ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest, Row
from edgefashion.evaluation.checks import Floats, Indices
from edgefashion.evaluation.paired import group_members
from edgefashion.evaluation.predict import Judged, ask, loaded, look_of, require_pictures, route, translate
from edgefashion.evaluation.result import Unreadable
from edgefashion.runtime.image import upright
from edgefashion.runtime.look import Look

WORKING_SIDE = 640
"""Pixels of the longer side to which a larger picture is reduced before it is altered."""
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class AlteredAnswers:
    """What a model said of n pictures, each in m forms.

    Attributes:
        rows: The n pictures that could be read.
        best: int64 (n, m), the best class of each form.
        truth: int64 (n,), index of each row's label.
        labels: By which they are judged.
        unreadable: Pictures that were skipped.
        mapping: Name of the mapping that led to the labels, None for the model's own.
    """

    rows: tuple[Row, ...]
    best: Indices
    truth: Indices
    labels: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    mapping: str | None

    @property
    def groups(self) -> list[str]:
        """Who took each picture."""
        return [row.group for row in self.rows]

    @property
    def resampled(self) -> str:
        """What a bootstrap draws: 'group' (contributors) or 'picture'."""
        return "group" if group_members(len(self.rows), self.groups)[1] < len(self.rows) else "picture"

    @property
    def right(self) -> Floats:
        """1 where the best class is the truth, else 0: float64 (n, m)."""
        hits: Floats = (self.best == self.truth[:, None]).astype(np.float64)
        return hits


def ask_altered(
    classifier: Judged,
    manifest: Manifest,
    alter: Callable[[Picture, Row], Sequence[Picture]],
    progress: Callable[[int], None] | None = None,
) -> AlteredAnswers:
    """Asks a model about several forms of every picture.

    Each picture is decoded upright, reduced to `WORKING_SIDE` where it is larger, altered, and only then looked at
    as the model looks at pictures.

    Args:
        classifier: The opened model.
        manifest: The pictures; labels are matched as in `predict`.
        alter: From a picture, uint8 (height, width, 3), and its row to its m forms.
        progress: Called with 1 after each picture, in the calling thread.

    Raises:
        DataError: The label sets don't fit, or there is no readable picture.
    """
    name = route(classifier, manifest)

    def load(row: Row) -> list[Look]:
        return [look_of(classifier, form) for form in alter(upright(manifest.picture(row), WORKING_SIDE), row)]

    scores: list[npt.NDArray[np.float32]] = []
    kept: list[Row] = []
    unreadable: list[Unreadable] = []
    for row, looks in loaded(manifest.rows, load):
        if isinstance(looks, Unreadable):
            unreadable.append(looks)
        else:
            scores.append(np.stack([ask(classifier, seen) for seen in looks]))
            kept.append(row)
        if progress is not None:
            progress(1)
    require_pictures(manifest, len(kept), unreadable)
    found = np.stack(scores)
    flat, labels = translate(found.reshape(-1, found.shape[-1]), classifier, manifest, name)
    return AlteredAnswers(
        rows=tuple(kept),
        best=flat.reshape(*found.shape[:2], len(labels)).argmax(axis=-1),
        truth=np.array([labels.index(row.type) for row in kept], dtype=np.int64),
        labels=labels,
        unreadable=tuple(unreadable),
        mapping=name,
    )
