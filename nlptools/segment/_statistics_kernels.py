"""What stands around the n-grams of a text, and how probable they make each symbol. Slow twins: tests/segment."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def count_edges(
    codes: NDArray[np.uint16],
    node_at: NDArray[np.int32],
    parents: NDArray[np.int32],
    lengths: NDArray[np.int16],
    longest: int,
    begins: NDArray[np.int32],
    ends: NDArray[np.int32],
) -> None:
    """Count how often each n-gram of up to `longest` symbols stands at the begin and at the end of a segment."""
    for i in range(codes.size):
        node = node_at[i]
        while node != 0:
            length = lengths[node]
            if length <= longest:
                if codes[i + length] == 0:
                    ends[node] += 1
                if codes[i - 1] == 0:
                    begins[node] += 1
            node = parents[node]


@njit(cache=True, nogil=True)
def sum_neighbours(
    counts: NDArray[np.int64],
    parents: NDArray[np.int32],
    suffixes: NDArray[np.int32],
    lengths: NDArray[np.int16],
    right: NDArray[np.float64],
    left: NDArray[np.float64],
    kinds: NDArray[np.int32],
    listed: NDArray[np.int64],
) -> None:
    """Write, for each node, Σ f ln f over its followers, and over what comes before it; and of its followers in the trie
    how many there are and how often they follow."""
    for node in range(1, counts.size):
        if lengths[node] < 2:
            continue
        term = counts[node] * math.log(counts[node])
        right[parents[node]] += term
        left[suffixes[node]] += term
        kinds[parents[node]] += 1
        listed[parents[node]] += counts[node]


@njit(cache=True, nogil=True)
def _prefix(node: int, length: int, parents: NDArray[np.int32], lengths: NDArray[np.int16]) -> int:
    """Return the first `length` symbols of a node, 0 if it has fewer."""
    while lengths[node] > length:
        node = parents[node]
    return node if lengths[node] == length else 0


@njit(cache=True, nogil=True)
def witten_bell(
    codes: NDArray[np.uint16],
    node_at: NDArray[np.int32],
    parents: NDArray[np.int32],
    lengths: NDArray[np.int16],
    counts: NDArray[np.int64],
    kinds: NDArray[np.int64],
    followed: NDArray[np.int64],
    total: int,
    first: int,
    last: int,
    out: NDArray[np.float32],
) -> None:
    """Write ln p(codes[i] | the h symbols before it) at [i - first, h], -inf where the segment has fewer before it.

    first <= i < last; the place before `first` is a break. p of no history is the raw frequency; longer ones are
    interpolated by Witten and Bell. kinds[c]: distinct followers of an n-gram; followed[c]: how often it is followed.
    """
    begin = first
    for i in range(first, last):
        if codes[i] == 0:
            begin = i + 1
            continue
        p = counts[_prefix(node_at[i], 1, parents, lengths)] / total
        for h in range(out.shape[1]):
            if h > i - begin:
                out[i - first, h] = -np.inf
                continue
            if h > 0:
                history = _prefix(node_at[i - h], h, parents, lengths)
                if history != 0 and followed[history] > 0:
                    whole = _prefix(node_at[i - h], h + 1, parents, lengths)
                    seen = counts[whole] if whole != 0 else 0
                    p = (seen + kinds[history] * p) / (followed[history] + kinds[history])
            out[i - first, h] = math.log(p)
