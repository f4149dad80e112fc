"""What `edgefashion evaluate --views` prints: the same pictures seen in ten ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgefashion.commands import display
from edgefashion.commands.evaluate import describe, subject
from edgefashion.commands.evaluation_tables import unreadable_lines

if TYPE_CHECKING:
    from edgefashion.data.manifest import Manifest
    from edgefashion.evaluation.bare_model import BareClassifier
    from edgefashion.evaluation.views import ManyViews
    from edgefashion.runtime.classifier import Classifier


def show_views(classifier: Classifier | BareClassifier, manifest: Manifest, split: str, as_json: bool) -> int:
    """Measures and prints; gives the exit code."""
    from edgefashion.evaluation.views import SHARE, measure_views

    with display.progress(len(manifest.rows), "Judging ten views of each") as bar:
        found = measure_views(classifier, manifest, bar.advance)
    if as_json:
        display.print_json(subject(classifier, manifest, split) | found.to_dict())
        return 0
    print(f"{classifier.card.name} {classifier.card.version} on {manifest.name}, {describe(split, found)}")
    display.table(["view", "top-1"], [[name, f"{share:.4f}"] for name, share in found.top1.items()])
    display.table(["measure", "value", "95 % interval"], views_rows(found))
    drawn = "contributors" if found.resampled == "group" else "pictures"
    print(f"Moved by {100 * SHARE:g} % of each side. Intervals resample {drawn}, but for the first: Wilson.")
    if found.flattered_interval[0] > 0:
        print("The pictures as they are flatter this model: believe the mean.")
    for line in unreadable_lines(found.n, found.unreadable):
        print(line)
    return 0


def views_rows(found: ManyViews) -> list[list[str]]:
    """The summary as rows of a table."""
    first = next(iter(found.top1.values()))
    return [
        ["top-1, as they are", f"{first:.4f}", "{:.4f} to {:.4f}".format(*found.top1_interval)],
        ["top-1, mean over the views", f"{found.mean:.4f}", "{:.4f} to {:.4f}".format(*found.mean_interval)],
        ["the first less the mean, points", f"{found.flattered:+.2f}",
         "{:+.2f} to {:+.2f}".format(*found.flattered_interval)],
        ["the same answer in every view", f"{found.steady:.4f}", ""],
    ]  # fmt: skip
