"""Makes the environments that other runtimes live in: `.venv-…` in the checkout, from pinned requirements."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Environment:
    """One environment: its folder, its requirements, and the Pythons that have wheels for them."""

    name: str
    requirements: str
    pythons: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return ROOT / f".venv-{self.name}"

    @property
    def python(self) -> Path:
        windows = self.folder / "Scripts" / "python.exe"
        return windows if os.name == "nt" else self.folder / "bin" / "python"


MEDIAPIPE = Environment("mediapipe", "requirements-mediapipe.txt", ("3.11", "3.12", "3.13"))
TFLITE_214 = Environment("tflite-2.14", "requirements-tflite-2.14.txt", ("3.11",))
TFLITE_OLD = Environment("tflite-old", "requirements-tflite-old.txt", ("3.9",))


class UnavailableError(Exception):
    """The environment can't be made on this machine; the message says how it could."""


def find_python(version: str) -> str | None:
    """Finds a Python such as "3.9": this one, on the PATH, or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [
        sys.executable,
        shutil.which(f"python{version}"),
        *map(str, sorted(pyenv.glob(f"{version}.*/bin/python"))),
    ]
    for candidate in candidates:
        if candidate and _version(candidate) == version:
            return candidate
    return None


def _version(python: str) -> str | None:
    """Asks a Python for its version; None if it doesn't run (pyenv's shims of other versions)."""
    script = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def packages(environment: Environment) -> dict[str, str]:
    """The pinned versions: package → version."""
    lines = (HERE / environment.requirements).read_text(encoding="utf-8").splitlines()
    pins = (line.split(";")[0].strip(" \\").split("==") for line in lines if "==" in line and not line.startswith(" "))
    return dict(pins)


def make(environment: Environment) -> Path:
    """Makes the environment unless it stands already with the same requirements; returns its Python.

    Raises:
        UnavailableError: no suitable Python, or the packages can't be installed.
    """
    requirements = HERE / environment.requirements
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = environment.folder / "requirements.sha256"
    if stamp.is_file() and stamp.read_text() == digest and environment.python.exists():
        return environment.python
    python = next(filter(None, map(find_python, environment.pythons)), None)
    if python is None:
        wanted = " or ".join(environment.pythons)
        raise UnavailableError(
            f"Python {wanted} not found; install it, for example: pyenv install {environment.pythons[0]}"
        )
    print(f"Making {environment.folder.name} with {python}", flush=True)
    shutil.rmtree(environment.folder, ignore_errors=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
    for command in (
        [python, "-m", "venv", str(environment.folder)],
        [str(environment.python), *install, "--only-binary=:all:", "-r", str(requirements)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reasons = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line.lower()]
            reason = (reasons or ["no reason given"])[-1].strip()[:200]
            raise UnavailableError(f"{' '.join(command[1:3])} failed: {reason}")
    stamp.write_text(digest)
    return environment.python
