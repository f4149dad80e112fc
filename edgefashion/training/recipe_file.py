"""Reads a recipe from a TOML file and refuses what can't be meant, before hours are spent on it.

Unknown keys and names are errors that list the known ones.
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from pathlib import Path
from typing import Any

from edgefashion.errors import RecipeError
from edgefashion.training.recipe import Recipe

ATTRIBUTES = ("colour", "pattern", "detail")
"""Columns of a manifest that a head can learn."""
RECIPES = Path(__file__).parent.parent / "recipes"


def recipe_names() -> tuple[str, ...]:
    """Names of the recipes that come with EdgeFashion."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def load_recipe(name_or_path: str) -> Recipe:
    """Reads a recipe.

    Args:
        name_or_path: a name from `recipe_names()`, or the path of a TOML file.

    Raises:
        RecipeError: no such recipe, not TOML, an unknown key, a missing key or a value of the wrong kind.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = RECIPES / f"{name_or_path}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecipeError(
            f"There is no recipe '{name_or_path}'. Known: {', '.join(recipe_names())}, or a .toml file."
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"Recipe '{name_or_path}' can't be read: {error}.") from error
    recipe: Recipe = _parse(Recipe, table, "recipe")
    check_recipe(recipe)
    return recipe


def _parse(cls: type[Any], table: dict[str, Any], where: str) -> Any:
    """Fills a dataclass from a TOML table; keys have hyphens where fields have underscores."""
    hints = typing.get_type_hints(cls)
    known = {f.name.replace("_", "-"): f for f in dataclasses.fields(cls)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise RecipeError(f"Unknown key '{key}' in [{where}]. Known: {', '.join(sorted(known))}.")
        values[known[key].name] = _convert(
            hints[known[key].name], value, f"{where}.{key}" if where != "recipe" else key
        )
    try:
        return cls(**values)
    except TypeError as error:
        required = [f.name for f in dataclasses.fields(cls)
                    if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING]  # fmt: skip
        missing = [name.replace("_", "-") for name in required if name not in values]
        raise RecipeError(f"[{where}] lacks the key {', '.join(missing)}.") from error


def _convert(hint: Any, value: Any, where: str) -> Any:
    if isinstance(hint, types.UnionType):
        hint = next(member for member in typing.get_args(hint) if member is not types.NoneType)
    if dataclasses.is_dataclass(hint):
        if isinstance(value, dict):
            return _parse(typing.cast(type[Any], hint), value, where)
    elif typing.get_origin(hint) is tuple:
        kind = typing.get_args(hint)[0]
        if isinstance(value, list) and all(type(item) is kind for item in value):
            return tuple(value)
    elif hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    elif isinstance(value, hint) and not (hint is int and isinstance(value, bool)):
        return value
    raise RecipeError(f"'{where}' has a value of the wrong kind. Received: {value!r}.")


_TABLES = (
    "", "model", "augment", "head", "fit", "refine", "distil", "blend", "prune-kernels", "prune-channels",
    "prune-weights", "last-layer", "quantise-aware",
)  # fmt: skip
_LIMITS: dict[str, tuple[float, float]] = {
    # Smallest and largest value of a key, or of one table's key; 0 to 1 where nothing is said.
    "seed": (0, 2**31 - 1),
    "height": (0, 4096),
    "width": (0, 4096),
    "frozen": (0, 1000),
    "dropout": (0.0, 0.95),
    "drop-path": (0.0, 0.95),
    "rotate": (0.0, 180.0),
    "augment.scale": (0.01, 1.0),
    "augment.aspect": (1.0, 10.0),
    "mixup": (0.0, 10.0),
    "epochs": (0, 10_000),
    "cycle": (0, 1000),
    "batch": (1, 65_536),
    "learning-rate": (0.0, 10.0),
    "warmup": (0.0, 10_000),
    "smoothing": (0.0, 0.9),
    "average": (0.0, 0.99999),
    "keep": (0.05, 1.0),
    "sparsity": (0.0, 0.95),
    "multiple": (1, 64),
    "courses": (1, 100),
    "batches": (1, 100_000),
    "temperature": (0.1, 100.0),
}


def check_recipe(recipe: Recipe) -> None:
    """Refuses values out of range, or that don't go together, before hours are spent on them.

    Raises:
        RecipeError: naming the key and what it may be.
    """
    if not recipe.name or "/" in recipe.name or recipe.name.startswith(".") or not recipe.name.isprintable():
        raise RecipeError(f"'name' must be printable, without '/' and with no dot in front. Received: {recipe.name!r}.")
    for where in _TABLES:
        table = getattr(recipe, where.replace("-", "_")) if where else recipe
        for field_ in dataclasses.fields(table) if table else ():
            value, key = getattr(table, field_.name), field_.name.replace("_", "-")
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            low, high = _LIMITS.get(f"{where}.{key}", _LIMITS.get(key, (0.0, 1.0)))
            if not low <= value <= high:
                place = f"{where}.{key}" if where else key
                raise RecipeError(f"'{place}' must lie between {low:g} and {high:g}. Received: {value}.")
    if all(getattr(recipe, name) is None for name in ("fit", "distil")) and not recipe.model.weights:
        raise RecipeError("A recipe needs [fit], [distil] or 'model.weights': there is nothing to start from.")
    if recipe.head and not recipe.model.weights:
        raise RecipeError("[head] trains the last layer alone, so it needs 'model.weights' for the others.")
    strange = sorted(set(recipe.model.heads) - set(ATTRIBUTES))
    if strange:
        raise RecipeError(f"'model.heads' may name {', '.join(ATTRIBUTES)}. Received: {strange[0]!r}.")
    strange = sorted(set(recipe.model.auxiliary) - set(recipe.model.heads))
    if strange:
        raise RecipeError(f"'model.auxiliary' may name heads of this recipe only. Received: {strange[0]!r}.")
    if recipe.prune_channels and recipe.prune_channels.of not in ("macs", "bytes"):
        raise RecipeError(f"'prune-channels.of' must be macs or bytes. Received: {recipe.prune_channels.of!r}.")
    if recipe.prune_channels and recipe.prune_channels.macs and recipe.prune_channels.of != "bytes":
        raise RecipeError("'prune-channels.macs' is counted beside the bytes: it needs of = \"bytes\".")
    if any(plan.courses > 1 for plan in (recipe.distil, recipe.prune_channels) if plan) and not recipe.model.folded:
        raise RecipeError("'courses' needs 'model.folded': batch statistics of several trainings have no mean.")
    if recipe.prune_kernels and (not recipe.prune_kernels.blocks or min(recipe.prune_kernels.blocks) < 0):
        raise RecipeError("'prune-kernels.blocks' must name blocks by their numbers, from 0.")
    if recipe.prune_weights and recipe.prune_weights.average:
        raise RecipeError("[prune-weights] can't average weights: an average of zero and non-zero is not zero.")
    if recipe.blend and not (recipe.model.weights and recipe.model.folded):
        raise RecipeError("[blend] needs 'model.weights', which it goes back to, and 'model.folded'.")
    if recipe.blend and recipe.blend.elsewhere >= 1.0:
        raise RecipeError("[blend] leaves nothing of what was trained: its shares must add up to less than 1.")
    if recipe.blend and bool(recipe.blend.share) != bool(recipe.blend.others):
        raise RecipeError("'blend.share' is the share of 'blend.others': a recipe has both or neither.")
    if recipe.blend and recipe.blend.head and not recipe.head:
        raise RecipeError("'blend.head' is the share of what [head] gave: it needs that table.")
    if recipe.last_layer and not recipe.last_layer.extra:
        raise RecipeError("[last-layer] lacks the key extra: it learns from further pictures.")
    if recipe.distil and not recipe.distil.teachers:
        raise RecipeError("[distil] lacks the key teachers.")
