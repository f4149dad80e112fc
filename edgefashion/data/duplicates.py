"""Pictures that are there twice: exactly (the same bytes) or nearly (the same photo, saved or scaled anew).

Nearly the same means: the perceptual hashes (pHash, 64 bits of the low frequencies of a DCT; package imagehash) differ
in few bits, and so do the colours of 16 × 16 fields. The hash alone is not enough for garments: two T-shirts laid on
the same floor by the same hand have the same low frequencies.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MAX_HASH_DISTANCE = 6
"""Bits of 64. Of 4,385 clothing photos the hash alone pairs 42 up to here; both tests pair 2, and both are true."""
MAX_COLOUR_DIFFERENCE = 12.0
"""Mean difference of the fields' colours, in levels of 0-255."""
FIELDS = 16
BLOCK = 1024


def near_pairs(
    hashes: NDArray[np.uint64],
    fields: NDArray[np.uint8],
    distance: int = MAX_HASH_DISTANCE,
    difference: float = MAX_COLOUR_DIFFERENCE,
) -> list[tuple[int, int]]:
    """Gives the pairs of pictures that are nearly the same.

    All hashes are compared in blocks: 4,400 take about 0.1 s, 50,000 about 15 s.

    Args:
        hashes: uint64 (n,), a perceptual hash per picture.
        fields: uint8 (n, ...), the colours of each picture's fields, 0-255.
        distance: The most bits in which two hashes may differ.
        difference: The largest mean difference of the fields, in levels.

    Returns:
        Pairs (i, j) of positions with i < j, sorted.
    """
    pairs = []
    for start in range(0, len(hashes), BLOCK):
        block = hashes[start : start + BLOCK]
        bits = np.bitwise_count(block[:, None] ^ hashes[None, start:])
        for first, second in zip(*(found.tolist() for found in np.nonzero(bits <= distance)), strict=True):
            if first < second:
                one, other = fields[start + first].astype(np.int16), fields[start + second].astype(np.int16)
                if np.abs(one - other).mean() <= difference:
                    pairs.append((start + first, start + second))
    return sorted(pairs)


def equal_clusters(keys: Sequence[bytes]) -> list[tuple[int, ...]]:
    """Gives the positions of equal keys, two or more together, in the order of their first one."""
    places: dict[bytes, list[int]] = {}
    for position, key in enumerate(keys):
        places.setdefault(key, []).append(position)
    return [tuple(found) for found in places.values() if len(found) > 1]


def join_pairs(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
    """Gives the clusters that pairs make when whatever hangs together is joined; each sorted, in order."""
    leader: dict[int, int] = {}

    def find(item: int) -> int:
        while leader.setdefault(item, item) != item:
            leader[item] = leader[leader[item]]
            item = leader[item]
        return item

    for first, second in pairs:
        one, other = sorted((find(first), find(second)))
        leader[other] = one
    clusters: dict[int, list[int]] = {}
    for item in sorted(leader):
        clusters.setdefault(find(item), []).append(item)
    return sorted(tuple(items) for items in clusters.values())
