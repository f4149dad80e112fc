"""Smaller kernels: a ring that holds nothing goes without a trace, what is left is fitted, what has none is refused."""

import dataclasses
import itertools

import numpy as np
import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

import tf_keras

from edgefashion.errors import RecipeError
from edgefashion.evaluation.graph import read_graph
from edgefashion.export.convert import convert
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.models.plain import MlpSpec
from edgefashion.training.pipeline import Pictures, batches
from edgefashion.training.prune_kernels import prune_kernels, smaller_kernel
from edgefashion.training.recipe import PruneKernels
from edgefashion.training.refit import refit_depthwise, refit_layer
from tests.models.tiny import FUSED, TINY, drawn_pictures, real, tiny_checkpoint

BLOCK = 2
KERNEL = f"block{BLOCK:02d}_depthwise_conv/depthwise_kernel"
assert TINY.blocks[BLOCK].kernel == 5
assert TINY.blocks[BLOCK].stride == 2
EVEN = dataclasses.replace(TINY, height=14)  # the block is given 7 rows: another padding than of 8


def _outputs(checkpoint, count=64, seed=0):
    return checkpoint.model()(real(drawn_pictures(count, checkpoint.spec, seed)), training=False).numpy()


def _without_ring(checkpoint):
    kernel = checkpoint.weights[KERNEL].copy()
    ring = np.ones(kernel.shape, bool)
    ring[1:-1, 1:-1] = False
    kernel[ring] = 0.0
    return dataclasses.replace(checkpoint, weights={**checkpoint.weights, KERNEL: kernel})


@pytest.mark.parametrize("spec", [TINY, EVEN])
@pytest.mark.parametrize("folded", [False, True])
def test_a_ring_that_holds_nothing_goes_without_a_trace(folded, spec):
    whole = _without_ring(tiny_checkpoint(seed=3, folded=folded, spec=spec))
    cut = smaller_kernel(whole, whole, BLOCK, [drawn_pictures(16, spec)])
    assert cut.spec.blocks[BLOCK] == dataclasses.replace(spec.blocks[BLOCK], kernel=3)
    assert cut.weights[KERNEL].shape == (3, 3, 24, 1)
    before = _outputs(whole)
    assert np.ptp(before) > 0.3
    assert np.abs(_outputs(cut) - before).max() < 1e-4


@pytest.mark.parametrize("folded", [False, True])
def test_what_is_left_is_fitted_to_what_the_whole_kernel_said(folded):
    whole = tiny_checkpoint(seed=5, folded=folded)
    cut = smaller_kernel(whole, whole, BLOCK, [drawn_pictures(32, seed=seed) for seed in (1, 2)])
    changed = {name for name, array in cut.weights.items() if not np.array_equal(array, whole.weights[name])}
    fits = {KERNEL, f"block{BLOCK:02d}_project_conv/kernel"}
    assert changed == fits | (
        {f"block{BLOCK:02d}_{n}_conv/bias" for n in ("depthwise", "project")} if folded else set()
    )
    plain = dataclasses.replace(cut, weights={**whole.weights, KERNEL: whole.weights[KERNEL][1:-1, 1:-1]})

    def off(checkpoint):  # on pictures that the fit has not seen
        return np.mean((_outputs(checkpoint) - _outputs(whole)) ** 2)

    assert off(cut) < 0.5 * off(plain)


@pytest.mark.parametrize(("part", "fit"), [("depthwise", refit_depthwise), ("project", refit_layer)])
def test_a_layer_that_can_say_the_same_is_fitted_to_say_it(part, fit):
    """A whole layer with another network's weights: afterwards it says what the parent's says, in every channel."""
    whole, other = tiny_checkpoint(seed=5, folded=True), tiny_checkpoint(seed=6, folded=True)
    layer = f"block{BLOCK:02d}_{part}_conv"
    strange = {name: other.weights[name] if name.startswith(layer) else array for name, array in whole.weights.items()}
    network, parent = dataclasses.replace(whole, weights=strange).model(), whole.model()

    def said(model):
        return tf_keras.Model(model.input, model.get_layer(layer).output)(real(drawn_pictures(64)), training=False)

    def off():
        return np.sqrt(np.mean((said(network) - said(parent)) ** 2, axis=(0, 1, 2)))

    before = off()
    fit(network, parent, layer, [drawn_pictures(64, seed=7)])
    assert before.min() > 0.05
    assert (off() < 0.05 * before.max()).all()


def test_several_blocks_are_fitted_one_after_another_to_the_network_as_it_was():
    blocks = tuple(dataclasses.replace(block, kernel=5) for block in TINY.blocks)
    whole = tiny_checkpoint(seed=4, folded=True, spec=dataclasses.replace(TINY, blocks=blocks))
    train = Pictures(drawn_pictures(64, seed=3), np.arange(64) % 3, ())
    seen = []
    cut = prune_kernels(whole, PruneKernels((3, 1), batch=16, batches=4), train, 0, seen.append)
    assert seen == [1, 1]
    assert [block.kernel for block in cut.spec.blocks] == [5, 3, 5, 3]
    assert [block.kernel for block in whole.spec.blocks] == [5] * 4
    images = [images for images, _ in itertools.islice(batches(train, 16, 0, 0), 4)]
    wanted = smaller_kernel(smaller_kernel(whole, whole, 1, images), whole, 3, images)
    for name, array in wanted.weights.items():
        np.testing.assert_array_equal(cut.weights[name], array)
    graph, before = (read_graph(convert(one, "float32")).macs for one in (cut, whole))
    # 8 x 8 places and 16 channels; then 4 x 4 and 16: of each 16 multiply-accumulates fewer.
    assert before - graph == 16 * (64 * 16 + 16 * 16)


@pytest.mark.parametrize(
    ("spec", "block", "message"),
    [
        (TINY, 1, "can't cut block 1: it has no depthwise kernel of 5 x 5 or more"),
        (TINY, 9, "can't cut block 9: the network's last one is 3"),
        (FUSED, 2, "can't cut block 2: it has no depthwise kernel"),
    ],
)
def test_what_has_no_such_kernel_is_refused(spec, block, message):
    whole = tiny_checkpoint(folded=True, spec=spec)
    with pytest.raises(RecipeError, match=message):
        smaller_kernel(whole, whole, block, [drawn_pictures(2)])


def test_other_networks_are_refused():
    checkpoint = Checkpoint(MlpSpec(8, 8, 4, 0.0, 2), {})
    with pytest.raises(RecipeError, match=r"\[prune-kernels\] needs an inverted residual network. Received: MlpSpec"):
        smaller_kernel(checkpoint, checkpoint, 0, [])
