"""Exact counts of all character n-grams of a corpus, orders 1 to N, as one sorted table."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from nlptools.corpus import CorpusInput, open_corpus
from nlptools.errors import OptionError
from nlptools.ngrams import _kernels
from nlptools.ngrams.grouping import count_keys, count_windows, group_windows, window_bits
from nlptools.text.encode import encode_characters
from nlptools.threads import default_threads


def count_ngrams(
    corpus: CorpusInput,
    order: int = 4,
    *,
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> "NgramCounts":
    """Count every n-gram of 1 to `order` characters exactly.

    Segments end at punctuation, symbols, white space and the ends of documents; no n-gram crosses them. A character is
    a code point, beyond the basic plane too: "𠮷野家" has 3. The counts do not depend on threads or batches.

    order: up to 6 with any alphabet, to 8 if the corpus has less than 65,536 different characters.
    progress: called with the number of input bytes read since its last call.
    Raises OptionError if `order` or `threads` cannot work, InputError if the corpus cannot be read.

    >>> count_ngrams(["研究生命", "研究"], order=2).count("研究")
    2
    """
    threads = default_threads() if threads is None else threads
    if threads < 1:
        raise OptionError(f"threads={threads} cannot work: at least one is needed")
    if order < 1:
        raise OptionError(f"order={order} counts nothing: give 1 or more, usually 4")
    text = encode_characters(open_corpus(corpus).batches(progress), threads)
    bits = window_bits(len(text.alphabet))
    length = min(order, 64 // bits)
    if order > 2 * length:
        raise OptionError(
            f"order={order} is too high for {len(text.alphabet) - 1} different characters: give at most {2 * length}"
        )
    if order == length:
        keys, counts = count_windows(text.codes, order, bits, threads)
        return NgramCounts(text.alphabet, order, bits, keys, np.zeros(0, np.uint64), counts.astype(np.int64))

    # the doubling of Karp, Miller and Rosenberg (1972): a long window is the rank of its head and that of its tail
    windows, _, ranks = group_windows(text.codes, length, bits, threads)
    tail_shift = bits * (2 * length - order)
    prefix_ranks = np.empty(windows.size, np.uint32)
    _kernels.rank_prefixes(windows, tail_shift, prefix_ranks)
    keys = np.empty(text.codes.size, np.uint64)
    n = _kernels.join_ranks(ranks, windows, (1 << bits) - 1, prefix_ranks, length, keys)
    pairs, counts = count_keys(keys[:n], threads)
    prefixes = np.concatenate([np.zeros(1, np.uint64), np.unique(windows >> np.uint64(tail_shift))])
    heads = windows[(pairs >> np.uint64(32)).astype(np.int64) - 1]
    tails = prefixes[(pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)]
    return NgramCounts(text.alphabet, order, bits, heads, tails, counts.astype(np.int64))


@dataclass(frozen=True)
class NgramCounts:
    """How often each n-gram of 1 to `order` characters occurs.

    One row stands for one distinct window: `order` characters, or fewer where a segment ends. The count of a shorter
    n-gram is the sum over the rows that begin with it.

    alphabet: string array; code c stands for alphabet[c]; code 0 is the end of a segment.
    heads, tails: (M,) keys, sorted together; the first codes of a row, and the others, `bits` bits each, the first
    code highest. `tails` has size 0 where all codes of a row fit in its head.
    counts: (M,) windows of each row.
    """

    alphabet: pa.StringArray
    order: int
    bits: int
    heads: NDArray[np.uint64]
    tails: NDArray[np.uint64]
    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many characters were counted."""
        return int(self.counts.sum())

    @property
    def _head_length(self) -> int:
        return self.order if self.tails.size == 0 else 64 // self.bits

    @cached_property
    def _code_of(self) -> dict[str, int]:
        return {character: code for code, character in enumerate(self.alphabet.to_pylist()) if code}

    def count(self, ngram: str) -> int:
        """Return how often `ngram` occurs; 0 if it is longer than `order` or has a character that was never seen."""
        codes = [self._code_of.get(character, 0) for character in ngram]
        if not 0 < len(codes) <= self.order or 0 in codes:
            return 0
        head, tail = codes[: self._head_length], codes[self._head_length :]
        lo, hi = self._range(self.heads, head, self._head_length)
        if tail:
            tail_lo, tail_hi = self._range(self.tails[lo:hi], tail, self.order - self._head_length)
            lo, hi = lo + tail_lo, lo + tail_hi
        return int(self.counts[lo:hi].sum())

    def _range(self, keys: NDArray[np.uint64], codes: list[int], length: int) -> tuple[int, int]:
        """Return where the keys of `length` codes that begin with `codes` are."""
        low = 0
        for code in codes:
            low = low << self.bits | code
        shift = self.bits * (length - len(codes))
        first, last = low << shift, (low << shift) + (1 << shift) - 1
        return (
            int(np.searchsorted(keys, np.uint64(first), "left")),
            int(np.searchsorted(keys, np.uint64(last), "right")),
        )

    def ngrams(self, n: int, min_count: int = 1) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return all n-grams of `n` characters seen `min_count` times: codes (K, n), sorted, and counts (K,)."""
        if not 1 <= n <= self.order:
            raise OptionError(f"n={n} was not counted: these counts are of orders 1 to {self.order}")
        length, rest = self._head_length, self.order - self._head_length
        head_codes, tail_codes = min(n, length), max(0, n - length)
        tails = self.tails if tail_codes else np.zeros(self.heads.size, np.uint64)
        heads, out_tails = np.empty(self.heads.size, np.uint64), np.empty(self.heads.size, np.uint64)
        counts = np.empty(self.heads.size, np.int64)
        k = _kernels.sum_prefixes(
            self.heads,
            tails,
            self.counts,
            self.bits * (length - head_codes),
            self.bits * (rest - tail_codes) if tail_codes else 0,
            min_count,
            heads,
            out_tails,
            counts,
        )
        codes = np.empty((k, n), np.uint32)
        mask = np.uint64((1 << self.bits) - 1)
        for j in range(head_codes):
            codes[:, j] = (heads[:k] >> np.uint64(self.bits * (head_codes - 1 - j))) & mask
        for j in range(tail_codes):
            codes[:, head_codes + j] = (out_tails[:k] >> np.uint64(self.bits * (tail_codes - 1 - j))) & mask
        whole = codes[:, -1] != 0
        return codes[whole], counts[:k][whole]

    def to_table(self, min_count: int = 1) -> pa.Table:
        """Return a table `ngram`, `n`, `count` of all n-grams seen `min_count` times, by n, then in code point order."""
        parts = []
        for n in range(1, self.order + 1):
            codes, counts = self.ngrams(n, min_count)
            columns = [self.alphabet.take(pa.array(codes[:, j])) for j in range(n)]
            words = pa.compute.binary_join_element_wise(*columns, "") if n > 1 else columns[0]
            lengths = pa.array(np.full(counts.size, n, np.int32))
            parts.append(pa.table({"ngram": words.cast(pa.large_string()), "n": lengths, "count": counts}))
        return pa.concat_tables(parts)
