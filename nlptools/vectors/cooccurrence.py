"""How often words stand near each other, counted on disk, in tiles that can be learned side by side.

The words are divided among B blocks, B a power of 2: word w is row w // B of block w % B, so that each block has frequent and
rare words. The pairs of the words of two blocks, or of one, are a tile: tiles without a common block have no word in common.
The key of a pair has, from the highest bits on, its two blocks, the lower first, and the rows of its words in these; so
sorted keys are sorted by tile. In a tile of one block the lower row is the first.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlptools.memory import parse_memory
from nlptools.ngrams import _merge_kernels
from nlptools.ngrams.grouping import count_keys
from nlptools.threads import in_order, in_threads, slices
from nlptools.vectors import _cooccurrence_kernels as kernels
from nlptools.vectors.temporary import no_room_told, temporary_folder

RECORD = np.dtype([("first", "<u2"), ("second", "<u2"), ("count", "<f4")])
"""The rows of two words in the blocks of their tile, and how often they stand near each other."""

MOST_ROWS = 1 << 16
"""In a block: a row is a number of 16 bits."""

MEMORY = 400 << 20
"""Bytes for counting, if nothing else is said; more is not faster."""

KEY_BYTES = 24
"""Of a pair, while it is counted."""

ROW_BYTES = 48
"""Of a different pair, while runs are merged."""


@dataclass(frozen=True)
class Cooccurrences:
    """A file of the pairs of words that stand near each other; each pair once, tile after tile, in a tile in random order.

    path: of RECORDs. blocks: B. bounds: (B² + 1,), tile (a, b) with a <= b begins at record bounds[a · B + b] and ends where
    the next one begins. total: how many pairs there are in the text, in both orders (ΣX).
    """

    path: Path
    blocks: int
    bounds: NDArray[np.int64]
    total: int

    @property
    def pairs(self) -> int:
        """How many different pairs there are."""
        return int(self.bounds[-1])

    def size(self, a: int, b: int) -> int:
        """Return how many records tile (a, b) has."""
        tile = a * self.blocks + b
        return int(self.bounds[tile + 1] - self.bounds[tile])

    def read(self, a: int, b: int) -> NDArray[Any]:
        """Return the records of tile (a, b)."""
        begin = int(self.bounds[a * self.blocks + b])
        return np.fromfile(self.path, RECORD, self.size(a, b), offset=begin * RECORD.itemsize)


@contextmanager
def count_cooccurrences(
    ids: NDArray[np.int32],
    words: int,
    blocks: int,
    window: int,
    seed: int = 1,
    memory: int | str | None = None,
    threads: int = 2,
    directory: str | Path | None = None,
    progress: Callable[[int], object] | None = None,
    log: Callable[[str], object] | None = None,
) -> Iterator[Cooccurrences]:
    """Count the pairs of different words that stand at most `window` words apart; the file goes with the context.

    The same text gives the same file whatever memory and threads are.

    ids: (N,), from 0 to words - 1; negative ones are breaks, over which no pair reaches. blocks: a power of 2, such that a
        block has MOST_ROWS words at most. seed: of the order. memory: what may be used, about; default: MEMORY.
    progress: called with the number of ids that were counted since its last call. log: with a line for each stage.
    Raises OutputError if there is no room for temporary files.
    """
    budget = MEMORY if memory is None else parse_memory(memory)
    log = log or (lambda _: None)
    with temporary_folder(directory) as folder:
        runs, path = _Runs(folder, words, blocks), folder / "pairs"
        with no_room_told(folder.parent):
            step = max(1, budget // KEY_BYTES // window)
            for start in range(0, ids.size, step):
                runs.add(_keys(ids, start, min(start + step, ids.size), window, runs, threads), threads)
                if progress:
                    progress(min(step, ids.size - start))
            bounds = runs.merge(path, max(1, budget // ROW_BYTES // threads), seed, threads)
        log(
            f"pairs: {runs.total:,} in a window of {window}, {bounds[-1]:,} different ones, {len(runs.bounds) - 1} runs"
        )
        yield Cooccurrences(path, blocks, bounds, 2 * runs.total)


class _Runs:
    """Pairs that were counted: runs of sorted keys in one file, their counts in another.

    places: (V,) block << row_bits | row, of each word. bounds: where runs begin and end. total: pairs so far.
    """

    def __init__(self, folder: Path, words: int, blocks: int) -> None:
        word = np.arange(words)
        self.block_bits = (blocks - 1).bit_length()
        self.row_bits = max(1, ((words - 1) // blocks).bit_length())
        self.places = (word % blocks << self.row_bits | word // blocks).astype(np.uint64)
        self.bounds = [0]
        self.total = 0
        self._keys, self._counts = folder / "keys", folder / "counts"
        # the first key of each tile, and one behind the last
        self._firsts = np.arange(blocks * blocks + 1, dtype=np.uint64) << np.uint64(2 * self.row_bits)
        self._sizes = np.zeros(blocks * blocks, np.int64)  # of tiles, a pair counted in each run that has it

    def add(self, keys: NDArray[np.uint64], threads: int) -> None:
        """Count keys, and keep them as a run."""
        self.total += keys.size
        distinct, counts = count_keys(keys, threads)
        self._sizes += np.diff(np.searchsorted(distinct, self._firsts))
        for path, array in ((self._keys, distinct), (self._counts, counts)):
            with path.open("ab") as file:
                file.write(array.data)
        self.bounds.append(self.bounds[-1] + distinct.size)

    def merge(self, path: Path, rows: int, seed: int, threads: int) -> NDArray[np.int64]:
        """Write the records of all runs, and delete these; return where each tile begins and ends.

        rows: how many to merge at a time, unless one tile has more.
        """
        sizes = np.zeros(self._sizes.size + 1, np.int64)

        def merged(parts: tuple[range, list[tuple[int, int]]]) -> tuple[range, NDArray[np.int64], NDArray[Any]]:
            tiles = parts[0]
            keys, counts = self._merged(parts[1])
            cuts = np.searchsorted(keys, self._firsts[tiles.start : tiles.stop + 1])
            records = np.zeros(keys.size, RECORD)
            for tile, lo, hi in zip(tiles, cuts[:-1], cuts[1:], strict=True):
                order = np.uint64((seed << 32 | tile) % (1 << 64))
                kernels.shuffle_tile(keys[lo:hi], counts[lo:hi], self.row_bits, order, records[lo:hi])
            return tiles, np.diff(cuts), records

        with path.open("wb") as file:
            for tiles, found, records in in_order(merged, self._parts(rows), threads):
                sizes[tiles.start + 1 : tiles.stop + 1] = found
                file.write(records.data)
        for used in (self._keys, self._counts):
            used.unlink(missing_ok=True)
        return np.cumsum(sizes)

    def _parts(self, rows: int) -> list[tuple[range, list[tuple[int, int]]]]:
        """Return groups of tiles of at most so many rows, or of one tile, each with its part of every run that has one."""
        groups = list(_groups(self._sizes, rows))
        if not self.bounds[-1]:
            return []
        mapped = np.memmap(self._keys, np.uint64, "r")
        firsts = self._firsts[[group.start for group in groups] + [groups[-1].stop]]
        runs = zip(self.bounds[:-1], self.bounds[1:], strict=True)
        cuts = [(lo + np.searchsorted(mapped[lo:hi], firsts)).tolist() for lo, hi in runs]
        return [
            (group, [(run[g], run[g + 1]) for run in cuts if run[g] < run[g + 1]]) for g, group in enumerate(groups)
        ]

    def _merged(self, parts: list[tuple[int, int]]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return the keys of these parts of the files, each of one run, and the sums of their counts."""
        keys = np.concatenate([np.empty(0, np.uint64), *(_read(self._keys, np.uint64, *part) for part in parts)])
        counts = np.concatenate([np.empty(0, np.int64), *(_read(self._counts, np.uint32, *part) for part in parts)])
        if not parts:
            return keys, counts
        ends = np.cumsum([hi - lo for lo, hi in parts])
        none = np.empty(0, np.uint64)
        spare = np.empty_like(keys), none, np.empty_like(counts)
        starts = np.concatenate([[0], ends[:-1]])
        n, in_spare = _merge_kernels.merge(keys, none, counts, starts, ends, *spare)
        return (spare[0][:n], spare[2][:n]) if in_spare else (keys[:n], counts[:n])


