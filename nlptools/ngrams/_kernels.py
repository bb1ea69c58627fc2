"""Group equal 64-bit keys: the hot loops of counting. Slow twins: tests/ngrams.

Two steps. *Scatter*: keys go to some thousand buckets by their leading bits, adjacent rare leaders sharing a bucket, so
that a bucket fits the second-level cache. *Group*: inside a bucket a hash table finds the distinct keys, and only those
are sorted (radix sort, least significant digit first). Buckets are in order, so no merge is needed.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

DIGIT = 11  # bits of a digit of the radix sort: 2048 counters stay in the first-level cache
TABLE_BITS = 16  # places of the hash table of a bucket, at first; more are made where needed
SMALL = 40  # up to so many keys are sorted by insertion

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio, odd


@njit(cache=True, nogil=True)
def count_window_leaders(
    codes: NDArray[np.unsignedinteger], start: int, stop: int, bits: int, shift: int, histogram: NDArray[np.int64]
) -> None:
    """Count the leaders of the windows that start in codes[start:stop]: their first two codes, without the last `shift` bits."""
    for i in range(start, stop):
        first = np.uint64(codes[i])
        if first != 0:
            second = np.uint64(codes[i + 1]) if i + 1 < codes.size else np.uint64(0)
            histogram[(first << np.uint64(bits) | second) >> np.uint64(shift)] += 1


@njit(cache=True, nogil=True)
def scatter_windows(
    codes: NDArray[np.unsignedinteger],
    start: int,
    stop: int,
    order: int,
    bits: int,
    shift: int,
    bucket_of: NDArray[np.uint16],
    slots: NDArray[np.int64],
    out: NDArray[np.uint64],
    out_positions: NDArray[np.uint32],
    with_positions: bool,
) -> None:
    """Write the key of each window of `order` codes that starts in codes[start:stop], no break, to its bucket.

    A window that meets a break is filled up with zeros: sorting keeps the ends of segments before longer n-grams.
    slots: end of the free places of each bucket, moved down; so windows of a bucket stay in the order of the text.
    """
    low = np.uint64(bits)
    top = np.uint64(bits * (order - 1))
    key = np.uint64(0)
    for i in range(min(codes.size, stop + order - 1) - 1, start - 1, -1):
        code = np.uint64(codes[i])
        key = (key >> low) | (code << top) if code != 0 else np.uint64(0)
        if code != 0 and i < stop:
            bucket = bucket_of[key >> np.uint64(shift)]
            slot = slots[bucket] - 1
            slots[bucket] = slot
            out[slot] = key
            if with_positions:
                out_positions[slot] = i


@njit(cache=True, nogil=True)
def count_key_leaders(
    keys: NDArray[np.uint64], start: int, stop: int, shift: int, histogram: NDArray[np.int64]
) -> None:
    """Count the leaders, key >> shift, of keys[start:stop]."""
    for i in range(start, stop):
        histogram[keys[i] >> np.uint64(shift)] += 1


@njit(cache=True, nogil=True)
def scatter_keys(
    keys: NDArray[np.uint64],
    start: int,
    stop: int,
    shift: int,
    bucket_of: NDArray[np.uint16],
    slots: NDArray[np.int64],
    out: NDArray[np.uint64],
    out_positions: NDArray[np.uint32],
    with_positions: bool,
) -> None:
    """Move keys[start:stop] to their buckets; slots as for windows; out_positions: where in `keys` they were."""
    for i in range(stop - 1, start - 1, -1):
        bucket = bucket_of[keys[i] >> np.uint64(shift)]
        slot = slots[bucket] - 1
        slots[bucket] = slot
        out[slot] = keys[i]
        if with_positions:
            out_positions[slot] = i


@njit(cache=True, nogil=True)
def _sort_by_insertion(keys: NDArray[np.uint64], ids: NDArray[np.uint32], n: int) -> None:
    for i in range(1, n):
        key = keys[i]
        value = ids[i]
        j = i - 1
        while j >= 0 and keys[j] > key:
            keys[j + 1] = keys[j]
            ids[j + 1] = ids[j]
            j -= 1
        keys[j + 1] = key
        ids[j + 1] = value


@njit(cache=True, nogil=True)
def _sort_by_digits(
    keys: NDArray[np.uint64],
    ids: NDArray[np.uint32],
    n: int,
    spare_keys: NDArray[np.uint64],
    spare_ids: NDArray[np.uint32],
    histogram: NDArray[np.int64],
) -> bool:
    """Sort keys[:n] and the ids with them; return whether the result is in the spare arrays."""
    differ = np.uint64(0)
    for i in range(1, n):
        differ |= keys[i] ^ keys[0]
    mask = np.uint64((1 << DIGIT) - 1)
    in_spare = False
    shift = 0
    while shift < 64 and differ >> np.uint64(shift) != 0:
        low = np.uint64(shift)
        shift += DIGIT
        if (differ >> low) & mask == 0:
            continue
        if in_spare:
            source, source_ids, target, target_ids = spare_keys, spare_ids, keys, ids
        else:
            source, source_ids, target, target_ids = keys, ids, spare_keys, spare_ids
        histogram[:] = 0
        for i in range(n):
            histogram[(source[i] >> low) & mask] += 1
        total = 0
        for digit in range(1 << DIGIT):
            here = histogram[digit]
            histogram[digit] = total
            total += here
        for i in range(n):
            digit = (source[i] >> low) & mask
            slot = histogram[digit]
            histogram[digit] = slot + 1
            target[slot] = source[i]
            target_ids[slot] = source_ids[i]
        in_spare = not in_spare
    return in_spare


@njit(cache=True, nogil=True)
def _hash_bucket(
    keys: NDArray[np.uint64],
    lo: int,
    hi: int,
    bits: int,
    table_keys: NDArray[np.uint64],
    table_counts: NDArray[np.uint32],
    table_ids: NDArray[np.uint32],
    slots: NDArray[np.uint32],
    counts: NDArray[np.integer],
    with_ids: bool,
) -> int:
    """Count keys[lo:hi] in a hash table of 2^bits places; return how many are distinct, or -1 if there are too many.

    slots: (distinct,), the place of each in the table, in order of first occurrence. with_ids: counts[s] becomes the
    index into `slots` of the key in slot s.
    """
    mask = (1 << bits) - 1
    limit = mask - mask // 4
    shift = np.uint64(64 - bits)
    table_counts[: mask + 1] = 0
    n = 0
    for slot in range(lo, hi):
        key = keys[slot]
        h = np.int64((key * _MIX) >> shift)
        while table_counts[h] != 0 and table_keys[h] != key:
            h = (h + 1) & mask
        if table_counts[h] == 0:
            if n == limit:
                return -1
            table_keys[h] = key
            slots[n] = h
            if with_ids:
                table_ids[h] = n
            n += 1
        table_counts[h] += np.uint32(1)
        if with_ids:
            counts[slot] = table_ids[h]
    return n


@njit(cache=True, nogil=True)
def group_buckets(
    keys: NDArray[np.uint64],
    bounds: NDArray[np.int64],
    first: int,
    last: int,
    counts: NDArray[np.integer],
    positions: NDArray[np.uint32],
    ranks: NDArray[np.uint32],
    with_ranks: bool,
) -> int:
    """Reduce the buckets first <= b < last, keys[bounds[b]:bounds[b + 1]], to their distinct keys, sorted; return the end.

    The distinct keys and their counts are written from bounds[first] on to `keys` and `counts`. With `with_ranks`,
    ranks[positions[s]] = 1 + the slot at which the key that was in slot s is found afterwards.
    """
    histogram = np.empty(1 << DIGIT, np.int64)
    room = 0
    end = bounds[first]
    for b in range(first, last):
        lo, hi = bounds[b], bounds[b + 1]
        bits = 4
        while bits < TABLE_BITS and 1 << bits < (hi - lo) + (hi - lo) // 2:
            bits += 1
        n = -1
        while n < 0:
            if 1 << bits > room:
                room = 1 << max(bits, TABLE_BITS)
                table_keys, table_counts = np.empty(room, np.uint64), np.empty(room, np.uint32)
                table_ids, slots = np.empty(room, np.uint32), np.empty(room, np.uint32)
                distinct, spare_keys = np.empty(room, np.uint64), np.empty(room, np.uint64)
                ids, spare_ids = np.empty(room, np.uint32), np.empty(room, np.uint32)
                rank_of = np.empty(room, np.uint32)
            n = _hash_bucket(keys, lo, hi, bits, table_keys, table_counts, table_ids, slots, counts, with_ranks)
            bits += 1
        for i in range(n):
            distinct[i] = table_keys[slots[i]]
            ids[i] = i
        in_spare = False
        if n <= SMALL:
            _sort_by_insertion(distinct, ids, n)
        else:
            in_spare = _sort_by_digits(distinct, ids, n, spare_keys, spare_ids, histogram)
        sorted_keys, sorted_ids = (spare_keys, spare_ids) if in_spare else (distinct, ids)
        if with_ranks:
            for i in range(n):
                rank_of[sorted_ids[i]] = end + i + 1
            for slot in range(lo, hi):
                ranks[positions[slot]] = rank_of[counts[slot]]
        for i in range(n):
            keys[end + i] = sorted_keys[i]
            counts[end + i] = table_counts[slots[sorted_ids[i]]]
        end += n
    return int(end)


@njit(cache=True, nogil=True)
def close_gaps(
    ranks: NDArray[np.uint32],
    start: int,
    stop: int,
    part_starts: NDArray[np.int64],
    part_gaps: NDArray[np.int64],
    coarse: NDArray[np.int64],
) -> None:
    """Turn slots into ranks: the slots of part p, from part_starts[p] on, are numbered without the gaps before it.

    coarse[slot >> 14]: the last part that starts at or before that block of slots.
    """
    for i in range(start, stop):
        if ranks[i] != 0:
            slot = np.int64(ranks[i]) - 1
            p = coarse[slot >> 14]
            while p + 1 < part_starts.size and part_starts[p + 1] <= slot:
                p += 1
            ranks[i] -= np.uint32(part_gaps[p])


@njit(cache=True, nogil=True)
def sum_prefixes(
    heads: NDArray[np.uint64],
    tails: NDArray[np.uint64],
    counts: NDArray[np.integer],
    head_shift: int,
    tail_shift: int,
    out_heads: NDArray[np.uint64],
    out_tails: NDArray[np.uint64],
    out_counts: NDArray[np.int64],
) -> int:
    """Add up the rows, sorted by (head, tail), whose heads >> head_shift and tails >> tail_shift are equal; return how many.

    out_*: the shifted head and tail of each prefix, and its count.
    """
    n = 0
    for r in range(counts.size):
        head = heads[r] >> np.uint64(head_shift)
        tail = tails[r] >> np.uint64(tail_shift)
        if n > 0 and out_heads[n - 1] == head and out_tails[n - 1] == tail:
            out_counts[n - 1] += np.int64(counts[r])
            continue
        out_heads[n] = head
        out_tails[n] = tail
        out_counts[n] = counts[r]
        n += 1
    return n


@njit(cache=True, nogil=True)
def rank_prefixes(
    keys: NDArray[np.uint64], shift: int, ranks: NDArray[np.uint32], prefixes: NDArray[np.uint64]
) -> None:
    """Write, for each of the sorted keys, 1 + how many smaller values key >> shift has; prefixes[rank] is that value."""
    rank = 0
    for r in range(keys.size):
        prefix = keys[r] >> np.uint64(shift)
        if r == 0 or prefix != prefixes[rank]:
            rank += 1
            prefixes[rank] = prefix
        ranks[r] = rank


@njit(cache=True, nogil=True)
def join_ranks(
    ranks: NDArray[np.uint32],
    windows: NDArray[np.uint64],
    mask: int,
    prefix_ranks: NDArray[np.uint32],
    length: int,
    keys: NDArray[np.uint64],
) -> None:
    """Write the key (rank, prefix rank of the window `length` codes on) of each window.

    A window that ended before its last code, windows[rank - 1] & mask == 0, has nothing behind it.
    """
    n = 0
    for i in range(ranks.size):
        if ranks[i] != 0:
            key = np.uint64(ranks[i]) << np.uint64(32)
            if windows[ranks[i] - 1] & np.uint64(mask) != 0 and i + length < ranks.size and ranks[i + length] != 0:
                key |= np.uint64(prefix_ranks[ranks[i + length] - 1])
            keys[n] = key
            n += 1


@njit(cache=True, nogil=True)
def split_pairs(
    pairs: NDArray[np.uint64], windows: NDArray[np.uint64], prefixes: NDArray[np.uint64], tails: NDArray[np.uint64]
) -> None:
    """Turn pairs (rank, prefix rank) into windows[rank - 1], in their place, and prefixes[prefix rank], in `tails`."""
    for r in range(pairs.size):
        pair = pairs[r]
        pairs[r] = windows[(pair >> np.uint64(32)) - np.uint64(1)]
        tails[r] = prefixes[pair & np.uint64(0xFFFFFFFF)]
