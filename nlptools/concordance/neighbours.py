"""Counts of the characters beside words."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.concordance.blocks import code_text
from nlptools.corpus.columns import integers, strings

NEIGHBOURS = pa.schema(
    [
        pa.field("word", pa.large_string(), nullable=False),
        pa.field("side", pa.large_string(), nullable=False),
        pa.field("neighbour", pa.large_string(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
    ]
)

Ints = NDArray[np.int64]
CODES = 0x110001
"""How many codes there are: of all code points, and of the end of a document."""

_CODE_BITS = 21
_MOST_WAITING = 1 << 22


class Tally:
    """How often which character stood on which side of which word."""

    def __init__(self) -> None:
        self._keys: Ints = np.empty(0, np.int64)  # word, side and code in one number; sorted
        self._counts: Ints = np.empty(0, np.int64)
        self._waiting: list[tuple[Ints, Ints]] = []
        self._size = 0

    def add(self, counted: tuple[Ints, Ints]) -> None:
        """Add what `count_keys` returned."""
        self._waiting.append(counted)
        self._size += counted[0].size
        if self._size > max(_MOST_WAITING, self._keys.size):
            self._merge()

    def _merge(self) -> None:
        keys, counts = map(np.concatenate, zip((self._keys, self._counts), *self._waiting, strict=True))
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        self._counts = np.add.reduceat(counts[order], first) if keys.size else counts
        self._keys, self._waiting, self._size = keys[first], [], 0

    def table(self, words: list[str], top: int | None) -> Any:
        """Return the table of what was added; see `Concordance.neighbours`."""
        self._merge()
        sides = self._keys >> _CODE_BITS
        order = np.lexsort((self._keys, -self._counts, sides))
        sides, codes, counts = sides[order], self._keys[order] & ((1 << _CODE_BITS) - 1), self._counts[order]
        if top is not None:
            first = np.searchsorted(sides, sides)
            kept = np.arange(sides.size) - first < top
            sides, codes, counts = sides[kept], codes[kept], counts[kept]
        known, places = np.unique(codes, return_inverse=True)
        columns = [
            strings(words).take(integers(sides >> 1)),
            strings(["left", "right"]).take(integers(sides & 1)),
            strings(list(map(code_text, known.tolist()))).take(integers(places)),
            integers(counts),
        ]
        return pa.Table.from_arrays(columns, schema=NEIGHBOURS)


def count_keys(left: Ints, right: Ints, words: Ints) -> tuple[Ints, Ints]:
    """Return word, side and code of neighbours as sorted distinct numbers, and how often each was there."""
    keys = np.concatenate([2 * words << _CODE_BITS | left, 2 * words + 1 << _CODE_BITS | right])
    distinct, counts = np.unique(keys, return_counts=True)
    return distinct, counts.astype(np.int64)
