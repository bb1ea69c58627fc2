"""The words of a segmented text of symbols, counted."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.ngrams.grouping import count_keys
from nlptools.segment.units import FIRST_HAN, Alphabet

LONGEST = 12
"""Characters of the longest words that are counted."""

MIN_COUNT = 2

_IN_KEY = 4  # symbols of 16 bits in a key of 64


def count_words(codes: NDArray[np.uint16], begins: NDArray[np.uint8], alphabet: Alphabet, threads: int) -> pa.Table:
    """Return the words of Han characters seen twice, most frequent first: word (string), count (int64).

    codes: (T,). begins: (T,), 1 where a word begins, at edges too.
    """
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, codes.size))
    words, counts = [], []
    for length in range(1, min(LONGEST, int(lengths.max(initial=0))) + 1):
        spelled = codes[starts[lengths == length][:, None] + np.arange(length)]
        spelled = spelled[(spelled >= FIRST_HAN).all(axis=1)]
        distinct, seen = _count_rows(spelled, threads)
        frequent = seen >= MIN_COUNT
        words.append(_spell(distinct[frequent], alphabet))
        counts.append(seen[frequent])
    table = pa.table(
        {"word": pa.chunked_array(words, pa.string()), "count": pa.array(np.concatenate([[], *counts]), pa.int64())}
    )
    return table.sort_by([("count", "descending"), ("word", "ascending")]).combine_chunks()


def _count_rows(rows: NDArray[np.uint16], threads: int) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Return the distinct rows of symbols, (N, K), and how often each occurs."""
    length = rows.shape[1]
    if length > _IN_KEY:  # few words are so long
        distinct, seen = np.unique(rows, axis=0, return_counts=True)
        return distinct, seen.astype(np.int64)
    shifts = np.arange(length - 1, -1, -1, dtype=np.uint64) * np.uint64(16)
    keys, counts = count_keys((rows.astype(np.uint64) << shifts).sum(axis=1, dtype=np.uint64), threads)
    return (keys[:, None] >> shifts).astype(np.uint16), counts.astype(np.int64)


def _spell(rows: NDArray[np.uint16], alphabet: Alphabet) -> pa.StringArray:
    """Return rows of symbols of Han characters, (N, K), as strings."""
    characters = np.array(["", *alphabet.characters])[rows.astype(np.int64) - FIRST_HAN + 1]
    return pa.array(["".join(row) for row in characters.tolist()], pa.string())
