"""Keras networks of operators that survive int8: convolution, depthwise convolution, ReLU6, addition, mean, dense."""

from edgefashion.models.architectures import ARCHITECTURES, architecture, build, spec_from_dict, spec_to_dict

__all__ = ["ARCHITECTURES", "architecture", "build", "spec_from_dict", "spec_to_dict"]
