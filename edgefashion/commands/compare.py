"""`edgefashion compare`: may model B replace model A?"""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from edgefashion.commands import display
from edgefashion.commands.evaluate import choose_split, describe
from edgefashion.commands.evaluation_tables import unreadable_lines
from edgefashion.commands.judged_model import add_bare_arguments, open_judged
from edgefashion.errors import UsageError

if TYPE_CHECKING:
    from edgefashion.evaluation.bare_model import BareClassifier
    from edgefashion.evaluation.compare import Comparison
    from edgefashion.runtime.classifier import Classifier

MAY_NOT = 3
"""Exit code where B may not replace A; 1 and 2 are errors, as everywhere."""
HELP = (
    "Compare two model files on the same pictures: paired intervals, McNemar's test, classes, size, latency.\n"
    f"Exit code 0: B may replace A. {MAY_NOT}: it may not. 1: an error, 2: wrong usage, told in one line on stderr."
)
EXAMPLE = "edgefashion compare old.tflite new.tflite my-photos/ --max-loss 1"

MAX_LOSS = 2.0
"""Points. Two models that are equally good and differ on 4 % of 800 pictures have an interval of about ±1.4."""
MAX_SHOWN = 15
REPEATS = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("first", metavar="A", help="the model in use: a .tflite file, or a shipped model's name")
    parser.add_argument("second", metavar="B", help="the model that may replace it")
    parser.add_argument(
        "source", metavar="SOURCE", help="labelled pictures; the kinds are listed by 'data check --help'"
    )
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test", "all"),
        help="which part to judge on (default: validation where there is one, else test, else all)",
    )
    parser.add_argument(
        "--sample", type=int, metavar="N", help="judge on N pictures, drawn from as many contributors as possible"
    )
    parser.add_argument(
        "--max-loss",
        type=float,
        default=MAX_LOSS,
        metavar="POINTS",
        help="a larger loss of accuracy must be ruled out: the 95 %% interval of the change must not reach below it "
        f"(default {MAX_LOSS:g})",
    )
    parser.add_argument(
        "--min-gain",
        type=float,
        metavar="POINTS",
        help="accuracy must have gained so much, as measured (default: none)",
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of the networks (default 1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    add_bare_arguments(parser, "A is a file without a card", "-a")
    add_bare_arguments(parser, "B is a file without a card", "-b")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; 0 if B may replace A, else `MAY_NOT`."""
    for name in ("max_loss", "min_gain"):
        value = getattr(arguments, name)
        if value is not None and not (math.isfinite(value) and 0 <= value <= 100):
            raise UsageError(f"--{name.replace('_', '-')} must lie between 0 and 100 points. Received: {value:g}.")
    for name in ("sample", "threads"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name} must be at least 1. Received: {value}.")
    from edgefashion.data.sources import open_source
    from edgefashion.evaluation.compare import compare, may_replace
    from edgefashion.evaluation.sample import sample_by_group

    first = open_judged(arguments.first, arguments, "-a")
    second = open_judged(arguments.second, arguments, "-b")
    split, manifest = choose_split(open_source(arguments.source), arguments.split)
    if arguments.sample is not None:
        manifest = sample_by_group(manifest, arguments.sample)
    with display.progress(2 * len(manifest.rows), "Judging both") as bar:
        found = compare(first, second, manifest, bar.advance)
    cost = _cost(first, second)
    passed = may_replace(found, arguments.max_loss, arguments.min_gain)
    if arguments.json:
        source = {"name": manifest.name, "split": split, "digest": manifest.digest}
        limits = {"max_loss": arguments.max_loss, "min_gain": arguments.min_gain}
        display.print_json(
            {"source": source, "models": cost, "limits": limits, "may_replace": passed} | found.to_dict()
        )
        return 0 if passed else MAY_NOT
    print(f"A {first.card.name} {first.card.version}, B {second.card.name} {second.card.version}")
    print(f"{manifest.name}, {describe(split, found)}")
    if found.relabelled:
        print(f"The pictures' labels were translated by the mapping '{found.relabelled}'.")
    display.table(["measure", "A", "B", "change", "95 % interval, paired"], measure_rows(found) + cost_rows(cost))
    display.table(
        ["class", "pictures", "gained", "lost", "recall A", "recall B", "F1 A", "F1 B"],
        [
            [item.label, item.support, item.gained, item.lost, *(f"{value:.3f}" for value in item.recall + item.f1)]
            for item in found.classes
            if item.support
        ],
    )
    for line in (*disagreement_lines(found), *unreadable_lines(found.n, found.unreadable)):
        print(line)
    print(verdict(found, passed, arguments.max_loss, arguments.min_gain))
    return 0 if passed else MAY_NOT


def _cost(first: Classifier | BareClassifier, second: Classifier | BareClassifier) -> list[dict[str, Any]]:
    """Path, name, sizes, multiply-accumulates and latency of both models."""
    from edgefashion.evaluation.graph import read_graph, zipped_bytes
    from edgefashion.evaluation.latency import compare_latency

    times = compare_latency({"A": first.interpreter, "B": second.interpreter}, repeats=REPEATS)
    rows = []
    for model, latency in zip((first, second), times.values(), strict=True):
        content = model.path.read_bytes()
        rows.append(
            {
                "path": str(model.path),
                "name": model.card.name,
                "version": model.card.version,
                "raw_bytes": len(content),
                "zipped_bytes": zipped_bytes(content),
                "macs": read_graph(content).macs,
                "latency": latency.to_dict(),
            }
        )
    return rows


def measure_rows(found: Comparison) -> list[list[str]]:
    """Accuracy and macro-F1 as rows."""
    rows = []
    for name, values, change, interval in (
        ("top-1", (found.first.top1, found.second.top1), found.change, found.change_interval),
        ("macro-F1", (found.first.macro_f1, found.second.macro_f1), found.macro_f1_change,
         found.macro_f1_change_interval),
    ):  # fmt: skip
        rows.append(
            [name, *(f"{value:.4f}" for value in values), f"{change:+.2f} points",
             f"{interval[0]:+.2f} to {interval[1]:+.2f} points"]
        )  # fmt: skip
    return rows


def cost_rows(cost: list[dict[str, Any]]) -> list[list[str]]:
    """Size, multiply-accumulates and latency as rows."""
    rows = []
    for name, key in (("file, raw bytes", "raw_bytes"), ("file, zipped bytes", "zipped_bytes"),
                      ("multiply-accumulates", "macs")):  # fmt: skip
        first, second = (item[key] for item in cost)
        rows.append([name, f"{first:,}", f"{second:,}", f"× {second / first:.2f}" if first else "", ""])
    first, second = (item["latency"] for item in cost)
    rows.append(
        [
            "latency here",
            f"{first['median_ms']:.2f} ms",
            f"{second['median_ms']:.2f} ms",
            f"× {second['ratio']:.2f}",
            "",
        ]
    )
    return rows


def disagreement_lines(found: Comparison) -> list[str]:
    """Pictures to which the models give different labels, those that are lost first."""
    shown = sorted(
        found.disagreements,
        key=lambda item: (item.labels[0] != item.truth, item.labels[1] == item.truth, -max(item.confidences)),
    )
    lines = [f"{len(shown)} pictures get different labels{':' if shown else '.'}"]
    for item in shown[:MAX_SHOWN]:
        word = {item.labels[0]: "lost", item.labels[1]: "gained"}.get(item.truth, "both wrong")
        said = " → ".join(f"{label} {share:.0%}" for label, share in zip(item.labels, item.confidences, strict=True))
        lines.append(f"  {word}: {item.path} is {item.truth}: {said}")
    if len(shown) > MAX_SHOWN:
        lines.append(f"  and {len(shown) - MAX_SHOWN} more (--json lists all).")
    return lines


def verdict(found: Comparison, passed: bool, max_loss: float, min_gain: float | None) -> str:
    """The answer and its reasons, in two lines."""
    discordant = found.only_first + found.only_second
    test = (
        f"Of {discordant} pictures that one model alone has right, A has {found.only_first} and B {found.only_second}: "
        f"McNemar's exact p = {found.p_value:.3g}."
    )
    low = found.change_interval[0]
    reasons = [
        f"a loss of more than {max_loss:g} points is {'' if low >= -max_loss else 'not '}ruled out (--max-loss)",
    ]
    if min_gain is not None:
        enough = "" if found.change >= min_gain else "not "
        reasons.append(f"the gain of {found.change:+.2f} points is {enough}at least {min_gain:g} (--min-gain)")
    return f"{test}\nB {'may' if passed else 'may not'} replace A: {'; '.join(reasons)}."
