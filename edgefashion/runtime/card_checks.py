"""Checks of single fields of a card: each error names the field, what is allowed and what was received."""

import math
from collections.abc import Mapping
from typing import Any, NoReturn

from edgefashion.errors import ModelFileError

MAX_LINE = 200
MAX_FACTS = 100_000
MAX_WHOLE = 2**53


def show(value: Any) -> str:
    """Return a short one-line picture of any value, for an error message."""
    text = value if isinstance(value, str) else repr(value)[:200]
    return " ".join(text[:200].split())[:80]


def refuse(key: str, allowed: str, value: Any) -> NoReturn:
    """Raise the error for one field."""
    raise ModelFileError(f"Card: {key} must be {allowed}. Received: {type(value).__name__} {show(value)}.")


def whole(key: str, value: Any, lowest: int, highest: int = MAX_WHOLE) -> int:
    """Check a whole number between two bounds, both allowed (a bool is none)."""
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        refuse(key, f"a whole number from {lowest} to {highest}", value)
    return value


def number(key: str, value: Any, lowest: float, highest: float) -> float:
    """Check a finite number between two bounds, both allowed."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        refuse(key, f"a number from {lowest} to {highest}", value)
    return value


def line(key: str, value: Any, longest: int = MAX_LINE, empty: bool = False) -> str:
    """Check one line of printable text."""
    if not isinstance(value, str) or len(value) > longest or not (value.isprintable() and (value or empty)):
        refuse(key, f"one line of {0 if empty else 1} to {longest} printable characters", value)
    return value


def text(key: str, value: Any, longest: int) -> str:
    """Check a text that may have several lines."""
    if not isinstance(value, str) or len(value) > longest:
        refuse(key, f"a text of at most {longest} characters", value)
    return value


def one_of(key: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Check a choice."""
    if not isinstance(value, str) or value not in allowed:
        refuse(key, f"one of {', '.join(allowed)}", value)
    return value


def table(key: str, value: Any) -> Mapping[str, Any]:
    """Check a table whose keys are texts."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        refuse(key, "a table", value)
    return value


def listing(key: str, value: Any, longest: int) -> list[Any]:
    """Check a list's type and length; its items are for the caller to check."""
    if not isinstance(value, list) or len(value) > longest:
        refuse(key, f"a list of at most {longest} entries", value)
    return value


def keys(key: str, value: Any, allowed: tuple[str, ...]) -> Mapping[str, Any]:
    """Check that a table holds only known keys."""
    for name in table(key, value):
        if name not in allowed:
            raise ModelFileError(f"Card: {key} has the unknown key '{show(name)}'. Known: {', '.join(allowed)}.")
    checked: Mapping[str, Any] = value
    return checked


def facts(training: Any, accuracy: Any, size: Any) -> None:
    """Check the open tables of a card: the documented keys by type, anything else as plain JSON."""
    for name, value in table("training", training).items():
        if name in ("pictures", "groups"):
            whole(f"training.{name}", value, 0)
        elif name in ("data", "data_licence", "data_digest", "recipe", "recipe_digest"):
            text(f"training.{name}", value, MAX_LINE * 10)
    for variant, result in table("accuracy", accuracy).items():
        for name, value in table(f"accuracy.{variant}", result).items():
            key = f"accuracy.{show(variant)}.{show(name)}"
            if name == "split":
                line(key, value, empty=True)
            elif name == "n":
                whole(key, value, 0)
            elif name == "top1":
                number(key, value, 0.0, 1.0)
            elif name == "interval":
                if not isinstance(value, list | tuple) or len(value) != 2:
                    refuse(key, "two numbers", value)
                for bound in value:
                    number(key, bound, 0.0, 1.0)
    for name, value in table("size", size).items():
        whole(f"size.{show(name)}", value, 0)
    left = _plain("training", training, MAX_FACTS, 8)
    _plain("accuracy", accuracy, left, 8)


def _plain(key: str, value: Any, budget: int, depth: int) -> int:
    """Check that `value` is plain JSON (finite numbers, texts, lists, tables); return what is left of the budget."""
    if budget <= 0 or depth <= 0:
        raise ModelFileError(f"Card: {key} is too long or too deep; keep it to a few facts.")
    budget -= 1
    if isinstance(value, Mapping):
        for name, item in table(key, value).items():
            budget = _plain(key, item, budget, depth - 1)
            text(key, name, MAX_LINE)
    elif isinstance(value, list | tuple):
        for item in value:
            budget = _plain(key, item, budget, depth - 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            refuse(key, "a finite number", value)
    elif not (value is None or isinstance(value, bool | int | str)):
        refuse(key, "plain JSON", value)
    return budget
