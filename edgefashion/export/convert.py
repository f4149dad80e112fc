"""Keras network → TensorFlow Lite flatbuffer, in one of four number formats. Every format takes uint8 RGB."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras
from ai_edge_litert import schema_py_generated as schema

from edgefashion.errors import ExportRefusedError, UsageError
from edgefashion.export.compact import compact
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.models.inverted_residual import INPUT_RANGE, FixedRange, InvertedResidualSpec
from edgefashion.runtime.card import TYPE_HEAD
from edgefashion.training.augment import normalise
from edgefashion.training.heads import slices

FORMATS = ("int8", "float16", "dynamic", "float32")
"""int8: weights and activations, no float operator. float16, dynamic (int8 weights): compared. float32: as trained."""

CALIBRATION_PICTURES = 200


def convert(checkpoint: Checkpoint, number_format: str, calibration: npt.NDArray[np.uint8] | None = None) -> bytes:
    """Converts a checkpoint's network; its output are probabilities, temperature folded in.

    Args:
        checkpoint: after any stage. One that went through quantise-aware training needs no calibration.
        number_format: one of `FORMATS`.
        calibration: uint8 (n, height, width, 3) training pictures, for int8 without quantise-aware training.

    Returns:
        The flatbuffer: input uint8 (1, height, width, 3) RGB; one output (1, labels) a head, uint8 for int8, else
        float32. Where there are several, the tensors have the heads' names.

    Raises:
        UsageError: unknown format.
        ExportRefusedError: int8 of a network without ranges and without calibration pictures, or of a kind that has no
            int8 form.
    """
    if number_format not in FORMATS:
        raise UsageError(f"Unknown number format '{number_format}'. Known: {', '.join(FORMATS)}.")
    if number_format == "int8":
        return _convert_int8(checkpoint, calibration)
    picture = tf_keras.Input(
        (checkpoint.spec.height, checkpoint.spec.width, 3), batch_size=1, dtype=tf.uint8, name="picture"
    )
    ready = dataclasses.replace(cooled(checkpoint), ranges={})
    network = ready.model(batch=1)
    network.trainable = False

    def settle(converter: tf.lite.TFLiteConverter) -> None:
        if number_format != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if number_format == "float16":
            converter.target_spec.supported_types = [tf.float16]

    return _converted(tf_keras.Model(picture, _answers(ready, network, normalise(picture))), settle)


def _convert_int8(checkpoint: Checkpoint, calibration: npt.NDArray[np.uint8] | None) -> bytes:
    if not isinstance(checkpoint.spec, InvertedResidualSpec):
        raise ExportRefusedError(
            f"A {type(checkpoint.spec).__name__} has no int8 form; int8 needs an inverted residual network."
        )
    aware = bool(checkpoint.ranges)
    if not aware and calibration is None:
        raise ExportRefusedError(
            f"'{checkpoint.name}' did not go through quantise-aware training: int8 needs calibration pictures from its "
            "training split; give them with --data SOURCE."
        )
    ready = cooled(checkpoint)
    if not aware:
        ready = dataclasses.replace(ready, ranges={"input": INPUT_RANGE} if ready.folded else {})
    network = ready.model(batch=1, ranged=aware or ready.folded)
    picture = tf_keras.Input(network.input_shape[1:], batch_size=1, name="picture")

    def settle(converter: tf.lite.TFLiteConverter) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        # Runtimes before 2.10 compute wrong scores, silently, for dense layers quantised per channel.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        if calibration is not None and not aware:
            pictures = calibration[:CALIBRATION_PICTURES]

            def representative() -> Iterator[list[npt.NDArray[np.float32]]]:
                for picture in pictures:
                    yield [(picture[None].astype(np.float32) - 128.0) / 128.0]

            converter.representative_dataset = representative
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.uint8

    return _converted(tf_keras.Model(picture, _answers(ready, network, picture)), settle)


def _answers(checkpoint: Checkpoint, network: tf_keras.Model, picture: tf.Tensor) -> Any:
    """Each head's probabilities; the last layer is cut into one dense layer a head, which a client can tell apart."""
    if not checkpoint.heads:
        return tf_keras.layers.Softmax(name="type")(network(picture))
    last = network.get_layer("type_dense")
    kernel, bias = last.get_weights()
    features = tf_keras.Model(network.input, last.input)(picture)
    answers = []
    for name, part in zip((TYPE_HEAD, *checkpoint.heads), slices(checkpoint.head_sizes), strict=True):
        dense = tf_keras.layers.Dense(part.stop - part.start, name=f"{name}_dense")
        logits = dense(features)
        dense.set_weights([kernel[:, part], bias[part]])
        if "type_dense" in checkpoint.ranges:
            logits = FixedRange(*checkpoint.ranges["type_dense"], name=f"{name}_dense_range")(logits)
        answers.append(tf_keras.layers.Softmax(name=name)(logits))
    return answers


def cooled(checkpoint: Checkpoint) -> Checkpoint:
    """Folds the temperatures into the last layer: each head's weights and bias divided by its own, the range too."""
    temperatures = [checkpoint.temperature, *(checkpoint.head_temperatures.get(name, 1.0) for name in checkpoint.heads)]
    scale = np.repeat(1.0 / np.array(temperatures), checkpoint.head_sizes)
    weights = dict(checkpoint.weights)
    for name in ("type_dense/kernel", "type_dense/bias"):
        weights[name] = (weights[name] * scale).astype(np.float32)
    ranges = dict(checkpoint.ranges)
    if "type_dense" in ranges:
        low, high = ranges["type_dense"]
        ranges["type_dense"] = (low * float(scale.max()), high * float(scale.max()))
    return dataclasses.replace(checkpoint, weights=weights, ranges=ranges)


def name_outputs(flatbuffer: bytes) -> bytes:
    """Gives the outputs of a model with several the names that its signature has for them: the heads'."""
    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    if len(model.subgraphs[0].outputs) < 2:
        return flatbuffer
    for entry in model.signatureDefs[0].outputs:
        model.subgraphs[0].tensors[entry.tensorIndex].name = entry.name
    builder = flatbuffers.Builder(len(flatbuffer))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _converted(model: tf_keras.Model, settle: Callable[[tf.lite.TFLiteConverter], None]) -> bytes:
    """Converts without the converter's remarks on stderr.

    The network is saved as one function. Keras would save every layer of it on its own, to be trained again: two thirds
    of the time, for the same flatbuffer.

    Args:
        model: one input; its outputs' names are those of the flatbuffer's signature.
        settle: sets the converter's options.
    """
    module = tf.Module()
    module.held = model.variables

    @tf.function(input_signature=[tf.TensorSpec(model.input.shape, model.input.dtype, name=model.input_names[0])])
    def answer(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        said = model(picture, training=False)
        return dict(zip(model.output_names, said if isinstance(said, list) else [said], strict=True))

    with tempfile.TemporaryFile() as sink, tempfile.TemporaryDirectory() as folder:
        saved = os.dup(2)
        try:
            os.dup2(sink.fileno(), 2)
            tf.saved_model.save(module, folder, signatures=answer)
            converter = tf.lite.TFLiteConverter.from_saved_model(folder)
            settle(converter)
            return compact(name_outputs(bytes(converter.convert())))
        finally:
            os.dup2(saved, 2)
            os.close(saved)
