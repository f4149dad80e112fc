"""Which texts the catalogues must hold: those that the code marks, and the names of what a garment can be."""

import ast
from pathlib import Path

from edgefashion.taxonomy import Taxonomy

from ..attributes import ATTRIBUTES

MARK = "tr"
PLURAL_MARK = "trn"
FIELDS = ("type", "category", "colour", "pattern", "detail")


def taxonomy_names() -> tuple[str, ...]:
    """Return the names of fields, categories, types, colours, patterns and details, each once."""
    taxonomy = Taxonomy.load("garment")
    values = [value for each in ATTRIBUTES.values() for value in each]
    return tuple(dict.fromkeys((*FIELDS, *taxonomy.categories, *taxonomy.types, *values)))


def marked_messages(folder: Path) -> tuple[str | tuple[str, str], ...]:
    """Return what the Python files below a folder mark by `tr("…")` or `trn("…", "…", n)`, each once.

    The syntax tree is read, so that marks inside f-strings are found by every version of Python.

    Returns:
        Messages, or (one, many), in the order of files and lines.
    """
    found: dict[str | tuple[str, str], None] = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                count = {MARK: 1, PLURAL_MARK: 2}.get(node.func.id, 0)
                texts = [
                    argument.value
                    for argument in node.args[:count]
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                ]
                if count and len(texts) == count:
                    found[texts[0] if count == 1 else (texts[0], texts[1])] = None
    return tuple(found)
