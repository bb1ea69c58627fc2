"""The trie of frequent n-grams. Slow twins: tests/newwords/twins.py.

A trie node is an n-gram; node 0 is the root. Nodes are numbered level by level, each level in the order of the codes.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def grow_level(
    heads: NDArray[np.integer],
    tails: NDArray[np.uint64],
    counts: NDArray[np.integer],
    shift: int,
    min_count: int,
    node_of: NDArray[np.int32],
    first_node: int,
    parents: NDArray[np.int32],
    node_counts: NDArray[np.int64],
) -> int:
    """Make the nodes of one more level; return how many.

    Row r of the sorted table stands for counts[r] windows; windows with equal heads[r] and equal tails[r] >> shift
    share an n-gram, whose last code is the low part of tails[r] >> shift: 0 means that the window has ended.
    node_of: (R,) the deepest node of each row; rows that reach the new level are changed to their new node.
    A level is grown only below nodes of the level before: first_node is the first of the new ones.
    """
    made = 0
    r = 0
    rows = tails.size
    low = np.uint64(shift)
    while r < rows:
        end = r + 1
        head = heads[r]
        tail = tails[r] >> low
        total = np.int64(counts[r])
        while end < rows and heads[end] == head and tails[end] >> low == tail:
            total += counts[end]
            end += 1
        if total >= min_count:
            parents[made] = node_of[r]
            node_counts[made] = total
            for i in range(r, end):
                node_of[i] = first_node + made
            made += 1
        r = end
    return made


@njit(cache=True, nogil=True)
def select_rows(
    node_of: NDArray[np.int32],
    first_node: int,
    tails: NDArray[np.uint64],
    shift: int,
    mask: int,
    rows: NDArray[np.int64],
) -> int:
    """List the rows whose node is of the last level and whose window goes on with a code; return how many."""
    n = 0
    for r in range(node_of.size):
        if node_of[r] >= first_node and (tails[r] >> np.uint64(shift)) & np.uint64(mask) != 0:
            rows[n] = r
            n += 1
    return n


@njit(cache=True, nogil=True)
def place_nodes(ranks: NDArray[np.uint32], node_of_window: NDArray[np.int32], node_at: NDArray[np.int32]) -> None:
    """Write the deepest node of the window at each position; 0 at breaks."""
    for i in range(ranks.size):
        node_at[i] = node_of_window[ranks[i] - 1] if ranks[i] != 0 else 0


@njit(cache=True, nogil=True)
def list_extendable(
    node_at: NDArray[np.int32],
    first_node: int,
    ranks: NDArray[np.uint32],
    length: int,
    positions: NDArray[np.uint32],
    keys: NDArray[np.uint64],
) -> int:
    """List the positions whose node is at or beyond first_node, and the keys (node, rank of the window behind it)."""
    n = 0
    for i in range(node_at.size):
        if node_at[i] >= first_node and i + length < ranks.size and ranks[i + length] != 0:
            positions[n] = i
            keys[n] = np.uint64(node_at[i]) << np.uint64(32) | np.uint64(ranks[i + length])
            n += 1
    return n


@njit(cache=True, nogil=True)
def examples(node_at: NDArray[np.int32], parents: NDArray[np.int32], example: NDArray[np.int64]) -> None:
    """Write a position at which each node occurs."""
    for i in range(node_at.size - 1, -1, -1):
        example[node_at[i]] = i
    for node in range(parents.size - 1, 0, -1):
        if example[node] < example[parents[node]]:
            example[parents[node]] = example[node]


@njit(cache=True, nogil=True)
def link_suffixes(
    start: int,
    stop: int,
    node_at: NDArray[np.int32],
    lengths: NDArray[np.int16],
    parents: NDArray[np.int32],
    example: NDArray[np.int64],
    suffixes: NDArray[np.int32],
) -> None:
    """Write, for start <= node < stop, the node of the n-gram without its first code."""
    for node in range(start, stop):
        suffix = node_at[example[node] + 1] if lengths[node] > 1 else 0
        while lengths[suffix] >= lengths[node]:
            suffix = parents[suffix]
        suffixes[node] = suffix


@njit(cache=True, nogil=True)
def solidity(
    start: int,
    stop: int,
    total: int,
    counts: NDArray[np.integer],
    lengths: NDArray[np.int16],
    parents: NDArray[np.int32],
    suffixes: NDArray[np.int32],
    pmi: NDArray[np.float64],
) -> None:
    """Write, in nats, the least ln(total · N(w) / (N(left) · N(right))) over all splits of w; single codes get 0."""
    for node in range(start, stop):
        pmi[node] = 0.0
        if lengths[node] < 2:
            continue
        least = math.inf
        left = parents[node]
        for split in range(lengths[node] - 1, 0, -1):
            right = node
            for _ in range(split):
                right = suffixes[right]
            joint = math.log(counts[node]) - math.log(counts[left]) - math.log(counts[right])
            least = min(least, joint)
            left = parents[left]
        pmi[node] = least + math.log(total)
