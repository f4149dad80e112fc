"""Runs suites and writes their results: `python -m benchmarks.run [SUITE] [options]`; see README.md in this folder."""

from __future__ import annotations

import argparse
import sys
from types import ModuleType

from benchmarks import table
from benchmarks.result import Result, machine
from benchmarks.suites import labels, precision, resize, resize_probe, start, whole_path
from edgefashion.errors import EdgeFashionError

SUITES: dict[str, ModuleType] = {
    "start": start,
    "whole-path": whole_path,
    "precision": precision,
    "resize": resize,
    "resize-probe": resize_probe,
    "labels": labels,
}
WITHOUT_DATA = ("start", "whole-path", "precision")
"""The suites that run where none is named: they need no photos."""


def main(words: list[str]) -> int:
    """Runs one suite with its options, or all that need no data; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    verbs = parser.add_subparsers(dest="suite", metavar="SUITE")
    for name, suite in SUITES.items():
        verb = verbs.add_parser(name, help=suite.TITLE, description=suite.__doc__)
        suite.add_arguments(verb)
        verb.add_argument("--show", action="store_true", help="print the tables only; write no result and no page")
    chosen = [words] if words else [[name] for name in WITHOUT_DATA]
    for line in chosen:
        arguments = parser.parse_args(line)
        try:
            result: Result = SUITES[arguments.suite].measure(arguments)
        except EdgeFashionError as error:
            raise SystemExit(f"benchmarks: {error}") from error
        print(table.render(result, machine()), end="\n\n")
        if not arguments.show:
            result.write()
            table.update_all()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
