"""Interpolated modified Kneser-Ney (Chen and Goodman, 1999), order by order over sorted windows.

Windows with their counts are all it needs. What begins a sentence follows from them: an n-gram begins as many sentences
as it occurs more often than behind all symbols together. So count files serve, which know nothing of <s>.
"""

import mmap
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from nlptools.errors import InputError, OutputError
from nlptools.lm import _kernels
from nlptools.memory import show_memory
from nlptools.threads import Result, in_threads, slices
from nlptools.wording import counted

Windows = Iterable[tuple[NDArray[np.uint32], NDArray[np.int64]]]
"""Sorted windows of symbols, (K, N) with N > 1, and how often each occurs, (K,); in pieces, as often as asked for.

Symbols count from 1. A sentence of M symbols has M windows; those that meet its end are filled up with zeros.
"""

FALLBACK = (0.5, 1.0, 1.5)
"""The discounts of an order whose counts of counts do not allow an estimate, as in KenLM."""

_PIECE = 1 << 21
"""Nodes that are worked on at a time."""

NEVER = -99.0
"""log10 of a probability that nobody asks for: that of <s>."""


class Trie(NamedTuple):
    """A back-off model of V n-grams, I of them below the highest order, in the form that `_kernels` describes.

    Symbols are 0, the end of a sentence; 1 to S; S + 1, all that is unknown; S + 2, the beginning of a sentence.
    """

    symbols: NDArray[Any]  # (V,) unsigned, the last one of each
    log10_p: NDArray[Any]  # (V,) floating, of the last symbol, given those before it
    backoff: NDArray[Any]  # (I,) floating, log10 of the weight of shorter histories
    first_child: NDArray[Any]  # (I + 1,) unsigned

    def level_bounds(self, order: int) -> list[int]:
        """Return where each of the orders begins, and the end: order + 1 nodes."""
        bounds = [0]
        for _ in range(order):
            bounds.append(int(self.first_child[bounds[-1]]))
        return bounds


def estimate(
    windows: Windows,
    symbols: int,
    order: int,
    threads: int,
    prune: Sequence[int] = (0,),
    memory: int = 1 << 62,
    log: Callable[[str], object] = lambda _: None,
    precision: Any = np.float32,
) -> Trie:
    """Estimate a model of some symbols from windows of `order` symbols, or of two for order 1.

    prune: for each order, up to which count n-grams are left out; the last value is for all further orders.
    memory: in bytes; if all arrays together need more, they lie in temporary files, mapped into memory.
    precision: the type of the probabilities.
    Raises InputError if the counts cannot be those of a text, OutputError if there is no room for temporary files.
    """
    return _Estimation(windows, symbols, order, threads, memory, log, precision).run(prune)


@dataclass
class _Level:
    """The n-grams of one order: `plain` nodes, then those that begin with <s>.

    counts, suffixes: (size,), how often each occurs; the node of the n-gram without the first symbol.
    """

    first: int
    plain: int
    size: int
    counts: NDArray[Any]
    suffixes: NDArray[Any]

    @property
    def starts(self) -> int:
        """The first node that begins with <s>."""
        return self.first + self.plain

    @property
    def end(self) -> int:
        return self.first + self.size


