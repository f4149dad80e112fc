"""The README and CONTRIBUTING say what is true: examples run, verbs and make targets exist."""

import contextlib
import doctest
import io
import re
from pathlib import Path

import pytest

from edgefashion.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CODE = re.compile(r"```(\w*)\n(.*?)```|`([^`\n]+)`", flags=re.DOTALL)


def code(text: str) -> list[str]:
    """Everything in a Markdown text that is set as code: blocks and spans."""
    return [block or span for _, block, span in CODE.findall(text)]


def words_after(command: str, text: str) -> set[str]:
    """The words that follow a command at the start of a line of code."""
    line = re.compile(rf"^\s*(?:\$ )?{command} ([a-z][a-z-]*)", flags=re.MULTILINE)
    return {word for piece in code(text) for word in line.findall(piece)}


def test_python_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    examples = "\n".join(re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
    test = doctest.DocTestParser().get_doctest(examples, {}, "README.md", "README.md", 0)
    assert test.examples
    report = io.StringIO()
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.write)
    assert result.failed == 0, report.getvalue()


def test_every_verb_is_in_the_readme_and_every_verb_of_the_readme_exists() -> None:
    assert words_after("edgefashion", README) == set(COMMANDS)
    assert words_after("edgefashion", CONTRIBUTING) <= set(COMMANDS)


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit) as stop:
        raise SystemExit(main([verb, "--help"]))
    assert stop.value.code in (0, None)
    assert f"edgefashion {verb}" in said.getvalue()


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    offered = set(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE))
    assert words_after("make", README + CONTRIBUTING) <= offered
    assert {"demo", "test", "install", "check", "bench", "models", "test-runtimes"} <= offered


def test_ci_calls_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    offered = set(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE))
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    called = set(re.findall(r"^(?:step \"[a-z ]+\"| *) ?make ([a-z][a-z-]*)", script, flags=re.MULTILINE))
    assert {"check", "test", "demo", "test-runtimes", "wheel"} <= called <= offered


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md"])
def test_relative_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in link:
            assert (ROOT / link).exists(), f"{name} links to {link}"


@pytest.mark.parametrize("name", ["demo", "models", "peers"])
def test_generated_parts_have_their_markers(name: str) -> None:
    assert README.count(f"<!-- {name}:begin -->") == README.count(f"<!-- {name}:end -->") == 1
