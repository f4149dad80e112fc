"""`edgefashion export`: a checkpoint to a `.tflite`, with the proof printed as one table."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgefashion.commands.display import print_json, progress, table
from edgefashion.errors import CheckpointError, DataError, ExportRefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgefashion.data.manifest import Manifest
    from edgefashion.evaluation.result import Evaluation
    from edgefashion.export.export import ExportReport
    from edgefashion.models.checkpoint import Checkpoint

HELP = (
    "Write a .tflite from a run or a checkpoint and prove it against the float network. int8 is full-integer: uint8 "
    "RGB in, no float operator inside. The file gets its name only if it loses no more than --max-loss points, as far "
    "as the held-out pictures can tell."
)
EXAMPLE = "edgefashion export --int8 runs/my-model -o my-model.tflite"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "source",
        nargs="?",
        metavar="RUN|CHECKPOINT",
        help="a run's folder, a .safetensors file or a shipped model's name (default: garment-base)",
    )
    formats = parser.add_mutually_exclusive_group()
    for name, text in (("int8", "full-integer int8 (default)"), ("float16", "float16 weights"),
                       ("dynamic", "int8 weights, float activations"), ("float32", "as trained")):  # fmt: skip
        formats.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=text)
    parser.set_defaults(format="int8")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="the file to write (default: NAME.tflite)")
    parser.add_argument(
        "--max-loss",
        type=float,
        default=0.5,
        metavar="POINTS",
        help="points of accuracy that may be lost (default 0.5), and one standard error, shown beside the loss, which "
        "few pictures make large; 0: none at all",
    )
    parser.add_argument(
        "--data",
        metavar="SOURCE",
        help="the checkpoint's data, to judge on its held-out split (a run remembers its own)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Export; see HELP."""
    if not 0.0 <= arguments.max_loss <= 100.0:
        raise UsageError(f"--max-loss must lie between 0 and 100 points. Received: {arguments.max_loss:g}.")
    from edgefashion.data.sources import open_source
    from edgefashion.export.export import STEPS, export
    from edgefashion.models.checkpoint import load_checkpoint

    path, remembered, extra = find_checkpoint(arguments.source)
    checkpoint = load_checkpoint(path)
    output = arguments.output or Path(f"{checkpoint.name}.tflite")
    if output.is_dir():
        raise UsageError(f"'{output}' is a folder. Name the file to write with -o.")
    if output.exists() and not arguments.overwrite:
        raise UsageError(f"'{output}' exists already. Choose another name with -o, or give --overwrite.")
    data = open_source(arguments.data) if arguments.data else _remembered(remembered, extra, checkpoint)
    held = len(data.select(str(checkpoint.training.get("held_out", "validation"))).rows) if data else 0
    try:
        with progress(STEPS + 2 * held, "Exporting and judging" if held else "Exporting") as bar:
            report = export(
                checkpoint, output, arguments.format, arguments.max_loss, data, arguments.overwrite, bar.advance
            )  # fmt: skip
    except ExportRefusedError as error:
        refused = getattr(error, "report", None)
        if refused is not None:
            _show(refused, arguments.json)
        raise
    _show(report, arguments.json)
    if not arguments.json:
        print(
            f"Wrote {report.path}: {report.golden} golden vectors inside, verified. "
            f"Next: edgefashion classify --model {report.path} PICTURE"
        )
    return 0


def find_checkpoint(source: str | None) -> tuple[Path, str | None, tuple[str, ...]]:
    """The checkpoint file, and what its run remembers: its data, and the further sources that it learnt from."""
    from edgefashion.runtime.shipped import DEFAULT_MODEL, SHIPPED, SHIPPED_FOLDER

    name = source or DEFAULT_MODEL
    if name in SHIPPED and not Path(name).exists():
        return SHIPPED_FOLDER / f"{name}.safetensors", None, ()
    path = Path(name)
    if not path.is_dir():
        return path, None, ()
    if not (path / "checkpoint.safetensors").exists():
        raise CheckpointError(
            f"'{path}' holds no finished checkpoint: finish the run with 'edgefashion train', or name a .safetensors "
            "file."
        )
    try:
        recipe = json.loads((path / "recipe.json").read_text(encoding="utf-8"))
        extra = tuple(map(str, recipe["recipe"]["data"]["extra"]))
        return path / "checkpoint.safetensors", str(recipe["source"]), extra
    except (OSError, ValueError, KeyError, TypeError):
        return path / "checkpoint.safetensors", None, ()


def _remembered(source: str | None, extra: Sequence[str], checkpoint: Checkpoint) -> Manifest | None:
    """Opens the data of a checkpoint's run, without the extra sources; None if any of them is gone or has changed."""
    if source is None:
        return None
    from edgefashion.data.joined import joined
    from edgefashion.data.sources import open_source

    try:
        manifest = open_source(source)
        whole = joined(manifest, [open_source(spec) for spec in extra]) if extra else manifest
    except DataError:
        return None
    return manifest if whole.digest == checkpoint.training.get("data_digest") else None


def _show(report: ExportReport, as_json: bool) -> None:
    """Prints the table of the export."""
    if as_json:
        print_json(report.to_dict())
        return
    before, after, name = report.before, report.after, report.number_format
    rows: list[tuple[Any, Any, Any, Any]] = []
    if before.accuracy and after.accuracy:
        n = before.accuracy.n
        rows.append(
            (
                f"accuracy, {n} {report.split} pictures",
                _share(before.accuracy),
                _share(after.accuracy),
                f"{-(report.loss or 0.0):+.2f} points ± {report.doubt or 0.0:.2f}",
            )
        )
        rows.append(("  95 % interval", _interval(before.accuracy), _interval(after.accuracy), ""))
        rows.append(("  macro-F1", f"{before.accuracy.macro_f1:.4f}", f"{after.accuracy.macro_f1:.4f}", ""))
    elif report.recorded:
        low, high = report.recorded["interval"]
        rows.append(
            (
                f"accuracy recorded, {report.recorded['n']} {report.recorded['split']} pictures",
                f"{100 * report.recorded['top1']:.2f} %",
                "data not at hand",
                "",
            )
        )
        rows.append(("  95 % interval", f"{100 * low:.2f}–{100 * high:.2f} %", "", ""))
    agreed = report.agreement
    rows += [
        (f"same answer on {agreed.clear} clear of {agreed.inputs} drawn inputs", "", f"{100 * agreed.same:.1f} %", ""),
        ("  largest difference of a probability", "", f"{agreed.largest_difference:.3f}", ""),
        ("parameters", f"{before.parameters:,}", f"{after.parameters:,}", ""),
        ("multiply-accumulates", f"{before.macs:,}", f"{after.macs:,}", ""),
        ("file, raw bytes", f"{before.raw:,}", f"{after.raw:,}", f"× {after.raw / before.raw:.2f}"),
        ("file, zipped bytes", f"{before.zipped:,}", f"{after.zipped:,}", f"× {after.zipped / before.zipped:.2f}"),
        ("weights that are zero (helps the zipped size only)", f"{100 * report.sparsity:.0f} %", "", ""),
        ("latency here, one thread", f"{before.latency.median_ms:.2f} ms", f"{after.latency.median_ms:.2f} ms",
         f"× {after.latency.ratio:.2f}"),
    ]  # fmt: skip
    table((report.checkpoint, "float32", name, "change"), rows)


def _share(found: Evaluation) -> str:
    return f"{100 * found.top1:.2f} %"


def _interval(found: Evaluation) -> str:
    low, high = found.top1_interval
    return f"{100 * low:.2f}–{100 * high:.2f} %"
