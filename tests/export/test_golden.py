"""The search for golden vectors: they hold in every set of kernels, and are what asking all of them would give."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.evaluation.runtimes import KERNELS, open_kernels
from edgefashion.export import golden as search
from edgefashion.runtime.card import Golden
from edgefashion.runtime.golden import TOLERANCE, golden_input, golden_scores, make_golden
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import SHIPPED


@pytest.fixture
def model(monkeypatch):
    """The smallest shipped model, and a tenth of the drawings."""
    monkeypatch.setattr(search, "ROUNDS", 2)
    monkeypatch.setattr(search, "TURNS", search.TURNS[:3])
    file = ModelFile.read(SHIPPED["fashion-mnist-nano"])
    return file.content, dataclasses.replace(file.card, golden=())


def test_every_set_of_kernels_computes_what_was_chosen(model):
    content, card = model
    parts = []
    chosen = search.choose_golden(content, card, progress=parts.append)
    assert chosen
    assert len(set(chosen)) == len(chosen) <= search.GOLDEN_VECTORS
    for kernels in KERNELS:
        other = open_kernels(content, kernels)
        for golden in chosen:
            raw = other.run(golden_input(golden, 28, 28))
            for head in card.heads:
                theirs = golden_scores(other, head, raw[head.output])
                assert np.abs(np.subtract(golden.outputs[head.name], theirs)).max() <= TOLERANCE
                assert np.argmax(golden.outputs[head.name]) == np.argmax(theirs)
    assert sum(parts) == len(search.TURNS) + 2


def test_it_is_what_asking_all_kernels_of_every_candidate_gives(model):
    content, card = model
    best = Interpreter.open(content, threads=1)
    others = [open_kernels(content, kernels) for kernels in KERNELS]
    drawn = (np.ascontiguousarray(grid[..., turn]) for turn in search.TURNS for grid in search.golden_grids(28, 28))
    rated = []
    for golden in search._surest(make_golden(drawn, card, best), card):
        picture = golden_input(golden, 28, 28)
        apart = max(search._apart(other, best, picture, golden, card) for other in others)
        rated.append((search._unrest(best, picture, golden, card), apart, golden))
    rated.sort(key=lambda item: item[0])
    wanted = []
    for allowed in (0, TOLERANCE):
        for repeats in range(1, search.GOLDEN_VECTORS + 1):
            for _, apart, golden in rated:
                best_label = np.argmax(golden.outputs["type"])
                alike = sum(np.argmax(other.outputs["type"]) == best_label for other in wanted)
                if (
                    len(wanted) < search.GOLDEN_VECTORS
                    and golden not in wanted
                    and alike < repeats
                    and apart <= allowed
                ):
                    wanted.append(golden)
    assert search.choose_golden(content, card) == tuple(wanted)


def test_slow_kernels_are_asked_only_where_the_fast_ones_agree(model, monkeypatch):
    content, card = model
    asked = []
    apart = search._apart

    def told(other, *rest):
        asked.append((other.runtime, apart(other, *rest)))
        return asked[-1][1]

    monkeypatch.setattr(search, "_apart", told)
    search.choose_golden(content, card)
    built_in, reference = ([steps for name, steps in asked if name == kernels] for kernels in KERNELS)
    assert 0 < len(reference) <= sum(steps <= TOLERANCE for steps in built_in) < len(built_in)


@pytest.mark.parametrize(
    ("network", "side", "left"), [(3_700_000, 48, 4), (1_460_000, 48, 3), (99_000, 7, 4), (20_000, 48, 1), (0, 7, 4)]
)
def test_golden_vectors_take_a_fiftieth_of_a_small_file_at_most(network, side, left):
    golden = [Golden(side, side, bytes([number]) * (3 * side * side), {}) for number in range(4)]
    assert search.affordable(golden, network) == tuple(golden[:left])
