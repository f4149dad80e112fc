"""The README's table of shipped models, from the cards inside the files and the committed latency ratios."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.result import RESULTS
from edgefashion.evaluation.graph import zipped_bytes
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import SHIPPED
from edgefashion.taxonomy import NO_GARMENT

MARKED = re.compile(r"(<!-- models:begin -->\n).*?(<!-- models:end -->)", re.DOTALL)


def models_table(folder: Path = RESULTS) -> str:
    """Markdown: one row for each shipped model that is there."""
    lines = [
        "| model | tells apart | input | raw bytes | zipped | MACs | float accuracy | int8 accuracy | int8 macro-F1 "
        "| latency, int8 to float |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    ratios = _ratios(folder / "precision.json")
    for name, path in SHIPPED.items():
        if not path.is_file():
            continue
        file = ModelFile.read(path)
        card = file.card
        if card is None:
            continue
        before, after = card.accuracy.get("float", {}), card.accuracy.get("int8", {})
        cells = (
            f"`{name}`",
            f"{len(set(card.labels) - {NO_GARMENT})} types",
            f"{card.input.height} × {card.input.width}",
            f"{len(file.content):,}",
            f"{zipped_bytes(file.content):,}",
            f"{card.size['macs'] / 1e6:.1f} M",
            _accuracy(before),
            _accuracy(after),
            f"{after['macro_f1']:.3f}" if after else "–",
            f"× {ratios[name]:.2f}" if name in ratios else "–",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def fill_models(page: str) -> str:
    """The page with the table between its markers written anew."""
    return MARKED.sub(lambda match: f"{match[1]}{models_table()}\n{match[2]}", page)


def _accuracy(found: Any) -> str:
    if not found:
        return "–"
    low, high = found["interval"]
    return f"{found['top1']:.4f} [{low:.3f}, {high:.3f}], n = {found['n']:,} ({found['split']})"


def _ratios(path: Path) -> dict[str, float]:
    """Model → latency of the int8 file divided by the float file's."""
    if not path.is_file():
        return {}
    result = json.loads(path.read_text(encoding="utf-8"))
    found = result.get("result", result)
    column = list(found["columns"]).index("latency ratio")
    return {row[0]: float(row[column]) for row in found["rows"] if row[1] == "int8"}
