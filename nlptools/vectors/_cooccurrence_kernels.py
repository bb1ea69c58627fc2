"""Pairs of words that stand near each other, as 64-bit keys, and a random order of them. Slow twins: tests/vectors.

How keys are made: cooccurrence.py. An id below 0 is a break, over which no pair reaches.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio, odd


@njit(cache=True, nogil=True)
def count_pairs(ids: NDArray[np.int32], start: int, stop: int, window: int) -> int:
    """Count the pairs of different words at most `window` words apart whose second one is in ids[start:stop]."""
    pairs = 0
    for i in range(start, stop):
        if ids[i] < 0:
            continue
        for j in range(i - 1, max(0, i - window) - 1, -1):
            if ids[j] < 0:
                break
            pairs += ids[j] != ids[i]
    return pairs


@njit(cache=True, nogil=True)
def write_pairs(
    ids: NDArray[np.int32],
    start: int,
    stop: int,
    window: int,
    places: NDArray[np.uint64],
    block_bits: int,
    row_bits: int,
    out: NDArray[np.uint64],
) -> None:
    """Write the keys of the pairs that `count_pairs` counts. places: (V,) block << row_bits | row, of each word."""
    low = np.uint64(row_bits)
    high = np.uint64(block_bits)
    mask = (np.uint64(1) << low) - np.uint64(1)
    n = 0
    for i in range(start, stop):
        if ids[i] < 0:
            continue
        for j in range(i - 1, max(0, i - window) - 1, -1):
            if ids[j] < 0:
                break
            if ids[j] == ids[i]:
                continue
            a = min(places[ids[i]], places[ids[j]])
            b = max(places[ids[i]], places[ids[j]])
            blocks = (a >> low) << high | (b >> low)
            out[n] = (blocks << low | (a & mask)) << low | (b & mask)
            n += 1


@njit(cache=True, nogil=True)
def shuffle_tile(
    keys: NDArray[np.uint64],
    counts: NDArray[np.int64],
    row_bits: int,
    seed: np.uint64,
    records: NDArray[np.void],
) -> None:
    """Write the rows and counts of the keys of one tile as records, in a random order: Fisher and Yates, splitmix64."""
    low = np.uint64(row_bits)
    mask = (np.uint64(1) << low) - np.uint64(1)
    state = seed
    for n in range(keys.size):
        state += _MIX
        z = state
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        other = np.int64(z % np.uint64(n + 1))
        records[n] = records[other]
        records[other]["first"] = (keys[n] >> low) & mask
        records[other]["second"] = keys[n] & mask
        records[other]["count"] = counts[n]
