"""Merges batch normalisation into the convolution before it: the same function with fewer operators.

y = gamma (conv(x) - mean) / sqrt(variance + epsilon) + beta is again a convolution with a bias (Jacob et al. 2018,
arXiv 1712.05877, section 3.2).
"""

from __future__ import annotations

import numpy as np

from edgefashion.errors import CheckpointError
from edgefashion.models.checkpoint import Weights


def fold(weights: Weights, epsilon: float) -> Weights:
    """Folds the weights of an inverted residual network.

    Args:
        weights: float32 arrays by name ("stem_conv/kernel", "stem_bn/gamma", …), as `read_weights` gives them.
        epsilon: of the batch normalisations.

    Returns:
        The weights of the folded network ("stem_conv/kernel", "stem_conv/bias", …).

    Raises:
        CheckpointError: a batch normalisation stands without its convolution.
    """
    folded = {name: array for name, array in weights.items() if "_bn/" not in name}
    for gamma_name in [name for name in weights if name.endswith("_bn/gamma")]:
        stem = gamma_name.removesuffix("_bn/gamma")
        mean, variance = weights[f"{stem}_bn/moving_mean"], weights[f"{stem}_bn/moving_variance"]
        scale = weights[gamma_name] / np.sqrt(variance + epsilon)
        kernel_name = f"{stem}_conv/kernel"
        if kernel_name in weights:
            folded[kernel_name] = weights[kernel_name] * scale
        else:
            kernel_name = f"{stem}_conv/depthwise_kernel"
            if kernel_name not in weights:
                raise CheckpointError(f"There is no convolution before '{stem}_bn' to fold it into.")
            folded[kernel_name] = weights[kernel_name] * scale[:, None]
        folded[f"{stem}_conv/bias"] = weights[f"{stem}_bn/beta"] - mean * scale
    return folded
