"""What is shipped: one version, pinned requirements, a wheel with everything in it."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import edgefashion

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ["requirements/demo.txt", "requirements/dev.txt"]
LOCKS += sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "runtimes").glob("requirements-*.txt"))
LOCKS.append("tests/android/requirements.txt")
PIN = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[0-9a-z.!+]+)"
    r"(?: ; (?P<marker>[^\\]+?))?(?: --hash=sha256:[0-9a-f]{64})+"
)


def pins(lock: str) -> set[tuple[str, str]]:
    """The pinned names and versions of a requirements file; fails on any line of another kind."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    found: list[tuple[str, str, str | None]] = []
    for line in text.replace(" \\\n", " ").splitlines():
        match = PIN.fullmatch(re.sub(r"\s+", " ", line).strip())
        assert match, f"{lock} holds a line that is not a name, a version and hashes: {line[:80]}"
        found.append((match["name"], match["version"], match["marker"]))
    places = {(name, marker) for name, _, marker in found}
    assert len(places) == len(found), f"{lock} pins a package twice for the same machines"
    return {(name, version) for name, version, _ in found}


def names(requirements: list[str]) -> set[str]:
    """The normalised package names of requirement strings."""
    plain = (re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0] for text in requirements)
    return {re.sub(r"[._]", "-", name).lower() for name in plain}


def test_one_version_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d+\.\d+\.\d+)", changelog, flags=re.MULTILINE)
    assert newest is not None
    assert PROJECT["project"]["version"] == edgefashion.__version__ == newest[1]


@pytest.mark.parametrize("lock", LOCKS)
def test_requirements_are_names_versions_and_hashes(lock: str) -> None:
    assert pins(lock)
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "//" not in text
    assert "@" not in text
    assert not re.search(r"^\s*(-[a-z]|--(?!hash=))", text, flags=re.MULTILINE), "a pip option in a requirements file"


def test_development_has_the_versions_of_the_demo() -> None:
    demo, dev = pins("requirements/demo.txt"), pins("requirements/dev.txt")
    assert demo <= dev


def test_every_dependency_is_pinned() -> None:
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    demo = names([*project["dependencies"], *extras["data"], *extras["train"]])
    assert demo <= {name for name, _ in pins("requirements/demo.txt")}
    assert names(extras["dev"]) <= {name for name, _ in pins("requirements/dev.txt")}


def test_every_folder_of_python_files_is_packaged() -> None:
    in_tree = {
        str(path.parent.relative_to(ROOT))
        .replace("/", ".")
        .replace("converters", "edgefashion_converters", 1)
        .replace("mobile_app", "edgefashion_app", 1)
        for top in ("edgefashion", "converters", "mobile_app")
        for path in (ROOT / top).rglob("*.py")
    }
    assert in_tree == set(PROJECT["tool"]["setuptools"]["packages"])


def test_the_wheel_holds_code_and_data(tmp_path: Path) -> None:
    setuptools = pytest.importorskip("setuptools")
    if int(setuptools.__version__.split(".")[0]) < 77:
        pytest.skip(f"building the wheel needs setuptools 77 or newer; found {setuptools.__version__}")
    # A copy, because setuptools leaves build/ and *.egg-info behind, and a stale build/ would end up in the wheel.
    source = tmp_path / "source"
    unwanted = shutil.ignore_patterns("__pycache__")
    for folder in ("edgefashion", "converters", "mobile_app"):
        shutil.copytree(ROOT / folder, source / folder, ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=source, check=True, capture_output=True, timeout=120
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        entry_points = next(name for name in held if name.endswith("entry_points.txt"))
        assert "edgefashion = edgefashion.cli:main" in archive.read(entry_points).decode()

    patterns = ["*.py", "py.typed", "recipes/*.toml", "shipped/*", "taxonomies/*.toml"]
    wanted = {
        path.relative_to(ROOT).as_posix()
        for pattern in patterns
        for path in (ROOT / "edgefashion").rglob(pattern)
        if path.is_file()
    }
    wanted |= {f"edgefashion_converters/{path.name}" for path in (ROOT / "converters").glob("*.py")}
    wanted |= {
        f"edgefashion_app/{path.relative_to(ROOT / 'mobile_app').as_posix()}"
        for pattern in ("*.py", "*.kv", "*.mo", "fonts/*")
        for path in (ROOT / "mobile_app").rglob(pattern)
    }
    assert wanted <= held
    assert {name.split("/")[0] for name in held} == {
        "edgefashion",
        "edgefashion_app",
        "edgefashion_converters",
        f"edgefashion-{edgefashion.__version__}.dist-info",
    }


def test_the_converters_import_under_their_own_name(tmp_path: Path) -> None:
    probe = (
        "import importlib.metadata as m, importlib.util as u; m.version('edgefashion');"
        "print(u.find_spec('edgefashion_converters').origin)"
    )
    # -P and another folder: the installed package is meant, not the source tree that happens to be the working folder.
    command = [sys.executable, "-P", "-c", probe]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    if "PackageNotFoundError" in answer.stderr:
        pytest.skip("edgefashion is not installed in this environment (make install)")
    assert answer.returncode == 0, answer.stderr
    assert Path(answer.stdout.strip()).name == "__init__.py"


def test_one_command_installs_every_missing_system_package(tmp_path: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make: sudo apt-get install make")

    def said(**changed: str) -> list[str]:
        words = ["make", "-s", "missing-packages", *(f"{name}={value}" for name, value in changed.items())]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.splitlines()

    absent = {
        "FASHION_MNIST": str(tmp_path / "none"),
        "LIBRARIES": "libone=libone.so.1 libtwo=libtwo.so.2",
        "PROGRAMS": "shell=sh lint=no-such-program",
        "CLOTHING": str(tmp_path),
    }
    (line,) = said(**absent)
    assert "sudo apt-get install dataset-fashion-mnist libone libtwo" in line
    assert line.endswith(" lint")
    assert said(**{**absent, "FASHION_MNIST": str(tmp_path), "LIBRARIES": "", "PROGRAMS": "shell=sh"}) in (
        [],
        ["Tests whose system packages are missing are skipped. To run them all: sudo apt-get install libgl1-mesa-dri"],
    )
