"""Emulates the boards, runs the tests there, and prints a table: `make test-pi`.

    python -m tests.pi.run_all [BOARD…]

Exit code 1 if a board can't be made or a test fails there. What the boards said stands in `.pi/NAME.log`, the app's
picture in `.pi/NAME.png`.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.pi.boards import BOARDS, Board
from tests.pi.sysroot import FOLDER, ROOT, WHEELS, UnavailableError, emulator, make

TIMEOUT_SECONDS = 1200
MEASURED = "differ from this machine's"
"""Lines of a board's log that hold this are printed."""
TESTS = (
    "tests/pi/on_board",
    "tests/runtime/test_golden.py",
    "tests/runtime/test_model_file.py",
    "tests/runtime/test_interpreter.py",
    "tests/runtime/test_classifier.py",
    "tests/runtime/test_prediction.py",
    "tests/runtime/test_image.py",
    "tests/camera/test_orientation.py",
)
LEFT_OUT = ("tests/runtime/test_interpreter.py::test_reports_import_no_tensorflow_unless_it_is_needed",)
"""An emulated program can't start another one of its kind."""


def board_environment(board: Board, root: Path) -> dict[str, str]:
    """The environment of a program on a board: this one's, without what is meant for Python and OpenGL outside."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "LD_", "KIVY", "COV_"))}
    home = FOLDER / "home" / board.name
    home.mkdir(parents=True, exist_ok=True)
    return kept | {
        "CI": "1",  # the property tests draw the same examples every time
        "EDGEFASHION_ANSWERS": str(FOLDER / "answers.npz"),
        "EDGEFASHION_BOARD": board.name,
        "EDGEFASHION_SHOT": str(FOLDER / f"{board.name}.png"),
        "GALLIUM_DRIVER": "softpipe",  # draws its first frame sooner than llvmpipe, which compiles under emulation
        "HOME": str(home),
        "KIVY_DPI": "96",
        "KIVY_METRICS_DENSITY": "1",
        "KIVY_METRICS_FONTSCALE": "1",
        "LANGUAGE": "en",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": f"{root / WHEELS}{os.pathsep}{ROOT}",
        "QEMU_CPU": board.qemu_cpu,
        "SDL_VIDEODRIVER": "offscreen",
    }


def run_board(board: Board, root: Path, arguments: list[str]) -> tuple[bool, str]:
    """Run the tests on a board; returns whether they passed, and pytest's last line."""
    command = [emulator(), "-L", str(root), str(root / "usr/bin/python3"), "-m", "pytest", "-p", "no:cacheprovider"]
    command += ["-q", "--durations=8", *(f"--deselect={test}" for test in LEFT_OUT), *(arguments or TESTS)]
    log = FOLDER / f"{board.name}.log"
    with log.open("w", encoding="utf-8") as file:
        try:
            code = subprocess.run(
                command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=board_environment(board, root), cwd=ROOT, timeout=TIMEOUT_SECONDS, check=False,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            return False, f"not ready after {TIMEOUT_SECONDS} s"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return code == 0, lines[-1].strip("= ") if lines else f"exit code {code}, no output"


def main(arguments: list[str]) -> int:
    """Run everything; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("boards", nargs="*", metavar="BOARD", help=f"{', '.join(BOARDS)} (default: all)")
    parser.add_argument("--tests", nargs="+", default=[], metavar="TEST", help="what pytest runs there instead")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.boards if name not in BOARDS]
    if unknown:
        parser.error(f"unknown board: {unknown[0]}. Known: {', '.join(BOARDS)}")
    boards = [BOARDS[name] for name in options.boards or BOARDS]
    try:
        roots = [make(board) for board in boards]
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    subprocess.run([sys.executable, "-m", "tests.pi.answers", str(FOLDER / "answers.npz")], cwd=ROOT, check=True)
    with ThreadPoolExecutor(len(boards)) as pool:
        results = list(pool.map(lambda board, root: run_board(board, root, options.tests), boards, roots))
    for board, (passed, line) in zip(boards, results, strict=True):
        log = (FOLDER / f"{board.name}.log").read_text(encoding="utf-8", errors="replace")
        print("\n".join(said for said in log.splitlines() if MEASURED in said) if passed else log)
        print(f"{'passed' if passed else 'FAILED'}  {board.title}, emulated: {line}")
    return 0 if all(passed for passed, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
