"""The hot loops of the language model: from windows to a trie, Kneser-Ney estimation, look-up. Slow twins: tests/lm.

The trie is in breadth-first order: node v stands for an n-gram, its children, symbols rising, are the nodes first_child[v]
to first_child[v + 1] - 1. Nodes of order 1 are the symbols themselves; those of the highest order have no children.
Symbol 0 is the end of a sentence.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def unpack(
    heads: NDArray[np.uint64],
    tails: NDArray[np.uint64],
    order: int,
    bits: int,
    out: NDArray[np.uint32],
) -> None:
    """Write the first codes of rows of counts, (K, n); the head of a row has the first codes, the first one highest."""
    length = min(order, 64 // bits)
    mask = np.uint64((1 << bits) - 1)
    for r in range(out.shape[0]):
        for j in range(out.shape[1]):
            if j < length:
                out[r, j] = heads[r] >> np.uint64(bits * (length - 1 - j)) & mask
            else:
                out[r, j] = tails[r] >> np.uint64(bits * (order - 1 - j)) & mask


@njit(cache=True, nogil=True)
def _white_space(data: NDArray[np.uint8], i: int, end: int) -> int:
    """Return how many bytes the white space at data[i:end], UTF-8, has; 0 if there is none."""
    byte = data[i]
    if byte < 0x80:
        return 1 if byte == 0x20 or 0x09 <= byte <= 0x0D or 0x1C <= byte <= 0x1F else 0
    if byte == 0xC2 and i + 1 < end:
        return 2 if data[i + 1] == 0x85 or data[i + 1] == 0xA0 else 0
    if 0xE1 <= byte <= 0xE3 and i + 2 < end:
        point = (np.int64(byte) & 15) << 12 | (np.int64(data[i + 1]) & 63) << 6 | (np.int64(data[i + 2]) & 63)
        if point in (0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000) or 0x2000 <= point <= 0x200A:
            return 3
    return 0


@njit(cache=True, nogil=True)
def split_words(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    words: NDArray[np.uint8],
    word_offsets: NDArray[np.int64],
    lengths: NDArray[np.int64],
) -> int:
    """Write the words of D texts, UTF-8, without the white space around them; return how many there are.

    data, offsets: the buffers of an Arrow string array; words, word_offsets: those of the array of words, out.
    lengths: (D,), out, how many words each text has.
    """
    n = 0
    size = 0
    word_offsets[0] = 0
    for d in range(offsets.size - 1):
        first = n
        i = offsets[d]
        while i < offsets[d + 1]:
            space = _white_space(data, i, offsets[d + 1])
            if space == 0:
                words[size] = data[i]
                size += 1
            elif size > word_offsets[n]:
                n += 1
                word_offsets[n] = size
            i += max(space, 1)
        if size > word_offsets[n]:
            n += 1
            word_offsets[n] = size
        lengths[d] = n - first
    return n


@njit(cache=True, nogil=True)
def count_levels(codes: NDArray[np.uint32], previous: NDArray[np.uint32], sizes: NDArray[np.int64]) -> None:
    """Add to sizes[n - 1] how many n-grams the sorted windows, (K, N), begin; previous: (N,) the window before, updated.

    A window that ended is filled up with zeros: its first zero is a symbol, the others are nothing.
    """
    for r in range(codes.shape[0]):
        different = False
        for j in range(codes.shape[1]):
            if codes[r, j] != previous[j]:
                different = True
                previous[j] = codes[r, j]
            if different:
                sizes[j] += 1
            if codes[r, j] == 0:
                previous[j + 1 :] = 0
                break


@njit(cache=True, nogil=True)
def read_level(
    codes: NDArray[np.uint32],
    counts: NDArray[np.integer],
    n: int,
    previous: NDArray[np.uint32],
    state: NDArray[np.int64],
    symbols: NDArray[np.unsignedinteger],
    level_counts: NDArray[np.unsignedinteger],
    children: NDArray[np.int64],
) -> None:
    """Write the n-grams, n > 1, of the sorted windows: last symbol and count of each; children[p] of each (n - 1)-gram p.

    state: how many (n - 1)-grams and n-grams there were before, updated; so is previous, the window before.
    """
    for r in range(codes.shape[0]):
        different = False
        for j in range(n):
            if codes[r, j] != previous[j]:
                different = True
                previous[j] = codes[r, j]
            if different and j == n - 2:
                state[0] += 1
            if j == n - 1:
                if different:
                    parent = np.int64(codes[r, 0]) if n == 2 else state[0] - 1
                    children[parent] += 1
                    symbols[state[1]] = codes[r, j]
                    level_counts[state[1]] = 0
                    state[1] += 1
                level_counts[state[1] - 1] += np.uint64(counts[r])
            elif codes[r, j] == 0:
                previous[j + 1 :] = 0
                break


@njit(cache=True, nogil=True)
def _find(symbols: NDArray[np.unsignedinteger], lo: np.int64, hi: np.int64, symbol: np.int64) -> np.int64:
    """Return the node of lo <= v < hi with this symbol, or -1."""
    end = hi
    while lo < hi:
        middle = (lo + hi) // 2
        if symbols[middle] < symbol:
            lo = middle + 1
        else:
            hi = middle
    return lo if lo < end and symbols[lo] == symbol else np.int64(-1)


@njit(cache=True, nogil=True)
def find_suffixes(
    symbols: NDArray[np.unsignedinteger],
    first_child: NDArray[np.unsignedinteger],
    start: int,
    stop: int,
    first: int,
    parent_suffixes: NDArray[np.unsignedinteger],
    first_of_children: int,
    suffixes: NDArray[np.unsignedinteger],
) -> bool:
    """Find, for each child of the nodes start <= p < stop, the node of its n-gram without the first symbol.

    parent_suffixes, suffixes: those of a level, which begins with node `first`, and of the level of its children; both
    without the nodes before. Returns False if one is not there, so that these are no counts of a text.
    """
    for p in range(start, stop):
        suffix = np.int64(parent_suffixes[p - first])
        lo = np.int64(first_child[suffix])
        hi = np.int64(first_child[suffix + 1])
        for v in range(np.int64(first_child[p]), np.int64(first_child[p + 1])):
            found = _find(symbols, lo, hi, np.int64(symbols[v]))
            if found < 0:
                return False
            suffixes[v - first_of_children] = found
            lo = found
    return True


@njit(cache=True, nogil=True)
def sum_left(
    suffixes: NDArray[np.unsignedinteger],
    counts: NDArray[np.unsignedinteger],
    first: int,
    occurrences: NDArray[np.unsignedinteger],
    kinds: NDArray[np.unsignedinteger],
) -> None:
    """Add, for every n-gram xw, its count to occurrences[w] and 1 to kinds[w]; w = node - first."""
    for v in range(suffixes.size):
        w = np.int64(suffixes[v]) - first
        occurrences[w] += counts[v]
        kinds[w] += np.uint8(1)


@njit(cache=True, nogil=True)
def extend_starts(
    lows: NDArray[np.int64],
    highs: NDArray[np.int64],
    symbols: NDArray[np.unsignedinteger],
    first: int,
    counts: NDArray[np.unsignedinteger],
    occurrences: NDArray[np.unsignedinteger],
    kinds: NDArray[np.unsignedinteger],
    first_child: NDArray[np.unsignedinteger],
    start: int,
    start_symbols: NDArray[np.unsignedinteger],
    start_counts: NDArray[np.unsignedinteger],
    start_suffixes: NDArray[np.unsignedinteger],
) -> int:
    """Write the n-grams that begin a sentence, as children of those that are one symbol shorter; return how many.

    Node b of those has the children <s>v, for lows[b] <= v < highs[b] that occur where nothing stands before them:
    more often, counts, than behind any symbol, occurrences. Then <s> is one more kind of left neighbour of v.
    first_child: of the nodes b, and of one more, out; the first child is node `start`.
    """
    n = 0
    for b in range(lows.size):
        first_child[b] = start + n
        for v in range(lows[b], highs[b]):
            at_start = np.int64(counts[v - first]) - np.int64(occurrences[v - first])
            if at_start > 0:
                start_symbols[n] = symbols[v]
                start_counts[n] = at_start
                start_suffixes[n] = v
                kinds[v - first] += np.uint8(1)
                n += 1
    first_child[lows.size] = start + n
    return n


@njit(cache=True, nogil=True)
def counts_of_counts(counts: NDArray[np.unsignedinteger], out: NDArray[np.int64]) -> None:
    """Add to out[c], c < 5, how many of the counts are c."""
    for count in counts:
        if count < 5:
            out[count] += 1


@njit(cache=True, nogil=True)
def interpolate(
    first_child: NDArray[np.unsignedinteger],
    start: int,
    stop: int,
    first: int,
    adjusted: NDArray[np.unsignedinteger],
    counts: NDArray[np.unsignedinteger],
    threshold: int,
    discounts: NDArray[np.float64],
    suffixes: NDArray[np.unsignedinteger],
    p: NDArray[np.floating],
    backoff: NDArray[np.floating],
) -> None:
    """Write the probability of each child of the nodes start <= h < stop, and log10 of the weight of what backs off.

    first: the first node of the level of the children, from which their adjusted counts, counts and suffixes begin.
    A child with counts <= threshold is left out: it gets p = -1, and what it had goes to the weight.
    """
    for h in range(start, stop):
        lo = np.int64(first_child[h])
        hi = np.int64(first_child[h + 1])
        total = np.int64(0)
        held = 0.0
        for v in range(lo, hi):
            count = np.int64(adjusted[v - first])
            total += count
            held += discounts[min(count, np.int64(3))] if counts[v - first] > threshold else count
        weight = held / total if total else 1.0
        backoff[h] = np.log10(weight)
        for v in range(lo, hi):
            if counts[v - first] > threshold:
                count = np.int64(adjusted[v - first])
                p[v] = (count - discounts[min(count, np.int64(3))]) / total + weight * p[suffixes[v - first]]
            else:
                p[v] = -1.0


@njit(cache=True, nogil=True)
def to_log10(p: NDArray[np.floating], start: int, stop: int) -> None:
    """Replace probabilities by their log10; what is negative becomes 1, which marks what is left out."""
    for v in range(start, stop):
        p[v] = np.log10(p[v]) if p[v] > 0 else 1.0


@njit(cache=True, nogil=True)
def drop_marked(
    symbols: NDArray[np.unsignedinteger],
    log10_p: NDArray[np.floating],
    backoff: NDArray[np.floating],
    first_child: NDArray[np.unsignedinteger],
) -> tuple[int, int]:
    """Close the gaps of the nodes with log10_p > 0, whose children are marked as well.

    Returns how many nodes are left, and how many of those below the highest order; first_child lacks its last value.
    """
    inner = backoff.size
    kept = 0
    kept_inner = 0
    child = np.int64(first_child[0])
    for v in range(symbols.size):
        if log10_p[v] > 0:
            continue
        symbols[kept] = symbols[v]
        log10_p[kept] = log10_p[v]
        if v < inner:
            lo = np.int64(first_child[v])
            backoff[kept] = backoff[v]
            first_child[kept] = child
            for w in range(lo, np.int64(first_child[v + 1])):
                child += 0 if log10_p[w] > 0 else 1
            kept_inner += 1
        kept += 1
    return kept, kept_inner


@njit(cache=True, nogil=True)
def log_probabilities(
    symbols: NDArray[np.unsignedinteger],
    log10_p: NDArray[np.floating],
    backoff: NDArray[np.floating],
    first_child: NDArray[np.unsignedinteger],
    order: int,
    bos: int,
    codes: NDArray[np.uint32],
    start: int,
    stop: int,
    out: NDArray[np.floating],
) -> None:
    """Write log10 p(codes[i] | the h codes before it) for start <= i < stop, where start begins a sentence.

    out: (T, order), column h; -inf where the sentence has less than h codes before i. Or (T, 1): only the longest history.
    bos: the node of <s>, which then stands before every sentence; -1: nothing does.
    """
    every = out.shape[1] > 1
    nodes = codes[start:stop].astype(np.int64)  # of the h symbols that end there; -1: never seen
    p = np.empty(nodes.size)
    for i in range(nodes.size):
        p[i] = log10_p[nodes[i]]
        out[start + i, 0] = p[i]
    for h in range(1, order):  # all histories of h symbols: they do not wait for one another
        first = np.int64(bos if h == 1 else -1)  # the history of the first symbol of a sentence
        history = first
        before = 0
        for i in range(nodes.size):
            code = np.int64(codes[start + i])
            node = np.int64(-1)
            if history >= 0:
                node = _find(symbols, np.int64(first_child[history]), np.int64(first_child[history + 1]), code)
                p[i] = log10_p[node] if node >= 0 else p[i] + backoff[history]
            out[start + i, h if every else 0] = p[i] if before >= h or not every else -np.inf
            history = nodes[i] if code != 0 else first
            before = before + 1 if code != 0 else 0
            nodes[i] = node


@njit(cache=True, nogil=True)
def find_nodes(
    symbols: NDArray[np.unsignedinteger],
    first_child: NDArray[np.unsignedinteger],
    codes: NDArray[np.uint32],
    out: NDArray[np.int64],
) -> None:
    """Write the node of each n-gram, codes (K, n), or -1."""
    for r in range(codes.shape[0]):
        node = np.int64(codes[r, 0])
        for j in range(1, codes.shape[1]):
            if node >= 0:
                node = _find(
                    symbols, np.int64(first_child[node]), np.int64(first_child[node + 1]), np.int64(codes[r, j])
                )
        out[r] = node


@njit(cache=True, nogil=True)
def spell(
    symbols: NDArray[np.unsignedinteger],
    first_child: NDArray[np.unsignedinteger],
    path: NDArray[np.int64],
    start: int,
    codes: NDArray[np.uint32],
) -> None:
    """Write the n-grams, codes (K, n), of the nodes from `start` on; path: the ancestors of the node before, updated."""
    n = codes.shape[1]
    for r in range(codes.shape[0]):
        path[n - 1] = start + r
        for j in range(n - 2, -1, -1):
            while first_child[path[j] + 1] <= path[j + 1]:
                path[j] += 1
        for j in range(n):
            codes[r, j] = symbols[path[j]]


@njit(cache=True, nogil=True)
def is_trie(
    symbols: NDArray[np.unsignedinteger],
    log10_p: NDArray[np.floating],
    backoff: NDArray[np.floating],
    first_child: NDArray[np.unsignedinteger],
    size: int,
) -> bool:
    """Say whether these arrays are safe to look up in: nodes of a level in order, symbols below `size` and rising."""
    inner = backoff.size
    if first_child.size != inner + 1 or symbols.size != log10_p.size or symbols.size < size:
        return False
    if first_child[0] != size or first_child[inner] != symbols.size:
        return False
    for v in range(inner):
        if first_child[v] > first_child[v + 1] or not np.isfinite(backoff[v]):
            return False
    for v in range(symbols.size):
        if symbols[v] >= size or not log10_p[v] <= 0 or np.isinf(log10_p[v]) or (v < size and symbols[v] != v):
            return False
    for v in range(inner):
        for w in range(np.int64(first_child[v]) + 1, np.int64(first_child[v + 1])):
            if symbols[w - 1] >= symbols[w]:
                return False
    return True
