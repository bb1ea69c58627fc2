"""The trie of frequent n-grams, and what stands around them. Slow twins: tests/newwords/twins.py.

A trie node is an n-gram; node 0 is the root. Nodes are numbered level by level, each level in the order of the codes.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

LENGTH_BITS = 16  # of a link; see chains.py
LENGTH_MASK = (1 << LENGTH_BITS) - 1


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
