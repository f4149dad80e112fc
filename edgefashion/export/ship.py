"""Puts a finished run into `edgefashion/shipped/`: `python -m edgefashion.export.ship RUN [--data SOURCE]`.

The checkpoint is shipped with float16 weights. The `.tflite` is exported from that very file, so that `make demo` on
another machine starts from what was judged here.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from edgefashion.data.sources import open_source
from edgefashion.export.export import ExportReport, export
from edgefashion.models.checkpoint import load_checkpoint, save_checkpoint
from edgefashion.runtime.shipped import SHIPPED_FOLDER


def ship(run: Path, source: str | None = None, max_loss: float = 0.5) -> ExportReport:
    """Writes `NAME.safetensors` and `NAME.tflite` of a finished run into the package.

    Args:
        run: the run's folder.
        source: its data; what the run remembers if None.
        max_loss: points that int8 may lose.

    Raises:
        ExportRefusedError: int8 loses more; the shipped files stay as they were.
    """
    source = source or str(json.loads((run / "recipe.json").read_text(encoding="utf-8"))["source"])
    checkpoint = load_checkpoint(run / "checkpoint.safetensors")
    candidate = run / f"{checkpoint.name}.safetensors"
    save_checkpoint(checkpoint, candidate, half=True)
    checkpoint = load_checkpoint(candidate)
    report = export(
        checkpoint, run / f"{checkpoint.name}.tflite", "int8", max_loss, open_source(source), overwrite=True
    )
    for name in (candidate.name, report.path.name):
        (SHIPPED_FOLDER / name).write_bytes((run / name).read_bytes())
    return report


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m edgefashion.export.ship")
    parser.add_argument("run", type=Path)
    parser.add_argument("--data")
    arguments = parser.parse_args()
    sys.stdout.write(json.dumps(ship(arguments.run, arguments.data).to_dict(), indent=1) + "\n")
