"""The export: convert → describe → prove → write. The final name is written last, and only for a file that passed.

`ExportReport` holds every number of the table that `edgefashion export` prints.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest
from edgefashion.errors import EdgeFashionError, ExportRefusedError, UsageError
from edgefashion.evaluation.evaluate import judge
from edgefashion.evaluation.graph import Graph, read_graph, zipped_bytes
from edgefashion.evaluation.latency import Latency, compare_latency
from edgefashion.evaluation.predict import predict
from edgefashion.evaluation.result import Evaluation
from edgefashion.export.convert import convert
from edgefashion.export.golden import SEARCH_STEPS, affordable, choose_golden, golden_grids
from edgefashion.export.metadata import write_metadata
from edgefashion.models.checkpoint import Checkpoint
from edgefashion.runtime.attribute_values import ATTRIBUTE_VALUES_FILE, attribute_values_file, told_values
from edgefashion.runtime.card import TYPE_HEAD, Golden, Head, InputRule, ModelCard
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.golden import check_golden, golden_input
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.look import Look
from edgefashion.runtime.model_file import ModelFile, append_files, seal_card
from edgefashion.taxonomy import Taxonomy
from edgefashion.training.calibrate import figures
from edgefashion.training.pipeline import load_pictures
from edgefashion.training.prune_weights import sparsity_of

LABELS_FILE = "labels.txt"
LOWEST_RUNTIME = "tflite-runtime 2.7.0"
"""The oldest runtime that `make test-runtimes` opens the int8 files with."""
DRAWN_DISAGREEMENT = 0.1
"""Without held-out pictures: share of drawn inputs, clear to the float network, on which the answer may change. Of the
shipped files it is at most 0.05; of the same with all ranges doubled, or those of garments cut to three quarters, 0.11
to 0.27; halved, 0.14 to 0.58."""
CLEAR = 0.3
"""An input is clear where the float network's best two probabilities lie this far apart. Nearer ones tell good files
and broken ones apart less well: at 0.15 garment-base 0.8.0 changes 0.10, garment-small with doubled ranges 0.16."""


STEPS = 4 + SEARCH_STEPS
"""Of an export, beside the judged pictures: two conversions, the search for golden vectors, timing, agreement."""


@dataclass(frozen=True)
class Agreement:
    """Float against converted on drawn inputs; `same` is the share of the clear ones with the same best label."""

    inputs: int
    clear: int
    same: float
    largest_difference: float


@dataclass(frozen=True)
class Side:
    """One column of the table: float parent or exported file.

    Attributes:
        accuracy: on the held-out pictures, or None.
        parameters, macs: of the graph.
        raw, zipped: bytes of the whole file, and after deflate.
        latency: on one thread, in turns with the other side.
    """

    accuracy: Evaluation | None
    parameters: int
    macs: int
    raw: int
    zipped: int
    latency: Latency


@dataclass(frozen=True)
class ExportReport:
    """What was exported and how it compares with its float parent.

    Attributes:
        path: the file written.
        number_format: one of `convert.FORMATS`.
        checkpoint: name of the model.
        before: the float32 file; after: the exported one.
        agreement: on drawn inputs.
        split: the held-out split that was judged on, or "".
        recorded: the float accuracy that the checkpoint carries.
        golden: number of golden vectors inside.
        sparsity: share of zero weights.
        doubt: one standard error of the points lost, from the pictures that only one of the two files tells right (the
            two judge the same pictures); None where no held-out pictures were at hand.
    """

    path: Path
    number_format: str
    checkpoint: str
    before: Side
    after: Side
    agreement: Agreement
    split: str
    recorded: dict[str, Any]
    golden: int
    sparsity: float
    doubt: float | None

    @property
    def loss(self) -> float | None:
        """Points of accuracy lost, or None where no held-out pictures were at hand."""
        if self.before.accuracy is None or self.after.accuracy is None:
            return None
        return 100.0 * (self.before.accuracy.top1 - self.after.accuracy.top1)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON-ready values."""

        def side(value: Side) -> dict[str, Any]:
            return {
                "accuracy": value.accuracy.to_dict() if value.accuracy else None, "parameters": value.parameters,
                "macs": value.macs, "raw_bytes": value.raw, "zipped_bytes": value.zipped,
                "latency": value.latency.to_dict(),
            }  # fmt: skip

        return {
            "path": str(self.path), "format": self.number_format, "model": self.checkpoint, "float": side(self.before),
            "exported": side(self.after), "agreement": dataclasses.asdict(self.agreement), "split": self.split,
            "recorded_float_accuracy": self.recorded, "golden_vectors": self.golden, "sparsity": self.sparsity,
            "lost_points": self.loss, "lost_points_standard_error": self.doubt,
        }  # fmt: skip


