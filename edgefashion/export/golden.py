"""Chooses golden vectors that every correct runtime reproduces, from drawn garments.

A uint8 softmax magnifies the last bit of the logits, and runtimes round it differently. A golden vector is worth
something only where they agree, so each candidate is computed by three of LiteRT's kernel sets (XNNPACK, the built-in
ones, the reference) and kept where the three agree within one step; those that a noise of one byte
disturbs least come first.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from edgefashion.data.drawn import DRAWN_TYPES, draw_garment
from edgefashion.evaluation.runtimes import KERNELS, open_kernels
from edgefashion.runtime.card import Golden, ModelCard
from edgefashion.runtime.golden import TOLERANCE, golden_input, golden_scores, make_golden
from edgefashion.runtime.interpreter import Interpreter

GOLDEN_VECTORS = 4
GOLDEN_SHARE = 0.02
"""Of a network's bytes that the inputs of its golden vectors may take, however many there are."""
GOLDEN_BYTES = 8192
"""That they may always take."""
"""In tflite-runtime 2.7, which rounds elsewhere, those of the shipped models are up to four steps off."""
STIRS = 4
"""Times that a candidate is tried with noise."""
ROUNDS = 12
"""Drawings of each kind."""
CANDIDATES = 24
"""Most candidates of one label that are tried with noise: those of which every head is surest."""
TURNS = tuple(itertools.permutations(range(3)))
"""Orders of the colour channels: a network of several heads has many scores, and few drawings on which all agree."""

SEARCH_STEPS = len(TURNS) + 2
"""Parts of a search: each turn of the colours, the comparison of kernels, the choice."""


