"""The README's table of peers on the garment photos, from results/peers-clothing.json."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS
from benchmarks.result import RESULTS, Result

TASK = "clothing"
MARKED = re.compile(r"(<!-- peers:begin -->\n).*?(<!-- peers:end -->)", re.DOTALL)
ACCEPTED = 0.05
"""p of McNemar's test from which on a difference may be chance."""


def peers_table(folder: Path = RESULTS) -> str:
    """Markdown: our models and every peer that was judged beside them, best first; nothing without a result."""
    path = folder / f"peers-{TASK}.json"
    if not path.is_file():
        return ""
    result, _ = Result.read(path)
    rows: list[dict[str, Any]] = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    ours = [row for row in rows if row["what"].startswith("ours: ")]
    judged = [row for row in rows if row["what"] in PEERS[TASK] and row["accuracy"] is not None]
    lines = [
        "| made as | right | our lead, points | beyond chance? (McNemar) | right, mean of ten views | zipped | MACs |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in [*ours, *sorted(judged, key=lambda row: -row["accuracy"])]:
        name, lead, chance = f"`{row['what'].removeprefix('ours: ')}`", "", ""
        if row in judged:
            name = PEERS[TASK][row["what"]].title
            lead = f"{100 * (ours[0]['accuracy'] - row['accuracy']):.1f}"
            p = row["p (McNemar)"]
            chance = f"{'yes' if p < ACCEPTED else 'no'}, p = {p:g}"
        views = row["ten views"]
        cells = (
            name,
            f"{row['accuracy']:.3f}",
            lead,
            chance,
            "–" if views is None else f"{views:.3f}",
            f"{row['zipped']:,}",
            f"{row['MACs'] / 1e6:.1f} M",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def fill_peers(page: str, folder: Path = RESULTS) -> str:
    """The page with the table between its markers written anew."""
    return MARKED.sub(lambda match: f"{match[1]}{peers_table(folder)}\n{match[2]}", page)
