"""Puts a finished run into `edgefashion/shipped/`: `python -m edgefashion.export.ship RUN [--data SOURCE]`.

The checkpoint is shipped with float16 weights. The `.tflite` is exported from that very file, so that `make demo` on
another machine starts from what was judged here. Its threshold is that of the int8 file's own answers, which is what
says "sure" to people; training could only set it on the float network's.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgefashion.data.manifest import Manifest
from edgefashion.data.sources import open_source
from edgefashion.errors import EdgeFashionError, ExportRefusedError
from edgefashion.evaluation.predict import loaded, require_pictures
from edgefashion.evaluation.result import Unreadable
from edgefashion.export.export import ExportReport, export, write_files
from edgefashion.models.checkpoint import load_checkpoint, save_checkpoint
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.shipped import SHIPPED_FOLDER
from edgefashion.training.calibrate import threshold_of


def ship(run: Path, source: str | None = None, max_loss: float = 0.5) -> ExportReport:
    """Writes `NAME.safetensors` and `NAME.tflite` of a finished run into the package.

    Args:
        run: the run's folder.
        source: its data; what the run remembers if None.
        max_loss: points that int8 may lose; what ships gets no benefit of the doubt.

    Raises:
        DataError: there is no picture to set the threshold on.
        ExportRefusedError: int8 loses more; the shipped files stay as they were.
        OSError: the disk is full; likewise.
    """
    source = source or str(json.loads((run / "recipe.json").read_text(encoding="utf-8"))["source"])
    pictures = open_source(source)
    checkpoint = load_checkpoint(run / "checkpoint.safetensors")
    candidate, file = (run / f"{checkpoint.name}.{kind}" for kind in ("safetensors", "tflite"))
    save_checkpoint(checkpoint, candidate, half=True)
    checkpoint = load_checkpoint(candidate)
    export(checkpoint, file, "int8", max_loss, pictures, overwrite=True)
    tuned = pictures.select(str(checkpoint.training.get("tune", "validation")))
    save_checkpoint(dataclasses.replace(checkpoint, threshold=threshold_told(file, tuned)), candidate, half=True)
    report = export(load_checkpoint(candidate), file, "int8", max_loss, pictures, overwrite=True)
    if report.loss is not None and report.loss > max_loss:
        raise ExportRefusedError(f"int8 loses {report.loss:.2f} points, and what ships may lose {max_loss:g}.")
    write_files({SHIPPED_FOLDER / path.name: path.read_bytes() for path in (candidate, report.path)})
    return report


def threshold_told(file: Path, garments: Manifest) -> float:
    """Gives the confidence that 95 of 100 pictures of garments reach by the answers of a model file.

    Args:
        file: a `.tflite` with a card.
        garments: the pictures; unreadable ones don't count.

    Raises:
        DataError: none of them can be read.
    """
    classifier = Classifier.open(file)
    said: list[npt.NDArray[np.float32]] = []
    unreadable: list[Unreadable] = []
    for _, seen in loaded(garments.rows, lambda row: classifier.look(garments.picture(row))):
        if isinstance(seen, Unreadable):
            unreadable.append(seen)
        else:
            said.append(classifier.probabilities(seen))
    require_pictures(garments, len(said), unreadable)
    return threshold_of(np.stack(said).astype(np.float64), classifier.labels)


def main(words: Sequence[str]) -> int:
    """Ships the run that the command line names; gives the exit code: 1 with one line on stderr where it can't."""
    parser = argparse.ArgumentParser(prog="python -m edgefashion.export.ship")
    parser.add_argument("run", type=Path)
    parser.add_argument("--data")
    arguments = parser.parse_args(words)
    try:
        report = ship(arguments.run, arguments.data)
    except (EdgeFashionError, OSError) as error:
        sys.stderr.write(f"ship: {' '.join(str(error).split())} The shipped files are as they were.\n")
        return 1
    sys.stdout.write(json.dumps(report.to_dict(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
