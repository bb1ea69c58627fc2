"""Windows as sorted rows: how they are packed, and how rows of different texts become comparable."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.errors import OptionError
from nlptools.ngrams import _merge_kernels
from nlptools.ngrams.grouping import window_bits

ROWS = 1 << 16
"""How many rows a batch has, in memory and in a count file; the last has fewer."""


class Rows(NamedTuple):
    """Windows and how often each occurs: M rows, sorted by (head, tail), no two alike.

    heads: (M,) the first codes of each. tails: (M,) the others, or (0,) where the head holds all. counts: (M,).
    """

    heads: NDArray[np.uint64]
    tails: NDArray[np.uint64]
    counts: NDArray[Any]  # integers: 32 bits or 64

    def slice(self, lo: int, hi: int) -> "Rows":
        """Return the rows lo <= r < hi; nothing is copied."""
        return Rows(self.heads[lo:hi], self.tails[lo:hi], self.counts[lo:hi])


@dataclass(frozen=True)
class Layout:
    """What the rows of some text mean.

    A row stands for one distinct window: `order` characters, or fewer where a segment ends. Its codes are 1 + the index
    in `characters`, 0 behind the end of a segment. The first code lies in the highest of the `bits` bits for each code.
    With min_count > 1, the highest code, `other`, stands for whatever else follows, that is too rare to be told.
    """

    characters: str  # that occur, sorted by code point
    order: int
    min_count: int = 1

    @cached_property
    def bits(self) -> int:
        """How many bits a code has."""
        return window_bits(len(self.characters) + 1 + (self.min_count > 1))

    @property
    def head_length(self) -> int:
        """How many codes a head has."""
        return min(self.order, 64 // self.bits)

    @property
    def tail_length(self) -> int:
        """How many codes a tail has."""
        return self.order - self.head_length

    @property
    def other(self) -> int | None:
        """The code of what is too rare to be told; None if all is told."""
        return (1 << self.bits) - 1 if self.min_count > 1 else None

    @cached_property
    def alphabet(self) -> pa.StringArray:
        """What each code stands for; "" for 0."""
        return pa.array(["", *self.characters], pa.string())

    @cached_property
    def code_of(self) -> dict[str, int]:
        """Return the code of each character."""
        return {character: code for code, character in enumerate(self.characters, 1)}

    def empty(self, size: int) -> Rows:
        """Return room for `size` rows."""
        tails = np.empty(size if self.tail_length else 0, np.uint64)
        return Rows(np.empty(size, np.uint64), tails, np.empty(size, np.int64))


def check_order(layout: Layout) -> None:
    """Raise OptionError if two words cannot hold the windows."""
    most = 2 * (64 // layout.bits)
    if layout.order > most:
        raise OptionError(
            f"order={layout.order} is too high for {len(layout.characters)} different characters"
            f"{' with min_count' if layout.min_count > 1 else ''}: give at most {most}"
        )


def joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts, one behind the other; those of a single part as they are."""
    return parts[0] if len(parts) == 1 else Rows(*map(np.concatenate, zip(*parts, strict=True)))


def batched(parts: Iterable[Rows]) -> Iterator[Rows]:
    """Yield rows again in batches of ROWS, the last of fewer; none is empty."""
    waiting: list[Rows] = []
    number = 0  # of the rows that wait
    for part in parts:
        waiting.append(part)
        number += part.heads.size
        if number < ROWS:
            continue
        rows = joined(waiting)
        whole = number - number % ROWS
        for start in range(0, whole, ROWS):
            yield rows.slice(start, start + ROWS)
        waiting = [Rows(*(column.copy() for column in rows.slice(whole, number)))]  # lets go of the others
        number -= whole
    if number:
        yield joined(waiting)


class Translation:
    """From the rows of one layout to those of another, whose alphabet has all characters and whose order is no higher."""

    def __init__(self, source: Layout, target: Layout) -> None:
        self._source, self.target = source, target
        self._same = source.characters == target.characters and source.order == target.order
        self._same &= source.bits == target.bits
        codes = [0, *(target.code_of[character] for character in source.characters)] if not self._same else [0]
        self._code_of = np.array(codes, np.uint32)

    def __call__(self, rows: Rows) -> Rows:
        """Return the rows in the target's codes; rows that become alike are added up."""
        if self._same:
            return rows
        out = self.target.empty(rows.heads.size)
        n = _merge_kernels.translate(
            *_whole_numbers(rows),
            self._source.order,
            self._source.bits,
            self._code_of,
            self.target.order,
            self.target.bits,
            *out,
        )
        return Rows(out.heads[:n], out.tails[: n if self.target.tail_length else 0], out.counts[:n])


def pruned(rows: Iterable[Rows], layout: Layout) -> Iterator[Rows]:
    """Yield sorted rows without the n-grams that are seen less often than the layout's `min_count`."""
    if layout.min_count == 1:
        yield from rows
        return
    window = np.zeros(layout.order, np.uint32)
    totals, residues = np.zeros(layout.order, np.int64), np.zeros(layout.order, np.int64)
    for part in chain(filter(lambda part: part.heads.size, rows), [layout.empty(0)]):  # an empty one is the end
        out = layout.empty(part.heads.size + layout.order)
        n = _merge_kernels.prune(
            *_whole_numbers(part), layout.order, layout.bits, layout.min_count, window, totals, residues, *out
        )
        yield Rows(out.heads[:n], out.tails[: n if layout.tail_length else 0], out.counts[:n])


def _whole_numbers(rows: Rows) -> Rows:
    """Return the rows with counts in 64 bits, in arrays that can be written to: then a kernel is compiled only once."""
    heads, tails = (column if column.flags.writeable else column.copy() for column in rows[:2])
    return Rows(heads, tails, rows.counts.astype(np.int64, copy=not rows.counts.flags.writeable))
