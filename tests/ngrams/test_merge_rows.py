"""Translating, merging and pruning rows against Counters of strings: any runs, alphabets, orders, threads, sizes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.ngrams.count_file import Totals
from nlptools.ngrams.counts import NgramCounts
from nlptools.ngrams.merge_rows import merge_rows
from nlptools.ngrams.rows import Layout, Rows, Translation, batched, pruned

Windows = dict[str, int]  # window, shorter than the order where a segment ended -> count


class Run(NamedTuple):
    """What `merge_rows` needs of a count file."""

    layout: Layout
    windows: Windows
    batch: int

    def __iter__(self) -> Iterator[Rows]:  # type: ignore[override]  # a run of rows
        rows = packed(self.windows, self.layout)
        for start in range(0, len(self.windows), self.batch):
            part = rows.slice(start, start + self.batch)
            for column in part:
                column.flags.writeable = False  # as those of a file are
            yield part


def packed(windows: Windows, layout: Layout) -> Rows:
    """Return rows, with whole numbers of Python as keys on the way."""
    bits, tail_bits = layout.bits, layout.bits * layout.tail_length
    keys = {}
    for window, count in windows.items():
        codes = [1 + layout.characters.index(character) for character in window]
        key = 0
        for code in codes + [0] * (layout.order - len(codes)):
            key = key * 2**bits + code
        keys[key] = count
    heads = np.array([key >> tail_bits for key in sorted(keys)], np.uint64)
    tails = np.array([key % 2**tail_bits for key in sorted(keys)], np.uint64)
    counts = np.array([keys[key] for key in sorted(keys)], np.uint32)
    return Rows(heads, tails if layout.tail_length else np.empty(0, np.uint64), counts)


def unpacked(parts: Sequence[Rows], layout: Layout) -> list[tuple[str, int]]:
    """Return the windows of rows in their order; what is too rare to be told is "*"."""
    letters = dict(enumerate(layout.characters, 1)) | {0: ""}
    if layout.min_count > 1:
        letters[2**layout.bits - 1] = "*"
    found = []
    for rows in parts:
        tails = rows.tails.tolist() or [0] * rows.heads.size
        for head, tail, count in zip(rows.heads.tolist(), tails, rows.counts.tolist(), strict=True):
            key = head * 2 ** (layout.bits * layout.tail_length) + tail
            codes = [key // 2 ** (layout.bits * j) % 2**layout.bits for j in reversed(range(layout.order))]
            found.append(("".join(letters[code] for code in codes), count))
    return found


def windows_of(characters: str, order: int) -> st.SearchStrategy[Windows]:
    few = st.lists(st.sampled_from(characters), min_size=1, max_size=2).map("".join)
    long = st.builds(lambda unit, size, end: (unit * order)[:size] + end, few, st.integers(1, order), few)
    window = (st.text(characters, min_size=1, max_size=4) | long).map(lambda text: text[:order])
    return st.dictionaries(window, st.integers(1, 9), max_size=12)


@st.composite
def merges(draw: st.DrawFn) -> tuple[list[Run], Layout]:
    """Draw some runs and the layout of the result: one word or two on either side."""
    order = draw(st.sampled_from([1, 2, 3, 8, 33, 40]))
    runs = []
    for _ in range(draw(st.integers(1, 6))):
        characters = "".join(sorted(draw(st.sets(st.sampled_from("一七三五"), min_size=1))))
        own = draw(st.sampled_from([order, order + 1, 2 * order]))
        own = min(own, 42)
        runs.append(Run(Layout(characters, own), draw(windows_of(characters, own)), draw(st.integers(1, 5))))
    more = draw(st.sampled_from([0, 1, 5, 300])) if order <= 8 else 0
    characters = "".join(sorted({*"一七三五", *map(chr, range(0x5000, 0x5000 + more))}))
    return runs, Layout(characters, order)


def merged_twin(runs: Sequence[Run], order: int) -> list[tuple[str, int]]:
    total: Counter[str] = Counter()
    for run in runs:
        for window, count in run.windows.items():
            total[window[:order]] += count
    return sorted(total.items())


@given(merges(), st.integers(1, 4), st.sampled_from([1, 2, 5, 1000]))
@example(([Run(Layout("一", 2), {"一": 1, "一一": 2}, 1)], Layout("一", 1)), 1, 1)
@example(([Run(Layout("一七", 64), {"一" * n: n for n in range(1, 65)}, 3)] * 3, Layout("一七", 40)), 4, 1)
@example(([Run(Layout("一", 1), {}, 1)] * 2, Layout("一", 1)), 2, 1)
def test_any_runs(case: tuple[list[Run], Layout], threads: int, per_round: int) -> None:
    runs, target = case
    readers: Any = runs
    parts = list(merge_rows(readers, target, threads, per_round))
    assert unpacked(parts, target) == merged_twin(runs, target.order)
    assert all(rows.counts.dtype == np.int64 and rows.heads.size for rows in parts)


@given(merges())
def test_a_translation_alone(case: tuple[list[Run], Layout]) -> None:
    runs, target = case
    for run in runs:
        rows = Translation(run.layout, target)(packed(run.windows, run.layout))
        assert unpacked([rows], target) == merged_twin([run], target.order)


def test_what_differs_behind_the_order_of_the_result_is_added_up_over_batches() -> None:
    windows = {"一" + tail: 1 for tail in ("", "一", "七", "三", "一七", "七七", "三三")}
    runs: Any = [Run(Layout("一七三", 3), windows, batch) for batch in (1, 2, 3)]
    for per_round in (1, 2, 100):
        (part,) = merge_rows(runs, Layout("一七三", 1), 2, per_round)
        assert unpacked([part], Layout("一七三", 1)) == [("一", 21)]


def test_counts_beyond_32_and_53_bits() -> None:
    layout = Layout("一", 1)
    large = 2**62 - 1
    rows = Rows(np.array([1], np.uint64), np.empty(0, np.uint64), np.array([large], np.uint64))

    class Large:
        def __init__(self) -> None:
            self.layout = layout

        def __iter__(self) -> Iterator[Rows]:
            return iter([rows])

    runs: Any = [Large(), Large()]
    assert unpacked(list(merge_rows(runs, layout, 1, 10)), layout) == [("一", 2 * large)]


@st.composite
def prunings(draw: st.DrawFn) -> tuple[Windows, Layout, list[int]]:
    order = draw(st.sampled_from([1, 2, 3, 5, 35, 64]))
    characters = draw(st.sampled_from(["一", "一七", "一七三"]))
    order = min(order, 2 * (64 // (len(characters) + 1).bit_length()))
    windows = draw(windows_of(characters, order))
    layout = Layout(characters, order, draw(st.integers(2, 15)))
    return windows, layout, draw(st.lists(st.integers(0, 12), max_size=4))


def prefixes(windows: Windows) -> Counter[str]:
    total: Counter[str] = Counter()
    for window, count in windows.items():
        for n in range(1, len(window) + 1):
            total[window[:n]] += count
    return total


@given(prunings())
@example(({"一": 1}, Layout("一", 1, 2), []))
@example(({"一": 1, "一七": 1, "一七三": 1}, Layout("一七三", 3, 3), [1, 1, 2]))
@example(({"一" * n: 1 for n in range(1, 65)}, Layout("一", 32, 5), []))
def test_pruning(case: tuple[Windows, Layout, list[int]]) -> None:
    windows, layout, cuts = case
    windows = {window[: layout.order]: count for window, count in windows.items()}
    rows = packed(windows, layout)
    edges = [0, *sorted(cuts), len(windows)]
    parts = [rows.slice(lo, hi) for lo, hi in zip(edges[:-1], edges[1:], strict=True)]  # some are empty
    chunks = list(batched(pruned(parts, layout)))
    keys = [
        key
        for chunk in chunks
        for key in zip(chunk.heads, chunk.tails if chunk.tails.size else chunk.heads, strict=True)
    ]
    assert keys == sorted(set(keys))
    total = sum(windows.values())
    assert sum(int(chunk.counts.sum()) for chunk in chunks) == total
    counts = NgramCounts(layout, Totals(total, 1, 0), chunks)
    expected = {ngram: count for ngram, count in prefixes(windows).items() if count >= layout.min_count}
    for ngram in prefixes(windows):
        assert counts.count(ngram) == expected.get(ngram, 0)
    table = counts.to_table()
    assert table["ngram"].to_pylist() == sorted(expected, key=lambda ngram: (len(ngram), ngram))
    assert table["count"].to_pylist() == [expected[ngram] for ngram in table["ngram"].to_pylist()]
    assert len(chunks) <= 1 or all(chunk.heads.size for chunk in chunks)


def test_pruning_by_one_changes_nothing() -> None:
    layout = Layout("一七", 2)
    rows = packed({"一": 1, "一七": 2}, layout)
    assert list(pruned([rows], layout)) == [rows]


@given(st.lists(st.integers(0, 7), max_size=9), st.integers(1, 6), st.booleans())
def test_batches(sizes: list[int], size: int, two_words: bool) -> None:
    keys = np.arange(sum(sizes), dtype=np.uint64)
    whole = Rows(keys, keys if two_words else np.empty(0, np.uint64), keys.astype(np.int64))
    ends = np.cumsum(sizes).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlptools.ngrams.rows.ROWS", size)
        batches = list(batched(whole.slice(end - n, end) for n, end in zip(sizes, ends, strict=True)))
    assert [key for batch in batches for key in batch.heads.tolist()] == keys.tolist()
    assert [batch.counts.tolist() for batch in batches] == [batch.heads.tolist() for batch in batches]
    assert all(batch.tails.size == (batch.heads.size if two_words else 0) for batch in batches)
    assert all(batch.heads.size == size for batch in batches[:-1])
    assert all(0 < batch.heads.size <= size for batch in batches)


def test_a_layout_says_what_fits() -> None:
    characters = "".join(map(chr, range(0x20000, 0x20000 + 65_535)))
    assert (Layout(characters, 8).bits, Layout(characters, 8).other) == (16, None)
    assert (Layout(characters, 8, 2).bits, Layout(characters, 8, 2).other) == (17, 2**17 - 1)
    assert (Layout("", 3).bits, Layout("", 3, 2).other) == (1, 1)
