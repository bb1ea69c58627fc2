"""What stands around words and n-grams. Slow twins: tests/newwords/twins.py.

A trie node is an n-gram; node 0 is the root. Nodes are numbered level by level, each level in the order of the codes.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

LENGTH_BITS = 16  # of a link; see chains.py
LENGTH_MASK = (1 << LENGTH_BITS) - 1


@njit(cache=True, nogil=True)
def count_occurrences(word_at: NDArray[np.int32], lo: int, hi: int, links: NDArray[np.int64]) -> int:
    """Return how many occurrences of words start in [lo, hi)."""
    n = 0
    for i in range(lo, hi):
        word = word_at[i]
        while word >= 0:
            n += 1
            word = (links[word] >> LENGTH_BITS) - 1
    return n


@njit(cache=True, nogil=True)
def list_occurrences(
    codes: NDArray[np.unsignedinteger],
    document_ends: NDArray[np.int64],
    first: int,
    last: int,
    word_at: NDArray[np.int32],
    links: NDArray[np.int64],
    gaps: NDArray[np.float32],
    bits: int,
    unit: float,
    n: int,
    left: NDArray[np.uint64],
    right: NDArray[np.uint64],
    openness: NDArray[np.int64],
    documents: NDArray[np.int64],
) -> None:
    """Go through the occurrences of words in the documents first <= d < last.

    left, right: from place n on, word << bits | neighbouring code, one for each occurrence. openness: (W,), adds the most
    open inner gap of each occurrence, in whole `unit`s, where gaps are given. documents: (W,), adds 1 for each document.
    """
    seen = np.full(documents.size, -1, np.int32)
    with_gaps = gaps.size > 0
    for d in range(first, last):
        for i in range(document_ends[d - 1] if d > 0 else 0, document_ends[d]):
            word = word_at[i]
            while word >= 0:
                link = links[word]
                end = i + (link & LENGTH_MASK)
                left[n] = np.uint64(word) << np.uint64(bits) | np.uint64(codes[i - 1])
                right[n] = np.uint64(word) << np.uint64(bits) | np.uint64(codes[end])
                n += 1
                if seen[word] != d:
                    seen[word] = d
                    documents[word] += 1
                if with_gaps:
                    widest = np.float32(0.0)
                    for j in range(i + 1, end):
                        widest = max(widest, gaps[j])
                    openness[word] += np.int64(widest * unit + 0.5)
                word = (link >> LENGTH_BITS) - 1


@njit(cache=True, nogil=True)
def inherit(number: NDArray[np.int32], links: NDArray[np.int64]) -> None:
    """Give each word without a number that of the next shorter word of its chain that has one, or -1."""
    for word in range(number.size):
        heir = word
        while heir >= 0 and number[heir] < 0:
            heir = (links[heir] >> LENGTH_BITS) - 1
        number[word] = number[heir] if heir >= 0 else -1


@njit(cache=True, nogil=True)
def renumber(word_at: NDArray[np.int32], lo: int, hi: int, number: NDArray[np.int32]) -> None:
    """Replace each word of word_at[lo:hi] by number[word]."""
    for i in range(lo, hi):
        if word_at[i] >= 0:
            word_at[i] = number[word_at[i]]


@njit(cache=True, nogil=True)
def neighbour_entropy(
    keys: NDArray[np.uint64],
    counts: NDArray[np.integer],
    bits: int,
    entropies: NDArray[np.float64],
    largest: NDArray[np.int64],
) -> None:
    """Write, for each word, the entropy of its neighbours in nats and the count of the most frequent neighbour.

    keys: sorted, word << bits | code of the neighbour; each occurrence of neighbour 0, a break, counts as a neighbour
    of its own: H = ln N - (1/N) Σ f ln f over neighbours that are no break.
    """
    r = 0
    while r < keys.size:
        word = keys[r] >> np.uint64(bits)
        total = 0
        weighted = 0.0
        most = 0
        while r < keys.size and keys[r] >> np.uint64(bits) == word:
            f = int(counts[r])
            total += f
            if keys[r] & np.uint64((1 << bits) - 1) != 0:
                weighted += f * math.log(f)
                most = max(most, f)
            r += 1
        entropies[word] = max(0.0, math.log(total) - weighted / total)
        largest[word] = most


@njit(cache=True, nogil=True)
def longest_cohesive(
    parents: NDArray[np.int32], lengths: NDArray[np.int16], cohesive: NDArray[np.bool_], reach: NDArray[np.int16]
) -> None:
    """Write the length of the longest cohesive n-gram that is a prefix of each node, itself included; 1 if there is none."""
    for node in range(1, parents.size):
        reach[node] = lengths[node] if cohesive[node] else max(1, reach[parents[node]])


@njit(cache=True, nogil=True)
def cut_and_count(
    codes: NDArray[np.unsignedinteger],
    node_at: NDArray[np.int32],
    parents: NDArray[np.int32],
    lengths: NDArray[np.int16],
    reach: NDArray[np.int16],
    pieces: NDArray[np.int64],
) -> None:
    """Cut each segment at the gaps that no cohesive n-gram covers, and count the pieces that are nodes."""
    i = 0
    while i < codes.size:
        if codes[i] == 0:
            i += 1
            continue
        end = i + 1
        j = i
        while j < end:
            end = max(end, j + reach[node_at[j]])
            j += 1
        node = node_at[i]
        while lengths[node] > end - i:
            node = parents[node]
        if lengths[node] == end - i:
            pieces[node] += 1
        i = end


@njit(cache=True, nogil=True)
def backtrack(
    parents: NDArray[np.int32],
    suffixes: NDArray[np.int32],
    lengths: NDArray[np.int16],
    cohesive: NDArray[np.bool_],
    order: int,
    stays: NDArray[np.bool_],
) -> None:
    """Write whether all substrings of 3 to `order` codes of each node are cohesive; nodes of 1 or 2 codes pass."""
    for node in range(1, parents.size):
        if lengths[node] < 3:
            stays[node] = True
        else:
            own = cohesive[node] if lengths[node] <= order else True
            stays[node] = own and stays[parents[node]] and stays[suffixes[node]]
