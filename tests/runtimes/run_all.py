"""Opens model files with runtimes that nobody here wrote, each in its own environment, and prints what came out.

    python tests/runtimes/run_all.py [--pictures FOLDER] [--require-all] [FILE…]

FILE… are by default the shipped models, and garment.tflite in the checkout if it is there. Exit code 1 if a runtime
refuses a file or disagrees, 0 otherwise; an environment that this machine can't make is skipped and said so (1 with
--require-all).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from environments import HERE, MEDIAPIPE, ROOT, TFLITE_214, TFLITE_OLD, Environment, UnavailableError, make, packages
from PIL import Image, ImageOps

TIMEOUT_SECONDS = 600
RGB = 1
"""ColorSpaceType of the metadata schema."""
PICTURES = {".jpg", ".jpeg", ".png"}
MAY_DIFFER = {"garment-small.tflite": 2}
"""Pictures of `examples/` on which MediaPipe may say something else: it makes them smaller without antialiasing, and
reads "no garment" as an answer. Every other file must agree on all."""
SMALL_AND_GREY = {"fashion-mnist-nano.tflite", "fashion-mnist-small.tflite"}
"""Files for pictures as those of Fashion-MNIST are: 28 x 28, grey, the garment light on black. They get the pictures
in that shape; of a photo, most of what they say is chance, and so is whether two programs agree on it."""


class Row(NamedTuple):
    """One line of the table; `passed` is None where the runtime could not be had."""

    runtime: str
    file: str
    passed: bool | None
    detail: str


def run(
    python: Path | str, *arguments: str, given: str = "", package: bool = False
) -> subprocess.CompletedProcess[str]:
    """Runs a script of this folder; with `package` it may import edgefashion from the checkout."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables |= {"PYTHONPATH": str(ROOT)} if package else {}
    command = [str(python), *arguments]
    return subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        env=variables,
        cwd=ROOT,
        check=False,
    )


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The last line that a program printed, to say why it failed."""
    lines = (done.stdout + "\n" + done.stderr).strip().splitlines()
    return lines[-1].strip()[:160] if lines else f"exit code {done.returncode}, no output"


def report_of(python: Path | str, script: str, files: list[str], pictures: list[str], package: bool) -> dict[str, Any]:
    """Runs a script that takes files on stdin and pictures as arguments, and prints JSON as its last line."""
    done = run(python, str(HERE / script), *pictures, given=json.dumps(files), package=package)
    try:
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))
    except (ValueError, IndexError):
        return {file: {"error": last_line(done)} for file in files}


def small_and_grey(picture: Path, folder: Path) -> str:
    """Writes a picture of something dark on white as Fashion-MNIST has it; returns the new file's path."""
    target = folder / f"{picture.stem}.png"
    with Image.open(picture) as image:
        grey = ImageOps.invert(image.convert("L")).resize((28, 28), Image.Resampling.BOX)
    grey.convert("RGB").save(target)  # MediaPipe opens no picture of one channel
    return str(target)


