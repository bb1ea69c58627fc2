"""Counts, in memory or in a file: single n-grams, what follows a prefix, all n-grams of an order."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.errors import OptionError
from nlptools.ngrams import _kernels, _merge_kernels
from nlptools.ngrams.count_file import CountReader, Totals
from nlptools.ngrams.rows import Layout, Rows, joined


class NgramCounts:
    """How often each n-gram of 1 to `order` characters occurs. Made by `count_ngrams`, `merge_counts` and `read_counts`.

    One row stands for one distinct window (see `Layout`); the count of an n-gram is the sum over the rows that begin
    with it. Nothing is loaded before it is needed.
    """

    def __init__(self, layout: Layout, totals: Totals, chunks: Sequence[Rows]) -> None:
        """Take the rows, in order, as some chunks, none of them empty."""
        self.layout = layout
        self.totals = totals
        self.chunks = chunks

    def __repr__(self) -> str:
        return f"<NgramCounts of orders 1 to {self.order}, {self.total:,} characters>"

    @property
    def order(self) -> int:
        """The length of the longest n-grams, in characters."""
        return self.layout.order

    @property
    def min_count(self) -> int:
        """N-grams seen less often were left out."""
        return self.layout.min_count

    @property
    def alphabet(self) -> pa.StringArray:
        """What each code stands for: (C,), sorted by code point; code 0, "", is the end of a segment."""
        return self.layout.alphabet

    @property
    def total(self) -> int:
        """How many characters were counted."""
        return self.totals.characters

    @property
    def documents(self) -> int:
        """How many documents were counted."""
        return self.totals.documents

    def count(self, ngram: str) -> int:
        """Return how often `ngram` occurs; 0 if it is longer than `order`, was never seen, or less than `min_count` times."""
        return sum(int(rows.counts.sum(dtype=np.int64)) for rows in self._rows_of(self._codes(ngram)))

    def continuations(self, prefix: str, top: int | None = 10) -> list[tuple[str, int]]:
        """Return the characters that follow `prefix` most often, and how often; equal ones by code point.

        "" asks for the most frequent characters. What follows beyond the end of a segment is not counted.
        """
        n = len(prefix) + 1
        table = self.prefix(prefix, n)
        order = np.argsort(-table["count"].to_numpy(), kind="stable")[:top]
        ngrams, counts = table["ngram"].take(order).to_pylist(), table["count"].take(order).to_pylist()
        return [(ngram[-1], count) for ngram, count in zip(ngrams, counts, strict=True)]

    def prefix(self, prefix: str, n: int | None = None, min_count: int = 1) -> pa.Table:
        """Return a table `ngram`, `n`, `count` of the n-grams of `n` characters (default: `order`) that begin with `prefix`."""
        n = self.order if n is None else n
        self._check(n)
        codes = self._codes(prefix)
        rows = self._rows_of(codes) if prefix else iter(self.chunks)
        return self._table(n, self._sums(rows if len(codes) == len(prefix) <= n else iter(()), n, min_count))

    def ngrams(self, n: int, min_count: int = 1) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return all n-grams of `n` characters seen `min_count` times: codes (K, n), sorted, and counts (K,)."""
        parts = list(self.ngram_chunks(n, min_count))
        codes = np.concatenate([np.empty((0, n), np.uint32), *(part for part, _ in parts)])
        return codes, np.concatenate([np.empty(0, np.int64), *(counts for _, counts in parts)])

    def ngram_chunks(self, n: int, min_count: int = 1) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
        """Yield what `ngrams` returns in pieces, in order; so it need not fit in memory."""
        self._check(n)
        return self._sums(iter(self.chunks), n, min_count)

    def to_batches(self, min_count: int = 1) -> Iterator[pa.RecordBatch]:
        """Yield `ngram`, `n`, `count` of all n-grams seen `min_count` times, by n, then in the order of code points."""
        for n in range(1, self.order + 1):
            for codes, counts in self.ngram_chunks(n, min_count):
                if counts.size:
                    yield self._batch(n, codes, counts)

    def to_table(self, min_count: int = 1) -> pa.Table:
        """Return what `to_batches` yields as a table."""
        return pa.Table.from_batches(self.to_batches(min_count), TABLE_SCHEMA)

    def _check(self, n: int) -> None:
        if not 1 <= n <= self.order:
            raise OptionError(f"n={n} was not counted: these counts are of orders 1 to {self.order}")

    def _codes(self, ngram: str) -> list[int]:
        """Return the codes of an n-gram; none if it cannot occur."""
        codes = [self.layout.code_of.get(character, 0) for character in ngram]
        return codes if len(codes) <= self.order and 0 not in codes else []

    def _rows_of(self, codes: list[int]) -> Iterator[Rows]:
        """Yield the rows that begin with `codes`; none if there are no codes."""
        if not codes:
            return
        layout = self.layout
        key = 0
        for code in codes:
            key = key << layout.bits | code
        shift = layout.bits * (layout.order - len(codes))
        before, last = (key << shift) - 1, (key << shift) + (1 << shift) - 1
        firsts = _FirstKeys(self.chunks, self._key)
        for c in range(max(0, bisect_right(firsts, before) - 1), bisect_right(firsts, last)):
            chunk = self.chunks[c]
            rows = chunk.slice(self._up_to(chunk, before), self._up_to(chunk, last))
            if rows.heads.size:
                yield rows

    def _key(self, head: int, tail: int) -> int:
        return head << self.layout.bits * self.layout.tail_length | tail

    def _up_to(self, rows: Rows, key: int) -> int:
        """Return how many rows have a key up to `key`."""
        shift = self.layout.bits * self.layout.tail_length
        head, tail = np.uint64(key >> shift), np.uint64(key & ((1 << shift) - 1))
        return int(_merge_kernels.rows_up_to(rows.heads, rows.tails, 0, rows.heads.size, head, tail))

    def _sums(
        self, chunks: Iterator[Rows], n: int, min_count: int
    ) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
        """Yield codes (K, n) and counts (K,) of the n-grams of `n` characters that the chunks, which are in order, begin with."""
        layout = self.layout
        head_codes, tail_codes = min(n, layout.head_length), max(0, n - layout.head_length)
        head_shift = layout.bits * (layout.head_length - head_codes)
        tail_shift = layout.bits * (layout.tail_length - tail_codes) if tail_codes else 0
        waiting: Rows | None = None  # the last n-gram may go on in the next chunk
        for chunk in chunks:
            size = chunk.heads.size
            heads, tails, counts = np.empty(size, np.uint64), np.empty(size, np.uint64), np.empty(size, np.int64)
            in_tails = chunk.tails if tail_codes else np.zeros(size, np.uint64)
            k = _kernels.sum_prefixes(chunk.heads, in_tails, chunk.counts, head_shift, tail_shift, heads, tails, counts)
            rows = Rows(heads[:k], tails[:k], counts[:k])
            if waiting is not None:
                rows = _added(waiting, rows)
            yield self._unpacked(rows.slice(0, rows.heads.size - 1), head_codes, tail_codes, min_count)
            waiting = rows.slice(rows.heads.size - 1, rows.heads.size)
        if waiting is not None:
            yield self._unpacked(waiting, head_codes, tail_codes, min_count)

    def _unpacked(
        self, rows: Rows, head_codes: int, tail_codes: int, min_count: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        keep = rows.counts >= min_count
        bits, mask = self.layout.bits, np.uint64((1 << self.layout.bits) - 1)
        heads, tails, counts = (column[keep] for column in rows)
        codes = np.empty((counts.size, head_codes + tail_codes), np.uint32)
        for j in range(head_codes):
            codes[:, j] = (heads >> np.uint64(bits * (head_codes - 1 - j))) & mask
        for j in range(tail_codes):
            codes[:, head_codes + j] = (tails >> np.uint64(bits * (tail_codes - 1 - j))) & mask
        whole = codes[:, -1] != 0  # else it stands for windows that ended before
        if self.layout.other is not None:
            whole &= codes[:, -1] != self.layout.other
        return codes[whole], counts[whole]

    def _table(self, n: int, parts: Iterator[tuple[NDArray[np.uint32], NDArray[np.int64]]]) -> pa.Table:
        return pa.Table.from_batches((self._batch(n, *part) for part in parts if part[1].size), TABLE_SCHEMA)

    def _batch(self, n: int, codes: NDArray[np.uint32], counts: NDArray[np.int64]) -> pa.RecordBatch:
        columns = [self.alphabet.take(pa.array(codes[:, j])) for j in range(n)]
        ngrams = pc.binary_join_element_wise(*columns, "") if n > 1 else columns[0]
        lengths = pa.array(np.full(counts.size, n, np.int32))
        return pa.RecordBatch.from_arrays(
            [ngrams.cast(pa.large_string()), lengths, pa.array(counts)], schema=TABLE_SCHEMA
        )


TABLE_SCHEMA = pa.schema([("ngram", pa.large_string()), ("n", pa.int32()), ("count", pa.int64())])


def read_counts(path: str | Path) -> NgramCounts:
    """Return the counts of a file that `count_ngrams` or `nlptools count` wrote, mapped into memory.

    Nothing is loaded but what is asked for. Raises InputError if the file is no count file or is damaged.
    """
    reader = CountReader(path, map=True)
    return NgramCounts(reader.layout, reader.totals, reader)


class _FirstKeys(Sequence[int]):
    """The key of the first row of each chunk."""

    def __init__(self, chunks: Sequence[Rows], key: Any) -> None:
        self._chunks, self._key = chunks, key

    def __len__(self) -> int:
        return len(self._chunks)

    def __getitem__(self, index: Any) -> Any:
        rows = self._chunks[index]
        return self._key(int(rows.heads[0]), int(rows.tails[0]) if rows.tails.size else 0)


def _added(first: Rows, rows: Rows) -> Rows:
    """Return `rows` behind the single row `first`, added up if they are alike."""
    if first.heads[0] == rows.heads[0] and first.tails[0] == rows.tails[0]:
        rows.counts[0] += first.counts[0]
        return rows
    return joined([first, rows])
