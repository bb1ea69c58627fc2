"""Grouping of windows and keys against counting in a dict, with buckets, parts and leaders of all sizes.

BUCKET, PARTS and LEADER_BITS are made small, so that their borders are met by short inputs.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.ngrams import grouping
from nlptools.ngrams.grouping import count_keys, count_windows, group_keys, group_windows, window_bits

LAST = 2**64 - 1

Sizes = tuple[int, int, int]
AS_SHIPPED: Sizes = (1 << 15, 64, 18)
SIZES: list[Sizes] = [AS_SHIPPED, (4, 3, 3), (1, 1, 1), (1, 64, 6), (2, 5, 18), (50, 2, 4), (1 << 15, 1, 1)]

sizes = st.sampled_from(SIZES)
threads_counts = st.integers(1, 5)


@st.composite
def key_arrays(draw: st.DrawFn) -> NDArray[np.uint64]:
    """Draw up to some hundred keys that differ only in some bits: the radix sort skips digits."""
    awkward = st.sampled_from([0, 1, LAST, LAST - 1, 1 << 63, (1 << 63) - 1, 1 << 32])
    few = draw(st.lists(awkward | st.integers(0, LAST), max_size=8))
    mask = draw(
        st.sampled_from([0, 1, 0xFF, 0x7FF, 0xFFFF << 24, 0x7FF << 33, LAST << 53 & LAST, LAST]) | st.integers(0, LAST)
    )
    base = draw(st.sampled_from([0, LAST]) | st.integers(0, LAST))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    many = random.integers(0, 1 << 64, draw(st.integers(0, 300)), np.uint64) & np.uint64(mask) | np.uint64(base & ~mask)
    repeated = many[: draw(st.integers(0, 50))]
    keys = np.concatenate([np.array(few, np.uint64), many, repeated])
    random.shuffle(keys)
    return keys


@st.composite
def code_arrays(draw: st.DrawFn) -> tuple[NDArray[np.unsignedinteger], int, int]:
    """Draw codes with breaks anywhere, even twice or none; the order of windows; the bits of a code."""
    bits = draw(st.integers(1, 21))
    order = draw(st.integers(1, 64 // bits))
    alphabet = draw(st.integers(1, (1 << bits) - 1))
    few = draw(st.lists(st.sampled_from([0, 1, (1 << bits) - 1]), max_size=12))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    many = random.integers(0, alphabet + 1, draw(st.integers(0, 200)))
    many[random.random(many.size) < draw(st.sampled_from([0.0, 0.05, 0.5]))] = 0
    kind = np.uint16 if bits <= 16 and draw(st.booleans()) else np.uint32
    return np.array([*few, *many.tolist(), *few], kind), order, bits


def group_twin(keys: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """Return the distinct keys, their counts, and 1 + the index of each key."""
    counts = Counter(keys)
    distinct = sorted(counts)
    rank_of = {key: rank for rank, key in enumerate(distinct, 1)}
    return distinct, [counts[key] for key in distinct], [rank_of[key] for key in keys]


def windows_twin(codes: Sequence[int], order: int, bits: int) -> list[int | None]:
    """Return the key of the window at each code, None at breaks."""
    keys: list[int | None] = []
    for i in range(len(codes)):
        key = 0
        ended = False
        for j in range(i, i + order):
            ended = ended or j >= len(codes) or codes[j] == 0
            key = key * 2**bits + (0 if ended else codes[j])
        keys.append(key if codes[i] else None)
    return keys


def patched(chosen: Sizes) -> pytest.MonkeyPatch:
    patch = pytest.MonkeyPatch()
    for name, value in zip(("BUCKET", "PARTS", "LEADER_BITS"), chosen, strict=True):
        patch.setattr(grouping, name, value)
    return patch


def check_keys(keys: NDArray[np.uint64], threads: int, chosen: Sizes = AS_SHIPPED) -> None:
    before = keys.copy()
    patch = patched(chosen)
    try:
        counted = count_keys(keys, threads)
        grouped = group_keys(keys, threads)
    finally:
        patch.undo()
    distinct, counts, ranks = group_twin(keys.tolist())
    assert [column.tolist() for column in counted] == [distinct, counts]
    assert [column.tolist() for column in grouped] == [distinct, counts, ranks]
    assert [column.dtype for column in grouped] == [np.uint64, np.uint32, np.uint32]
    assert (keys == before).all()


def check_windows(
    codes: NDArray[np.unsignedinteger], order: int, bits: int, threads: int, chosen: Sizes = AS_SHIPPED
) -> None:
    patch = patched(chosen)
    try:
        counted = count_windows(codes, order, bits, threads)
        grouped = group_windows(codes, order, bits, threads)
    finally:
        patch.undo()
    keys = windows_twin(codes.tolist(), order, bits)
    distinct, counts, ranks = group_twin([key for key in keys if key is not None])
    waiting = iter(ranks)
    whole_ranks = [0 if key is None else next(waiting) for key in keys]
    assert [column.tolist() for column in counted] == [distinct, counts]
    assert [column.tolist() for column in grouped] == [distinct, counts, whole_ranks]


@given(key_arrays(), threads_counts, sizes)
@example(np.array([], np.uint64), 3, AS_SHIPPED)
@example(np.array([0], np.uint64), 5, AS_SHIPPED)
@example(np.array([LAST], np.uint64), 2, AS_SHIPPED)
@example(np.array([LAST, 0, LAST, 0], np.uint64), 1, (1, 64, 6))
@example(np.zeros(300, np.uint64), 4, (4, 3, 3))
@example(np.full(300, LAST, np.uint64), 4, (4, 3, 3))
@example(np.arange(300, dtype=np.uint64)[::-1].copy(), 2, (4, 3, 18))
def test_any_keys(keys: NDArray[np.uint64], threads: int, chosen: Sizes) -> None:
    check_keys(keys, threads, chosen)


@given(code_arrays(), threads_counts, sizes)
@example((np.array([], np.uint16), 1, 1), 2, AS_SHIPPED)
@example((np.array([0], np.uint16), 4, 15), 2, AS_SHIPPED)
@example((np.array([1], np.uint16), 64, 1), 1, AS_SHIPPED)
@example((np.ones(100, np.uint16), 64, 1), 3, (4, 3, 3))  # one symbol, all keys equal but those at the end
@example((np.full(100, 65535, np.uint16), 4, 16), 3, (4, 3, 3))  # the last key there is
@example((np.full(20, (1 << 21) - 1, np.uint32), 1, 21), 2, AS_SHIPPED)
def test_any_windows(case: tuple[NDArray[np.unsignedinteger], int, int], threads: int, chosen: Sizes) -> None:
    check_windows(*case, threads, chosen)


@given(key_arrays(), threads_counts, sizes)
def test_keys_agree_with_numpy(keys: NDArray[np.uint64], threads: int, chosen: Sizes) -> None:
    patch = patched(chosen)
    try:
        distinct, counts, ranks = group_keys(keys, threads)
    finally:
        patch.undo()
    expected, inverse, expected_counts = np.unique(keys, return_inverse=True, return_counts=True)
    assert np.array_equal(distinct, expected)
    assert np.array_equal(counts, expected_counts)
    assert np.array_equal(ranks, inverse + 1)


@pytest.mark.parametrize("chosen", SIZES)
def test_threads_and_sizes_change_no_byte(chosen: Sizes) -> None:
    random = np.random.default_rng(5)
    codes = random.zipf(1.3, 3000).clip(0, 40_000).astype(np.uint16)
    codes[random.random(3000) < 0.1] = 0
    keys = random.integers(0, 500, 3000).astype(np.uint64) << np.uint64(50)
    whole = [column.tobytes() for column in (*group_windows(codes, 4, 16, 1), *group_keys(keys, 1))]
    patch = patched(chosen)
    try:
        for threads in range(1, 6):
            again = (*group_windows(codes, 4, 16, threads), *group_keys(keys, threads))
            assert [column.tobytes() for column in again] == whole
    finally:
        patch.undo()


@pytest.mark.parametrize("threads", [1, 3])
def test_more_distinct_keys_in_a_bucket_than_its_table_holds(threads: int) -> None:
    random = np.random.default_rng(1)
    keys = random.permutation(np.arange(70_000, dtype=np.uint64) * np.uint64(7919)) | np.uint64(1 << 63)
    keys[::1000] = LAST  # one leader for all but these
    distinct, counts, ranks = group_keys(keys, threads)
    expected, inverse, expected_counts = np.unique(keys, return_inverse=True, return_counts=True)
    assert np.array_equal(distinct, expected)
    assert np.array_equal(counts, expected_counts)
    assert np.array_equal(ranks, inverse + 1)


@pytest.mark.parametrize("chosen", [AS_SHIPPED, (4, 3, 3), (100, 1000, 12), (1, 64, 18)])
def test_many_keys(chosen: Sizes, interpreted: bool) -> None:
    """Ranks are closed up over blocks of 16,384 slots with many parts, and parts with many blocks."""
    size = 40_000 if interpreted else 400_000
    random = np.random.default_rng(2)
    keys = random.integers(0, 1 << 64, size, np.uint64)
    keys[::2] = random.zipf(1.2, size // 2).clip(0, 1 << 40).astype(np.uint64) << np.uint64(20)
    patch = patched(chosen)
    try:
        distinct, counts, ranks = group_keys(keys, 3)
    finally:
        patch.undo()
    expected, inverse, expected_counts = np.unique(keys, return_inverse=True, return_counts=True)
    assert np.array_equal(distinct, expected)
    assert np.array_equal(counts, expected_counts)
    assert np.array_equal(ranks, inverse + 1)


def test_many_windows(interpreted: bool) -> None:
    random = np.random.default_rng(3)
    codes = random.zipf(1.4, 10_000 if interpreted else 100_000).clip(0, 4_000).astype(np.uint16)
    codes[random.random(codes.size) < 0.1] = 0
    check_windows(codes, 5, 12, 3)
    check_windows(codes, 2, 12, 2, (100, 1000, 12))


@pytest.mark.parametrize(
    ("codes", "bits"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (65536, 16), (65537, 17), (0x110000, 21)]
)
def test_window_bits(codes: int, bits: int) -> None:
    assert window_bits(codes) == bits