def golden_grids(height: int, width: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yields small drawn garments: uint8 (side, side, 3), 48 pixels a side for large inputs, 7 for small ones."""
    side = 48 if min(height, width) >= 96 else 7
    for seed in range(ROUNDS):
        for kind in DRAWN_TYPES:
            yield _drawn(kind, seed, side)


@functools.cache
def _drawn(kind: str, seed: int, side: int) -> npt.NDArray[np.uint8]:
    """Draws one small garment; kept, because an export goes through them four times and drawing is most of its time."""
    picture = draw_garment(kind, seed=seed, size=96)
    grid = np.array(picture.resize((side, side), Image.Resampling.BOX), dtype=np.uint8)
    grid.flags.writeable = False
    return grid


def choose_golden(
    content: bytes, card: ModelCard, count: int = GOLDEN_VECTORS, progress: Callable[[int], None] | None = None
) -> tuple[Golden, ...]:
    """Chooses golden vectors for a converted model: agreed upon, clear, and of as many labels as possible.

    The cheap questions come first: noise is tried, and the slow reference kernels are asked, only where the built-in
    kernels agree with XNNPACK's.

    Args:
        content: the flatbuffer.
        card: its card, without golden vectors.
        count: how many at most.
        progress: called with 1 after each of `SEARCH_STEPS` parts of the search.

    Returns:
        The golden vectors; those whose best label was not seen before come first.
    """
    advance = progress or (lambda _: None)
    best = Interpreter.open(content)
    built_in, *slower = (open_kernels(content, kernels) for kernels in KERNELS)
    height, width = card.input.height, card.input.width
    drafts: list[Golden] = []
    for turn in TURNS:
        drawn = (np.ascontiguousarray(grid[..., turn]) for grid in golden_grids(height, width))
        drafts += make_golden(drawn, card, best)
        advance(1)
    candidates: list[_Candidate] = []
    for golden in _surest(drafts, card):
        picture = golden_input(golden, height, width)
        apart = _apart(built_in, best, picture, golden, card)
        if apart <= TOLERANCE:
            candidates.append(_Candidate(golden, picture, apart, slower, _unrest(best, picture, golden, card)))
    advance(1)
    candidates.sort(key=lambda candidate: candidate.unrest)
    chosen: list[Golden] = []
    # Those on which all kernels agree to the bit come first: an older runtime, not tried here, has a step in hand.
    for allowed, repeats in ((steps, times) for steps in (0, TOLERANCE) for times in range(1, count + 1)):
        for candidate in candidates:
            golden = candidate.golden
            label = int(np.argmax(golden.outputs["type"]))
            alike = sum(int(np.argmax(other.outputs["type"])) == label for other in chosen)
            if len(chosen) == count or golden in chosen or alike >= repeats:
                continue
            if candidate.within(allowed, best, card):
                chosen.append(golden)
    advance(1)
    return tuple(chosen)


def affordable(golden: Sequence[Golden], network: int) -> tuple[Golden, ...]:
    """Leaves out the last golden vectors where all of them would take too much of a small file; one always stays.

    Args:
        golden: as chosen, those first that matter most.
        network: bytes of the flatbuffer.
    """
    most, taken = max(GOLDEN_BYTES, GOLDEN_SHARE * network), 0
    kept: list[Golden] = []
    for one in golden:
        taken += 4 * -(-len(one.pixels) // 3)  # base64
        if kept and taken > most:
            break
        kept.append(one)
    return tuple(kept)


@dataclass
class _Candidate:
    """A golden vector on which the kernels asked so far agree within TOLERANCE.

    Attributes:
        golden: what the best kernels say.
        picture: its input, uint8 (height, width, 3).
        apart: largest difference of a score so far, in steps.
        waiting: the kernels not asked yet, the slowest.
        unrest: steps by which noise moves it.
    """

    golden: Golden
    picture: npt.NDArray[np.uint8]
    apart: int
    waiting: Sequence[Interpreter]
    unrest: int

    def within(self, allowed: int, best: Interpreter, card: ModelCard) -> bool:
        """Whether all kernels agree within so many steps; asks those that wait only where the others do."""
        while self.waiting and self.apart <= allowed:
            other, *self.waiting = self.waiting
            self.apart = max(self.apart, _apart(other, best, self.picture, self.golden, card))
        return self.apart <= allowed


def _surest(drafts: Sequence[Golden], card: ModelCard) -> list[Golden]:
    """For each label of the type the candidates whose least sure head is surest."""
    heads = [head.name for head in card.heads if head.labels]
    found: dict[int, list[Golden]] = {}
    for golden in sorted(drafts, key=lambda golden: -min(max(golden.outputs[name]) for name in heads)):
        alike = found.setdefault(int(np.argmax(golden.outputs["type"])), [])
        if len(alike) < CANDIDATES:
            alike.append(golden)
    return [golden for alike in found.values() for golden in alike]


def _unrest(best: Interpreter, picture: npt.NDArray[np.uint8], golden: Golden, card: ModelCard) -> int:
    """Steps by which the scores move when every byte of the picture moves by up to one.

    Runtimes that can't be tried here round elsewhere in the network; that acts like such noise.
    """
    largest = 0
    for seed in range(STIRS):
        noise = np.random.default_rng(seed).integers(-1, 2, picture.shape)
        raw = best.run(np.clip(picture.astype(np.int64) + noise, 0, 255).astype(np.uint8))
        for head in card.heads:
            if head.labels:
                pairs = zip(golden.outputs[head.name], golden_scores(best, head, raw[head.output]), strict=True)
                largest = max(largest, *(abs(a - b) for a, b in pairs))
    return largest


def _apart(
    other: Interpreter, best: Interpreter, picture: npt.NDArray[np.uint8], golden: Golden, card: ModelCard
) -> int:
    """Largest difference of a score between these kernels and the best ones, in steps; 256 where a label differs."""
    raw = other.run(picture)
    largest = 0
    for head in card.heads:
        if not head.labels:
            continue
        mine, theirs = golden.outputs[head.name], golden_scores(best, head, raw[head.output])
        if int(np.argmax(mine)) != int(np.argmax(theirs)):
            return 256
        largest = max(largest, *(abs(a - b) for a, b in zip(mine, theirs, strict=True)))
    return largest
