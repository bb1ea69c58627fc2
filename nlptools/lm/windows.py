"""Where the windows come from: counts of characters, or segmented text."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.errors import InputError, OptionError
from nlptools.lm import _kernels
from nlptools.lm.vocabulary import END, START, UNKNOWN, Vocabulary, split_words
from nlptools.memory import show_memory
from nlptools.ngrams.counts import NgramCounts
from nlptools.ngrams.grouping import group_keys

PIECE = 1 << 16
"""Windows that are unpacked at a time."""

_TOKEN = 56
"""Bytes for each word of a text while its windows are grouped."""


class CountedWindows:
    """The windows of counts; a file is read again each time."""

    def __init__(self, counts: NgramCounts, order: int) -> None:
        self._counts, self._order = counts, order

    def __iter__(self) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
        layout = self._counts.layout
        for chunk in self._counts.chunks:
            for start in range(0, chunk.heads.size, PIECE):
                rows = chunk.slice(start, start + PIECE)
                codes = np.empty((rows.heads.size, self._order), np.uint32)
                _kernels.unpack(rows.heads, rows.tails, layout.order, layout.bits, codes)
                yield codes, rows.counts.astype(np.int64)


class WordWindows:
    """The windows of tokens that follow one another in a text.

    tokens: (T,) from 1; left: (T,) how many there are from each to the end of its sentence, itself included.
    """

    def __init__(self, tokens: NDArray[np.uint32], left: NDArray[np.int64], order: int, threads: int) -> None:
        self._tokens, self._left, self._order = tokens, left, order
        ranks = tokens.astype(np.uint64)
        for n in range(1, order):
            keys = ranks << np.uint64(32)
            followed = np.flatnonzero(left > n)
            keys[followed] |= tokens[followed + n]
            _, self._counts, found = group_keys(keys, threads)
            ranks = found.astype(np.uint64)
        self._positions = np.empty(self._counts.size, np.int64)
        self._positions[found - 1] = np.arange(tokens.size)

    def __iter__(self) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
        for start in range(0, self._positions.size, PIECE):
            positions = self._positions[start : start + PIECE]
            codes = np.zeros((positions.size, self._order), np.uint32)
            for n in range(self._order):
                inside = self._left[positions] > n
                codes[inside, n] = self._tokens[positions[inside] + n]
            yield codes, self._counts[start : start + PIECE].astype(np.int64)


def read_words(
    batches: Iterable[pa.RecordBatch], order: int, threads: int, memory: int
) -> tuple[Vocabulary, WordWindows]:
    """Return the vocabulary and the windows of segmented text: white space between words, a document is a sentence.

    Raises OptionError if it does not fit in memory.
    """
    code_of: dict[str, int] = {}
    parts, lengths = [np.empty(0, np.uint32)], [np.empty(0, np.int64)]
    total = 0
    for batch in batches:
        words, sizes = split_words(batch.column("text"))
        total += len(words)
        if total * _TOKEN > memory:
            raise OptionError(
                f"memory={show_memory(memory)} is too little for the words of this text: give more, or a part of it"
            )
        distinct = words.dictionary_encode()
        codes = [code_of.setdefault(word, len(code_of)) for word in distinct.dictionary.to_pylist()]
        parts.append(np.array(codes, np.uint32)[distinct.indices.to_numpy()])
        lengths.append(sizes[sizes > 0])
    for name in {START, END, UNKNOWN} & code_of.keys():
        raise InputError(f"the text has the word {name}, which models keep for themselves; write it otherwise")
    tokens = sorted(code_of)
    symbol_of = np.empty(len(tokens), np.uint32)
    symbol_of[[code_of[token] for token in tokens]] = np.arange(1, len(tokens) + 1)
    sizes = np.concatenate(lengths)
    left = np.repeat(np.cumsum(sizes), sizes) - np.arange(total)
    return Vocabulary(tokens, words=True), WordWindows(symbol_of[np.concatenate(parts)], left, order, threads)
