"""`edgefashion verify`: does this device compute what the workshop computed?"""

import argparse

from edgefashion.commands import display
from edgefashion.errors import CheckFailedError
from edgefashion.runtime.golden import check_golden
from edgefashion.runtime.interpreter import RUNTIMES, Interpreter
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import find_model

HELP = (
    "Check a model file's golden vectors on this device: same best label, every score within one step.\n"
    "Exit code 0: all pass. 1: one fails, or an error; told in one line on stderr."
)
EXAMPLE = "edgefashion verify garment.tflite"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a .tflite file with a card, or the name of a shipped model")
    parser.add_argument("--runtime", choices=tuple(RUNTIMES), help="use this runtime (default: the best at hand)")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of the network (default: cores, at most 4)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run the verb.

    Raises:
        CheckFailedError: A golden vector failed; the results are printed first.
    """
    model_file = ModelFile.read(find_model(arguments.model))
    interpreter = Interpreter.open(model_file.content, arguments.threads, arguments.runtime)
    report = check_golden(model_file, interpreter)
    facts = {"model": str(model_file.path), "runtime": interpreter.runtime, "threads": interpreter.threads}
    good = sum(result.passed for result in report.results)
    if arguments.json:
        results = [result._asdict() for result in report.results]
        display.print_json({**facts, "passed": report.passed, "results": results})
    else:
        rows = [
            (result.vector, result.head, result.expected, result.received, result.difference, _word(result.passed))
            for result in report.results
        ]
        display.table(("vector", "head", "expected", "received", "largest difference (steps)", "result"), rows)
        verdict = f"{_word(report.passed)}: {good} of {len(report.results)} golden vectors"
        print(f"{verdict}, runtime {interpreter.runtime}, threads {interpreter.threads}, {model_file.path}")
    if not report.passed:
        raise CheckFailedError(
            f"{model_file.path}: {len(report.results) - good} of {len(report.results)} golden vectors fail here with "
            f"the runtime {interpreter.runtime}; don't use this file with it. 'edgefashion parity' tries the others."
        )
    return 0


def _word(passed: bool) -> str:
    """Return the word for a result."""
    return "passed" if passed else "FAILED"
