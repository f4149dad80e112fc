"""A page and its figures in a folder: index.html, which needs nothing beside it, and report.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgefashion import __version__
from edgefashion.data.manifest import write_file
from edgefashion.errors import MissingExtraError, UsageError

TEMPLATES = Path(__file__).parent / "templates"
PAGE, FIGURES = "index.html", "report.json"


def check_report_folder(folder: Path, overwrite: bool = False) -> None:
    """Says before the work whether a page could be written afterwards.

    Raises:
        UsageError: The folder is a file, or holds a report and `overwrite` is not set.
        MissingExtraError: The package jinja2 is missing.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--report needs a folder. Received: '{folder}', which is a file.")
    if not overwrite and any((folder / name).exists() for name in (PAGE, FIGURES)):
        raise UsageError(f"'{folder}' holds a report already. Name another folder, or give --overwrite.")
    try:
        import jinja2  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("report", "Writing a report") from error


def render(template: str, **facts: Any) -> str:
    """Fills a template of `templates/`; every value is escaped, and a value that is missing is an error.

    Raises:
        MissingExtraError: The package jinja2 is missing.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError("report", "Writing a report") from error
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(percent=percent, count=count, megabytes=megabytes, span=span)
    return environment.get_template(template).render(version=__version__, **facts)


def write_report(folder: Path, page: str, figures: dict[str, Any]) -> Path:
    """Writes report.json, then index.html, each under a temporary name first; gives the page's path.

    Raises:
        DataError: The folder can't be made or written.
    """
    text = json.dumps(figures, ensure_ascii=False, allow_nan=False, indent=1)
    write_file(folder / FIGURES, text.encode())
    write_file(folder / PAGE, page.encode("utf-8", "replace"))
    return folder / PAGE


def percent(share: float, digits: int = 1) -> str:
    """A share of 0 to 1 as text: 0.845 → '84.5 %', in one piece (with a no-break space)."""
    return f"{100 * share:.{digits}f}\u00a0%"


def count(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def megabytes(number: int) -> str:
    """Bytes as megabytes, or kilobytes where there are few."""
    return f"{number / 1e6:.2f} MB" if number >= 1e6 else f"{number / 1e3:.1f} kB"


def span(bounds: tuple[float, float]) -> str:
    """An interval of shares: (0.81, 0.868) → '81.0 to 86.8 %'."""
    return f"{100 * bounds[0]:.1f} to {percent(bounds[1])}"