def _keys(ids: NDArray[np.int32], start: int, stop: int, window: int, runs: _Runs, threads: int) -> NDArray[np.uint64]:
    """Return the keys of the pairs whose second word is in ids[start:stop]."""
    cuts = [start + cut for cut in slices(stop - start, 4 * threads)]
    sizes = in_threads(lambda lo, hi: kernels.count_pairs(ids, lo, hi, window), cuts, threads)
    ends = np.cumsum([0, *sizes])
    keys = np.empty(ends[-1], np.uint64)

    def write(p: int, _: int) -> None:
        out = keys[ends[p] : ends[p + 1]]
        kernels.write_pairs(ids, cuts[p], cuts[p + 1], window, runs.places, runs.block_bits, runs.row_bits, out)

    in_threads(write, list(range(len(cuts))), threads)
    return keys


def _groups(sizes: NDArray[np.int64], most: int) -> Iterator[range]:
    """Yield groups of tiles, of at most so many rows each or of one tile."""
    start = rows = 0
    for tile, size in enumerate(sizes.tolist()):
        if rows + size > most and tile > start:
            yield range(start, tile)
            start, rows = tile, 0
        rows += size
    yield range(start, sizes.size)


def _read(path: Path, kind: Any, lo: int, hi: int) -> NDArray[Any]:
    return np.fromfile(path, kind, hi - lo, offset=lo * np.dtype(kind).itemsize)