class _Estimation:
    def __init__(
        self,
        windows: Windows,
        symbols: int,
        order: int,
        threads: int,
        memory: int,
        log: Callable[[str], object],
        precision: Any,
    ) -> None:
        self._windows, self._symbols, self._order = windows, symbols, order
        self._threads, self._log = threads, log
        self._mapped: WeakSet[mmap.mmap] = WeakSet()
        occurrences, sizes = self._survey()
        rooms = [symbols + 3]  # at most so many n-grams of each order, <s> included
        rooms += [plain + shorter for plain, shorter in zip(sizes[1:order], sizes, strict=False)]
        total, inner = sum(rooms), sum(rooms[:-1])
        self._sizes = sizes
        self._node = np.uint32 if total < 1 << 32 else np.uint64
        self._count = np.uint32 if occurrences.sum() < 1 << 32 else np.uint64
        symbol = np.uint16 if symbols + 3 <= 1 << 16 else np.uint32
        arrays = [(total, symbol), (total, precision), (inner, precision), (inner + 1, self._node)]
        needed = sum(size * np.dtype(kind).itemsize for size, kind in arrays) + 32 * max(rooms)
        self._on_disk = needed > memory
        log(f"model: {total:,} n-grams or less, {show_memory(needed)}{' in temporary files' if self._on_disk else ''}")
        self._trie = Trie(*(self._array(size, kind) for size, kind in arrays))
        self._trie.symbols[: symbols + 3] = np.arange(symbols + 3)
        self._first_counts = occurrences.astype(self._count)

    def run(self, prune: Sequence[int]) -> Trie:
        """Estimate order by order; the probabilities of the last two orders are no logarithms yet."""
        trie, size = self._trie, self._symbols + 3
        level = _Level(0, size - 1, size, self._first_counts, np.zeros(size, self._node))
        shorter: _Level | None = None
        for n in range(1, self._order + 1):
            following, adjusted = self._following(level, n) if n < self._order else (None, level.counts)
            discounts = self._discounts(adjusted, n)
            if shorter is None:
                self._unigrams(adjusted, discounts)
            else:
                threshold = prune[min(n, len(prune)) - 1]
                self._interpolate(shorter, level, adjusted, threshold, discounts)
                self._to_log10(shorter)
            if following is not None:
                shorter, level = level, following
        self._to_log10(level)
        trie.log10_p[size - 1] = NEVER
        inner = 0 if shorter is None else shorter.end
        trie.first_child[inner] = level.end
        trie = _trimmed(trie, level.end, inner)
        if any(prune):
            kept, kept_inner = _kernels.drop_marked(*trie)
            trie.first_child[kept_inner] = kept
            trie = _trimmed(trie, kept, kept_inner)
        return trie

    def _survey(self) -> tuple[NDArray[np.float64], list[int]]:
        """Return how often each symbol occurs, and how many n-grams of each order there are, without <s>."""
        occurrences = np.zeros(self._symbols + 3)
        depth = max(2, self._order)
        sizes, previous = np.zeros(depth, np.int64), _nothing_yet(depth)
        for codes, counts in self._windows:
            if codes.max(initial=0) > self._symbols or counts.min(initial=1) < 1:
                raise _no_text()
            _kernels.count_levels(codes, previous, sizes)
            occurrences += np.bincount(codes[:, 0], counts, occurrences.size)
            occurrences[0] += counts[codes[:, 1] == 0].sum()
        return occurrences, sizes.tolist()

    def _following(self, level: _Level, n: int) -> tuple[_Level, NDArray[Any]]:
        """Return the level of the (n + 1)-grams, and the adjusted counts of this one, that of the n-grams.

        Adjusted: how many kinds of symbols, <s> among them, stand before it; for what begins with <s> how often it occurs.
        """
        trie, plain = self._trie, self._sizes[n]
        first, starts = level.end, level.end + plain
        counts = self._array(plain + level.plain, self._count)
        suffixes = self._array(plain + level.plain, self._node)
        self._read(level, n + 1, trie.symbols[first:starts], counts[:plain])
        if n == 1:
            suffixes[:plain] = trie.symbols[first:starts]
        else:
            self._find_suffixes(level, suffixes, first)

        occurrences, adjusted = self._array(level.plain, self._count), self._array(level.size, self._count)
        occurrences[:], adjusted[: level.plain] = 0, 0
        adjusted[level.plain :] = level.counts[level.plain :]
        for lo in range(0, plain, _PIECE):
            piece = slice(lo, min(lo + _PIECE, plain))
            _kernels.sum_left(suffixes[piece], counts[piece], level.first, occurrences, adjusted)
            self._release()
        if n == 1:
            lows, highs = np.array([1]), np.array([self._symbols + 1])
        else:
            shorter = level.suffixes[level.plain :]
            lows, highs = (trie.first_child[shorter + step].astype(np.int64) for step in (0, 1))
        number = _kernels.extend_starts(
            lows,
            highs,
            trie.symbols,
            level.first,
            level.counts,
            occurrences,
            adjusted,
            trie.first_child[level.starts :],
            starts,
            trie.symbols[starts:],
            counts[plain:],
            suffixes[plain:],
        )
        size = plain + number
        return _Level(first, plain, size, counts[:size], suffixes[:size]), adjusted

    def _read(self, level: _Level, n: int, symbols: NDArray[Any], counts: NDArray[Any]) -> None:
        """Read the n-grams, those that do not begin with <s>, from the windows, as children of a level."""
        children, state, previous = self._array(level.plain, np.int64), np.zeros(2, np.int64), _nothing_yet(n)
        children[:] = 0
        read = 0
        for codes, numbers in self._windows:
            _kernels.read_level(codes, numbers, n, previous, state, symbols, counts, children)
            read += numbers.size
            if read > _PIECE:
                self._release()
                read = 0
        first_child = self._trie.first_child[level.first : level.starts + 1]
        first_child[0] = level.end
        np.cumsum(children, out=children)
        np.add(children, level.end, out=first_child[1:], casting="unsafe")

    def _find_suffixes(self, level: _Level, suffixes: NDArray[Any], first: int) -> None:
        trie = self._trie

        def find(lo: int, hi: int) -> bool:
            nodes = level.first + lo, level.first + hi, level.first
            return _kernels.find_suffixes(trie.symbols, trie.first_child, *nodes, level.suffixes, first, suffixes)

        if not all(self._in_pieces(find, level.plain)):
            raise _no_text()

    def _discounts(self, adjusted: NDArray[Any], n: int) -> NDArray[np.float64]:
        """Return what is taken from adjusted counts of 0, 1, 2, and 3 or more: (4,)."""
        of_count = np.zeros(5, np.int64)
        _kernels.counts_of_counts(adjusted, of_count)
        discounts = discounts_from(of_count.tolist())
        what = f"order {n}: {counted(adjusted.size, 'n-gram')}"
        if discounts is None:
            discounts = FALLBACK
            what += "; too few, or too regular, to estimate discounts, so taken are"
        else:
            what += "; discounts"
        self._log(f"{what} {' '.join(f'{discount:.3f}' for discount in discounts)}")
        return np.array([0.0, *discounts])

    def _unigrams(self, adjusted: NDArray[Any], discounts: NDArray[np.float64]) -> None:
        """Interpolate the unigrams with the uniform distribution over all symbols but <s>."""
        counts = adjusted[:-1].astype(np.float64)
        held = discounts[np.minimum(adjusted[:-1], 3)]
        total = counts.sum()
        self._trie.log10_p[: counts.size] = (counts - held) / total + held.sum() / total / counts.size
        self._trie.log10_p[counts.size] = 1

    def _interpolate(
        self,
        shorter: _Level,
        level: _Level,
        adjusted: NDArray[Any],
        threshold: int,
        discounts: NDArray[np.float64],
    ) -> None:
        trie = self._trie
        trie.first_child[shorter.end] = level.end

        def work(lo: int, hi: int) -> None:
            _kernels.interpolate(
                trie.first_child,
                shorter.first + lo,
                shorter.first + hi,
                level.first,
                adjusted,
                level.counts,
                threshold,
                discounts,
                level.suffixes,
                trie.log10_p,
                trie.backoff,
            )

        self._in_pieces(work, shorter.size)

    def _to_log10(self, level: _Level) -> None:
        p = self._trie.log10_p[level.first : level.end]
        self._in_pieces(lambda lo, hi: _kernels.to_log10(p, lo, hi), p.size)

    def _in_pieces(self, work: Callable[[int, int], Result], size: int) -> list[Result]:
        """Return work(lo, hi) for pieces of range(size), in order."""

        def piece(lo: int, hi: int) -> Result:
            result = work(lo, hi)
            self._release()
            return result

        return in_threads(piece, slices(size, self._threads * (1 + size // _PIECE)), self._threads)

    def _release(self) -> None:
        """Let go of the pages of temporary files, so that they take no memory until they are asked for again."""
        for mapping in self._mapped:
            if hasattr(mmap, "MADV_DONTNEED"):
                mapping.madvise(mmap.MADV_DONTNEED)

    def _array(self, size: int, kind: Any) -> NDArray[Any]:
        """Return an array, which takes no room in memory before it is written to."""
        if not self._on_disk or size == 0:
            return np.empty(size, kind)
        try:
            with tempfile.TemporaryFile(prefix="nlptools-") as file:
                os.truncate(file.fileno(), size * np.dtype(kind).itemsize)
                if hasattr(os, "posix_fallocate"):  # a full disk shall be an error here, not a crash later
                    os.posix_fallocate(file.fileno(), 0, size * np.dtype(kind).itemsize)
                array: Any = np.memmap(file, kind, "r+", shape=size)
        except OSError as error:
            raise OutputError(
                f"{tempfile.gettempdir()}: no room for temporary files ({error.strerror or error}); "
                "make room, name another folder with TMPDIR, or give more memory"
            ) from error
        self._mapped.add(array.base)
        return cast("NDArray[Any]", array)


def discounts_from(of_count: Sequence[int]) -> tuple[float, float, float] | None:
    """Return the discounts of counts of 1, 2, and 3 or more; None if they cannot be estimated.

    of_count: how many n-grams have the count 0, 1, 2, 3 and 4.
    """
    if 0 in of_count[1:4]:
        return None
    y = of_count[1] / (of_count[1] + 2 * of_count[2])
    one, two, three = (k - (k + 1) * y * of_count[k + 1] / of_count[k] for k in (1, 2, 3))
    return (one, two, three) if 0 < one <= 1 and 0 < two <= 2 and 0 < three <= 3 else None


def _trimmed(trie: Trie, nodes: int, inner: int) -> Trie:
    return Trie(trie.symbols[:nodes], trie.log10_p[:nodes], trie.backoff[:inner], trie.first_child[: inner + 1])


def _nothing_yet(order: int) -> NDArray[np.uint32]:
    """Return what is no window: that before the first."""
    return np.full(order, 0xFFFFFFFF, np.uint32)


def _no_text() -> InputError:
    return InputError("these counts cannot be those of a text: the file is damaged; count again")
