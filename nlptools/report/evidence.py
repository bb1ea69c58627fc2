"""What the text says of each word: lines with it, what stands beside it, how often its parts occur."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BATCH = 10_000
"""Words that are looked up at a time."""

WIDTH = 20
"""Characters of context on each side of a word."""

NEIGHBOURS = 8
"""On each side."""

LONGEST = 200
"""Characters of a word that is looked up, at most."""

MOST_PARTS = 16
"""Characters of a word whose parts are counted, at most."""

Record = dict[str, Any]


class Lookup(Protocol):
    """What is needed of a `Concordance`."""

    def counts(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return how often each word occurs."""

    def find_all(self, words: Sequence[str], *, sample: int, width: int) -> pa.Table:
        """Return sample lines of each word: word, document, left, right."""

    def neighbours_all(self, words: Sequence[str], *, top: int) -> pa.Table:
        """Return the characters beside each word: word, side, neighbour, count."""


def evidence_of(words: Sequence[str], lookup: Lookup, lines: int) -> Iterator[Record]:
    """Yield the evidence of each word, in order.

    count: its occurrences in the text as it is. lines: up to `lines` of [document, left, right]. left, right: of
    [neighbour, count], the most frequent first; "" is the end of a document. heads, tails: the counts of its n - 1
    proper prefixes and suffixes, shortest first. pairs: of its inner pairs of characters, from left to right. Words that
    are empty or too long have nothing.
    """
    for start in range(0, len(words), BATCH):
        batch = words[start : start + BATCH]
        asked = [word for word in dict.fromkeys(batch) if 0 < len(word) <= LONGEST]
        found = _grouped(lookup.find_all(asked, sample=lines, width=WIDTH), ("document", "left", "right"))
        beside = _grouped(lookup.neighbours_all(asked, top=NEIGHBOURS), ("side", "neighbour", "count"))
        ngrams = sorted({part for word in asked for part in (word, *chain(*_parts(word)))})
        counts = dict(zip(ngrams, lookup.counts(ngrams).tolist(), strict=True))
        for word in batch:
            heads, tails, pairs = _parts(word)
            yield {
                "count": counts.get(word, 0),
                "lines": found[word],
                "left": [[one, count] for side, one, count in beside[word] if side == "left"],
                "right": [[one, count] for side, one, count in beside[word] if side == "right"],
                "heads": [counts[part] for part in heads],
                "tails": [counts[part] for part in tails],
                "pairs": [counts[part] for part in pairs],
            }


def _parts(word: str) -> tuple[list[str], list[str], list[str]]:
    """Return the proper prefixes, the proper suffixes and the inner pairs of a word."""
    size = len(word)
    if size > MOST_PARTS:
        return [], [], []
    cuts = range(1, size)
    return [word[:n] for n in cuts], [word[-n:] for n in cuts], [word[at : at + 2] for at in range(1, size - 2)]


def _grouped(table: pa.Table, names: Sequence[str]) -> dict[str, list[list[Any]]]:
    """Return the rows of each word, as lists of the named columns."""
    rows: dict[str, list[list[Any]]] = defaultdict(list)
    columns = [table[name].to_pylist() for name in names]
    for word, *row in zip(table["word"].to_pylist(), *columns, strict=True):
        rows[word].append(row)
    return rows