def export(
    checkpoint: Checkpoint,
    path: Path,
    number_format: str = "int8",
    max_loss: float = 0.5,
    data: Manifest | None = None,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ExportReport:
    """Exports a checkpoint and proves the file against the float network.

    Args:
        checkpoint: what to export.
        path: the file to write.
        number_format: one of `convert.FORMATS`.
        max_loss: points of held-out accuracy that may be lost. A file is refused where it loses more by over one
            standard error: among a few hundred pictures three lost by chance are more than half a point. 0: where it
            loses any.
        data: all splits of the checkpoint's data, where at hand: the held-out split judges, the training split
            calibrates.
        overwrite: whether `path` may exist.
        progress: called with 1 after each of `STEPS` steps, and for every held-out picture that a file was judged on.

    Returns:
        The report; the file stands at `path`.

    Raises:
        UsageError: `path` exists already.
        ExportRefusedError: more was lost than allowed, or a float operator is left in an int8 file, or a golden vector
            fails; nothing is written. `.report` holds the numbers where they were known.
    """
    if path.exists() and not overwrite:
        raise UsageError(f"'{path}' exists already. Choose another name with -o, or give --overwrite.")
    advance = progress or (lambda _: None)
    calibration = None
    if number_format == "int8" and not checkpoint.ranges and data is not None:
        calibration = _calibration(checkpoint, data)
    parent = _packed(checkpoint, convert(checkpoint, "float32"), "float32", {}, ())
    advance(1)
    flatbuffer = convert(checkpoint, number_format, calibration)
    advance(1)
    if number_format == "int8" and not read_graph(flatbuffer).full_integer:
        left = ", ".join(operator.name for operator in read_graph(flatbuffer).float_operators)
        raise ExportRefusedError(f"The int8 file of '{checkpoint.name}' would still hold float operators: {left}.")
    golden = choose_golden(flatbuffer, model_card(checkpoint, read_graph(flatbuffer), {}, ""), progress=advance)
    golden = affordable(golden, len(flatbuffer))
    content = _packed(checkpoint, flatbuffer, number_format, {}, golden)
    split = str(checkpoint.training.get("held_out", "validation"))
    held = data.select(split) if data is not None else None
    judged: tuple[Evaluation | None, Evaluation | None] = (None, None)
    doubt = None
    if held is not None and held.rows:
        said = [predict(_opened(file), held, progress) for file in (parent, content)]
        judged = (judge(said[0]), judge(said[1]))
        doubt = standard_error(*(one.predicted == one.truth for one in said))
        found = {number_format: figures(_known(judged[1]), split)}
        content = _packed(checkpoint, flatbuffer, number_format, found, golden)
    times = compare_latency({"float": parent, "exported": content}, threads=1, repeats=30)
    advance(1)
    report = ExportReport(
        path=path, number_format=number_format, checkpoint=checkpoint.name,
        before=_side(judged[0], parent, times["float"]), after=_side(judged[1], content, times["exported"]),
        agreement=_agreement(parent, content, checkpoint), split=split if judged[0] else "",
        recorded=checkpoint.accuracy,
        golden=len(_card_of(content).golden), sparsity=sparsity_of(checkpoint.weights),
        doubt=doubt,
    )  # fmt: skip
    advance(1)
    _gate(report, max_loss, content)
    write_files({path: content})
    return report


def standard_error(before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]) -> float:
    """Of the points lost between two answers to the same pictures: how far chance alone moves them.

    Args:
        before, after: bool (n,), n >= 1: whether each picture was told right.

    >>> round(standard_error(np.array([True] * 40), np.array([True] * 39 + [False])), 2)
    2.47
    """
    change = after.astype(np.float64) - before
    return float(100.0 * change.std() / np.sqrt(len(change)))


def _gate(report: ExportReport, max_loss: float, content: bytes) -> None:
    """Refuses a file that lost too much or does not verify."""
    problem = ""
    doubt = (report.doubt or 0.0) if max_loss else 0.0
    if report.loss is not None and report.loss > max_loss + doubt:
        problem = f"it loses {report.loss:.2f} points of accuracy and {max_loss:g} are allowed (--max-loss)"
    elif report.loss is None and report.number_format == "int8" and report.agreement.same < 1.0 - DRAWN_DISAGREEMENT:
        problem = f"it agrees with the float network on only {report.agreement.same:.0%} of clear drawn inputs"
    else:
        file = ModelFile.from_bytes(content)
        if not report.golden or not check_golden(file, Interpreter.open(content, threads=1)).passed:
            problem = "its golden vectors don't verify"
    if problem:
        error = ExportRefusedError(
            f"'{report.path}' was not written: {problem}. Train longer or quantise-aware, or raise the limit."
        )
        error.report = report  # type: ignore[attr-defined]
        raise error


