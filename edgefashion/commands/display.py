"""What verbs show: progress on stderr, tables and JSON on stdout. rich on a terminal, plain lines elsewhere."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock, Timer
from time import monotonic
from typing import Any, TextIO

QUIET_SECONDS = 2.0
"""Work that is done before this shows no progress at all."""
PLAIN_SECONDS = 10.0
"""Seconds between two progress lines where there is no terminal."""


class Progress:
    """Counts work that has been done and shows it now and then.

    Attributes:
        done: Units done so far.
        total: Units to do; None if nobody knows.
    """

    def __init__(self, total: int | None, description: str, stream: TextIO) -> None:
        """Start counting; use `progress`."""
        self.done = 0
        self.total = total
        self._description = description
        self._stream = stream
        self._start = monotonic()
        self._next = self._start + QUIET_SECONDS
        self._bar: Callable[[int], None] | None = None
        self._stop_bar: Callable[[], None] | None = None
        self._lock = Lock()
        self._closed = False

    def advance(self, n: int = 1) -> None:
        """Count n more units as done."""
        with self._lock:
            self.done += n
            self._show()

    def wait(self) -> None:
        """Show what is being done although no unit of it is: the first may be long. Called by a thread of its own."""
        with self._lock, suppress(OSError, ValueError):  # nobody may be looking any more
            if not self._closed:
                self._show()

    def close(self) -> None:
        """Take the bar away, or say the last number where lines were shown."""
        with self._lock:
            self._closed = True
            if self._stop_bar is not None:
                self._stop_bar()
            elif self._next > self._start + QUIET_SECONDS and self.done and self.done != self.total:
                self._line(monotonic())

    def _show(self) -> None:
        """Bring the bar up to date, or print the next line if it is time."""
        if self._bar is not None:
            self._bar(self.done)
            return
        now = monotonic()
        if now < self._next:
            return
        self._next = now + PLAIN_SECONDS
        if not self._stream.isatty() or not self._start_bar():
            self._line(now)

    def _line(self, now: float) -> None:
        """Print one plain line: what, how much, how long, how long still."""
        seconds = now - self._start
        if not self.done:
            print(f"{self._description} …", file=self._stream, flush=True)
            return
        text = f"{self._description}: {self.done}"
        if self.total:
            left = seconds / max(1, self.done) * (self.total - self.done)
            text += f"/{self.total} ({100 * self.done // self.total} %), {left:.0f} s left"
        print(f"{text}, {seconds:.0f} s so far", file=self._stream, flush=True)

    def _start_bar(self) -> bool:
        """Show rich's bar from now on; False if rich is not installed."""
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar
        except ImportError:
            return False
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        bar = Bar(*columns, console=Console(file=self._stream), transient=True)
        task = bar.add_task(self._description, total=self.total)
        bar.start()
        bar.update(task, completed=self.done)
        self._bar = lambda done: bar.update(task, completed=done)
        self._stop_bar = bar.stop
        return True


@contextmanager
def progress(total: int | None, description: str) -> Iterator[Progress]:
    """Show on stderr how far long work has come: a bar on a terminal, a line every ten seconds elsewhere.

    Both begin after two seconds, even where no unit is done by then.

    Args:
        total: How many units there are; None if nobody knows.
        description: What is being done, such as "Judging".

    Yields:
        A counter; call `.advance(n)` when n units are done.
    """
    counter = Progress(total, description, sys.stderr)
    timer = Timer(QUIET_SECONDS + 0.05, counter.wait)
    timer.daemon = True
    timer.start()
    try:
        yield counter
    finally:
        timer.cancel()
        counter.close()


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
    """Print a table on stdout.

    Args:
        headers: One text per column.
        rows: One sequence of values per row; each value is shown by `str`.
        title: A line above the table.
    """
    cells = [[str(value) for value in row] for row in rows]
    if sys.stdout.isatty() and _rich_table(headers, cells, title):
        return
    lines = [list(headers), *cells]
    widths = [
        max((len(line[column]) for line in lines if column < len(line)), default=0) for column in range(len(headers))
    ]
    if title:
        print(title)
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False)).rstrip())
    print()


def print_json(value: Any) -> None:
    """Print a value of plain JSON on stdout, indented; NaN and infinity, which are not JSON, are an error."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2))


def _rich_table(headers: Sequence[str], cells: Sequence[Sequence[str]], title: str | None) -> bool:
    """Print a table with rich; False if rich is not installed."""
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    grid = Table(title=title, title_justify="left")
    for header in headers:
        grid.add_column(Text(header))
    for row in cells:
        grid.add_row(*(Text(cell) for cell in row))
    Console().print(grid)
    return True
