"""The sorted positions of a block of text, and many words looked up in them. Slow twins: tests/concordance.

A block is UTF-8 in which a byte 0xFF, which UTF-8 never has, stands before, between and behind the documents.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_EDGE = 0xFF
_KEY_BYTES = 8
_INSERTED = 64  # up to so many suffixes are sorted by insertion
_DIGITS = 256


@njit(cache=True, nogil=True)
def join(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], out: NDArray[np.uint8], starts: NDArray[np.uint32]
) -> int:
    """Write D documents with an edge before, between and behind them; return how many bytes were written.

    offsets, data: the buffers of an Arrow string array, (D + 1,) and (bytes,). out: large enough.
    starts: (D,), out; where each document begins.
    """
    out[0] = _EDGE
    n = 1
    for d in range(offsets.size - 1):
        starts[d] = n
        for i in range(offsets[d], offsets[d + 1]):
            out[n] = data[i]
            n += 1
        out[n] = _EDGE
        n += 1
    return n


@njit(cache=True, nogil=True)
def find_characters(text: NDArray[np.uint8], begin: int, end: int, positions: NDArray[np.int32]) -> int:
    """Write where the characters of text[begin:end] begin, edges left out; return how many there are."""
    n = 0
    for i in range(begin, end):
        byte = text[i]
        if byte & 0xC0 != 0x80 and byte != _EDGE:
            positions[n] = i
            n += 1
    return n


@njit(cache=True, nogil=True)
def sort_suffixes(text: NDArray[np.uint8], positions: NDArray[np.int32], depth: int) -> None:
    """Sort ascending positions by the next `depth` bytes of the text; those that are equal stay in order.

    text: has `depth` bytes behind the last position. depth: a multiple of 8.
    """
    size = positions.size
    keys = np.empty(size, np.uint64)
    more_keys = np.empty(size, np.uint64)
    more_positions = np.empty(size, np.int32)
    differs = np.zeros(size + 1, np.uint8)  # whether a suffix differs from the one before, as far as sorted
    if size:
        differs[0] = differs[size] = 1
    for begin in range(0, depth, _KEY_BYTES):
        lo = 0
        while lo < size:
            hi = lo + 1
            while differs[hi] == 0:
                hi += 1
            if hi - lo > 1:
                for i in range(lo, hi):
                    at = positions[i] + begin
                    key = np.uint64(0)
                    for k in range(_KEY_BYTES):
                        key = key << np.uint64(8) | np.uint64(text[at + k])
                    keys[i] = key
                if hi - lo <= _INSERTED:
                    _insert(keys, positions, lo, hi)
                else:
                    _sort_by_digits(keys[lo:hi], positions[lo:hi], more_keys[lo:hi], more_positions[lo:hi])
                for i in range(lo + 1, hi):
                    differs[i] = keys[i] != keys[i - 1]
            lo = hi


@njit(cache=True, nogil=True)
def _insert(keys: NDArray[np.uint64], positions: NDArray[np.int32], lo: int, hi: int) -> None:
    for i in range(lo + 1, hi):
        key = keys[i]
        position = positions[i]
        j = i
        while j > lo and keys[j - 1] > key:
            keys[j] = keys[j - 1]
            positions[j] = positions[j - 1]
            j -= 1
        keys[j] = key
        positions[j] = position


@njit(cache=True, nogil=True)
def _sort_by_digits(
    keys: NDArray[np.uint64],
    positions: NDArray[np.int32],
    more_keys: NDArray[np.uint64],
    more_positions: NDArray[np.int32],
) -> None:
    """Sort keys, and positions with them, by one byte after another, from the last; bytes that are all equal are skipped."""
    size = keys.size
    varying = np.uint64(0)
    for i in range(size):
        varying |= keys[i] ^ keys[0]
    ends = np.empty(_DIGITS, np.int64)
    moved = False
    for k in range(_KEY_BYTES):
        shift = np.uint64(8 * k)
        if (varying >> shift) & np.uint64(255) == 0:
            continue
        ends[:] = 0
        for i in range(size):
            ends[(keys[i] >> shift) & np.uint64(255)] += 1
        total = 0
        for digit in range(_DIGITS):
            total += ends[digit]
            ends[digit] = total - ends[digit]
        for i in range(size):
            digit = (keys[i] >> shift) & np.uint64(255)
            to = ends[digit]
            ends[digit] = to + 1
            more_keys[to] = keys[i]
            more_positions[to] = positions[i]
        keys, more_keys = more_keys, keys
        positions, more_positions = more_positions, positions
        moved = not moved
    if moved:
        more_keys[:] = keys
        more_positions[:] = positions


@njit(cache=True, nogil=True)
def find_ranges(
    text: NDArray[np.uint8],
    positions: NDArray[np.uint8],
    words: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    depth: int,
    lows: NDArray[np.int32],
    highs: NDArray[np.int32],
) -> None:
    """Find which of the sorted positions W words begin at: those with ranks lows[w] to highs[w].

    positions: (N, 3), little-endian, sorted by `depth` bytes. words, offsets: (bytes,) and (W + 1,); UTF-8. Of a word
    only the first `depth` bytes are compared. lows, highs: (W,), out.
    """
    for w in range(offsets.size - 1):
        begin = offsets[w]
        size = min(offsets[w + 1] - begin, depth)
        first = 0
        for side in range(2):
            lo = first
            hi = positions.shape[0]
            while lo < hi:
                middle = (lo + hi) >> 1
                at = (
                    np.int64(positions[middle, 0])
                    | np.int64(positions[middle, 1]) << 8
                    | np.int64(positions[middle, 2]) << 16
                )
                order = 0  # of the text here and the word
                for k in range(size):
                    byte = text[at + k] if at + k < text.size else 0
                    if byte != words[begin + k]:
                        order = -1 if byte < words[begin + k] else 1
                        break
                if order < 0 or (order == 0 and side == 1):
                    lo = middle + 1
                else:
                    hi = middle
            first = lo
            if side == 0:
                lows[w] = lo
            else:
                highs[w] = lo


@njit(cache=True, nogil=True)
def count_neighbours(
    text: NDArray[np.uint8],
    positions: NDArray[np.uint8],
    ranks: NDArray[np.int64],
    owners: NDArray[np.int64],
    sizes: NDArray[np.int64],
    seen: NDArray[np.int32],
    keys: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> int:
    """Count the characters beside N occurrences of words; return how many keys were written, -1 if one cannot be there.

    ranks, owners: (N,); occurrence i begins at the position with that rank and is one of word owners[i], which ascends.
    sizes: bytes of each word. seen: a zero for each code; it is so again in the end. keys, counts: (2 N,), out; a key is
    word, side and code: word << 22 | side << 21 | code, where a code is 0 for an edge, else code point + 1.
    """
    n = 0
    first = 0
    while first < ranks.size:
        word = owners[first]
        last = first
        while last < ranks.size and owners[last] == word:
            last += 1
        for side in range(2):
            prefix = (2 * word + side) << 21
            begun = n
            for i in range(first, last):
                rank = ranks[i]
                at = (
                    np.int64(positions[rank, 0])
                    | np.int64(positions[rank, 1]) << 8
                    | np.int64(positions[rank, 2]) << 16
                )
                if at < 1 or at + sizes[word] >= text.size:
                    return -1
                if side == 0:
                    at -= 1
                    while at > 0 and text[at] & 0xC0 == 0x80:
                        at -= 1
                else:
                    at += sizes[word]
                code = _code_at(text, at)
                if seen[code] == 0:
                    keys[n] = prefix | code
                    n += 1
                seen[code] += 1
            for k in range(begun, n):
                code = keys[k] & 0x1FFFFF
                counts[k] = seen[code]
                seen[code] = 0
        first = last
    return n


@njit(cache=True, nogil=True)
def _code_at(text: NDArray[np.uint8], at: int) -> int:
    byte = np.int64(text[at])
    if byte < 0x80:
        return byte + 1
    if byte < 0xE0:
        left, code = 1, byte & 0x1F
    elif byte < 0xF0:
        left, code = 2, byte & 0x0F
    elif byte < 0xF5:
        left, code = 3, byte & 0x07
    else:
        return 0
    for k in range(1, left + 1):
        code = code << 6 | np.int64(text[at + k] & 0x3F if at + k < text.size else 0)
    return code + 1 if code < 0x110000 else 0