def check_mediapipe(python: Path, files: list[str], pictures: list[str]) -> list[tuple[str, bool, str]]:
    """MediaPipe's ImageClassifier opens each file, reads our metadata, and calls every picture what we call it."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        small = [small_and_grey(Path(picture), Path(folder)) for picture in pictures]
        for file in files:
            shown = small if Path(file).name in SMALL_AND_GREY else pictures
            ours = report_of(sys.executable, "ours.py", [file], shown, package=True)
            theirs = report_of(python, "mediapipe_check.py", [file], shown, package=False)
            may = MAY_DIFFER.get(Path(file).name, 0)
            rows.append((file, *compare(ours[file], theirs[file], shown, may)))
    return rows


def compare(ours: dict[str, Any], theirs: dict[str, Any], pictures: list[str], may_differ: int = 0) -> tuple[bool, str]:
    """Compares two reports on one file, of which so many pictures may differ; returns (passed, sentence)."""
    for who, report in (("edgefashion", ours), ("MediaPipe", theirs)):
        if "error" in report:
            return False, f"{who}: {report['error']}"
    if not pictures:
        return False, "no pictures to compare on"
    card, metadata = ours["card"], theirs["metadata"]
    wrong = [key for key in ("name", "version", "heads") if card[key] != metadata[key]]
    if metadata["colour"] != RGB or metadata["normalization"] != [128.0, 128.0]:
        return False, f"the input's metadata are not RGB with mean and deviation 128: {metadata}"
    if wrong:
        return False, f"metadata and card differ in {', '.join(wrong)}: {metadata[wrong[0]]} / {card[wrong[0]]}"
    other = [
        f"{Path(picture).name}: ours {ours['top'][picture]}, theirs {theirs['top'][picture].get('type')}"
        for picture in pictures
        if ours["top"][picture] != theirs["top"][picture].get("type")
    ]
    agreed = f"same top-1 on {len(pictures) - len(other)} of {len(pictures)} pictures"
    return len(other) <= may_differ, f"{agreed}; {'; '.join(other)}" if other else agreed


def check_verify(python: Path, files: list[str], _: list[str]) -> list[tuple[str, bool, str]]:
    """`edgefashion verify` on this runtime: every golden vector."""
    rows = []
    for file in files:
        done = run(python, "-m", "edgefashion", "verify", "--runtime", "tflite_runtime", file, package=True)
        rows.append((file, done.returncode == 0, last_line(done).removesuffix(f", {file}")))
    return rows


def check_standalone(python: Path, files: list[str], _: list[str]) -> list[tuple[str, bool, str]]:
    """A script that shares no code with the package: every golden vector."""
    rows = []
    for file in files:
        done = run(python, str(HERE / "golden_standalone.py"), file)
        try:
            report = json.loads(done.stdout.strip().splitlines()[-1])
            rows.append((file, report["passed"] is True and done.returncode == 0, report["detail"]))
        except (ValueError, IndexError, KeyError):
            rows.append((file, False, last_line(done)))
    return rows


Check = Callable[[Path, list[str], list[str]], list[tuple[str, bool, str]]]
CHECKS: tuple[tuple[str, Environment, Check], ...] = (
    ("mediapipe", MEDIAPIPE, check_mediapipe),
    ("tflite-runtime", TFLITE_214, check_verify),
    ("tflite-runtime", TFLITE_OLD, check_standalone),
)


def all_rows(files: list[str], pictures: list[str]) -> list[Row]:
    """Every runtime on every file."""
    rows = []
    for package, environment, check in CHECKS:
        runtime = f"{package} {packages(environment)[package]}"
        try:
            results = check(make(environment), files, pictures)
        except UnavailableError as error:
            rows += [Row(runtime, file, None, str(error)) for file in files]
        except subprocess.TimeoutExpired:
            rows += [Row(runtime, file, False, f"gave no answer in {TIMEOUT_SECONDS} s") for file in files]
        else:
            rows += [Row(runtime, *result) for result in results]
    return rows


def table(rows: list[Row]) -> str:
    """Lays the rows out in columns."""
    words = {True: "passed", False: "FAILED", None: "skipped"}
    cells = [("runtime", "file", "result", "detail")]
    cells += [(row.runtime, Path(row.file).name, words[row.passed], row.detail) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[3]]) for line in cells
    )


def main(arguments: list[str]) -> int:
    """Runs everything; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="model files (default: the shipped ones)")
    parser.add_argument(
        "--pictures", type=Path, default=ROOT / "examples", help="folder of pictures (default: examples)"
    )
    parser.add_argument("--require-all", action="store_true", help="fail where an environment can't be made")
    options = parser.parse_args(arguments)
    default = [*sorted((ROOT / "edgefashion" / "shipped").glob("*.tflite")), ROOT / "garment.tflite"]
    files = options.files or [str(path) for path in default if path.is_file()]
    pictures = sorted(str(path) for path in options.pictures.rglob("*") if path.suffix.lower() in PICTURES)
    if not files:
        print("There is no model file: make one with `make demo`, or name one.", file=sys.stderr)
        return 1
    rows = all_rows([str(Path(file).resolve()) for file in files], pictures)
    print(table(rows))
    bad = sum(row.passed is False for row in rows) + options.require_all * sum(row.passed is None for row in rows)
    if bad:
        print(f"{bad} of {len(rows)} checks did not pass.", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
