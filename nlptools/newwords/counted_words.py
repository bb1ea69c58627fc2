"""Method "entropy" from counts alone: what `words_by_entropy` finds in a text, found without the text."""

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.errors import OptionError
from nlptools.newwords.left_out import LeftOut, Limit
from nlptools.newwords.options import NewWordsOptions
from nlptools.newwords.published import ENTROPY_LEAST, ENTROPY_MAX_LENGTH, ENTROPY_MIN_COUNT, ENTROPY_PMI
from nlptools.newwords.rows import best_first, chosen_rows
from nlptools.ngrams.counts import NgramCounts
from nlptools.text.characters import DIGIT, HAN, LETTER, class_table

Codes = NDArray[np.unsignedinteger]


def words_from_counts(
    counts: NgramCounts,
    options: NewWordsOptions,
    log: Callable[[str], object] = lambda _: None,
    left_out: LeftOut | None = None,
) -> pa.Table:
    """Return the n-grams with PMI beyond ln 30 and both entropies beyond 3, most frequent first; `documents` is null.

    An n-gram needs its neighbours: counts of order 5 give words of 2 to 4 characters. Equal documents were all counted.
    Raises OptionError for counts or options with which this cannot work.
    """
    length = _longest_word(counts, options)
    min_count = options.min_count or ENTROPY_MIN_COUNT
    frequent = FrequentNgrams(counts, length, min_count)
    log(
        f"n-grams: {sum(c.size for c in frequent.counts):,} of up to {length} characters seen {min_count} times or more"
    )
    min_pmi = ENTROPY_PMI if options.min_pmi is None else options.min_pmi
    least_entropy = ENTROPY_LEAST if options.min_entropy is None else options.min_entropy
    tables = []
    for n in range(2, length + 1):
        pmi, (left, right) = frequent.pmi(n), frequent.entropies(n)
        score = frequent.counts[n].astype(np.float64)
        entropy = np.minimum(left, right)
        limits = [
            Limit("pmi", pmi <= min_pmi, pmi, min_pmi),
            Limit("entropy", entropy <= least_entropy, entropy, least_entropy),
        ]
        if options.min_score is not None:
            limits.append(Limit("score", score < options.min_score, score, options.min_score))
        columns = {
            "word": frequent.spell(n),
            "count": frequent.counts[n],
            "documents": pa.nulls(score.size, pa.int64()),
            "pmi": pmi,
            "left_entropy": left,
            "right_entropy": right,
            "score": score,
        }
        if left_out is not None:
            left_out.add(frequent.counts[n], limits, columns["word"].take)
        keep = ~np.any([limit.failed for limit in limits], axis=0)
        tables.append(chosen_rows(columns, keep))
    return best_first(pa.concat_tables(tables))


def _longest_word(counts: NgramCounts, options: NewWordsOptions) -> int:
    if options.method not in (None, "entropy"):
        raise OptionError(f"method={options.method!r} reads the text, not counts: give the text, or method='entropy'")
    if options.script != "keep":
        raise OptionError(f"script={options.script!r} reads the text, not counts: fold the text before it is counted")
    if counts.min_count > 1:
        raise OptionError(
            f"these counts have only n-grams seen {counts.min_count} times or more, so neighbours are missing: "
            "count again without min_count"
        )
    if counts.order < 3:
        raise OptionError(f"counts of order {counts.order} are too short to see neighbours: count with order=5")
    if options.max_length is not None and options.max_length >= counts.order:
        raise OptionError(
            f"max_length={options.max_length} needs counts of order {options.max_length + 1}, these are of order "
            f"{counts.order}: give {counts.order - 1} or less"
        )
    return options.max_length or min(ENTROPY_MAX_LENGTH, counts.order - 1)


class FrequentNgrams:
    """The n-grams of 1 to `length` Han characters, letters and digits that are seen `min_count` times.

    counts: counts[n], (K_n,), those of n characters, sorted by codes; counts[0] is empty.
    """

    def __init__(self, counts: NgramCounts, length: int, min_count: int) -> None:
        self._all = counts
        points = np.array([ord(character) for character in counts.layout.characters], np.int64)
        self._allowed = np.concatenate([[False], np.isin(class_table()[points], (HAN, DIGIT, LETTER))])
        self.counts: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._codes: list[Codes] = [np.empty((0, 0), np.uint32)]
        self._keys: list[NDArray[np.uint64]] = [
            np.empty(0, np.uint64)
        ]  # (index of the n-gram without its last code, that)
        for n in range(1, length + 1):
            codes, numbers = counts.ngrams(n, 1 if n == 1 else min_count)
            allowed = self._allowed[codes].all(axis=1)
            codes, numbers = codes[allowed], numbers[allowed]
            if n == 1:
                self._total = int(numbers.sum())
                codes, numbers = codes[numbers >= min_count], numbers[numbers >= min_count]
            heads = self.index_of(codes[:, :-1])
            self._keys.append(heads.astype(np.uint64) << np.uint64(32) | codes[:, -1].astype(np.uint64))
            self._codes.append(codes)
            self.counts.append(numbers)

    def index_of(self, codes: Codes) -> NDArray[np.int64]:
        """Return the index of each n-gram, (K, n), among those of its length; -1 if it is not among them."""
        index = np.zeros(codes.shape[0], np.int64)
        for n, column in enumerate(codes.T, 1):
            keys = self._keys[n]
            wanted = index.astype(np.uint64) << np.uint64(32) | column.astype(np.uint64)
            place = np.searchsorted(keys, wanted)
            found = (index >= 0) & (place < keys.size)
            found[found] = keys[place[found]] == wanted[found]
            index = np.where(found, place, -1)
        return index

    def pmi(self, n: int) -> NDArray[np.float64]:
        """Return the least ln(total · N(w) / (N(left) · N(right))) over all splits of each n-gram."""
        codes, least = self._codes[n], np.full(self.counts[n].size, np.inf)
        for split in range(1, n):
            left = self.counts[split][self.index_of(codes[:, :split])]
            right = self.counts[n - split][self.index_of(codes[:, split:])]
            least = np.minimum(least, np.log(self.counts[n]) - np.log(left) - np.log(right))
        return least + math.log(max(1, self._total))

    def entropies(self, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the left and right branching entropies of the n-grams, in nats: H = ln N - (1/N) Σ f ln f.

        Beside a segment's end, or a character of another class, each occurrence has a neighbour of its own.
        """
        left, right = np.zeros(self.counts[n].size), np.zeros(self.counts[n].size)
        for codes, numbers in self._all.ngram_chunks(n + 1, 2):  # what is seen once adds 1 ln 1 = 0
            surprise = numbers * np.log(numbers)
            for sums, inner, neighbour in ((right, codes[:, :-1], codes[:, -1]), (left, codes[:, 1:], codes[:, 0])):
                index = self.index_of(inner)
                known = (index >= 0) & self._allowed[neighbour]
                np.add.at(sums, index[known], surprise[known])
        total = self.counts[n]
        return np.log(total) - left / total, np.log(total) - right / total

    def spell(self, n: int) -> pa.LargeStringArray:
        """Return the n-grams as text."""
        columns = [self._all.alphabet.take(pa.array(column)) for column in self._codes[n].T]
        return pc.binary_join_element_wise(*columns, "").cast(pa.large_string())
