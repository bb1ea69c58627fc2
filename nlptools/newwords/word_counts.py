"""How often given words occur in counted text."""

import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlptools.newwords import _count_kernels
from nlptools.ngrams.counts import NgramCounts
from nlptools.ngrams.rows import Layout
from nlptools.text.characters import HAN, class_table
from nlptools.text.encode import EncodedText

COVERED = 0.8
"""An n-gram is a part of a longer word if this share of its occurrences lies in it."""

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


def count_words(counts: NgramCounts, words: Sequence[str]) -> NDArray[np.int64]:
    """Return how often each of W words occurs, (W,); all rows of the counts are read once.

    A word of more than `counts.order` characters has the count of the rarest of its pieces of that length: it cannot
    occur more often.

    >>> from nlptools import count_ngrams
    >>> count_words(count_ngrams(["研究生命起源", "研究"], order=3), ["研究", "生命起源", "天"]).tolist()
    [2, 1, 0]
    """
    return Words(words, counts.order).count_in(counts)


class Words:
    """W words that are looked up in several counts of the same order."""

    def __init__(self, words: Sequence[str], order: int) -> None:
        pieces: list[str] = []
        self._starts: list[int] = []
        for word in words:
            self._starts.append(len(pieces))
            pieces += [word[i : i + order] for i in range(max(1, len(word) - order + 1))]
        lengths = np.array([len(piece) for piece in pieces])
        self._size = len(pieces)
        self._groups = []  # of pieces of one length: which they are, and their code points, (K, n)
        for n in range(1, order + 1):
            chosen = np.flatnonzero(lengths == n)
            points = np.frombuffer("".join(pieces[i] for i in chosen).encode("utf-32-le"), np.uint32)
            self._groups.append((chosen, points.reshape(-1, n)))

    def count_in(self, counts: NgramCounts) -> NDArray[np.int64]:
        """Return how often each word occurs, (W,)."""
        if not self._size:
            return np.zeros(0, np.int64)
        code_of = np.zeros(sys.maxunicode + 1, np.uint64)  # of each code point, 0 if it was never counted
        code_of[np.frombuffer(counts.layout.characters.encode("utf-32-le"), np.uint32)] = np.arange(
            1, len(counts.layout.characters) + 1
        )
        places, bounds = [], []
        for chosen, points in self._groups:
            codes = code_of[points]
            known = (codes != 0).all(axis=1)
            places.append(chosen[known])
            bounds.append(_bounds(codes[known], counts.layout))
        out = np.zeros(self._size, np.int64)
        out[np.concatenate(places)] = _summed(counts, np.concatenate(bounds, axis=1))
        return np.minimum.reduceat(out, self._starts)


def _summed(counts: NgramCounts, bounds: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the sums of the counts in Q ranges of rows, (Q,); bounds (4, Q), see the kernel."""
    found = np.zeros(bounds.shape[1], np.int64)
    for rows in counts.chunks:
        sums = np.concatenate([[0], np.cumsum(rows.counts, dtype=np.int64)])
        heads, tails = (np.require(column, requirements="W") for column in rows[:2])
        _count_kernels.add_ranges(heads, tails, sums, bounds, found)
    return found


def _bounds(codes: NDArray[np.uint64], layout: Layout) -> NDArray[np.uint64]:
    """Return the keys from which and up to which rows begin with n-grams of one length, codes (K, n).

    Shape (4, K): the heads and tails of the first keys, and of the last.
    """
    bounds = np.zeros((4, codes.shape[0]), np.uint64)
    bounds[0], bounds[2] = _numbers(codes[:, : layout.head_length], layout.head_length, layout.bits)
    bounds[3] = _ALL
    if layout.tail_length:
        bounds[1], bounds[3] = _numbers(codes[:, layout.head_length :], layout.tail_length, layout.bits)
    return bounds


def _numbers(codes: NDArray[np.uint64], length: int, bits: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the first and the last number of `length` codes that begins with codes (K, n), n <= length."""
    first = np.zeros(codes.shape[0], np.uint64)
    for column in codes.T:
        first = first << np.uint64(bits) | column
    free = bits * (length - codes.shape[1])
    if free >= 64:
        return first, np.full(first.size, _ALL)
    first = first << np.uint64(free)
    return first, first | np.uint64((1 << free) - 1)


def size_of_counts(counts: NgramCounts) -> int:
    """Return how many Han characters were counted; where there are none, how many characters."""
    codes, numbers = counts.ngrams(1)
    points = np.array([0, *map(ord, counts.layout.characters)])
    return int(numbers[class_table()[points[codes[:, 0]]] == HAN].sum()) or counts.total


def size_of_text(text: EncodedText) -> int:
    """Return how many Han characters a text has; where there are none, how many symbols."""
    symbols = text.alphabet.to_pylist()
    is_han = np.array([len(symbol) == 1 and class_table()[ord(symbol)] == HAN for symbol in symbols])
    return int(np.bincount(text.codes, minlength=len(symbols))[is_han].sum()) or text.size


def longer_words(words: Sequence[str], counts: NDArray[np.int64]) -> list[str | None]:
    """Return, for each word, the most frequent longer word that has it inside, if it has COVERED of its occurrences."""
    place = {word: i for i, word in enumerate(words)}
    best = np.full(len(words), -1)
    for i, word in enumerate(words):
        for start in range(len(word)):
            for stop in range(start + 1, len(word) + (start > 0)):
                part = place.get(word[start:stop])
                if part is not None and (best[part] < 0 or counts[i] > counts[best[part]]):
                    best[part] = i
    return [
        words[longer] if longer >= 0 and counts[longer] >= COVERED * counts[i] > 0 else None
        for i, longer in enumerate(best.tolist())
    ]
