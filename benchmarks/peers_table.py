"""The README's tables of peers and published figures, from results/peers-clothing.json and peers-fashion-mnist.json."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers import BESIDE, CLEAR, PEERS, TEN_CLASSES
from benchmarks.result import RESULTS, Result

TASK = "clothing"
PUBLISHED = "published: "


def peers_table(folder: Path = RESULTS) -> str:
    """Markdown: our models and every peer that was judged beside them, best first; nothing without a result."""
    rows = _rows(folder, TASK)
    if not rows:
        return ""
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
            chance = "not paired" if p is None else f"{'yes' if p < CLEAR else 'no'}, p = {p:g}"
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


def ten_classes_table(folder: Path = RESULTS) -> str:
    """Markdown: the ten classes of clothing-dataset-small, on our split; the published figure, on its own."""
    rows = _rows(folder, TASK)
    judged = sorted((row for row in rows if row["what"].startswith(TEN_CLASSES)), key=lambda row: -row["accuracy"])
    files = {row["what"].removeprefix("ours: "): row for row in rows if row.get("raw bytes")}
    lines = ["| ten classes | right | 95 % interval | file | judged on |", "|---|---|---|---|---|"]
    for row in judged:
        name = row["what"].removeprefix(TEN_CLASSES)
        title = PEERS[TASK][name].title if name in PEERS[TASK] else f"`{name}`"
        size = f"{files[name]['raw bytes'] / 1e6:.1f} MB, int8"
        lines.append(_line(title, f"{row['accuracy']:.3f}", row["95 % interval"], size, row["note"]))
    return "\n".join([*lines, *_published(rows)]) if judged else ""


def fashion_mnist_table(folder: Path = RESULTS) -> str:
    """Markdown: Fashion-MNIST's test pictures, peers with p beside each of ours; published figures."""
    rows = _rows(folder, "fashion-mnist")
    ours = [row["what"].removeprefix("ours: ") for row in rows if row["what"].startswith("ours: ")]
    if not ours:
        return ""
    tests = dict(zip(ours, ["p (McNemar)", *map(BESIDE.format, ours[1:])], strict=True))
    lines = [
        _line("Fashion-MNIST", "right", "95 % interval", "file", *(f"p beside `{name}`" for name in ours), "source"),
        "|" + "---|" * (5 + len(ours)),
    ]
    for row in rows:
        if row["what"].startswith(PUBLISHED) or row["accuracy"] is None:
            continue
        name = row["what"].removeprefix("ours: ")
        title = f"`{name}`" if name in ours else PEERS["fashion-mnist"][name].title
        size = f"{row['raw bytes'] / 1000:,.0f} kB"
        chances = ("" if row.get(column) is None else f"{row[column]:g}" for column in tests.values())
        lines.append(_line(title, f"{row['accuracy']:.3f}", row["95 % interval"], size, *chances, "measured here"))
    return "\n".join([*lines, *_published(rows, [""] * len(ours))])


def _rows(folder: Path, task: str) -> list[dict[str, Any]]:
    """Every row by its columns; none without a result."""
    path = folder / f"peers-{task}.json"
    if not path.is_file():
        return []
    result, _ = Result.read(path)
    return [dict(zip(result.columns, row, strict=True)) for row in result.rows]


def _published(rows: list[dict[str, Any]], between: Sequence[str] = ()) -> list[str]:
    """Lines of the quoted figures: name, figure, interval, size, what stands `between`, source."""
    lines = []
    for row in rows:
        if row["what"].startswith(PUBLISHED):
            size, _, source = row["note"].partition("; ")
            name, _, judged = row["what"].partition("; ")
            last = f"{judged}; {source}" if judged else source
            lines.append(_line(name, f"{row['accuracy']:.3f}", row["95 % interval"], size, *between, last))
    return lines


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


TABLES = {"peers": peers_table, "ten-classes": ten_classes_table, "fashion-mnist-peers": fashion_mnist_table}
"""What stands between which markers."""
MARKED = re.compile(rf"(<!-- ({'|'.join(TABLES)}):begin -->\n).*?(<!-- \2:end -->)", re.DOTALL)


def fill_peers(page: str, folder: Path = RESULTS) -> str:
    """The page with the tables between their markers written anew."""
    return MARKED.sub(lambda match: f"{match[1]}{TABLES[match[2]](folder)}\n{match[3]}", page)
