"""The runtime ladder, and one interpreter that behaves the same on every rung.

The first of `RUNTIMES` that imports wins. Nothing is imported before a model is opened, and TensorFlow only where it is
the last rung left. On Android there is one rung, the Java library; elsewhere it is used only where it is asked for.
"""

import os
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgefashion.errors import ModelFileError, RuntimeMissingError, UsageError
from edgefashion.runtime.android import on_android
from edgefashion.runtime.graph_check import check_graph

RUNTIMES: dict[str, tuple[str, str]] = {
    # Name → module that holds the class `Interpreter`, and the distribution to install.
    "ai_edge_litert": ("ai_edge_litert.interpreter", "ai-edge-litert"),
    "tflite_runtime": ("tflite_runtime.interpreter", "tflite-runtime"),
    "tensorflow.lite": ("tensorflow.lite.python.interpreter", "tensorflow"),
    "jnius": ("edgefashion.runtime.android_interpreter", "pyjnius"),
}
ANDROID = "jnius"
MAX_DEFAULT_THREADS = 4


class RuntimeReport(NamedTuple):
    """One rung of the ladder: its name, version ("" if absent), whether it was chosen, and why it was or was not."""

    name: str
    version: str
    chosen: bool
    reason: str


class OutputTensor(NamedTuple):
    """An output: its shape, and its quantisation `real = (stored - zero_point) * scale`; scale 0 means plain float."""

    shape: tuple[int, ...]
    scale: float
    zero_point: int


def default_threads() -> int:
    """Return how many threads a model gets unless told otherwise: the cores this process may use, at most 4."""
    if hasattr(os, "sched_getaffinity"):
        return min(MAX_DEFAULT_THREADS, max(1, len(os.sched_getaffinity(0))))
    return min(MAX_DEFAULT_THREADS, os.cpu_count() or 1)


def runtime_reports() -> tuple[RuntimeReport, ...]:
    """Say for every rung whether it is chosen, and why the others are not."""
    reports: list[RuntimeReport] = []
    chosen = ""
    for name, (module, distribution) in RUNTIMES.items():
        if name == ANDROID and not on_android():
            reports.append(RuntimeReport(name, "", False, "not needed: it is for the Android app"))
        elif not _installed(name):
            reports.append(RuntimeReport(name, "", False, f"not installed: pip install {distribution}"))
        elif chosen:
            reports.append(RuntimeReport(name, _version(distribution), False, f"not needed: {chosen} comes first"))
        else:
            try:
                import_module(module)
            except Exception as error:  # noqa: BLE001 - a native module can fail to load in any way; the next rung is tried
                reports.append(RuntimeReport(name, _version(distribution), False, f"can't be imported: {_line(error)}"))
            else:
                chosen = name
                reports.append(RuntimeReport(name, _version(distribution), True, "the first that imports"))
    return tuple(reports)


