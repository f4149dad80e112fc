"""Makes a board's root folder, `.pi/NAME`: Debian's arm64 packages and the pinned arm64 wheels, unpacked.

Nothing is mounted and no program of the board runs while it is made: `mmdebstrap --variant=extract` unpacks packages,
pip unpacks wheels for another platform (`--target`). Everything comes by name from the archives that this machine's apt
and pip are set up for.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.markers import Marker

from tests.pi.boards import Board, processor_files

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".pi"
REQUIREMENTS = ROOT / "requirements"
LOCK = "dev.txt"
WHEELS = "opt/wheels"
"""Where the wheels lie in a root folder."""

HOST_PROGRAMS = {
    # Debian's package → one of the programs that must be on the PATH.
    "mmdebstrap": ("mmdebstrap",),
    "qemu-user-static": ("qemu-aarch64-static", "qemu-aarch64"),
}
SYSTEM_PACKAGES = ("base-files", "python3", "libstdc++6")
APP_PACKAGES = ("libgl1", "libegl1", "libgles2", "libgl1-mesa-dri", "libmtdev1")
PYTHON_PACKAGES = (
    "ai-edge-litert", "backports-strenum", "flatbuffers", "protobuf", "tqdm", "typing-extensions", "numpy", "pillow",
    "rich", "markdown-it-py", "mdurl", "pygments", "hypothesis", "sortedcontainers", "pytest", "iniconfig", "packaging",
    "pluggy",
)  # fmt: skip
APP_PYTHON_PACKAGES = (
    "kivy", "kivy-garden", "docutils", "filetype", "requests", "certifi", "charset-normalizer", "idna", "urllib3",
    "segno",
)  # fmt: skip
WHEEL_PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")


class UnavailableError(Exception):
    """The board can't be made on this machine; the message says what to do."""


def emulator() -> str:
    """The program that runs arm64 programs.

    Raises:
        UnavailableError: It, or something else that is needed, is not installed; the message is the one command to run.
    """
    missing = [package for package, programs in HOST_PROGRAMS.items() if not any(map(shutil.which, programs))]
    if missing:
        raise UnavailableError(f"To emulate a Raspberry Pi: sudo apt-get install {' '.join(missing)}")
    return next(path for path in map(shutil.which, HOST_PROGRAMS["qemu-user-static"]) if path)


def debian_mirror(told: str) -> str:
    """The first archive of Debian itself, of what `apt-get indextargets` tells as lines of "URI origin".

    Raises:
        UnavailableError: There is none.
    """
    for line in told.splitlines():
        uri, _, origin = line.partition(" ")
        if origin == "Debian" and "security" not in uri:
            return uri
    raise UnavailableError(
        "The boards are made of Debian's packages, and apt here knows no Debian archive; "
        "on Debian 12 or later: sudo apt-get update"
    )


def requirements(board: Board) -> str:
    """The locked requirements, and after them what takes their place on a board."""
    files = [LOCK, board.instead] if board.instead else [LOCK]
    return "\n".join((REQUIREMENTS / name).read_text(encoding="utf-8").strip() for name in files)


def pinned(locked: str, names: tuple[str, ...], python: str) -> str:
    """The lines of locked requirements that a board needs: names, versions and hashes, no markers; the last counts.

    pip judges markers by the machine that it runs on, so they are judged here, for the board.

    Raises:
        UnavailableError: A name is not pinned for the board.
    """
    board = {
        "python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux",
        "platform_system": "Linux", "platform_machine": "aarch64",
    }  # fmt: skip
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", locked.strip()):
        head, *hashes = block.split(" \\\n")
        requirement, _, marker = head.partition(" ; ")
        if not marker or Marker(marker).evaluate(board):
            found[requirement.partition("==")[0]] = " \\\n".join([requirement, *hashes])
    unknown = [name for name in names if name not in found]
    if unknown:
        raise UnavailableError(f"requirements/{LOCK} pins no {', '.join(unknown)} for Python {python}.")
    return "\n".join(found[name] for name in names) + "\n"


def make(board: Board) -> Path:
    """Make a board's root folder, unless it is there and made of the same; returns it.

    Raises:
        UnavailableError: Something is not installed here, or not to be had.
    """
    emulator()
    packages = SYSTEM_PACKAGES + (APP_PACKAGES if board.app else ())
    names = PYTHON_PACKAGES + (APP_PYTHON_PACKAGES if board.app else ())
    wheels = pinned(requirements(board), names, board.python)
    folder, stamp = FOLDER / board.name, FOLDER / board.name / "made-of"
    digest = hashlib.sha256("\n".join([repr(board), *packages, wheels]).encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != digest:
        _unpack(board, packages, wheels, folder)
    for path, text in processor_files(board).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    app = folder / WHEELS / "edgefashion_app"  # its name where it is installed
    app.unlink(missing_ok=True)
    app.symlink_to(ROOT / "mobile_app")
    stamp.write_text(digest, encoding="utf-8")
    return folder


def _unpack(board: Board, packages: tuple[str, ...], wheels: str, folder: Path) -> None:
    """Fetch and unpack packages and wheels, under a temporary name until all are there."""
    print(f"Making {folder.relative_to(ROOT)} (downloads about {130 if board.app else 70} MB)", flush=True)
    part = folder.with_name(f"{folder.name}.part")
    for old in (folder, part):
        shutil.rmtree(old, ignore_errors=True)
    part.parent.mkdir(exist_ok=True)
    targets = ("apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)", "Created-By: Packages")
    mirror = debian_mirror(_run(*targets))
    mode = "root" if os.geteuid() == 0 else "chrootless"  # to unpack takes no rights and no namespaces
    _run(
        "mmdebstrap", "--quiet", f"--mode={mode}", "--variant=extract", "--architectures=arm64",
        f"--include={','.join(packages)}",
        board.release, str(part), mirror,
    )  # fmt: skip
    list_of_wheels = part / "wheels.txt"
    list_of_wheels.write_text(wheels, encoding="utf-8")
    platforms = [word for name in WHEEL_PLATFORMS for word in ("--platform", f"{name}_aarch64")]
    _run(
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps",
        "--require-hashes", "--only-binary=:all:", "--implementation", "cp", *platforms,
        "--python-version", board.python, "--target", str(part / WHEELS), "--requirement", str(list_of_wheels),
    )  # fmt: skip
    part.rename(folder)


def _run(*command: str) -> str:
    """Run a program and return what it prints; what it complains about is the reason if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UnavailableError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        reasons = (
            [line for line in lines if re.match(r"e(rror)?:", line, re.IGNORECASE)] or lines or ["no reason given"]
        )
        raise UnavailableError(f"{' '.join(command[:3])} failed: {reasons[-1][:200]}")
    return done.stdout
