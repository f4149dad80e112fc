"""Trains in bfloat16: half of the bits, twice the speed on a processor whose arithmetic knows them.

Weights, batch statistics, the optimiser and the logits stay float32 (mixed precision: Micikevicius et al. 2018, arXiv
1710.03740). A processor without AVX512-BF16 or AMX does the same more slowly than float32.
"""

from __future__ import annotations

import tf_keras

POLICY = "mixed_bfloat16"


def in_bfloat16(network: tf_keras.Model) -> tf_keras.Model:
    """Copies a network into one that multiplies and adds in bfloat16.

    Args:
        network: from float32 pictures to float32 logits; not one that tfmot has wrapped.

    Returns:
        The same layers by the same names with the same float32 weights, frozen where they are; the last layer, and so
        its logits, are float32.
    """

    def twin(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        if layer.name in network.output_names or isinstance(layer, tf_keras.layers.InputLayer):
            return layer.__class__.from_config(layer.get_config())
        return layer.__class__.from_config({**layer.get_config(), "dtype": POLICY})

    copy = tf_keras.models.clone_model(network, clone_function=twin)
    copy.set_weights(network.get_weights())
    return copy
