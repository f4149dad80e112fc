"""Runs suites, writes their results: `python -m benchmarks.run [SUITE [options] | --full]`; see README.md here."""

from __future__ import annotations

import argparse
import sys
from types import ModuleType

from benchmarks import table
from benchmarks.contestant import ContestantError
from benchmarks.result import Result, machine
from benchmarks.suites import (
    app,
    growth,
    labels,
    latency,
    limit,
    own_folder,
    peers_clothing,
    peers_fashion_mnist,
    precision,
    resize,
    resize_probe,
    seeds,
    soak,
    start,
    whole_path,
)
from edgefashion.errors import EdgeFashionError

SUITES: dict[str, ModuleType] = {
    "start": start,
    "whole-path": whole_path,
    "precision": precision,
    "latency": latency,
    "limit": limit,
    "growth": growth,
    "peers-fashion-mnist": peers_fashion_mnist,
    "peers-clothing": peers_clothing,
    "resize": resize,
    "resize-probe": resize_probe,
    "labels": labels,
    "own-folder": own_folder,
    "seeds": seeds,
    "app": app,
    "soak": soak,
}
QUICK = ("start", "whole-path", "precision", "latency", "limit")
"""The suites that run where none is named: minutes, and no photos."""
FULL = (*QUICK, "app", "growth", "peers-fashion-mnist", "peers-clothing")
"""The suites of `--full`: hours. What is trained is kept, so that a stopped run goes on."""


def main(words: list[str]) -> int:
    """Runs one suite with its options, the quick ones, or with --full most of them; gives the exit code.

    Of several suites, one that fails is told and the others run; the exit code is then 1, and with --strict also where
    a limit is not kept.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    verbs = parser.add_subparsers(dest="suite", metavar="SUITE")
    for name, suite in SUITES.items():
        verb = verbs.add_parser(name, help=suite.TITLE, description=suite.__doc__)
        suite.add_arguments(verb)
        verb.add_argument("--show", action="store_true", help="print the tables only; write no result and no page")
        verb.add_argument("--strict", action="store_true", help="exit with 1 where a limit is not kept")
    full = words[:1] == ["--full"]
    chosen = [[name, *words[1:]] for name in FULL] if full else [words] if words else [[name] for name in QUICK]
    failed = 0
    for line in chosen:
        arguments = parser.parse_args(line)
        try:
            result: Result = SUITES[arguments.suite].measure(arguments)
        except (EdgeFashionError, ContestantError) as error:
            if len(chosen) == 1:
                raise SystemExit(f"benchmarks: {error}") from error
            print(f"benchmarks: {arguments.suite} failed: {error}", file=sys.stderr)
            failed += 1
            continue
        print(table.render(result, machine()), end="\n\n")
        failed += arguments.strict and not all(limit.kept for limit in result.limits)
        if not arguments.show:
            result.write()
            table.update_all()
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
