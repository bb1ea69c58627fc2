"""Many sorted runs to one, in rounds: what is certainly complete in each round is merged, on all threads."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import compress, repeat

import numpy as np

from nlptools.ngrams import _merge_kernels
from nlptools.ngrams.count_file import CountReader
from nlptools.ngrams.rows import Layout, Rows, Translation, joined

Key = tuple[int, int]


class _Input:
    """A run, of which some rows are in memory, in the codes of the result."""

    def __init__(self, rows: Iterable[Rows], translation: Translation) -> None:
        self._batches = iter(rows)
        self._translation = translation
        self.rows = translation.target.empty(0)
        self._ended = False

    def fill(self, size: int) -> bool:
        """Read on until there are more than `size` rows, or no more; return whether there are any."""
        parts, have = [self.rows], self.rows.heads.size
        while have <= size and not self._ended:
            batch = next(self._batches, None)
            if batch is None:
                self._ended = True
            elif (rows := _behind(parts[-1], self._translation(batch))).heads.size:
                parts.append(rows)
                have += rows.heads.size
        self.rows = joined(parts[-1:] if parts[0].heads.size == 0 and len(parts) == 2 else parts)
        return have > 0

    @property
    def complete(self) -> Key | None:
        """The key of the last row to which nothing can be added any more; None if there are no more rows to read."""
        return None if self._ended else _key(self.rows, -2)

    def take(self, cut: Key | None) -> Rows:
        """Return the rows up to `cut`, all if None, and forget them."""
        rows, size = self.rows, self.rows.heads.size
        end = size if cut is None else _up_to(rows, cut)
        self.rows = rows.slice(end, size)
        return rows.slice(0, end)


def merge_rows(runs: Sequence[CountReader], target: Layout, threads: int, rows: int) -> Iterator[Rows]:
    """Yield the rows of all runs, in the codes of `target`, sorted, equal ones added up. rows: how many to hold, about."""
    inputs = [_Input(run, Translation(run.layout, target)) for run in runs]
    with ThreadPoolExecutor(threads) as pool:
        while inputs:
            share = repeat(max(1, rows // len(inputs)))
            inputs = list(compress(inputs, list(pool.map(_Input.fill, inputs, share))))
            cut = min((key for key in (one.complete for one in inputs) if key is not None), default=None)
            taken = [part for part in (one.take(cut) for one in inputs) if part.heads.size]
            if taken:
                yield from pool.map(_merged, _pieces(taken, threads))


def _behind(last: Rows, rows: Rows) -> Rows:
    """Return rows with counts in 64 bits, but the first, if it is equal to the one before, is added to that."""
    rows = rows._replace(counts=rows.counts.astype(np.int64, copy=False))
    if last.heads.size and _key(last, -1) == _key(rows, 0):  # windows that differed only behind the order of the result
        last.counts[-1] += rows.counts[0]
        rows = rows.slice(1, rows.heads.size)
    return rows


def _pieces(slices: list[Rows], pieces: int) -> list[list[Rows]]:
    """Cut sorted slices at the same keys, into pieces of about the same size."""
    largest = max(slices, key=lambda rows: rows.heads.size)
    size = largest.heads.size
    cuts = [_key(largest, size * p // pieces - 1) for p in range(1, pieces) if size * p // pieces > 0]
    ends = [[0, *(_up_to(rows, cut) for cut in cuts), rows.heads.size] for rows in slices]
    cut = [
        [rows.slice(end[p], end[p + 1]) for rows, end in zip(slices, ends, strict=True) if end[p] < end[p + 1]]
        for p in range(len(cuts) + 1)
    ]
    return [piece for piece in cut if piece]


def _merged(slices: list[Rows]) -> Rows:
    """Merge sorted slices."""
    ends = np.cumsum([rows.heads.size for rows in slices])
    rows = Rows(*map(np.concatenate, zip(*slices, strict=True)))  # also of a single one a copy
    spare = Rows(*map(np.empty_like, rows))
    n, in_spare = _merge_kernels.merge(*rows, np.concatenate([[0], ends[:-1]]), ends, *spare)
    return (spare if in_spare else rows).slice(0, n)


def _key(rows: Rows, row: int) -> Key:
    return int(rows.heads[row]), int(rows.tails[row]) if rows.tails.size else 0


def _up_to(rows: Rows, key: Key) -> int:
    return int(
        _merge_kernels.rows_up_to(rows.heads, rows.tails, 0, rows.heads.size, np.uint64(key[0]), np.uint64(key[1]))
    )
