"""The command line as it is installed: exit codes, one line per error, nothing overwritten, nothing heavy."""

import argparse
import errno
import os
import re
import signal
import subprocess
import sys
import time
import types
from importlib.util import find_spec
from pathlib import Path

import pytest

from edgefashion import __version__, cli
from edgefashion.cli import COMMANDS, Verb, main
from edgefashion.errors import DataError, MissingExtraError, UsageError


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The installed command, in a process of its own."""
    command = [sys.executable, "-m", "edgefashion", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, **options)


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch):
    """Gives a function that puts a verb 'try' into the table, which runs what it is given."""

    def install(action) -> None:
        module = types.ModuleType("edgefashion.commands.try_out")
        module.HELP, module.EXAMPLE = "Try.", "edgefashion try"
        module.add_arguments = lambda parser: parser.add_argument("--count", type=int, default=1)
        module.run = action
        monkeypatch.setitem(sys.modules, "edgefashion.commands.try_out", module)
        monkeypatch.setitem(COMMANDS, "try", Verb("edgefashion.commands.try_out", "try"))

    return install


def test_help_lists_every_verb() -> None:
    done = run("--help")
    assert done.returncode == 0
    for name, entry in COMMANDS.items():
        assert f"  {name}" in done.stdout
        assert entry.help in done.stdout


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"edgefashion {__version__}\n")


@pytest.mark.parametrize(
    "arguments", [(), ("frobnicate",), ("--frobnicate",), ("classify",), ("classify", "--top", "x", "a")]
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "usage: edgefashion" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["verify"], ["parity"], ["compare"], ["doctor"], ["data", "check"]])
def test_verbs_that_check_something_tell_their_exit_codes(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    assert "1 an error or a failed check, told in one line on stderr; 2 wrong usage" in " ".join(
        capsys.readouterr().out.split()
    )
    assert main([*words, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Exit code 0: " in shown
    assert "one line on stderr" in shown


def test_an_unknown_verb_lists_the_known_ones() -> None:
    assert all(name in run("frobnicate").stderr for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_verb_has_help_with_an_example(name: str) -> None:
    if find_spec(COMMANDS[name].module) is None:
        pytest.fail(f"the table names {COMMANDS[name].module}, which does not exist")
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"usage: edgefashion {name}" in done.stdout
    assert "edgefashion " in done.stdout.partition("example:")[2]


def test_our_errors_are_one_line_and_exit_code_1(verb, capsys: pytest.CaptureFixture[str]) -> None:
    def action(arguments: argparse.Namespace) -> int:
        raise DataError("photos/: empty;\nput pictures there")

    verb(action)
    assert main(["try"]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "edgefashion: photos/: empty; put pictures there\n")


def test_usage_errors_of_verbs_are_exit_code_2(verb, capsys: pytest.CaptureFixture[str]) -> None:
    def action(arguments: argparse.Namespace) -> int:
        raise UsageError(f"--count must be positive. Received: {arguments.count}.")

    verb(action)
    assert main(["try", "--count", "-3"]) == 2
    assert capsys.readouterr().err == "edgefashion: --count must be positive. Received: -3.\n"


def test_the_verbs_exit_code_is_returned(verb) -> None:
    verb(lambda arguments: 1)
    assert main(["try"]) == 1
    verb(lambda arguments: 0)
    assert main(["try"]) == 0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (OSError(errno.EROFS, "Read-only file system", "/mnt/x"), "/mnt/x: Read-only file system"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "runs"), "runs: Is a directory"),
        (PermissionError(errno.EACCES, "Permission denied", "/root/x"), "/root/x: Permission denied"),
        (MissingExtraError("train", "training"), r"pip install 'edgefashion\[train\]'"),
        (ModuleNotFoundError("No module named 'tf_keras'", name="tf_keras.layers"), r"edgefashion\[train\]"),
        (ModuleNotFoundError("No module named 'imagehash'", name="imagehash"), r"edgefashion\[data\]"),
        (ModuleNotFoundError("No module named 'spam'", name="spam"), "pip install spam"),
    ],
)
def test_trouble_of_the_machine_is_one_line_too(
    verb, capsys: pytest.CaptureFixture[str], error: BaseException, said: str
) -> None:
    def action(arguments: argparse.Namespace) -> int:
        raise error

    verb(action)
    assert main(["try"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert re.search(said, err)


def test_bugs_keep_their_traceback(verb) -> None:
    def action(arguments: argparse.Namespace) -> int:
        raise ZeroDivisionError

    verb(action)
    with pytest.raises(ZeroDivisionError):
        main(["try"])


def test_ctrl_c(verb, capsys: pytest.CaptureFixture[str]) -> None:
    def action(arguments: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    verb(action)
    assert main(["try"]) == 130
    assert capsys.readouterr().err == "edgefashion: interrupted\n"


def test_ctrl_c_of_a_real_process(tiny_model: Path) -> None:
    """Waits for stdin, as a person would, and is interrupted there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "edgefashion", "classify", "-", "--model", str(tiny_model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job, and so its tests, may ignore SIGINT; a person's terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    libraries = Path(f"/proc/{process.pid}/maps")
    deadline = time.monotonic() + 300
    while libraries.exists() and "_imaging" not in libraries.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # the imports are done soon after Pillow's
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out, err) == (130, "", "edgefashion: interrupted\n")


def test_a_reader_that_leaves_is_no_error_message(tiny_model: Path, tmp_path: Path) -> None:
    from PIL import Image

    for number in range(200):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{number:03}.png")
    process = subprocess.Popen(
        [sys.executable, "-m", "edgefashion", "classify", str(tmp_path), "--model", str(tiny_model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=600) == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, which Linux has")
def test_a_full_disk(tiny_model: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "edgefashion", "verify", str(tiny_model)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=600, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("edgefashion: the disk is full")
    assert "Traceback" not in done.stderr


def test_native_libraries_are_silent_unless_asked(tiny_model: Path) -> None:
    quiet = run("verify", str(tiny_model))
    assert (quiet.returncode, quiet.stderr) == (0, "")
    loud = run("verify", str(tiny_model), env={**os.environ, "EDGEFASHION_NATIVE_LOG": "1"})
    assert loud.returncode == 0
    assert "XNNPACK" in loud.stderr


def test_a_verb_that_is_missing_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(COMMANDS, "gone", Verb("edgefashion.commands.gone", "gone"))
    assert main(["gone"]) == 1
    assert "not in this build" in capsys.readouterr().err


def test_stderr_is_given_back() -> None:
    before = sys.stderr
    cli.main(["--version"])
    assert sys.stderr is before
