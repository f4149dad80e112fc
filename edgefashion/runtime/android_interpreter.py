"""The rung of the ladder for phones: LiteRT's Java library, called through pyjnius.

There is no LiteRT for Python on Android; the app's build brings the Java library by Gradle instead. The class here has
the few methods of LiteRT's Python interpreter that `runtime.interpreter` calls. Import this module in the thread that
started the app: JNI finds an app's classes only from threads that Java made, and pyjnius keeps what was found once.

Java side: org.tensorflow.lite.Interpreter, https://ai.google.dev/edge/api/tflite/java/org/tensorflow/lite/Interpreter.
"""

from typing import Any

import numpy as np
from jnius import JavaException, autoclass
from numpy.typing import NDArray

from edgefashion.runtime.android import until_thread_ends

_JAVA = {
    name: autoclass(name)
    for name in (
        "java.nio.ByteBuffer",
        "java.nio.ByteOrder",
        "java.util.HashMap",
        "org.tensorflow.lite.DataType",
        "org.tensorflow.lite.Interpreter",
        "org.tensorflow.lite.Interpreter$Options",
        "org.tensorflow.lite.Tensor",
        "org.tensorflow.lite.Tensor$QuantizationParams",
    )
}
DTYPES = {"UINT8": np.uint8, "INT8": np.int8, "FLOAT32": np.float32, "INT32": np.int32, "INT64": np.int64}
"""Name of a Java DataType → numpy's type."""


class Interpreter:
    """A network in LiteRT's Java library, with the methods of LiteRT's Python interpreter that we call.

    Every method raises RuntimeError where Java throws an exception.
    """

    def __init__(self, model_content: bytes, num_threads: int) -> None:
        """Open a model: the bytes of a .tflite file, and how many threads run it."""
        until_thread_ends()
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._input_details: list[dict[str, Any]] = []
        self._output_details: list[dict[str, Any]] = []
        try:
            options = _JAVA["org.tensorflow.lite.Interpreter$Options"]()
            options.setNumThreads(num_threads)
            self._native = _JAVA["org.tensorflow.lite.Interpreter"](_buffer(len(model_content), model_content), options)
        except JavaException as error:
            raise RuntimeError(_reason(error)) from error

    def allocate_tensors(self) -> None:
        """Make room for all tensors; the buffers for inputs and outputs are made here, once."""
        try:
            self._native.allocateTensors()
            inputs, outputs = self._tensors("Input"), self._tensors("Output")
            self._inputs = [_buffer(tensor.numBytes()) for tensor in inputs]
            self._outputs = [_buffer(tensor.numBytes(), direct=False) for tensor in outputs]
            self._input_details = [_details(index, tensor) for index, tensor in enumerate(inputs)]
            self._output_details = [_details(index, tensor) for index, tensor in enumerate(outputs)]
        except JavaException as error:
            raise RuntimeError(_reason(error)) from error

    def get_input_details(self) -> list[dict[str, Any]]:
        """Return a dict for each input: index, name, shape, dtype, and quantization as (scale, zero point)."""
        return self._input_details

    def get_output_details(self) -> list[dict[str, Any]]:
        """Return the same for each output."""
        return self._output_details

    def set_tensor(self, index: int, value: NDArray[Any]) -> None:
        """Fill an input; its shape and type are those of `get_input_details`."""
        until_thread_ends()
        buffer = self._inputs[index]
        buffer.rewind()
        buffer.put(value.tobytes())

    def invoke(self) -> None:
        """Run the network once."""
        until_thread_ends()
        results = _JAVA["java.util.HashMap"]()
        for index, buffer in enumerate(self._outputs):
            buffer.rewind()
            results.put(index, buffer)
        for buffer in self._inputs:
            buffer.rewind()
        try:
            self._native.runForMultipleInputsOutputs(self._inputs, results)
        except JavaException as error:
            raise RuntimeError(_reason(error)) from error

    def get_tensor(self, index: int) -> NDArray[Any]:
        """Return an output of the last run as a new array of the shape and type of `get_output_details`."""
        until_thread_ends()
        details = self._output_details[index]
        return np.frombuffer(self._outputs[index].array().tostring(), details["dtype"]).reshape(details["shape"])

    def _tensors(self, side: str) -> list[Any]:
        """Return the Java tensors of a side, "Input" or "Output"."""
        count = getattr(self._native, f"get{side}TensorCount")()
        return [getattr(self._native, f"get{side}Tensor")(index) for index in range(count)]


def _buffer(size: int, content: bytes = b"", direct: bool = True) -> Any:
    """Return a Java buffer in the processor's byte order; the library takes a model from a direct one only."""
    make = _JAVA["java.nio.ByteBuffer"]
    buffer = make.allocateDirect(size) if direct else make.allocate(size)
    buffer.order(_JAVA["java.nio.ByteOrder"].nativeOrder())
    if content:
        buffer.put(content)
        buffer.rewind()
    return buffer


def _details(index: int, tensor: Any) -> dict[str, Any]:
    """Return what LiteRT's Python interpreter tells of a tensor, as far as we read it."""
    kind = tensor.dataType().name()
    if kind not in DTYPES:
        raise RuntimeError(f"the tensor {tensor.name()} is of the type {kind}; known: {', '.join(DTYPES)}")
    quantisation = tensor.quantizationParams()
    return {
        "index": index,
        "name": tensor.name(),
        "shape": tuple(tensor.shape()),
        "dtype": DTYPES[kind],
        "quantization": (quantisation.getScale(), quantisation.getZeroPoint()),
    }


def _reason(error: Any) -> str:
    """Return what a Java exception says."""
    return str(error.innermessage or error.classname or error)
