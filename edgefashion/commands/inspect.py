"""`edgefashion inspect`: what a .tflite file is made of, and what its card says."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgefashion.evaluation.graph import Graph, Operator, Tensor
    from edgefashion.runtime.card import ModelCard

HELP = "Show a model file's card, inputs, outputs, operators, multiply-accumulates and sizes."
EXAMPLE = "edgefashion inspect garment.tflite"

MAX_LABELS_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("model", metavar="MODEL", help="any .tflite file, or the name of a shipped model")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; gives the exit code."""
    import json

    from edgefashion.commands import display
    from edgefashion.evaluation.graph import read_graph, zipped_bytes
    from edgefashion.runtime.model_file import ModelFile
    from edgefashion.runtime.shipped import find_model

    model = ModelFile.read(find_model(arguments.model))
    graph = read_graph(model.content)
    sizes = {
        "raw": len(model.content),
        "zipped": zipped_bytes(model.content),
        "flatbuffer": graph.flatbuffer_bytes,
        "associated_files": {name: len(content) for name, content in sorted(model.files.items())},
    }
    if arguments.json:
        card = None if model.card is None else json.loads(model.card.to_json())
        golden = 0 if model.card is None else len(model.card.golden)
        display.print_json(
            {"path": str(model.path), "card": card, "golden": golden, "sizes": sizes, "graph": graph.to_dict()}
        )
        return 0
    if model.card is None:
        print("This file has no card: no labels, accuracy or golden vectors of EdgeFashion's are in it.")
    else:
        display.table(["card", ""], card_rows(model.card))
    display.table(["tensor", "type", "shape", "quantisation", "name"], tensor_rows(graph))
    display.table(["operator", "version", "count"], [operator_row(item) for item in graph.operators])
    display.table(["size", ""], size_rows(graph, sizes))
    return 0


def card_rows(card: ModelCard) -> list[list[str]]:
    """What the card says, one fact a row; facts that it leaves out are left out here."""
    rule = card.input
    rows = [
        ["name", f"{card.name} {card.version}"],
        ["description", card.description],
        ["licence", card.licence],
        ["input", f"{rule.height} × {rule.width} {rule.colour}, resize rule '{rule.resize}'"],
    ]
    for head in card.heads:
        shown = ", ".join(head.labels[:MAX_LABELS_SHOWN]) + (", …" if len(head.labels) > MAX_LABELS_SHOWN else "")
        rows.append([f"head '{head.name}'", f"{len(head.labels)} labels: {shown}" if head.labels else "numbers"])
    rows += [
        ["taxonomy", card.taxonomy.name],
        ["mappings", ", ".join(card.taxonomy.mappings)],
        ["threshold", f"not sure below {card.threshold:g} (temperature {card.temperature:g})"],
        *([f"accuracy, {variant}", _accuracy(facts)] for variant, facts in card.accuracy.items()),
        *([f"training, {key}".replace("_", " "), str(value)] for key, value in card.training.items()),
        ["lowest runtime tried", card.lowest_runtime],
        ["golden vectors", str(len(card.golden))],
    ]
    return [row for row in rows if row[1]]


def _accuracy(facts: Any) -> str:
    """One variant's accuracy; the table is open, so whatever isn't there is left out."""
    if not isinstance(facts, Mapping):
        return str(facts)
    parts = []
    if isinstance(facts.get("top1"), int | float):
        parts.append(f"top-1 {facts['top1']:.4f}")
    bounds = facts.get("interval")
    if isinstance(bounds, list | tuple) and len(bounds) == 2 and all(isinstance(item, int | float) for item in bounds):
        parts.append(f"({bounds[0]:.4f} to {bounds[1]:.4f})")
    parts += [f"{key} {facts[key]}" for key in ("n", "split") if facts.get(key)]
    return " ".join(parts)


def tensor_rows(graph: Graph) -> list[list[str]]:
    """Inputs and outputs, one a row."""
    sides = [("input", item) for item in graph.inputs] + [("output", item) for item in graph.outputs]
    return [
        [side, item.dtype, " × ".join(map(str, item.shape)) or "scalar", _quantisation(item), item.name]
        for side, item in sides
    ]


def _quantisation(tensor: Tensor) -> str:
    """How numbers become real values."""
    if not tensor.scale:
        return "none"
    if len(tensor.scale) > 1:
        return f"{len(tensor.scale)} channels"
    return f"{tensor.scale[0]:.6g} × (number − {tensor.zero_point[0] if tensor.zero_point else 0})"


def operator_row(operator: Operator) -> list[str]:
    """One kind of operator."""
    return [operator.name, str(operator.version), str(operator.count)]


def size_rows(graph: Graph, sizes: Mapping[str, Any]) -> list[list[str]]:
    """Sizes and what the network costs."""
    floats = ", ".join(f"{item.name} ×{item.count}" for item in graph.float_operators)
    rows = [
        ["parameters", f"{graph.parameters:,}"],
        ["multiply-accumulates", f"{graph.macs:,}"],
        ["full integer", "yes" if graph.full_integer else f"no; float: {floats or 'inputs or outputs'}"],
        ["file, bytes", f"{sizes['raw']:,}"],
        ["zipped, bytes", f"{sizes['zipped']:,}"],
        ["flatbuffer, bytes", f"{sizes['flatbuffer']:,}"],
        *([f"associated file {name}, bytes", f"{size:,}"] for name, size in sizes["associated_files"].items()),
        ["lowest runtime by the converter's estimate", graph.min_runtime],
        ["description", graph.description],
    ]
    return [row for row in rows if row[1]]
