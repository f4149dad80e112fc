"""How near our file comes to what the processor can do: int8 multiply-accumulates a second, as a fraction.

The limit is the fastest of three large int8 matrix products through the same runtime on the same threads: one operator
that does nothing but multiply, whose numbers fit the caches. It stands for the processor's int8 dot product as the
runtime can use it; it is measured, not taken from a data sheet.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter as Native

from benchmarks.networks import PRODUCTS, built
from benchmarks.result import Result
from benchmarks.subject import add_model_argument, model_name, model_path, model_version
from edgefashion.evaluation.graph import read_graph
from edgefashion.evaluation.latency import interleave

NAME = "limit"
TITLE = "Our file against the fastest int8 matrix product on the same processor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_model_argument(parser)
    parser.add_argument("--repeats", type=int, default=50, help="turns (default 50)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="default 1 2")
    parser.add_argument(
        "--products", type=int, nargs="+", default=PRODUCTS, choices=PRODUCTS, help="sides of the matrices"
    )


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    path = model_path(arguments.model)
    files = {model_name(path): path} | {f"product {side} × {side} × {side}": built(f"matrix-product-{side}")
                                        for side in arguments.products}  # fmt: skip
    macs = {name: read_graph(file.read_bytes()).macs for name, file in files.items()}
    rows: list[tuple[str | float | None, ...]] = []
    for threads in arguments.threads:
        found = interleave({name: _invoke(file, threads) for name, file in files.items()}, arguments.repeats, warmup=5)
        rates = {name: macs[name] / item.median_ms * 1e3 for name, item in found.items()}
        limit = max(rate for name, rate in rates.items() if name != model_name(path))
        for name, item in found.items():
            rate, spread = round(rates[name] / 1e9, 2), round(item.spread, 2)
            rows.append((name, threads, macs[name], rate, round(rates[name] / limit, 3), spread))
    columns = ("what", "threads", "MACs", "10⁹ MACs a second", "fraction of the limit", "spread")
    return Result(NAME, TITLE, columns, tuple(rows), {"model": model_version(path), "repeats": arguments.repeats})


def _invoke(path: Path, threads: int) -> Callable[[], object]:
    """A call that runs a network once on random numbers."""
    native = Native(model_path=str(path), num_threads=threads)
    native.allocate_tensors()
    given = native.get_input_details()[0]
    limits = np.iinfo(given["dtype"])
    numbers = np.random.default_rng(0).integers(limits.min, limits.max + 1, given["shape"], dtype=given["dtype"])
    native.set_tensor(given["index"], numbers)
    invoke: Callable[[], object] = native.invoke
    return invoke
