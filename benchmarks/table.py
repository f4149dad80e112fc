"""Writes the tables of the README files from the committed results: `python -m benchmarks.table [--check]`.

A table stands between `<!-- bench:NAME:begin -->` and `<!-- bench:NAME:end -->`, where results/NAME.json exists;
the table of shipped models between `<!-- models:begin -->` and `<!-- models:end -->`; likewise those of peers and
published figures at `peers`, `ten-classes` and `fashion-mnist-peers`, and the comparisons that a rival wins at
`losses`. The picture docs/models.svg is drawn too. --check also tells of figures in sentences, which are written by
hand.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from benchmarks.models_table import fill_models
from benchmarks.peers_table import fill_peers
from benchmarks.picture import PICTURE, drawn
from benchmarks.readme_figures import missing
from benchmarks.result import RESULTS, Result
from benchmarks.subject import ROOT

PAGES = (ROOT / "README.md", ROOT / "benchmarks" / "README.md")
MARKED = re.compile(r"(<!-- bench:([a-z-]+):begin -->\n).*?(<!-- bench:\2:end -->)", re.DOTALL)
LOSSES = re.compile(r"(<!-- losses:begin -->\n).*?(<!-- losses:end -->)", re.DOTALL)


def render(result: Result, machine: dict[str, Any]) -> str:
    """A result as Markdown: title, table, limits, settings and machine."""
    lines = [f"**{result.title}**", "", _row(result.columns), _row(["---"] * len(result.columns))]
    lines += [_row([_cell(cell) for cell in row]) for row in result.rows]
    if result.limits:
        lines += ["", _row(["limit", "allowed", "measured", "kept"]), _row(["---"] * 4)]
        for limit in result.limits:
            unit = f" {limit.unit}" if limit.unit else ""
            kept = "yes" if limit.kept else "**no**"
            lines.append(_row([limit.what, f"{limit.allowed:g}{unit}", f"{limit.measured:g}{unit}", kept]))
    settings = ", ".join(f"{key} {value[:12] if key == 'digest' else value}" for key, value in result.settings.items())
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    place = f"{machine['processor']}, {machine['cores']} cores (load {machine['load']}), Python {machine['python']}"
    return "\n".join([*lines, "", f"{settings}. {place}, {packages}."])


def _row(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(cell: str | float | None) -> str:
    """A cell as text: whole numbers with separators, none as a dash."""
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    return f"{cell:,}"


def fill(page: str, folder: Path = RESULTS) -> str:
    """The page with every marked table written anew; a marker without a result stays as it is."""

    def replaced(match: re.Match[str]) -> str:
        path = folder / f"{match[2]}.json"
        return f"{match[1]}{render(*Result.read(path))}\n{match[3]}" if path.exists() else match[0]

    filled = LOSSES.sub(lambda match: f"{match[1]}{losses_table(folder)}\n{match[2]}", page)
    return fill_models(fill_peers(MARKED.sub(replaced, filled), folder))


def losses_table(folder: Path = RESULTS) -> str:
    """Markdown: every committed comparison in which the rival does better, and how many there are in all."""
    results = [Result.read(path)[0] for path in sorted(folder.glob("*.json"))]
    compared = [(result.name, item) for result in results for item in result.comparisons]
    lost = [(suite, item) for suite, item in compared if item.lost]
    if not compared:
        return "No comparison with a rival is committed yet."
    lines = [f"The rival does better in {len(lost)} of {len(compared)} comparisons.", ""]
    if lost:
        lines += [_row(["suite", "measure", "rival", "ours", "theirs", "more than chance"]), _row(["---"] * 6)]
    for suite, item in lost:
        values = (f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}" for value in (item.ours, item.theirs))
        lines.append(_row([suite, item.measure, item.rival, *values, "yes" if item.clear else "no"]))
    return "\n".join(lines).rstrip()


def made_pages() -> dict[Path, str]:
    """The pages as the committed results make them, the picture too."""
    return {page: fill(page.read_text()) for page in PAGES if page.exists()} | {PICTURE: drawn()}


def stale_pages() -> list[Path]:
    """Those that differ from the committed results."""
    return [page for page, text in made_pages().items() if not page.exists() or page.read_text() != text]


def update_all() -> None:
    """Writes all pages."""
    for page, text in made_pages().items():
        page.write_text(text)


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        stale = stale_pages()
        if stale:
            names = ", ".join(str(page.relative_to(ROOT)) for page in stale)
            raise SystemExit(f"Tables differ from the results in {names}; run: python -m benchmarks.table")
        if missing():
            raise SystemExit("\n".join(missing()))
    else:
        update_all()
