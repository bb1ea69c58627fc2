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
    sure: float,
    begins: NDArray[np.uint8],
) -> None:
    """Write where words begin in the best segmentation: each gap adds half its log-odds, or takes it away if it is not
    cut; each word of the lexicon adds its bonus. An edge inside such a word costs nothing.

    data, starts, ends: units as of `find_units`. log_odds: (U,), infinite beside edges. keys, values: as of `fill`. sure:
    log-odds from which on a gap is always cut, not less than any bonus; infinite if a word may lie over an edge.
    """
    longest = 0
    for d in range(ends.size):
        longest = max(longest, ends[d] - (ends[d - 1] if d > 0 else 0))
    # of the best ways to a place at which a word begins, and to one within a word; see _segment
    scores = np.empty((longest + 1, 2))
    origin = np.empty((longest + 1, 2), np.int64)
    first = 0
    for d in range(ends.size):
        last = ends[d] - 1  # the EDGE of no bytes
        begins[last] = 1
        while first < last:
            end = first + 1
            is_one_word = True
            while end < last and (log_odds[end] < sure or sure == np.inf):
                is_one_word = is_one_word and log_odds[end] <= -2 * sure
                end += 1
            if is_one_word:
                begins[first] = 1
                begins[first + 1 : end] = 0
            else:
                _segment(data, starts, first, end, log_odds, keys, values, scores, origin, begins)
            first = end
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
    scores: NDArray[np.float64],
    origin: NDArray[np.int64],
    begins: NDArray[np.uint8],
) -> None:
    """Segment the units first to last. scores[u, 0]: of the best way to a word's begin at `first` + u, scores[u, 1]: within a
    word; origin: the units of the word of the lexicon that ends there; -1: the way was at a begin before, -2: within."""
    n = last - first
    scores[: n + 1] = -np.inf
    scores[0, 0] = 0.0
    for u in range(n):
        gap = np.float64(log_odds[first + u + 1]) / 2 if u + 1 < n else np.inf
        before = -1 if scores[u, 0] >= scores[u, 1] else -2
        best = max(scores[u, 0], scores[u, 1])
        if gap == np.inf:  # an edge
            gap = 0.0
        else:
            scores[u + 1, 1] = best - gap
            origin[u + 1, 1] = before
        if best + gap > scores[u + 1, 0]:
            scores[u + 1, 0] = best + gap
            origin[u + 1, 0] = before
        if scores[u, 0] == -np.inf:
            continue
        key = np.uint64(1)
        score = scores[u, 0]
        for v in range(u, n):
            for i in range(starts[first + v], starts[first + v + 1]):
                key = (key ^ np.uint64(data[i])) * _PRIME
            place = _place(key, keys)
            if keys[place] != key:
                break
            gap = np.float64(log_odds[first + v + 1]) / 2 if v + 1 < n else 0.0
            if gap == np.inf:
                gap = 0.0
            if values[place] == values[place] and score + gap + values[place] > scores[v + 1, 0]:
                scores[v + 1, 0] = score + gap + values[place]
                origin[v + 1, 0] = v + 1 - u
            score -= gap
    begins[first:last] = 0
    at = n
    column = 0
    while at > 0:
        if column == 0 and at < n:
            begins[first + at] = 1
        step = origin[at, column]
        column = 1 if step == -2 else 0
        at -= max(1, step)
    begins[first] = 1
