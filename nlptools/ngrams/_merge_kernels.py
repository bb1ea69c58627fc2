"""Sorted rows (head, tail, count): translate them to another alphabet, merge them, prune them. Slow twins: tests/ngrams.

A row is a window of `order` codes, `bits` bits each, the first code highest: the first `length` codes in its head, the
others in its tail. `tails` has size 0 where the head holds all codes.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def translate(
    heads: NDArray[np.uint64],
    tails: NDArray[np.uint64],
    counts: NDArray[np.integer],
    order: int,
    bits: int,
    code_of: NDArray[np.uint32],
    out_order: int,
    out_bits: int,
    out_heads: NDArray[np.uint64],
    out_tails: NDArray[np.uint64],
    out_counts: NDArray[np.int64],
) -> int:
    """Write the first `out_order` codes of each row in another alphabet; return how many rows are left.

    code_of: rises with the code, so rows stay sorted; rows that become equal are added up. out_order <= order.
    """
    length = min(order, 64 // bits)
    out_length = min(out_order, 64 // out_bits)
    mask = np.uint64((1 << bits) - 1)
    n = 0
    for r in range(heads.size):
        head = np.uint64(0)
        tail = np.uint64(0)
        for j in range(out_order):
            if j < length:
                code = heads[r] >> np.uint64(bits * (length - 1 - j)) & mask
            else:
                code = tails[r] >> np.uint64(bits * (order - 1 - j)) & mask
            if j < out_length:
                head = head << np.uint64(out_bits) | np.uint64(code_of[code])
            else:
                tail = tail << np.uint64(out_bits) | np.uint64(code_of[code])
        if n > 0 and out_heads[n - 1] == head and (out_tails.size == 0 or out_tails[n - 1] == tail):
            out_counts[n - 1] += np.int64(counts[r])
            continue
        out_heads[n] = head
        if out_tails.size != 0:
            out_tails[n] = tail
        out_counts[n] = counts[r]
        n += 1
    return n


@njit(cache=True, nogil=True)
def rows_up_to(
    heads: NDArray[np.uint64], tails: NDArray[np.uint64], lo: int, hi: int, head: np.uint64, tail: np.uint64
) -> int:
    """Return the first row of lo <= r < hi that is greater than (head, tail), or hi."""
    while lo < hi:
        middle = (lo + hi) // 2
        if heads[middle] < head or (heads[middle] == head and (tails.size == 0 or tails[middle] <= tail)):
            lo = middle + 1
        else:
            hi = middle
    return lo


@njit(cache=True, nogil=True)
def are_valid(
    heads: NDArray[np.uint64], tails: NDArray[np.uint64], order: int, bits: int, characters: int, other: int
) -> bool:
    """Say whether rows rise strictly, and have no codes but 0 to `characters` and `other`."""
    length = min(order, 64 // bits)
    mask = np.uint64((1 << bits) - 1)
    for r in range(heads.size):
        if r > 0 and heads[r] < heads[r - 1]:
            return False
        if r > 0 and heads[r] == heads[r - 1] and (tails.size == 0 or tails[r] <= tails[r - 1]):
            return False
        rest = heads[r]
        for _ in range(length):
            code = rest & mask
            if code > np.uint64(characters) and code != np.uint64(other):
                return False
            rest >>= np.uint64(bits)
        if rest != 0:
            return False
        if tails.size != 0:
            rest = tails[r]
            for _ in range(order - length):
                code = rest & mask
                if code > np.uint64(characters) and code != np.uint64(other):
                    return False
                rest >>= np.uint64(bits)
            if rest != 0:
                return False
    return True


@njit(cache=True, nogil=True)
def _merge_two(
    heads: NDArray[np.uint64],
    tails: NDArray[np.uint64],
    counts: NDArray[np.int64],
    a: int,
    a_end: int,
    b: int,
    b_end: int,
    out_heads: NDArray[np.uint64],
    out_tails: NDArray[np.uint64],
    out_counts: NDArray[np.int64],
    n: int,
) -> int:
    """Merge the sorted rows a <= r < a_end and b <= r < b_end, each without repetitions, to `n` and on; return the end."""
    two_words = tails.size != 0
    while a < a_end and b < b_end:
        if heads[a] != heads[b]:
            a_first, b_first = heads[a] < heads[b], heads[b] < heads[a]
        elif two_words:
            a_first, b_first = tails[a] < tails[b], tails[b] < tails[a]
        else:
            a_first, b_first = False, False
        row = b if b_first else a
        out_heads[n] = heads[row]
        if two_words:
            out_tails[n] = tails[row]
        count = np.int64(0)
        if not b_first:
            count += counts[a]
            a += 1
        if not a_first:
            count += counts[b]
            b += 1
        out_counts[n] = count
        n += 1
    if b < b_end:
        a, a_end = b, b_end
    rest = a_end - a
    out_heads[n : n + rest] = heads[a:a_end]
    if two_words:
        out_tails[n : n + rest] = tails[a:a_end]
    out_counts[n : n + rest] = counts[a:a_end]
    return n + rest


@njit(cache=True, nogil=True)
def merge(
    heads: NDArray[np.uint64],
    tails: NDArray[np.uint64],
    counts: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    spare_heads: NDArray[np.uint64],
    spare_tails: NDArray[np.uint64],
    spare_counts: NDArray[np.int64],
) -> tuple[int, bool]:
    """Merge K sorted slices, starts[k] <= r < ends[k], adding up equal rows; return (rows, whether they are in the spare arrays).

    Pairs of slices are merged to the other arrays and back until one is left, which begins at starts[0]. The arrays
    and `ends` are overwritten. The slices lie in order.
    """
    slices = starts.size
    in_spare = False
    while slices > 1:
        kept = 0
        for k in range(0, slices, 2):
            start = starts[k]
            last = k + 1 if k + 1 < slices else k
            # an odd slice is merged with an empty one, that is copied
            b_start = starts[last] if last > k else ends[k]
            if in_spare:
                end = _merge_two(
                    spare_heads, spare_tails, spare_counts, start, ends[k], b_start, ends[last],
                    heads, tails, counts, start,
                )  # fmt: skip
            else:
                end = _merge_two(
                    heads, tails, counts, start, ends[k], b_start, ends[last],
                    spare_heads, spare_tails, spare_counts, start,
                )  # fmt: skip
            starts[kept] = start
            ends[kept] = end
            kept += 1
        slices = kept
        in_spare = not in_spare
    return ends[0] - starts[0], in_spare


@njit(cache=True, nogil=True)
def prune(
    heads: NDArray[np.uint64],
    tails: NDArray[np.uint64],
    counts: NDArray[np.int64],
    order: int,
    bits: int,
    min_count: int,
    window: NDArray[np.uint32],
    totals: NDArray[np.int64],
    residues: NDArray[np.int64],
    out_heads: NDArray[np.uint64],
    out_tails: NDArray[np.uint64],
    out_counts: NDArray[np.int64],
) -> int:
    """Keep the n-grams seen `min_count` times; what lies below is added to a row of its prefix; return how many rows.

    A row that is dropped adds its count to the row "prefix, OTHER", OTHER being the highest code: so the count of every
    n-gram that is kept stays the sum of its rows. Rows come in order, in as many calls as it takes, the last with
    heads of size 0. State, all 0 at first: window, (order,) codes of the row before; totals, residues, (order,) counts
    below its prefixes of n codes and what of them is in no row yet. out_*: as large as the input, and `order` more.
    """
    length = min(order, 64 // bits)
    mask = np.uint64((1 << bits) - 1)
    other = np.uint32(mask)
    codes = np.zeros(order, np.uint32)
    same = 0
    n = 0
    for r in range(heads.size + 1):
        if r < heads.size:
            for j in range(order):
                if j < length:
                    codes[j] = heads[r] >> np.uint64(bits * (length - 1 - j)) & mask
                else:
                    codes[j] = tails[r] >> np.uint64(bits * (order - 1 - j)) & mask
            same = 0
            while same < order and codes[same] == window[same]:
                same += 1
        elif heads.size > 0:
            break
        # the prefixes of `size` codes that end here, the longest first
        for size in range(order - 1, same if r < heads.size else -1, -1):
            if totals[size] < min_count and size > 0:
                residues[size - 1] += residues[size]
            elif residues[size] > 0:
                head = np.uint64(0)
                tail = np.uint64(0)
                for j in range(order):
                    code = window[j] if j < size else (other if j == size else np.uint32(0))
                    if j < length:
                        head = head << np.uint64(bits) | np.uint64(code)
                    else:
                        tail = tail << np.uint64(bits) | np.uint64(code)
                out_heads[n] = head
                if out_tails.size != 0:
                    out_tails[n] = tail
                out_counts[n] = residues[size]
                n += 1
            totals[size] = 0
            residues[size] = 0
        if r == heads.size:
            break
        for size in range(order):
            totals[size] += counts[r]
        if counts[r] >= min_count:
            out_heads[n] = heads[r]
            if out_tails.size != 0:
                out_tails[n] = tails[r]
            out_counts[n] = counts[r]
            n += 1
        else:
            residues[order - 1] += counts[r]
        window[:] = codes
    return n
