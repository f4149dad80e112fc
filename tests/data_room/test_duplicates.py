from time import process_time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgefashion.data.duplicates import BLOCK, equal_clusters, join_pairs, near_clusters


def test_near_clusters_agree_with_a_plain_count() -> None:
    random = np.random.default_rng(5)
    base = random.integers(0, 2**63, 40, dtype=np.uint64)
    flips = random.integers(0, 64, (40, 12))
    twins = base.copy()
    for index, row in enumerate(flips):
        for bit in row[: index % 12]:
            twins[index] ^= np.uint64(1) << np.uint64(bit)
    hashes = np.concatenate([base, twins])
    fields = np.zeros((80, 4), np.uint8)
    expected = [
        (i, j) for i in range(80) for j in range(i + 1, 80) if int(hashes[i] ^ hashes[j]).bit_count() <= 6
    ]  # fmt: skip
    assert len(expected) >= 20
    assert near_clusters(hashes, fields) == join_pairs(expected)


def test_colours_decide_between_equal_hashes() -> None:
    hashes = np.zeros(3, np.uint64)
    fields = np.array([[100] * 4, [112] * 4, [125] * 4], np.uint8)
    assert near_clusters(hashes, fields) == [(0, 1)]
    assert near_clusters(hashes, fields, difference=13) == [(0, 1, 2)]
    assert near_clusters(hashes[:2], fields[::2]) == []
    assert near_clusters(np.array([], np.uint64), np.zeros((0, 4), np.uint8)) == []


def test_pairs_are_found_across_blocks() -> None:
    random = np.random.default_rng(7)
    hashes = random.integers(0, 2**63, 2 * BLOCK + 9, dtype=np.uint64)
    hashes[-1] = hashes[3]
    hashes[BLOCK + 1] = hashes[BLOCK - 1]
    found = near_clusters(hashes, np.zeros((len(hashes), 1), np.uint8), distance=0)
    assert found == [(3, 2 * BLOCK + 8), (BLOCK - 1, BLOCK + 1)]


def test_thousands_of_copies_are_one_cluster_at_once() -> None:
    hashes = np.zeros(3000, np.uint64)
    start = process_time()
    assert near_clusters(hashes, np.zeros((3000, 768), np.uint8)) == [tuple(range(3000))]
    assert process_time() - start < 5


def test_clusters_that_meet_late_are_joined() -> None:
    hashes = np.array([0, 0b1111111111, 0b1111100000], np.uint64)
    assert near_clusters(hashes, np.zeros((3, 1), np.uint8), distance=5) == [(0, 1, 2)]
    assert near_clusters(hashes, np.zeros((3, 1), np.uint8), distance=4) == []


def test_equal_keys_come_together() -> None:
    assert equal_clusters([b"a", b"b", b"a", b"c", b"b", b"a"]) == [(0, 2, 5), (1, 4)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).filter(lambda pair: pair[0] != pair[1])))
def test_joined_clusters_are_the_connected_parts(pairs: list[tuple[int, int]]) -> None:
    clusters = join_pairs(pairs)
    home = {item: number for number, cluster in enumerate(clusters) for item in cluster}
    assert sum(map(len, clusters)) == len(home) == len({item for pair in pairs for item in pair})
    assert all(home[first] == home[second] for first, second in pairs)
    # No more parts than needed: each cluster needs at least its size less one of the pairs.
    for cluster in clusters:
        inside = {tuple(sorted(pair)) for pair in pairs if pair[0] in cluster}
        assert len(inside) >= len(cluster) - 1
        assert cluster == tuple(sorted(cluster))
