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


def near_clusters(
    hashes: NDArray[np.uint64],
    fields: NDArray[np.uint8],
    distance: int = MAX_HASH_DISTANCE,
    difference: float = MAX_COLOUR_DIFFERENCE,
) -> list[tuple[int, ...]]:
    """Gives the clusters of pictures that are nearly the same; whatever hangs together by pairs is one cluster.

    Every hash is compared with every other, in blocks: 4,400 take less than a second, 50,000 half a minute. Pictures
    that are in one cluster already aren't compared again, so that thousands of copies cost no more than others.

    Args:
        hashes: uint64 (n,), a perceptual hash per picture.
        fields: uint8 (n, ...), the colours of each picture's fields, 0-255.
        distance: The most bits in which two hashes may differ.
        difference: The largest mean difference of the fields, in levels.

    Returns:
        Positions, two or more together, each cluster sorted, in the order of their first one.
    """
    count = len(hashes)
    flat = fields.reshape(count, -1) if count else np.zeros((0, 1), dtype=np.uint8)
    cluster = np.arange(count)
    for start in range(0, count, BLOCK):
        close = np.bitwise_count(hashes[start : start + BLOCK, None] ^ hashes[None, start:]) <= distance
        close &= np.arange(start, count)[None] > np.arange(start, start + len(close))[:, None]
        for row in np.flatnonzero(close.any(axis=1)).tolist():
            first = start + row
            others = start + np.flatnonzero(close[row])
            others = others[cluster[others] != cluster[first]]
            apart = np.abs(flat[others].astype(np.int16) - flat[first]).mean(axis=1)
            same = others[apart <= difference]
            if len(same):
                joined = np.append(cluster[same], cluster[first])
                cluster[np.isin(cluster, joined)] = joined.min()
    return equal_clusters([number.to_bytes(8, "big") for number in cluster.tolist()])


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
