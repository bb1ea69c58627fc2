"""Sums of counts over ranges of sorted rows. Slow twin: tests/newwords/test_word_counts.py."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def _first_row(heads: NDArray[np.uint64], tails: NDArray[np.uint64], head: np.uint64, tail: np.uint64) -> int:
    """Return the first row whose key is (head, tail) or more; without tails all of them are 0."""
    lo, hi = 0, heads.size
    while lo < hi:
        middle = (lo + hi) >> 1
        here = tails[middle] if tails.size > 0 else np.uint64(0)
        if heads[middle] < head or (heads[middle] == head and here < tail):
            lo = middle + 1
        else:
            hi = middle
    return lo


@njit(cache=True, nogil=True)
def add_ranges(
    heads: NDArray[np.uint64],
    tails: NDArray[np.uint64],
    sums: NDArray[np.int64],
    bounds: NDArray[np.uint64],
    out: NDArray[np.int64],
) -> None:
    """Add to out, (Q,), the counts of the rows from one key to another.

    heads, tails: M rows, sorted; tails (0,) where a head is the whole key. sums: (M + 1,), of the counts before each row.
    bounds: (4, Q), heads and tails of the first keys, heads and tails of the last keys.
    """
    first_heads, first_tails, last_heads, last_tails = bounds[0], bounds[1], bounds[2], bounds[3]
    least, most = heads[0], heads[-1]
    for q in range(out.size):
        if last_heads[q] < least or first_heads[q] > most:
            continue
        first = _first_row(heads, tails, first_heads[q], first_tails[q])
        stop = heads.size
        if last_tails[q] != np.uint64(0xFFFFFFFFFFFFFFFF):
            stop = _first_row(heads, tails, last_heads[q], last_tails[q] + np.uint64(1))
        elif last_heads[q] != np.uint64(0xFFFFFFFFFFFFFFFF):
            stop = _first_row(heads, tails, last_heads[q] + np.uint64(1), np.uint64(0))
        out[q] += sums[stop] - sums[first]
