"""What `edgefashion evaluate --robust` prints: accuracy against severity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgefashion.commands import display
from edgefashion.commands.evaluate import describe, subject
from edgefashion.commands.evaluation_tables import unreadable_lines

if TYPE_CHECKING:
    from edgefashion.data.manifest import Manifest
    from edgefashion.evaluation.bare_model import BareClassifier
    from edgefashion.evaluation.robustness import Condition, Robustness
    from edgefashion.runtime.classifier import Classifier

COLUMNS = ("corruption", "level", "top-1", "points lost", "95 % interval", "macro-F1", "")


def show_robustness(classifier: Classifier | BareClassifier, manifest: Manifest, split: str, as_json: bool) -> int:
    """Measures and prints; gives the exit code."""
    from edgefashion.evaluation.robustness import measure_robustness

    with display.progress(len(manifest.rows), "Corrupting and judging") as bar:
        found = measure_robustness(classifier, manifest, progress=bar.advance)
    if as_json:
        display.print_json(subject(classifier, manifest, split) | found.to_dict())
        return 0
    print(f"{classifier.card.name} {classifier.card.version} on {manifest.name}, {describe(split, found)}")
    display.table(COLUMNS, [clean_row(found), *map(condition_row, found.conditions)])
    low, high = found.mild_loss_interval
    kinds = ", ".join(f"{item.corruption} {item.level:g}" for item in found.conditions if item.mild)
    print(f"Mild: {kinds}.")
    print(f"Mean loss over the mild ones: {found.mild_loss:+.2f} points, 95 % interval {low:+.2f} to {high:+.2f}.")
    low, high = found.top1_interval
    drawn = "contributors" if found.resampled == "group" else "pictures"
    print(f"Clean top-1: 95 % interval {low:.4f} to {high:.4f}. Intervals of losses are paired, resampling {drawn}.")
    for line in unreadable_lines(found.n, found.unreadable):
        print(line)
    return 0


def clean_row(found: Robustness) -> list[str]:
    """The pictures as they are, as a row of the table."""
    return ["clean", "", f"{found.top1:.4f}", "", "", f"{found.macro_f1:.4f}", ""]


def condition_row(condition: Condition) -> list[str]:
    """One condition as a row of the table."""
    low, high = condition.loss_interval
    return [
        condition.corruption,
        f"{condition.level:g} {condition.unit}",
        f"{condition.top1:.4f}",
        f"{condition.loss:+.2f}",
        f"{low:+.2f} to {high:+.2f}" if high > low else "no picture changed",
        f"{condition.macro_f1:.4f}",
        "mild" if condition.mild else "",
    ]
