"""Splits by group: everything that one contributor photographed lies on one side.

A random split of photographs leaks wardrobes, floors and light from training into validation and flatters the
result. Here the side depends on nothing but the group's own name, so adding groups never moves another one.
"""

import hashlib

from edgefashion.errors import DataError

SPLITS = ("train", "validation", "test")
"""The names that a split may have, in the order in which they are shown."""

DEFAULT_SALT = "edgefashion"


def split_of(group: str, validation: float = 0.2, test: float = 0.0, salt: str = DEFAULT_SALT) -> str:
    """Gives the split of a group, the same on every machine, at any time and beside any other groups.

    SHA-256 of salt and group is read as a number in [0, 1). Validation takes the lower end and test the upper one:
    a changed share moves groups between that split and train only.

    Args:
        group: Name of the group (the contributor).
        validation: Share of the groups for validation, 0 to 1.
        test: Share of the groups for test, 0 to 1; both together at most 1.
        salt: Another salt gives another split.

    Returns:
        One of `SPLITS`.

    Raises:
        DataError: A share is outside 0 to 1, or both together are more than 1.

    >>> split_of("contributor 48") == split_of("contributor 48")
    True
    >>> split_of("anybody", validation=1.0)
    'validation'
    """
    if not (0.0 <= validation <= 1.0 and 0.0 <= test <= 1.0 and validation + test <= 1.0):
        raise DataError(
            "The shares for validation and test must lie between 0 and 1, and sum to at most 1; "
            f"received validation={validation}, test={test}."
        )
    digest = hashlib.sha256(f"{salt}\n{group}".encode("utf-8", "surrogatepass")).digest()
    position = (int.from_bytes(digest[:8], "big") >> 11) / 2.0**53
    if position < validation:
        return "validation"
    return "test" if position >= 1.0 - test else "train"
