"""One result type for all suites: what was compared, the numbers, and the machine that gave them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "ai-edge-litert",
    "cleanlab",
    "kivy",
    "numpy",
    "pillow",
    "scikit-learn",
    "tensorflow-cpu",
    "tensorflow-model-optimization",
    "tf_keras",
)


@dataclass(frozen=True)
class Limit:
    """A bound that the project has set itself, and where the measurement stands."""

    what: str
    allowed: float
    measured: float
    unit: str = ""

    @property
    def kept(self) -> bool:
        """Whether the measurement is within the bound."""
        return self.measured <= self.allowed


@dataclass(frozen=True)
class Comparison:
    """Ours beside one rival's, in one measure; what the table of losses is made from.

    `clear`: whether the difference is more than chance or noise would give.
    """

    measure: str
    ours: float
    rival: str
    theirs: float
    lower_is_better: bool
    clear: bool = True

    @property
    def lost(self) -> bool:
        """Whether the rival does better."""
        return self.theirs < self.ours if self.lower_is_better else self.theirs > self.ours


@dataclass(frozen=True)
class Result:
    """One suite's result.

    Attributes:
        name: The suite's name; also the file's and the README markers'.
        title: One line above the table.
        columns: Headers of the table.
        rows: Cells, text and numbers; as many as columns.
        settings: What was run: model, repeats, threads, picture.
        limits: Bounds and where the measurement stands.
        comparisons: Ours against rivals.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]
    settings: dict[str, Any] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    comparisons: tuple[Comparison, ...] = ()

    def write(self, folder: Path = RESULTS) -> Path:
        """Writes the result with machine and versions, under a temporary name first; gives the path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        temporary = path.with_suffix(".json.part")
        temporary.write_text(json.dumps(asdict(self) | {"machine": machine()}, indent=1, ensure_ascii=False) + "\n")
        os.replace(temporary, path)
        return path

    @classmethod
    def read(cls, path: Path) -> tuple[Result, dict[str, Any]]:
        """Reads a result and its machine."""
        data = json.loads(path.read_text())
        facts = data.pop("machine")
        data["limits"] = tuple(Limit(**item) for item in data["limits"])
        data["comparisons"] = tuple(Comparison(**item) for item in data.get("comparisons", ()))
        data["columns"] = tuple(data["columns"])
        data["rows"] = tuple(tuple(row) for row in data["rows"])
        return cls(**data), facts


def machine() -> dict[str, Any]:
    """What the numbers depend on: processor, cores, Python, versions. No host name and no path."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith(("model name", "Model"))]
        model = lines[0].partition(":")[2].strip() if lines else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {
        "processor": model,
        "cores": cores,
        "load": load,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def rounded(values: Sequence[float], digits: int = 3) -> tuple[float, ...]:
    """Numbers short enough for a committed file."""
    return tuple(round(float(value), digits) for value in values)
