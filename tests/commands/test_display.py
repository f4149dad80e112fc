"""Progress, tables and JSON: rich on a terminal, plain elsewhere, silent where the work is short."""

import io
import json
import sys
import time

import pytest

from edgefashion.commands import display


class Clock:
    """A clock that the test turns."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(display, "monotonic", clock)
    return clock


def test_short_work_is_silent(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with display.progress(10, "Judging") as bar:
        for _ in range(10):
            clock.now += 0.1
            bar.advance()
    assert bar.done == 10
    assert capsys.readouterr() == ("", "")


def test_long_work_gives_a_plain_line_now_and_then(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with display.progress(60, "Judging") as bar:
        for _ in range(30):
            clock.now += 1
            bar.advance(2)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "Judging: 4/60 (6 %), 28 s left, 2 s so far"
    assert len(lines) == 3


def test_an_unknown_total(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with display.progress(None, "Reading") as bar:
        clock.now += 5
        bar.advance(7)
    assert "Reading: 7, 5 s so far" in capsys.readouterr().err


def test_a_bar_on_a_terminal(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with display.progress(3, "Judging") as bar:
        bar.advance()
        assert terminal.getvalue() == ""
        clock.now += 3
        bar.advance()
    assert "Judging" in terminal.getvalue()
    assert "2/3" in terminal.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_work_whose_first_unit_takes_long_is_told_too(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread of its own tells it, since whoever works doesn't call."""
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(display, "QUIET_SECONDS", 0.1)
    with display.progress(None, "Building teachers"):
        deadline = time.monotonic() + 30
        while "Building teachers" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.02)
    assert "Building teachers" in stream.getvalue()
    assert terminal or stream.getvalue() == "Building teachers …\n"


def test_nothing_is_told_after_the_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(display, "QUIET_SECONDS", 0.2)
    with display.progress(None, "Reading") as bar:
        pass
    time.sleep(0.4)
    bar.wait()
    assert capsys.readouterr() == ("", "")


def test_plain_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    display.table(("name", "n"), [("a", 1), ("longer", 22)], title="Things")
    assert capsys.readouterr().out == "Things\nname    n\na       1\nlonger  22\n\n"
    display.table(("name", "n"), [])
    assert capsys.readouterr().out == "name  n\n\n"


def test_tables_on_a_terminal_show_markup_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    display.table(("na[b]me", "n"), [("[red]shirt[/red]", 1)])
    assert "[red]shirt[/red]" in terminal.getvalue()
    assert "na[b]me" in terminal.getvalue()


def test_without_rich_everything_is_plain(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rich", "rich.console", "rich.table", "rich.text", "rich.progress"):
        monkeypatch.setitem(sys.modules, name, None)
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    display.table(("a",), [("b",)])
    with display.progress(9, "Judging") as bar:
        clock.now += 3
        bar.advance()
    assert out.getvalue() == "a\nb\n\n"
    assert "Judging: 1/9" in err.getvalue()


def test_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    display.print_json({"name": "größe", "n": [1, 2.5, None]})
    text = capsys.readouterr().out
    assert json.loads(text) == {"name": "größe", "n": [1, 2.5, None]}
    assert "größe" in text
    with pytest.raises(ValueError, match="Out of range"):
        display.print_json({"n": float("nan")})
