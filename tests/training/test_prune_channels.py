"""Channel pruning: what contributes nothing goes without a trace, what goes is counted right, nothing is emptied."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.errors import RecipeError
from edgefashion.evaluation.graph import read_graph
from edgefashion.export.convert import convert
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.models.inverted_residual import Block, InvertedResidualSpec
from edgefashion.models.plain import MlpSpec
from edgefashion.training.pipeline import Pictures
from edgefashion.training.prune_channels import (
    block_bytes,
    block_macs,
    channel_costs,
    choose,
    prune_channels,
    refitted,
    remove_channels,
    taylor_scores,
)
from edgefashion.training.recipe import PruneChannels
from tests.models.tiny import FUSED, TINY, drawn_pictures, real, tiny_checkpoint

EXPANDED = [i for i, block in enumerate(TINY.blocks) if block.expand]
HEAD = len(TINY.blocks)
DEAD = {1: [0, 5, 6, 15], 2: [3, 4, 11, 20, 21, 23], 3: [7, 8], HEAD: [1, 6, 9, 14]}
WIDTHS = {i: TINY.head if i == HEAD else TINY.blocks[i].expansion for i in DEAD}
KEEP = {i: np.setdiff1d(np.arange(WIDTHS[i]), channels) for i, channels in DEAD.items()}

both = pytest.mark.parametrize("spec", [TINY, FUSED])
"""Of as many channels: `DEAD` fits them both."""


def _without_contribution(checkpoint):
    """Sets the rows of the dead channels in the layer behind them to zero: whatever they hold reaches nothing."""
    weights = dict(checkpoint.weights)
    for i, channels in DEAD.items():
        name = "type_dense/kernel" if i == HEAD else f"block{i:02d}_project_conv/kernel"
        weights[name] = weights[name].copy()
        weights[name][..., channels, :] = 0.0
    return dataclasses.replace(checkpoint, weights=weights)


def _outputs(checkpoint, count=8):
    return checkpoint.model()(real(drawn_pictures(count)), training=False).numpy()


def _whole_numbers(checkpoint):
    """Weights -1, 0, 1: sums of them and of dyadic inputs are exact in float32, in whatever order they are added."""
    random = np.random.default_rng(1)
    weights = {
        name: random.choice([-1.0, 0.0, 1.0], array.shape, p=[0.25, 0.5, 0.25]).astype(np.float32)
        for name, array in checkpoint.weights.items()
    }
    return dataclasses.replace(checkpoint, weights=weights)


@both
def test_channels_that_contribute_nothing_go_without_any_difference(spec):
    checkpoint = _without_contribution(_whole_numbers(tiny_checkpoint(folded=True, spec=spec)))
    before = _outputs(checkpoint)
    assert np.unique(before).size > 10
    narrow = remove_channels(checkpoint, KEEP)
    difference = np.abs(_outputs(narrow) - before).max()
    assert difference == 0.0
    assert [block.expansion for block in narrow.spec.blocks] == [8, 12, 18, 14]
    assert sum(array.size for array in narrow.weights.values()) < sum(
        array.size for array in checkpoint.weights.values()
    )


@both
@pytest.mark.parametrize("folded", [False, True])
def test_any_weights_folded_or_not(folded, spec):
    """Not bit for bit: with other channel counts the kernels add float32 numbers in another order."""
    checkpoint = _without_contribution(tiny_checkpoint(seed=3, folded=folded, spec=spec))
    before = _outputs(checkpoint)
    assert np.ptp(before) > 0.3
    difference = np.abs(_outputs(remove_channels(checkpoint, KEEP)) - before).max()
    assert difference <= 1e-6 * max(1.0, np.abs(before).max())


@both
@pytest.mark.parametrize("block", EXPANDED)
def test_a_channel_that_contributes_leaves_a_trace(block, spec):
    checkpoint = tiny_checkpoint(seed=3, folded=True, spec=spec)
    keep = {block: np.arange(1, TINY.blocks[block].expansion)}
    difference = np.abs(_outputs(remove_channels(checkpoint, keep)) - _outputs(checkpoint)).max()
    assert difference > 1e-4


@both
def test_the_kept_channels_keep_their_own_weights(spec):
    """Removing a channel equals silencing it, so no weight has moved to a neighbour."""
    checkpoint = tiny_checkpoint(seed=4, folded=False, spec=spec)
    silent = _without_contribution(checkpoint)
    np.testing.assert_allclose(_outputs(remove_channels(checkpoint, KEEP)), _outputs(silent), atol=1e-5)


def test_the_original_stays_as_it_was():
    checkpoint = tiny_checkpoint(folded=True)
    before = {name: array.copy() for name, array in checkpoint.weights.items()}
    narrow = remove_channels(checkpoint, KEEP)
    assert narrow.labels == checkpoint.labels
    assert checkpoint.spec == TINY
    for name, array in before.items():
        np.testing.assert_array_equal(checkpoint.weights[name], array)


@both
def test_idle_channels_score_nothing_and_go_first(spec):
    checkpoint = _without_contribution(tiny_checkpoint(seed=5, folded=True, spec=spec))
    train = Pictures(drawn_pictures(32), np.arange(32) % 3, ())
    total = sum(per * count for per, count in block_macs(spec))
    idle = sum(block_macs(spec)[i][0] * len(channels) for i, channels in DEAD.items())
    plan = PruneChannels(1, batch=16, batches=2, keep=1.0 - idle / total + 1e-9, multiple=2)
    scores = taylor_scores(checkpoint, train, plan, seed=0)
    assert sorted(scores) == [*EXPANDED, HEAD]
    for i, value in scores.items():
        assert value.shape == (WIDTHS[i],)
        assert np.sqrt(np.mean(value**2)) == pytest.approx(1.0)
        assert (value[DEAD[i]] == 0.0).all()
        assert (value[KEEP[i]] > 0.0).all()
    narrow = prune_channels(checkpoint, plan, train, seed=0)
    gone = [whole.expansion - left.expansion for whole, left in zip(spec.blocks, narrow.spec.blocks, strict=True)]
    gone.append(TINY.head - narrow.spec.head)
    assert gone == [len(DEAD.get(i, ())) for i in range(len(gone))]
    np.testing.assert_allclose(_outputs(narrow), _outputs(checkpoint), atol=1e-5)


@both
@pytest.mark.parametrize("folded", [False, True])
def test_what_is_left_is_fitted_to_what_the_whole_layer_said(folded, spec):
    whole = tiny_checkpoint(seed=5, folded=folded, spec=spec)
    narrow = remove_channels(whole, KEEP)
    images = [drawn_pictures(32, seed=seed) for seed in (1, 2)]
    fitted = refitted(narrow, whole, images)
    assert fitted.spec == narrow.spec
    changed = {name for name, array in narrow.weights.items() if (array != fitted.weights[name]).any()}
    fits = ["type_dense/kernel", "type_dense/bias", *(f"block{i:02d}_project_conv/kernel" for i in EXPANDED)]
    fits += [f"block{i:02d}_project_conv/bias" for i in EXPANDED] if folded else []
    assert changed == set(fits)

    def off(checkpoint):  # on pictures that the fit has not seen
        return np.mean((_outputs(checkpoint, 64) - _outputs(whole, 64)) ** 2)

    assert off(fitted) < 0.5 * off(narrow)


def test_pruning_fits_what_is_left():
    whole = tiny_checkpoint(seed=5, folded=True)
    train = Pictures(drawn_pictures(64, seed=3), np.arange(64) % 3, ())
    plan = PruneChannels(1, batch=16, batches=4, keep=0.6, multiple=2)
    cut = remove_channels(whole, choose(whole.spec, taylor_scores(whole, train, plan, 0), plan.keep, plan.multiple))
    fitted = prune_channels(whole, plan, train, 0)
    assert fitted.spec == cut.spec != whole.spec
    cost, least = (np.mean((_outputs(one, 64) - _outputs(whole, 64)) ** 2) for one in (cut, fitted))
    assert least < 0.7 * cost


def test_nothing_is_fitted_where_nothing_went():
    whole = tiny_checkpoint(seed=5)
    for name, array in refitted(whole, whole, [drawn_pictures(4)]).weights.items():
        np.testing.assert_array_equal(array, whole.weights[name])


def test_other_networks_are_refused():
    checkpoint = Checkpoint(MlpSpec(8, 8, 4, 0.0, 2), {})
    with pytest.raises(RecipeError, match=r"needs an inverted residual network\. Received: MlpSpec"):
        prune_channels(checkpoint, PruneChannels(1), Pictures(drawn_pictures(2), np.zeros(2, np.int64), ()), 0)
    with pytest.raises(RecipeError, match="MlpSpec"):
        remove_channels(checkpoint, {})


ODD = InvertedResidualSpec(
    height=15, width=18, stem=4, stem_stride=2, head=8, classes=3,
    blocks=(Block(3, 1, 4, 4, expand=False), Block(5, 2, 12, 6), Block(3, 2, 10, 6), Block(3, 1, 8, 6)),
)  # fmt: skip


def test_multiply_accumulates_counted_by_hand():
    # 15 × 18 becomes 8 × 9, then 4 × 5, then 2 × 3.
    assert block_macs(ODD) == [
        (8 * 9 * (9 + 4), 4),
        (8 * 9 * 4 + 4 * 5 * (25 + 6), 12),
        (4 * 5 * 6 + 2 * 3 * (9 + 6), 10),
        (2 * 3 * 6 + 2 * 3 * (9 + 6), 8),
        (2 * 3 * 6 + 3, 8),
    ]
    assert block_macs(dataclasses.replace(ODD, head=0)) == block_macs(ODD)[:-1]


ODD_FUSED = dataclasses.replace(
    ODD, blocks=(ODD.blocks[0], Block(5, 2, 12, 6, fused=True), Block(3, 2, 10, 6, fused=True, projection=3),
                 Block(3, 1, 8, 6, fused=True, projection=3)),
)  # fmt: skip


def test_multiply_accumulates_of_fused_blocks_counted_by_hand():
    assert block_macs(ODD_FUSED) == [
        (8 * 9 * (9 + 4), 4),
        (4 * 5 * (25 * 4 + 6), 12),
        (2 * 3 * (9 * 6 + 9 * 6), 10),
        (2 * 3 * (9 * 6 + 9 * 6), 8),
        (2 * 3 * 6 + 3, 8),
    ]


@pytest.mark.parametrize("spec", [ODD, ODD_FUSED])
def test_multiply_accumulates_as_the_converted_file_has_them(spec):
    graph = read_graph(convert(tiny_checkpoint(spec=spec), "float32"))
    stem = 8 * 9 * 27 * 4
    assert graph.macs == sum(per * count for per, count in block_macs(spec)) + stem


def test_bytes_of_an_int8_file_counted_by_hand():
    # A channel: its weights, and 12 bytes of bias and scale for each layer that it leaves.
    blocks = [(9 + 4 + 12, 4), (4 + 25 + 6 + 24, 12), (6 + 9 + 6 + 24, 10), (6 + 9 + 6 + 24, 8)]
    assert block_bytes(ODD) == [*blocks, (6 + 12 + 3, 8)]
    assert block_bytes(ODD_FUSED) == [
        (9 + 4 + 12, 4),
        (25 * 4 + 6 + 12, 12),
        (9 * 6 + 9 * 6 + 12, 10),
        (9 * 6 + 9 * 6 + 12, 8),
        (6 + 12 + 3, 8),
    ]
    scores = {i: np.ones(ODD.blocks[i].expansion) for i in (1, 2, 3)}
    by_macs, by_bytes = choose(ODD, scores, 0.8, 2), choose(ODD, scores, 0.8, 2, block_bytes(ODD))
    assert [len(kept) for kept in by_macs.values()] != [len(kept) for kept in by_bytes.values()]
    costs = block_bytes(ODD)
    left = 25 * 4 + 21 * 8 + sum(cost * len(by_bytes[i]) for i, (cost, _) in enumerate(costs) if i in by_bytes)
    assert left <= 0.8 * sum(cost * count for cost, count in costs) < left + 2 * 59


@both
def test_a_cost_counts_bytes_multiply_accumulates_or_bytes_and_a_little_of_these(spec):
    macs, stored = block_macs(spec), block_bytes(spec)

    def shares(costs):
        return np.array([per for per, _ in costs]) / sum(per * count for per, count in costs)

    for plan, wanted in (
        (PruneChannels(1), shares(macs)),
        (PruneChannels(1, of="bytes"), shares(stored)),
        (PruneChannels(1, of="bytes", macs=0.25), shares(stored) + 0.25 * shares(macs)),
    ):
        costs = channel_costs(spec, plan)
        np.testing.assert_allclose([per for per, _ in costs], wanted)
        assert [count for _, count in costs] == [count for _, count in macs]
        assert sum(per * count for per, count in costs) == pytest.approx(1.0 + plan.macs)


def test_a_little_of_the_multiply_accumulates_takes_channels_where_pictures_are_large():
    scores = {i: np.ones(TINY.blocks[i].expansion) for i in EXPANDED}

    def widths(macs):
        costs = channel_costs(TINY, PruneChannels(1, of="bytes", macs=macs))
        return [len(kept) for kept in choose(TINY, scores, 0.8, 2, costs).values()]

    first, *later = widths(0.0)
    assert first == TINY.blocks[1].expansion
    assert widths(1.0)[0] < first
    assert sum(widths(1.0)[1:]) > sum(later)


@st.composite
def _networks(draw):
    blocks = [
        Block(draw(st.sampled_from([3, 5])), draw(st.sampled_from([1, 2])), draw(st.integers(1, 40)),
              draw(st.integers(1, 24)), *draw(st.sampled_from([(True,), (False,), (True, True), (True, True, 3)])))
        for _ in range(draw(st.integers(1, 5)))
    ]  # fmt: skip
    spec = dataclasses.replace(
        TINY, height=draw(st.integers(1, 40)), width=draw(st.integers(1, 40)), blocks=tuple(blocks)
    )
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    scores = {i: random.exponential(size=b.expansion) * draw(st.sampled_from([0.0, 1.0, 1.0]))
              for i, b in enumerate(blocks) if b.expand}  # fmt: skip
    return spec, scores


@settings(max_examples=200)
@given(_networks(), st.floats(0.05, 1.0), st.integers(1, 16))
def test_choosing_honours_the_share_and_the_multiple_and_empties_nothing(network, share, multiple):
    spec, scores = network
    keep = choose(spec, scores, share, multiple)
    assert keep.keys() == scores.keys()
    costs = block_macs(spec)
    total = left = sum(per * count for per, count in costs)
    stuck = True
    for i, channels in keep.items():
        whole, stay = spec.blocks[i].expansion, len(channels)
        assert channels.tolist() == sorted(set(channels.tolist()))
        assert channels[0] >= 0 and channels[-1] < whole  # noqa: PT018
        assert stay == whole or (stay % multiple == 0 and stay >= multiple)
        gone = np.setdiff1d(np.arange(whole), channels)
        assert not gone.size or scores[i][gone].max() <= scores[i][channels].min()
        left -= costs[i][0] * gone.size
        stuck &= stay - (stay % multiple or multiple) < multiple
    budget = total * share
    assert left <= budget or stuck
    if left < total:
        assert left + max(costs[i][0] * multiple for i in keep) > budget, "more went than had to"


def test_the_dearest_useless_channels_go_first():
    spec = dataclasses.replace(TINY, blocks=(Block(3, 1, 16, 8), Block(3, 2, 16, 8), Block(3, 1, 16, 8)), head=0)
    scores = {i: np.ones(16) for i in range(3)}
    per = [cost for cost, _ in block_macs(spec)]
    assert per[0] > per[1] > per[2]
    keep = choose(spec, scores, 1.0 - 1.5 * 4 * per[0] / (16 * sum(per)), 4)
    assert [len(keep[i]) for i in range(3)] == [8, 16, 16]
    scores[0] = scores[0] * 100.0
    keep = choose(spec, scores, 1.0 - 1.5 * 4 * per[1] / (16 * sum(per)), 4)
    assert [len(keep[i]) for i in range(3)] == [16, 8, 16]
    assert math.isclose(sum(per[i] * len(keep[i]) for i in range(3)), 16 * sum(per) - 8 * per[1])
