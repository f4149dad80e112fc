"""`edgefashion doctor`: what works on this machine, and what to install for what does not."""

import argparse
import glob
import platform
import re
import sys
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from edgefashion import __version__
from edgefashion.commands import display
from edgefashion.errors import CheckFailedError, EdgeFashionError
from edgefashion.runtime.golden import check_golden
from edgefashion.runtime.interpreter import Interpreter, default_threads, runtime_reports
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import SHIPPED

HELP = (
    "Show Python, runtimes, models, extras and cameras as this machine has them, and what to do about what is "
    "missing.\n"
    "Exit code 0: pictures can be classified here. 1: they can't; told in one line on stderr."
)
EXAMPLE = "edgefashion doctor --json"
PACKAGES = ("numpy", "pillow", "rich")
CAMERA_MODULES = ("av", "picamera2", "libcamera")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run the verb.

    Raises:
        CheckFailedError: There is no runtime, or a shipped model fails; the facts are printed first.
    """
    runtimes = runtime_reports()
    usable = any(report.chosen for report in runtimes)
    models = [_model(name, usable) for name in SHIPPED]
    facts: dict[str, Any] = {
        "edgefashion": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "threads": default_threads(),
        "packages": {name: _version(name) for name in PACKAGES},
        "runtimes": [report._asdict() for report in runtimes],
        "models": models,
        "extras": _extras(),
        "cameras": {
            "devices": sorted(glob.glob("/dev/video*")),
            "modules": [name for name in CAMERA_MODULES if find_spec(name) is not None],
        },
    }
    if arguments.json:
        display.print_json(facts)
    else:
        _show(facts)
    if not usable:
        raise CheckFailedError("No runtime can be imported, so nothing can be classified: pip install ai-edge-litert.")
    failed = [f"{model['name']} ({model['state']})" for model in models if not model["verified"]]
    if failed:
        raise CheckFailedError(f"Shipped models can't be used here: {'; '.join(failed)}.")
    return 0


def _show(facts: dict[str, Any]) -> None:
    """Print the facts as tables."""
    rows = [(key, facts[key]) for key in ("edgefashion", "python", "executable", "platform", "machine", "threads")]
    rows += [(name, version or "not installed") for name, version in facts["packages"].items()]
    cameras = facts["cameras"]
    rows.append(("camera devices", ", ".join(cameras["devices"]) or "none seen (/dev/video*)"))
    rows.append(("camera modules", ", ".join(cameras["modules"]) or f"none of {', '.join(CAMERA_MODULES)}"))
    if "av" not in cameras["modules"]:
        rows.append(("USB cameras, video files", "need PyAV: pip install 'edgefashion[camera]'"))
    display.table(("machine", ""), rows)
    display.table(
        ("runtime", "version", "", "why"),
        [
            (report["name"], report["version"] or "-", "chosen" if report["chosen"] else "", report["reason"])
            for report in facts["runtimes"]
        ],
    )
    display.table(("shipped model", "state"), [(model["name"], model["state"]) for model in facts["models"]])
    display.table(("extra", "state"), [(extra["name"], extra["state"]) for extra in facts["extras"]])


def _model(name: str, usable: bool) -> dict[str, Any]:
    """Look for a shipped model and check its golden vectors."""
    path = SHIPPED[name]
    try:
        if not path.is_file():
            return {"name": name, "path": str(path), "verified": False, "state": "missing: reinstall edgefashion"}
        model_file = ModelFile.read(path)
        if not usable:
            return {"name": name, "path": str(path), "verified": False, "state": "found; no runtime to verify it with"}
        report = check_golden(model_file, Interpreter.open(model_file.content))
    except EdgeFashionError as error:
        return {"name": name, "path": str(path), "verified": False, "state": str(error)}
    good = sum(result.passed for result in report.results)
    state = f"{'verified' if report.passed else 'FAILED'}: {good} of {len(report.results)} golden vectors"
    return {"name": name, "path": str(path), "verified": report.passed, "state": state}


def _extras() -> list[dict[str, Any]]:
    """List the extras that the installed distribution declares, and the packages that each one lacks."""
    try:
        about = metadata.metadata("edgefashion")
        requirements = metadata.requires("edgefashion") or []
    except metadata.PackageNotFoundError:
        state = "unknown: edgefashion runs from a checkout that is not installed; pip install -e ."
        return [{"name": "(all)", "missing": [], "state": state}]
    extras = []
    for extra in about.get_all("Provides-Extra") or []:
        wanted = [text for text in requirements if re.search(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]", text)]
        names = [re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0] for text in wanted]
        missing = [name for name in names if not _version(name)]
        state = f"lacks {', '.join(missing)}: pip install 'edgefashion[{extra}]'" if missing else "installed"
        extras.append({"name": extra, "missing": missing, "state": state})
    return extras


def _version(distribution: str) -> str:
    """Return an installed distribution's version, or ""; TensorFlow's smaller build counts as TensorFlow."""
    names = (distribution, "tensorflow-cpu") if distribution == "tensorflow" else (distribution,)
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""
