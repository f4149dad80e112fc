"""Puts a finished run into `edgefashion/shipped/`: `python -m edgefashion.export.ship RUN [--data SOURCE]`.

The checkpoint is shipped with float16 weights. The `.tflite` is exported from that very file, so that `make demo` on
another machine starts from what was judged here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from edgefashion.data.sources import open_source
from edgefashion.errors import EdgeFashionError
from edgefashion.export.export import ExportReport, export, write_files
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
        OSError: the disk is full; likewise.
    """
    source = source or str(json.loads((run / "recipe.json").read_text(encoding="utf-8"))["source"])
    checkpoint = load_checkpoint(run / "checkpoint.safetensors")
    candidate = run / f"{checkpoint.name}.safetensors"
    save_checkpoint(checkpoint, candidate, half=True)
    checkpoint = load_checkpoint(candidate)
    report = export(
        checkpoint, run / f"{checkpoint.name}.tflite", "int8", max_loss, open_source(source), overwrite=True
    )
    write_files({SHIPPED_FOLDER / path.name: path.read_bytes() for path in (candidate, report.path)})
    return report


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
