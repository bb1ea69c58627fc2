"""Leaving out rare n-grams range by range.

What is too rare is added to a row of its prefix (see `_merge_kernels.prune`). Where a range begins or ends between two
n-grams with the same first character, that character's rows lie in several ranges: each tells what is left of it, and the
driver adds that up. So is what is left of all characters.
"""

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from nlptools.jobs.spark_runs import rows_below
from nlptools.ngrams import _merge_kernels
from nlptools.ngrams.rows import Layout, Rows


class Left(NamedTuple):
    """What is in no row of a range. number: how many windows; character: they begin with it, None: with one too rare to be told.

    kept: whether the range has rows that begin with the character.
    """

    character: str | None
    number: int
    kept: bool

    def to_bytes(self) -> bytes:
        """Return this as JSON."""
        return json.dumps(self).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Left":
        """Return what `to_bytes` was made of."""
        return cls(*json.loads(data))


def prune_range(rows: Iterable[Rows], layout: Layout, first: str, behind: str) -> Iterator[Rows | Left]:
    """Yield the rows of a range without what is seen less often than the layout's min_count, and what is left.

    first, behind: the bounds of the range, one character or two, "" if there is none.
    """
    head, tail = (bound[0] if len(bound) == 2 else None for bound in (first, behind))
    if head is not None and head == tail:
        sections, bounds = [_Section(layout, head)], [0]
    else:
        sections = [_Section(layout, head), _Section(layout, None), _Section(layout, tail)]
        bounds = [0, 0 if head is None else _key(layout, head, 1), 1 << 64 if tail is None else _key(layout, tail, 0)]
    at = 0
    for part in rows:
        cuts = [*(rows_below(part, bound) for bound in bounds), part.heads.size]
        for number, (lo, hi) in enumerate(pairwise(cuts)):
            if lo < hi:
                while at < number:
                    yield from sections[at].end()
                    at += 1
                yield sections[number].add(part.slice(lo, hi))
    for section in sections[at:]:
        yield from section.end()


def _key(layout: Layout, character: str, more: int) -> int:
    """Return the least head of a row that begins with a character, or with the one behind it if `more` is 1."""
    code = bisect_left(layout.characters, character) + 1
    return (code + more * (character in layout.code_of)) << layout.bits * (layout.head_length - 1)


class _Section:
    """Rows that are pruned together. character: the one that they share with other ranges; it is kept in any case."""

    def __init__(self, layout: Layout, character: str | None) -> None:
        order = layout.order
        self._layout = layout
        self._character = character
        self._state = np.zeros(order, np.uint32), np.zeros(order, np.int64), np.zeros(order, np.int64)
        self._kept = False
        if character is not None and character in layout.code_of:
            window, totals, _ = self._state
            window[0], totals[1] = layout.code_of[character], layout.min_count

    def add(self, rows: Rows) -> Rows:
        """Return what is certain after the next rows."""
        layout = self._layout
        out = layout.empty(rows.heads.size + layout.order)
        heads, tails, counts = rows.heads.copy(), rows.tails.copy(), rows.counts.astype(np.int64)
        n = _merge_kernels.prune(heads, tails, counts, layout.order, layout.bits, layout.min_count, *self._state, *out)
        self._kept |= n > 0
        return Rows(out.heads[:n], out.tails[: n if layout.tail_length else 0], out.counts[:n])

    def end(self) -> Iterator[Rows | Left]:
        """Yield the rows that were not certain before, and what is left."""
        kept = self._kept
        rows = self.add(self._layout.empty(0))
        left = 0
        if rows.heads.size and self._is_rest(int(rows.heads[-1])):
            left = int(rows.counts[-1])
            rows = rows.slice(0, rows.heads.size - 1)
        yield rows
        yield Left(self._character, left, kept or bool(rows.heads.size))

    def _is_rest(self, head: int) -> bool:
        """Say whether a row is that of what is left: (OTHER), or (character, OTHER)."""
        layout = self._layout
        place = 1 if self._character is None else 2
        code = head >> layout.bits * (layout.head_length - place) & ((1 << layout.bits) - 1)
        return code == layout.other
