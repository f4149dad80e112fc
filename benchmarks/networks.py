"""Networks that are measured for what they cost only: random weights, built once and kept in runs/networks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

CACHE = Path("runs") / "networks"
IMAGENET = 1000
"""Labels of a network as it is published."""


def built(name: str) -> Path:
    """Gives a network's file, one of NETWORKS; builds it the first time (needs the extra train)."""
    path = CACHE / f"{name}.tflite"
    if not path.exists():
        content = NETWORKS[name]()
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_bytes(content)
        os.replace(temporary, path)
    return path


def _noise(side: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (4, side, side, 3), dtype=np.uint8)


def _mobilenet_v2() -> bytes:
    import tf_keras

    from benchmarks.peers.int8_after_training import int8_file

    network = tf_keras.applications.MobileNetV2((224, 224, 3), weights=None, classifier_activation=None)
    return int8_file(network, _noise(224))


def _xception() -> bytes:
    import tf_keras

    from benchmarks.peers.int8_after_training import float_file

    return float_file(tf_keras.applications.Xception(weights=None, classifier_activation=None))


def _efficientnet_lite0() -> bytes:
    from edgefashion.export.convert import convert
    from edgefashion.training.recipe import Model
    from edgefashion.training.start import first_checkpoint

    labels = tuple(f"label {number}" for number in range(IMAGENET))
    return convert(first_checkpoint(Model("efficientnet-lite0", 224, 224), labels), "int8", _noise(224))


def _of_side(side: int) -> Callable[[], bytes]:
    """garment-base's shipped checkpoint at another input size; the scales are those of its own size."""

    def build() -> bytes:
        import dataclasses

        from edgefashion.export.convert import convert
        from edgefashion.models.checkpoint import load_checkpoint
        from edgefashion.runtime.shipped import SHIPPED

        checkpoint = load_checkpoint(SHIPPED["garment-base"].with_suffix(".safetensors"))
        spec = dataclasses.replace(checkpoint.spec, height=side, width=side)
        return convert(dataclasses.replace(checkpoint, spec=spec), "int8")

    return build


def _matrix_product(side: int) -> Callable[[], bytes]:
    """An int8 product of two square matrices: one dense layer, `side` rows of `side` numbers, `side` units."""

    def build() -> bytes:
        import tensorflow as tf
        import tf_keras

        rows = tf_keras.Input((side,), batch_size=side)
        network = tf_keras.Model(rows, tf_keras.layers.Dense(side, use_bias=False)(rows))
        given = np.random.default_rng(0).standard_normal((side, side)).astype(np.float32)
        converter = tf.lite.TFLiteConverter.from_keras_model(network)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: iter([[given]])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())

    return build


SIDES = (96, 128, 160, 224)
"""Input sizes besides the shipped file's own."""
PRODUCTS = (512, 1024, 2048)

NETWORKS: dict[str, Callable[[], bytes]] = {
    "mobilenet-v2-224": _mobilenet_v2,
    "efficientnet-lite0-224": _efficientnet_lite0,
    "xception-299-float": _xception,
    **{f"garment-base-{side}": _of_side(side) for side in SIDES},
    **{f"matrix-product-{side}": _matrix_product(side) for side in PRODUCTS},
}
