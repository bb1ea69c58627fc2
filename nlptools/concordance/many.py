"""Many words at once: kernels look them up block by block, in threads."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.checks import check_numbers
from nlptools.concordance import _kernels, blocks
from nlptools.concordance.index_file import DEPTH, POSITION_BYTES, IndexBlock, IndexFile
from nlptools.concordance.neighbours import CODES, Tally
from nlptools.concordance.search import LINES, encoded, line_batch, sample_ranks
from nlptools.corpus.columns import integers, strings
from nlptools.threads import default_threads, in_order

Ints = NDArray[np.int64]
Result = TypeVar("Result")

_RANGES = 1 << 23
"""How many ranges of words in blocks are held at once."""

_WORDS = 1 << 12
"""How many words are looked up at once: their neighbours are counted in memory."""

_OCCURRENCES = 1 << 18
"""How many occurrences are looked at at once."""


class _Words:
    """Words in UTF-8, as kernels read them."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        encodings = [encoded(word) for word in self.words]
        self.sizes = np.array(list(map(len, encodings)), np.int64)
        self.offsets = np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)
        self.data = np.frombuffer(b"".join(encodings), np.uint8)
        self.long = [w for w, size in enumerate(self.sizes.tolist()) if size > DEPTH]

    def encoding(self, w: int) -> bytes:
        return self.data[self.offsets[w] : self.offsets[w + 1]].tobytes()


class _Found:
    """Where W words are in one block: the ranks lows[w] to highs[w], or, of long ones, those in `listed`."""

    def __init__(self, block: IndexBlock, words: _Words) -> None:
        self.lows, highs = np.zeros((2, len(words.words)), np.int32)
        positions = block.positions.array().reshape(-1, POSITION_BYTES)
        _kernels.find_ranges(block.text.array(), positions, words.data, words.offsets, DEPTH, self.lows, highs)
        self.counts = (highs - self.lows).astype(np.int64)
        self.listed = {w: blocks.ranks_of(block, words.encoding(w)) for w in words.long if self.counts[w]}
        for w, ranks in self.listed.items():
            self.counts[w] = len(ranks)

    def ranks(self, words: Ints, numbers: Ints) -> Ints:
        """Return the rank of occurrence numbers[i] of words[i] in this block."""
        found = self.lows[words] + numbers
        for w, ranks in self.listed.items():
            here = words == w
            found[here] = np.asarray(ranks, np.int64)[numbers[here]]
        return found


def counts(index: IndexFile, words: Sequence[str], threads: int | None) -> Ints:
    """Return how often each word occurs."""
    total = np.zeros(len(words), np.int64)
    for begin, some in _chunks(index, words):
        for found in _each_block(index, partial(_Found, words=some), threads):
            total[begin : begin + len(some.words)] += found.counts
    return total


def find_all(index: IndexFile, words: Sequence[str], sample: int, width: int, seed: int, threads: int | None) -> Any:
    """Return some lines of each word."""
    tables = [_find_some(index, some, sample, width, seed, threads) for _, some in _chunks(index, words)]
    return pa.concat_tables([LINES.empty_table(), *tables])


def _find_some(index: IndexFile, words: _Words, sample: int, width: int, seed: int, threads: int | None) -> Any:
    found = list(_each_block(index, partial(_Found, words=words), threads))
    before = np.zeros(len(words.words), np.int64)
    drawn_words, drawn = _drawn(sum((one.counts for one in found), before), sample, seed)
    batches, owners, every_word = [], [], strings(words.words)
    for number, one in enumerate(found):
        here = (before[drawn_words] <= drawn) & (drawn < before[drawn_words] + one.counts[drawn_words])
        owner = drawn_words[here]
        block = index[number]
        begins = block.positions_at(one.ranks(owner, drawn[here] - before[owner]))
        order = np.lexsort((begins, owner))
        for some in blocks.cut(order, 8 * width):
            begin, word = begins[some], owner[some]
            names = every_word.take(integers(word))
            batches.append(line_batch(block, begin, begin + words.sizes[word], names, width))
            owners.append(word)
        before = before + one.counts
    lines = pa.Table.from_batches(batches, LINES)
    return lines.take(integers(np.argsort(np.concatenate([*owners, before[:0]]), kind="stable")))


def _drawn(counts: Ints, sample: int, seed: int) -> tuple[Ints, Ints]:
    """Return words, and which of the occurrences of each are drawn: all, or a sample."""
    few = np.flatnonzero(counts <= sample)
    many = np.flatnonzero(counts > sample)
    words = np.concatenate([np.repeat(few, counts[few]), np.repeat(many, sample)])
    return words, np.concatenate([_ranges(counts[few]), sample_ranks(counts[many], sample, seed).reshape(-1)])


def neighbours_all(index: IndexFile, words: Sequence[str], top: int | None, threads: int | None) -> Any:
    """Return what stands beside each word."""
    tables = []
    for _, some in _chunks(index, words):
        tally = Tally()
        for parts in _each_block(index, partial(_neighbours, words=some), threads):
            for part in parts:
                tally.add(part)
        tables.append(tally.table(some.words, top))
    return pa.concat_tables([Tally().table([], top), *tables])


def _neighbours(block: IndexBlock, words: _Words) -> list[tuple[Ints, Ints]]:
    """Return the neighbours of all occurrences in a block, counted part by part."""
    found = _Found(block, words)
    owners = np.repeat(np.arange(len(words.words)), found.counts)
    numbers = _ranges(found.counts)
    text, positions = block.text.array(), block.positions.array().reshape(-1, POSITION_BYTES)
    seen = np.zeros(CODES, np.int32)
    parts = []
    for at in range(0, owners.size, _OCCURRENCES):
        owner = owners[at : at + _OCCURRENCES]
        ranks = found.ranks(owner, numbers[at : at + _OCCURRENCES])
        keys, counts = np.empty((2, 2 * owner.size), np.int64)
        n = _kernels.count_neighbours(text, positions, ranks, owner, words.sizes, seen, keys, counts)
        if n < 0:
            raise block.damaged()
        parts.append((keys[:n].copy(), counts[:n].copy()))
    return parts


def _ranges(counts: Ints) -> Ints:
    """Return 0, 1, ... counts[i] - 1 for each i, one after another."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _chunks(index: IndexFile, words: Sequence[str]) -> Iterator[tuple[int, _Words]]:
    """Yield so many words at a time that their ranges in all blocks take little memory, and the number of the first."""
    size = max(1, min(_WORDS, _RANGES // max(1, len(index))))
    for begin in range(0, len(words), size):
        yield begin, _Words(words[begin : begin + size])


def _each_block(index: IndexFile, work: Callable[[IndexBlock], Result], threads: int | None) -> Iterator[Result]:
    check_numbers(threads=threads)
    return in_order(work, (index[number] for number in range(len(index))), threads or default_threads())
