"""Words of a user in a text of units: where they stand, and the best segmentation with them. Slow twins: tests/segment."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def _place(key: np.uint64, keys: NDArray[np.uint64]) -> int:
    """Return where the key is in a hash table of a power of two, or the free place where it would be; 0 is free."""
    mask = np.uint64(keys.size - 1)
    h = (key * _MIX) >> np.uint64(20) & mask
    while keys[h] != 0 and keys[h] != key:
        h = (h + np.uint64(1)) & mask
    return np.int64(h)


@njit(cache=True, nogil=True)
def fill(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    bonuses: NDArray[np.float32],
    keys: NDArray[np.uint64],
    values: NDArray[np.float32],
) -> None:
    """Put all beginnings of words, up to the end of a character, into a hash table; of whole words the bonus, else nan.

    data, offsets: (W + 1,), UTF-8. keys, values: of a size that is a power of two, 0 and nan everywhere.
    """
    for w in range(bonuses.size):
        key = np.uint64(1)
        for i in range(offsets[w], offsets[w + 1]):
            key = (key ^ np.uint64(data[i])) * _PRIME
            is_last = i + 1 == offsets[w + 1]
            if is_last or data[i + 1] & 0xC0 != 0x80:
                place = _place(key, keys)
                keys[place] = key
                if is_last:
                    values[place] = bonuses[w]


@njit(cache=True, nogil=True)
def best_segmentation(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    log_odds: NDArray[np.float32],
    keys: NDArray[np.uint64],
    values: NDArray[np.float32],
    begins: NDArray[np.uint8],
) -> None:
    """Write where words begin in the best segmentation: each gap adds half its log-odds, or takes it away if it is not
    cut; each word of the lexicon adds its bonus. An edge inside such a word costs nothing.

    data, starts, ends: units as of `find_units`. log_odds: (U,), infinite beside edges. keys, values: as of `fill`.
    """
    first = 0
    for d in range(ends.size):
        last = ends[d] - 1  # the EDGE of no bytes
        _segment(data, starts, first, last, log_odds, keys, values, begins)
        begins[last] = 1
        first = ends[d]


@njit(cache=True, nogil=True)
def _segment(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    first: int,
    last: int,
    log_odds: NDArray[np.float32],
    keys: NDArray[np.uint64],
    values: NDArray[np.float32],
    begins: NDArray[np.uint8],
) -> None:
    n = last - first
    # of the best ways to a place at which a word begins (cut), and to one within a word
    cut, within = np.full(n + 1, -np.inf), np.full(n + 1, -np.inf)
    length = np.zeros(n + 1, np.int64)  # of the word of the lexicon that ends here, 0 if there is none
    from_cut = np.zeros((n + 1, 2), np.bool_)
    cut[0] = 0.0
    for u in range(n):
        gap = np.float64(log_odds[first + u + 1]) / 2 if u + 1 < n else np.inf
        is_edge = gap == np.inf
        best = max(cut[u], within[u])
        if is_edge:
            gap = 0.0
        else:
            within[u + 1] = best - gap
            from_cut[u + 1, 1] = cut[u] >= within[u]
        if best + gap > cut[u + 1]:
            cut[u + 1] = best + gap
            length[u + 1] = 0
            from_cut[u + 1, 0] = cut[u] >= within[u]
        if cut[u] == -np.inf:
            continue
        key = np.uint64(1)
        score = cut[u]
        for v in range(u, n):
            for i in range(starts[first + v], starts[first + v + 1]):
                key = (key ^ np.uint64(data[i])) * _PRIME
            place = _place(key, keys)
            if keys[place] != key:
                break
            gap = np.float64(log_odds[first + v + 1]) / 2 if v + 1 < n else 0.0
            if gap == np.inf:
                gap = 0.0
            if values[place] == values[place] and score + gap + values[place] > cut[v + 1]:
                cut[v + 1] = score + gap + values[place]
                length[v + 1] = v + 1 - u
            score -= gap
    begins[first:last] = 0
    at = n
    is_cut = True
    while at > 0:
        if is_cut and at < n:
            begins[first + at] = 1
        if is_cut and length[at] > 0:
            at -= length[at]
        else:
            is_cut = from_cut[at, 0 if is_cut else 1]
            at -= 1
    if n > 0:
        begins[first] = 1
