"""Which values an attribute can have, type by type: shoes are never sleeveless.

The taxonomy says it (`Taxonomy.values`). In a model file it stands in an associated file of its own and not in the
card, because readers of card version 1 refuse keys that they do not know, and pass over files that they do not know.
"""

import json
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgefashion.errors import DataError, ModelFileError
from edgefashion.runtime import card_checks as check
from edgefashion.runtime.card import ModelCard
from edgefashion.taxonomy import TAXONOMIES, Taxonomy, lists_by_name

ATTRIBUTE_VALUES_FILE = "attribute-values.json"
MAX_BYTES = 2**20


def attribute_values_file(taxonomy: Taxonomy) -> bytes:
    """The associated file of a taxonomy: attribute → type → values, as JSON in UTF-8."""
    return json.dumps(taxonomy.to_dict()["values"], ensure_ascii=False, separators=(",", ":")).encode()


def told_values(taxonomy: Taxonomy, attributes: Iterable[str]) -> Taxonomy:
    """Return the taxonomy with the values of these attributes only: those that a model has heads for.

    A shipped taxonomy that was written down before taxonomies had values gets them from the one that is shipped now.
    """
    known = taxonomy.values
    if not known and taxonomy.name in TAXONOMIES:
        known = Taxonomy.load(taxonomy.name).values
    values = {
        attribute: {name: allowed for name, allowed in known[attribute].items() if name in taxonomy.types}
        for attribute in attributes
        if attribute in known
    }
    return replace(taxonomy, values=values)


def with_attribute_values(card: ModelCard, content: bytes) -> ModelCard:
    """Return the card with what an associated file says of its types' values; the file may be hostile.

    Raises:
        ModelFileError: Too large, no JSON, another shape, or a type that the card's taxonomy does not have.
    """
    if len(content) > MAX_BYTES:
        raise ModelFileError(f"'{ATTRIBUTE_VALUES_FILE}' has {len(content)} bytes; at most {MAX_BYTES} are allowed.")
    try:
        values = lists_by_name("values", json.loads(content))
        return replace(card, taxonomy=replace(card.taxonomy, values=values))
    except DataError as error:
        raise ModelFileError(f"'{ATTRIBUTE_VALUES_FILE}': {error}") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"'{ATTRIBUTE_VALUES_FILE}': not valid JSON ({check.show(str(error))}).") from error


def possible_values(taxonomy: Taxonomy, attribute: str, type_name: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels of an attribute that a type can have, in the order of `labels`; empty if it has no such attribute."""
    if attribute not in taxonomy.values:
        return labels
    allowed = taxonomy.values[attribute].get(type_name, ())
    return tuple(label for label in labels if label in allowed)


def restrict(
    probabilities: NDArray[np.floating], labels: tuple[str, ...], allowed: tuple[str, ...]
) -> NDArray[np.float64]:
    """Keep the probabilities of the allowed labels and scale them to a sum of 1.

    Args:
        probabilities: Shape (k,), 0 to 1.
        labels: The k labels.
        allowed: At least one of them.

    Returns:
        float64 (k,), 0 where a label is not allowed; equal shares where nothing is left.
    """
    inside = np.isin(labels, allowed)
    kept = np.where(inside, np.asarray(probabilities, dtype=np.float64), 0.0)
    total = float(kept.sum())
    shares: NDArray[np.float64] = kept / total if total > 0 else inside / inside.sum()
    return shares