class Interpreter:
    """A network ready to run.

    Attributes:
        runtime: The rung of `RUNTIMES` that runs it.
        threads: Threads that it was given.
        input_shape: (1, height, width, 3).
        input_dtype: The input's type, as a rule uint8.
        input_scale: Scale of a quantised input, `real = (stored - input_zero_point) * input_scale`; 0 for plain float.
        input_zero_point: Zero point of a quantised input.
        outputs: Tensor name → `OutputTensor`.
    """

    def __init__(self, native: Any, runtime: str, threads: int) -> None:
        """Wrap an allocated native interpreter; use `open`."""
        self._native = native
        self._lock = threading.Lock()
        self.runtime = runtime
        self.threads = threads
        details = native.get_input_details()
        if len(details) != 1:
            raise ModelFileError(f"a model of pictures has one input. Received: {len(details)} inputs.")
        self._input_index: int = details[0]["index"]
        self.input_shape: tuple[int, ...] = tuple(int(side) for side in details[0]["shape"])
        self.input_dtype: np.dtype[Any] = np.dtype(details[0]["dtype"])
        scale, zero_point = details[0]["quantization"]
        self.input_scale, self.input_zero_point = float(scale), int(zero_point)
        self._output_indexes: dict[str, int] = {}
        self.outputs: dict[str, OutputTensor] = {}
        for detail in native.get_output_details():
            scale, zero_point = detail["quantization"]
            shape = tuple(int(side) for side in detail["shape"])
            self._output_indexes[detail["name"]] = detail["index"]
            self.outputs[detail["name"]] = OutputTensor(shape, float(scale), int(zero_point))

    @classmethod
    def open(cls, content: bytes, threads: int | None = None, runtime: str | None = None) -> "Interpreter":
        """Check a model's graph, then give it to a runtime.

        Args:
            content: A .tflite, with or without associated files.
            threads: How many threads to use, 1 to 256; `default_threads()` if None.
            runtime: Force one of `RUNTIMES`; the first that imports if None.

        Raises:
            ModelFileError: The model is damaged, or the runtime can't run it.
            RuntimeMissingError: No runtime, or not the one asked for, can be imported.
            UsageError: An unknown runtime, or a number of threads that is out of range.
        """
        if threads is None:
            threads = default_threads()
        if not 1 <= threads <= 256:
            raise UsageError(f"threads must be 1 to 256. Received: {threads}.")
        check_graph(content)
        name, make = _load(runtime)
        try:
            native = make(model_content=content, num_threads=threads)
            native.allocate_tensors()
        except (ValueError, RuntimeError, TypeError, MemoryError) as error:
            raise ModelFileError(f"the runtime {name} can't open this model ({_line(error)}).") from error
        return cls(native, name, threads)

    def run(self, picture: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Run the network once. Safe to call from several threads; the calls wait for each other.

        Args:
            picture: Array of shape (height, width, 3), RGB, of exactly the input's height, width and type: as a rule
                uint8, 0–255.

        Returns:
            Tensor name → the raw output of shape (n,): uint8 or int8 if the output is quantised, else float32.

        Raises:
            ModelFileError: The picture doesn't fit the input, or the runtime fails.
        """
        if picture.dtype != self.input_dtype or (1, *picture.shape) != self.input_shape:
            raise ModelFileError(
                f"the model's input is {self.input_dtype} {self.input_shape}. "
                f"Received: {picture.dtype} {(1, *picture.shape)}."
            )
        with self._lock:
            try:
                self._native.set_tensor(self._input_index, picture[np.newaxis])
                self._native.invoke()
            except (ValueError, RuntimeError) as error:
                raise ModelFileError(f"the runtime {self.runtime} can't run this model ({_line(error)}).") from error
            return {name: self._native.get_tensor(at).reshape(-1) for name, at in self._output_indexes.items()}

    def dequantise(self, name: str, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Turn a raw output into real numbers by the interpreter's own parameters.

        Args:
            name: The output's tensor name.
            raw: What `run` returned for it, shape (n,).

        Returns:
            float32 array of shape (n,).
        """
        scale, zero_point = self.outputs[name].scale, self.outputs[name].zero_point
        if not scale:
            return raw.astype(np.float32)
        return (raw.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


def _load(runtime: str | None) -> tuple[str, Callable[..., Any]]:
    """Import a rung and return its name and its `Interpreter` class."""
    if runtime is not None and runtime not in RUNTIMES:
        raise UsageError(f"Unknown runtime '{runtime}'. Known: {', '.join(RUNTIMES)}.")
    refused: Mapping[str, str] = {}
    for name in RUNTIMES if runtime is None else (runtime,):
        module, distribution = RUNTIMES[name]
        if name == ANDROID and runtime is None and not on_android():
            continue  # importing pyjnius starts a Java machine
        if not _installed(name):
            refused = {**refused, name: "not installed"}
            continue
        try:
            make: Callable[..., Any] = import_module(module).Interpreter
        except Exception as error:  # noqa: BLE001 - a native module can fail to load in any way; the next rung is tried
            refused = {**refused, name: _line(error)}
        else:
            return name, make
    reasons = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
    distribution = RUNTIMES[runtime or next(iter(RUNTIMES))][1]
    raise RuntimeMissingError(f"No TensorFlow Lite runtime ({reasons}). Install one: pip install {distribution}.")


def _installed(name: str) -> bool:
    """Tell whether a rung's top package can be found, without importing it."""
    try:
        return find_spec(name.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def _version(distribution: str) -> str:
    """Return a distribution's version, or "" (TensorFlow comes under several names)."""
    from importlib.metadata import PackageNotFoundError, version

    for name in (distribution, f"{distribution}-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""


def _line(error: BaseException) -> str:
    """Return an error's text as one short line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
