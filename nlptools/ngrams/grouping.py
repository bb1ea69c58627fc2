"""Distinct keys, how often each occurs, and which one stands where: `numpy.unique` on all cores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlptools.ngrams import _kernels
from nlptools.threads import slices

BUCKET = 1 << 15  # keys in a bucket, aimed at: 256 KiB
PARTS = 64  # pieces of work into which the buckets are divided
LEADER_BITS = 18  # leaders have at most so many bits


def window_bits(codes: int) -> int:
    """Return how many bits a code takes in the key of a window, if there are so many codes, the break included."""
    return max(1, (codes - 1).bit_length())


def count_windows(
    codes: NDArray[np.unsignedinteger], order: int, bits: int, threads: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return the distinct windows of `order` codes, (M,) sorted, and how often each occurs, (M,).

    codes: (T,), 0 = break; every code fits in `bits`, and order · bits <= 64. The key of a window has its first code
    in the highest bits; a window that meets a break is filled up with zeros. There is one window for each code but 0.
    """
    keys, counts, _ = _group_windows(codes, order, bits, threads, with_ranks=False)
    return keys, counts


def group_windows(
    codes: NDArray[np.unsignedinteger], order: int, bits: int, threads: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint32]]:
    """Return keys and counts as `count_windows`, and ranks, (T,): 1 + index of the window that starts there, 0 at breaks."""
    return _group_windows(codes, order, bits, threads, with_ranks=True)


def count_keys(keys: NDArray[np.uint64], threads: int) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return the distinct keys, sorted, and how often each occurs."""
    distinct, counts, _ = _group_keys(keys, threads, with_ranks=False)
    return distinct, counts


def group_keys(
    keys: NDArray[np.uint64], threads: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the distinct keys, their counts, and for each key 1 + its index among the distinct ones."""
    return _group_keys(keys, threads, with_ranks=True)


_Grouped = tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint32]]


def _group_windows(
    codes: NDArray[np.unsignedinteger], order: int, bits: int, threads: int, with_ranks: bool
) -> _Grouped:
    leader_bits = min(LEADER_BITS, 2 * bits, order * bits)
    # a leader is made of the first two codes, of which order 1 knows but one
    shift = bits * order - leader_bits
    histogram_shift = 2 * bits - leader_bits

    def count_leaders(lo: int, hi: int, histogram: NDArray[np.int64]) -> None:
        _kernels.count_window_leaders(codes, lo, hi, bits, histogram_shift, histogram)

    def scatter(lo: int, hi: int, *rest: Any) -> None:
        _kernels.scatter_windows(codes, lo, hi, order, bits, shift, *rest)

    return _group(codes.size, leader_bits, count_leaders, scatter, threads, with_ranks)


def _group_keys(keys: NDArray[np.uint64], threads: int, with_ranks: bool) -> _Grouped:
    key_bits = int(keys.max()).bit_length() if keys.size else 1
    leader_bits = min(LEADER_BITS, max(1, key_bits))
    shift = max(1, key_bits) - leader_bits

    def count_leaders(lo: int, hi: int, histogram: NDArray[np.int64]) -> None:
        _kernels.count_key_leaders(keys, lo, hi, shift, histogram)

    def scatter(lo: int, hi: int, *rest: Any) -> None:
        _kernels.scatter_keys(keys, lo, hi, shift, *rest)

    return _group(keys.size, leader_bits, count_leaders, scatter, threads, with_ranks)


def _group(
    size: int,
    leader_bits: int,
    count_leaders: Callable[[int, int, NDArray[np.int64]], None],
    scatter: Callable[..., None],
    threads: int,
    with_ranks: bool,
) -> _Grouped:
    cuts = slices(size, threads)
    with ThreadPoolExecutor(threads) as pool:
        histograms = np.zeros((threads, 1 << leader_bits), np.int64)
        list(pool.map(count_leaders, cuts[:-1], cuts[1:], histograms))
        bucket_of, sizes = _buckets(histograms)
        bounds = np.concatenate([[0], np.cumsum(sizes.sum(axis=0))])
        slots = bounds[:-1] + np.cumsum(sizes, axis=0)  # the end of each thread's places in each bucket

        total = int(bounds[-1])
        keys = np.empty(total, np.uint64)
        positions = np.empty(total if with_ranks else 0, np.uint32)
        list(
            pool.map(
                lambda t: scatter(cuts[t], cuts[t + 1], bucket_of, slots[t], keys, positions, with_ranks),
                range(threads),
            )
        )
        counts = np.empty(total, np.uint32)
        ranks = np.zeros(size if with_ranks else 0, np.uint32)
        parts = np.unique(np.searchsorted(bounds, np.linspace(0, total, PARTS + 1), "left").clip(0, bounds.size - 1))
        ends = list(
            pool.map(
                lambda a, b: _kernels.group_buckets(keys, bounds, a, b, counts, positions, ranks, with_ranks),
                parts[:-1],
                parts[1:],
            )
        )
        starts = bounds[parts[:-1]]
        offsets = np.concatenate([[0], np.cumsum(np.array(ends, np.int64) - starts)]).astype(np.int64)
        for start, end, offset in zip(starts.tolist(), ends, offsets.tolist(), strict=False):
            keys[offset : offset + end - start] = keys[start:end]
            counts[offset : offset + end - start] = counts[start:end]
        if with_ranks and total:
            coarse = np.searchsorted(starts, np.arange(0, total + (1 << 14), 1 << 14), "right") - 1
            gaps = starts - offsets[:-1]
            list(
                pool.map(
                    lambda lo, hi: _kernels.close_gaps(ranks, lo, hi, starts, gaps, coarse),
                    cuts[:-1],
                    cuts[1:],
                )
            )
    # shrink in place: fresh memory costs more than the move
    keys.resize(int(offsets[-1]), refcheck=False)
    counts.resize(int(offsets[-1]), refcheck=False)
    return keys, counts, ranks


def _buckets(histograms: NDArray[np.int64]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Put adjacent leaders together until a bucket is full; return bucket of leader and (threads, buckets) sizes."""
    total = histograms.sum(axis=0)
    target = max(BUCKET, int(total.sum()) >> 15)  # never more than 2^16 buckets
    _, first, bucket_of = np.unique((np.cumsum(total) - total) // target, return_index=True, return_inverse=True)
    return bucket_of.astype(np.uint16), np.add.reduceat(histograms, first, axis=1)
