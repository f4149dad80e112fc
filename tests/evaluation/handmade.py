"""Small .tflite files built by hand from the schema, so that every number in a test can be counted on paper."""

from dataclasses import dataclass, field

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

NUMPY_TYPES = {"FLOAT32": "<f4", "FLOAT16": "<f2", "INT8": "i1", "UINT8": "u1", "INT32": "<i4"}


@dataclass
class HandmadeModel:
    """Collects tensors and operators; `content()` gives the file."""

    tensors: list = field(default_factory=list)
    operators: list = field(default_factory=list)
    codes: list = field(default_factory=list)
    buffers: list = field(default_factory=lambda: [schema.BufferT()])
    inputs: list = field(default_factory=list)
    outputs: list = field(default_factory=list)
    metadata: list = field(default_factory=list)

    def tensor(self, dtype, shape, scale=(), constant=False, name=None, buffer=None, zero_point=0):
        """Adds a tensor and gives its index; a constant one holds zeros."""
        tensor = schema.TensorT()
        tensor.name = (f"t{len(self.tensors)}" if name is None else name).encode()
        tensor.type = getattr(schema.TensorType, dtype)
        tensor.shape = list(shape)
        if scale:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = list(scale)
            tensor.quantization.zeroPoint = [zero_point] * len(scale)
        tensor.buffer = 0
        if constant:
            tensor.buffer = self.buffer(np.zeros(shape, NUMPY_TYPES[dtype]).tobytes()) if buffer is None else buffer
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def buffer(self, data):
        """Adds a buffer and gives its index."""
        item = schema.BufferT()
        item.data = np.frombuffer(data, np.uint8)
        self.buffers.append(item)
        return len(self.buffers) - 1

    def operator(self, name, inputs, outputs, version=1, options=None):
        """Adds an operator; a name that isn't built in becomes a custom one."""
        code = schema.OperatorCodeT()
        number = getattr(schema.BuiltinOperator, name, schema.BuiltinOperator.CUSTOM)
        if number == schema.BuiltinOperator.CUSTOM:
            code.customCode = name.encode()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), version
        self.codes.append(code)
        item = schema.OperatorT()
        item.opcodeIndex, item.inputs, item.outputs = len(self.codes) - 1, list(inputs), list(outputs)
        if options is not None:
            item.builtinOptions = options
            item.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self.operators.append(item)

    def entry(self, name, data):
        """Adds a metadata entry."""
        item = schema.MetadataT()
        item.name, item.buffer = name.encode(), self.buffer(data)
        self.metadata.append(item)

    def content(self, description="by hand"):
        """Gives the file."""
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = self.inputs, self.outputs
        model = schema.ModelT()
        model.version, model.description = 3, description.encode()
        model.subgraphs, model.operatorCodes, model.buffers = [graph], self.codes, self.buffers
        model.metadata = self.metadata
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def dense_model(units=3, inputs=12, name=None):
    """A runnable float network: picture (1, 2, 2, 3) float32, RESHAPE, FULLY_CONNECTED; 36 + 3 parameters."""
    model = HandmadeModel()
    picture = model.tensor("FLOAT32", (1, 2, 2, 3), name=name)
    target = model.tensor("INT32", (2,), constant=True, buffer=model.buffer(np.array([1, inputs], "<i4").tobytes()))
    flat = model.tensor("FLOAT32", (1, inputs))
    weights = model.tensor("FLOAT32", (units, inputs), constant=True)
    bias = model.tensor("FLOAT32", (units,), constant=True)
    out = model.tensor("FLOAT32", (1, units), name="scores")
    model.operator("RESHAPE", [picture, target], [flat])
    model.operator("FULLY_CONNECTED", [flat, weights, bias], [out], options=schema.FullyConnectedOptionsT())
    model.inputs, model.outputs = [picture], [out]
    model.entry("min_runtime_version", b"1.5.0".ljust(16, b"\0"))
    return model.content()


COLOURS = {"shirt": (255, 0, 0), "dress": (0, 255, 0), "hat": (0, 0, 255)}
"""What `colour_model` takes pictures of one colour for, in the order of its outputs."""


def colour_model(dtype="FLOAT32", scale=1 / 127.5, zero_point=0, softmax=True, gain=2.0, metadata=None):
    """A runnable classifier without a card: picture (1, 8, 6, 3) in, (1, 3) out; the mean of each channel is a logit.

    Args:
        dtype: Of the input: FLOAT32, UINT8 or INT8; the integers become real numbers by `scale` and `zero_point`.
        softmax: Without it the outputs are the logits.
        gain: What the means are multiplied by; NaN makes a network that computes nothing else.
        metadata: Content of the entry TFLITE_METADATA.
    """
    model = HandmadeModel()
    quantised = dtype != "FLOAT32"
    picture = model.tensor(dtype, (1, 8, 6, 3), (scale,) if quantised else (), zero_point=zero_point, name="picture")
    start = picture
    if quantised:
        start = model.tensor("FLOAT32", (1, 8, 6, 3))
        model.operator("DEQUANTIZE", [picture], [start])
    weights = model.buffer((np.eye(3, dtype="<f4") * gain).reshape(3, 1, 1, 3).tobytes())
    filters = model.tensor("FLOAT32", (3, 1, 1, 3), constant=True, buffer=weights)
    bias = model.tensor("FLOAT32", (3,), constant=True)
    seen = model.tensor("FLOAT32", (1, 8, 6, 3))
    convolution = schema.Conv2DOptionsT()
    convolution.strideH = convolution.strideW = 1
    model.operator("CONV_2D", [start, filters, bias], [seen], options=convolution)
    axes = model.tensor("INT32", (2,), constant=True, buffer=model.buffer(np.array([1, 2], "<i4").tobytes()))
    mean, flat = model.tensor("FLOAT32", (1, 1, 1, 3)), model.tensor("FLOAT32", (1, 3), name="scores")
    reducer, squeeze = schema.ReducerOptionsT(), schema.SqueezeOptionsT()
    reducer.keepDims, squeeze.squeezeDims = True, [1, 2]
    model.operator("MEAN", [seen, axes], [mean], options=reducer)
    model.operator("SQUEEZE", [mean], [flat], options=squeeze)
    out = flat
    if softmax:
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        out = model.tensor("FLOAT32", (1, 3), name="shares")
        model.operator("SOFTMAX", [flat], [out], options=options)
    if metadata is not None:
        model.entry("TFLITE_METADATA", metadata)
    model.inputs, model.outputs = [picture], [out]
    return model.content()
