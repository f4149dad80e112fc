"""A review in the terminal: one suspect at a time, every decision written at once, so that it can stop at any time."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from edgefashion.data.corrections import LEFT_OUT, Review, Suspect, label_choices, write_decisions
from edgefashion.errors import ImageError

COLUMNS, ROWS = 56, 28
"""Characters of a picture in the terminal; one holds two pixels, one above the other."""
TAKE, KEEP, OUT, SKIP, BACK, QUIT, LABEL = "y", "k", "x", "s", "b", "q", "="
KEYS = "y takes the likelier, k keeps the given, x leaves the picture out, =LABEL another label; s skip, b back, q quit"


def review_in_terminal(review: Review, decided: dict[str, str]) -> None:
    """Asks about every suspect without a decision; `decided` is extended and written after each answer.

    Args:
        review: The review.
        decided: Path → label, as read.
    """
    waiting = [suspect for suspect in review.suspects if suspect.path not in decided]
    rows = {row.path: row for row in review.given.rows}
    choices = label_choices(review)
    print(f"{len(waiting)} of {len(review.suspects)} labels to decide. Keys: {KEYS}.")
    place = 0
    while place < len(waiting):
        suspect = waiting[place]
        if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
            try:
                print("\n".join(picture_lines(review.given.picture(rows[suspect.path]))))
            except ImageError as error:
                print(error)
        key, label = _ask(suspect, place + 1, len(waiting), choices)
        if key == QUIT:
            return
        if key == BACK:
            place = max(0, place - 1)
            if decided.pop(waiting[place].path, None) is not None:
                write_decisions(review, decided)
            continue
        if key != SKIP:
            decided[suspect.path] = label
            write_decisions(review, decided)
        place += 1


def _ask(suspect: Suspect, number: int, count: int, choices: Sequence[str]) -> tuple[str, str]:
    """One of the keys, and the label that it stands for."""
    print(f"\n{number}/{count}  {suspect.path}")
    print(f"given {suspect.given}, likelier {suspect.likelier}; that the given is wrong: {suspect.probability:.0%}")
    meant = {TAKE: suspect.likelier, KEEP: suspect.given, OUT: LEFT_OUT, SKIP: "", BACK: "", QUIT: ""}
    while True:
        try:
            answer = input("> ").strip()
        except EOFError:
            print()
            return QUIT, ""
        if answer.lower() in meant:
            return answer.lower(), meant[answer.lower()]
        if answer.removeprefix("=") in choices:
            return LABEL, answer.removeprefix("=")
        print(f"{KEYS}. Labels: {', '.join(choices)}.")


def picture_lines(picture: object) -> list[str]:
    """A picture as coloured half blocks (24-bit colours), one string a line of the terminal.

    Args:
        picture: What `runtime.image.prepare` accepts.

    Raises:
        ImageError: The picture can't be read.
    """
    from edgefashion.runtime.image import prepare

    pixels = prepare(picture, 2 * ROWS, COLUMNS, "pad")
    lines = []
    for y in range(ROWS):
        cells = [
            "\x1b[38;2;{};{};{};48;2;{};{};{}m▀".format(*upper, *lower)
            for upper, lower in zip(pixels[2 * y], pixels[2 * y + 1], strict=True)
        ]
        lines.append("".join(cells) + "\x1b[0m")
    return lines
