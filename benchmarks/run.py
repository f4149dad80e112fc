"""Runs suites and writes their results: `python -m benchmarks.run [SUITE] [options]`; see README.md in this folder."""

from __future__ import annotations

import argparse
import sys
from types import ModuleType

from benchmarks import table
from benchmarks.result import Result
from benchmarks.suites import precision, resize, start, whole_path

SUITES: dict[str, ModuleType] = {
    "start": start,
    "whole-path": whole_path,
    "precision": precision,
    "resize": resize,
}
WITHOUT_DATA = ("start", "whole-path", "precision")
"""The suites that run where none is named: they need no photos."""


def main(words: list[str]) -> int:
    """Runs one suite with its options, or all that need no data; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    verbs = parser.add_subparsers(dest="suite", metavar="SUITE")
    for name, suite in SUITES.items():
        suite.add_arguments(verbs.add_parser(name, help=suite.TITLE, description=suite.__doc__))
    chosen = [words] if words else [[name] for name in WITHOUT_DATA]
    for line in chosen:
        arguments = parser.parse_args(line)
        result: Result = SUITES[arguments.suite].measure(arguments)
        print(table.render(*Result.read(result.write())), end="\n\n")
    table.update_all()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