def _packed(
    checkpoint: Checkpoint,
    flatbuffer: bytes,
    number_format: str,
    accuracy: dict[str, Any],
    golden: tuple[Golden, ...],
) -> bytes:
    """Flatbuffer → complete file: metadata, card with golden vectors, labels."""
    lowest = LOWEST_RUNTIME if number_format == "int8" else ""
    card = model_card(checkpoint, read_graph(flatbuffer), accuracy, lowest, golden)
    described = write_metadata(flatbuffer, card)
    files = {head.labels_file: "".join(f"{label}\n" for label in head.labels).encode() for head in card.heads}
    if card.taxonomy.values:
        files[ATTRIBUTE_VALUES_FILE] = attribute_values_file(card.taxonomy)
    return append_files(described, files | {"card.json": seal_card(card, described).to_json().encode()})


def model_card(
    checkpoint: Checkpoint, graph: Graph, accuracy: dict[str, Any], lowest_runtime: str, golden: tuple[Golden, ...] = ()
) -> ModelCard:
    """Builds the card of a converted checkpoint; `accuracy`: figures of the converted file by number format."""
    return ModelCard(
        name=checkpoint.name, version=checkpoint.version, description=checkpoint.description, licence="Apache-2.0",
        input=InputRule(checkpoint.spec.height, checkpoint.spec.width, resize=checkpoint.resize),
        heads=_heads(checkpoint, graph),
        taxonomy=told_values(Taxonomy.from_dict(checkpoint.taxonomy), checkpoint.heads),
        temperature=checkpoint.temperature, threshold=checkpoint.threshold,
        training={key: value for key, value in checkpoint.training.items() if key in CARD_FACTS},
        accuracy={**({"float": checkpoint.accuracy} if checkpoint.accuracy else {}), **accuracy},
        size={"parameters": graph.parameters, "macs": graph.macs}, lowest_runtime=lowest_runtime, golden=golden,
    )  # fmt: skip


def _heads(checkpoint: Checkpoint, graph: Graph) -> tuple[Head, ...]:
    """The type's head and those of the attributes; several outputs go by the heads' names."""
    if not checkpoint.heads:
        return (Head(TYPE_HEAD, graph.outputs[0].name, LABELS_FILE, checkpoint.labels),)
    further = (Head(name, name, f"{name}.txt", labels) for name, labels in checkpoint.heads.items())
    return (Head(TYPE_HEAD, TYPE_HEAD, LABELS_FILE, checkpoint.labels), *further)


CARD_FACTS = ("data", "data_licence", "data_digest", "pictures", "groups", "recipe", "recipe_digest")


def _calibration(checkpoint: Checkpoint, data: Manifest) -> npt.NDArray[np.uint8]:
    """Training pictures, evenly taken over the training split, prepared as the device would."""
    train = data.select(*checkpoint.training.get("train", ("train",)))
    if not train.rows:
        raise ExportRefusedError(f"'{data.name}' has no training pictures to calibrate with.")
    step = max(1, len(train.rows) // 200)
    chosen, size = train.take(range(0, len(train.rows), step)), (checkpoint.spec.height, checkpoint.spec.width)
    pictures = load_pictures(chosen, *size, taxonomy=checkpoint.taxonomy.get("name", ""))
    images = pictures.images
    return np.repeat(images[..., None], 3, axis=-1) if images.ndim == 3 else images


def _opened(content: bytes) -> Classifier:
    return Classifier(ModelFile.from_bytes(content), Interpreter.open(content))


def _known(evaluation: Evaluation | None) -> Evaluation:
    if evaluation is None:
        raise EdgeFashionError("The exported file was not judged.")
    return evaluation


def _card_of(content: bytes) -> ModelCard:
    card = ModelFile.from_bytes(content).card
    if card is None:
        raise EdgeFashionError("The exported file has no card.")
    return card


def _side(accuracy: Evaluation | None, content: bytes, latency: Latency) -> Side:
    graph = read_graph(content)
    return Side(accuracy, graph.parameters, graph.macs, len(content), zipped_bytes(content), latency)


def _agreement(parent: bytes, content: bytes, checkpoint: Checkpoint) -> Agreement:
    """Runs both files on the drawn inputs from which golden vectors are chosen."""
    first, second = _opened(parent), _opened(content)
    count, clear, same, largest = 0, 0, 0, 0.0
    for grid in golden_grids(checkpoint.spec.height, checkpoint.spec.width):
        golden = Golden(grid.shape[0], grid.shape[1], grid.tobytes(), {})
        picture = Look(golden_input(golden, checkpoint.spec.height, checkpoint.spec.width))
        a, b = first.probabilities(picture), second.probabilities(picture)
        count += 1
        largest = max(largest, float(np.abs(a - b).max()))
        if np.ptp(np.sort(a)[-2:]) >= CLEAR:
            clear += 1
            same += int(a.argmax() == b.argmax())
    return Agreement(count, clear, same / clear if clear else 1.0, largest)


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Writes all files under temporary names in their folders, then renames them: never half a file, or half of them.

    Raises:
        OSError: the disk is full, or a folder can't be written; every file is as it was.
    """
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in contents}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary[path].write_bytes(content)
        for path in contents:
            os.replace(temporary[path], path)
    finally:
        for path in temporary.values():
            path.unlink(missing_ok=True)
