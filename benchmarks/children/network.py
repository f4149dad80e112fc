"""One network in one runtime: network.py FILE RUNTIME THREADS, a RUNTIME of the ladder in `runtime/interpreter.py`.

The runtime is used as it comes, without our checks of the file: every network is treated alike.
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np

from benchmarks.children.serve import serve
from edgefashion.runtime.interpreter import RUNTIMES


def main() -> None:
    """Opens the file and serves runs on one random picture."""
    file, runtime, threads = sys.argv[1:]
    native = import_module(RUNTIMES[runtime][0]).Interpreter(
        model_content=Path(file).read_bytes(), num_threads=int(threads)
    )
    native.allocate_tensors()
    given = native.get_input_details()[0]
    picture = np.random.default_rng(0).integers(0, 256, given["shape"], dtype=np.uint8)
    is_float = np.dtype(given["dtype"]).kind == "f"
    native.set_tensor(given["index"], ((picture - 128.0) / 128 if is_float else picture).astype(given["dtype"]))
    package = import_module(runtime.partition(".")[0])
    serve(native.invoke, runtime=runtime, version=str(getattr(package, "__version__", "unknown")))


if __name__ == "__main__":
    main()
