"""The words of a text and their counts, in bounded memory.

A hash table numbers words in the order of their first appearance. When it has grown to its budget it is written to disk as
a run, and a new one begins. A run lies in parts by the leading bits of the hashes, so that equal words of all runs are in
equal parts, and to merge runs takes one part in memory at a time.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.corpus.reading import array_offsets
from nlptools.errors import InputError
from nlptools.memory import show_memory
from nlptools.vectors import _token_kernels
from nlptools.vectors.tokenize import Tokens, as_bytes

PARTS = 256
"""Of a run, by the leading byte of the hashes."""

CAPACITY = 1 << 12
"""Words for which a new table has room; a power of two."""

_WORD = 40
"""Bytes of a table for each word that it has room for, but for the word itself: two slots, hash, bound, count."""

_LETTERS = 8
"""Bytes for the letters of a word, to begin with."""

_MOST_WORDS = 1 << 30
"""Of a table; numbers have 32 bits."""

RUN_SCHEMA = pa.schema(
    [
        pa.field("word", pa.large_binary(), nullable=False),
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("number", pa.int32(), nullable=False),  # in the order of first appearance in this run
    ]
)


class Vocabulary(NamedTuple):
    """Words by count descending, then by their bytes. words: large_string (V,); counts: (V,)."""

    words: Any
    counts: NDArray[np.int64]


class WordTable:
    """Numbers words in the order of their first appearance.

    size: how many there are. counts: (capacity,), for whoever counts; of new words 0.
    """

    def __init__(self, memory: float = np.inf) -> None:
        self.size = 0
        self.counts = np.zeros(CAPACITY, np.int64)
        self._memory = memory
        self._slots = np.zeros(2 * CAPACITY, np.uint64)
        self._hashes = np.empty(CAPACITY, np.uint64)
        self._bounds = np.zeros(CAPACITY + 1, np.int64)
        self._letters = np.empty(_LETTERS * CAPACITY, np.uint8)

    def number(self, tokens: Tokens, first: int, ids: NDArray[np.int32]) -> int:
        """Write the numbers of words into `ids`, (M,), from word `first`; marks stay as they are.

        Returns the first word that would need more memory than there may be; M if there is none. One word has always room.
        """
        while True:
            first, self.size = _token_kernels.number_words(
                *tokens, first, self.size, self._slots, self._hashes, self._bounds, self._letters, ids
            )
            if first == tokens.starts.size or not self._grow(int(tokens.ends[first] - tokens.starts[first])):
                return first

    def words(self) -> Any:
        """Return the words, a large_binary array (size,)."""
        buffers = [None, pa.py_buffer(self._bounds), pa.py_buffer(self._letters)]
        return pa.LargeBinaryArray.from_buffers(pa.large_binary(), self.size, buffers)

    def _grow(self, length: int) -> bool:
        """Make room for another word of `length` bytes; return False if that is more than there may be."""
        capacity, letters = self._hashes.size, self._letters.size
        if self.size == capacity:
            capacity *= 2
        while self._bounds[self.size] + length > letters:
            letters *= 2
        if self.size and (capacity * _WORD + letters > self._memory or capacity > _MOST_WORDS):
            return False
        if letters > self._letters.size:
            self._letters = _longer(self._letters, letters)
        if capacity > self._hashes.size:
            self._hashes = _longer(self._hashes, capacity)
            self._bounds = _longer(self._bounds, capacity + 1)
            self.counts = _longer(self.counts, capacity)
            self._slots = np.zeros(0, np.uint64)  # so that the two are not there at the same time
            self._slots = np.zeros(2 * capacity, np.uint64)
            _token_kernels.fill_slots(self._hashes[: self.size], self._slots)
        return True

    def parts(self) -> Iterator[tuple[int, Any]]:
        """Yield the parts of a run that have words, as record batches of RUN_SCHEMA."""
        words, hashes, counts = self.words(), self._hashes[: self.size], self.counts[: self.size]
        part_of = (hashes >> np.uint64(56)).astype(np.uint8)
        order = np.argsort(part_of, kind="stable").astype(np.int32)
        bounds = np.searchsorted(part_of[order], np.arange(PARTS + 1)).tolist()
        for part, (start, end) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
            if start < end:
                own = order[start:end]
                columns = [words.take(pa.array(own)), hashes[own], counts[own], own]
                yield part, pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=RUN_SCHEMA)


def vocabulary_of_table(table: WordTable, min_count: int) -> tuple[Vocabulary, NDArray[np.int32]]:
    """Return the words that occur `min_count` times, and the place of each word of the table, -1 if it is left out."""
    counts = table.counts[: table.size]
    kept = np.flatnonzero(counts >= min_count)
    vocabulary, places = sorted_table([table.words().take(pa.array(kept))], [counts[kept]])
    numbers = np.full(table.size, -1, np.int32)
    numbers[kept] = places
    return vocabulary, numbers


class Runs:
    """Runs of a text, in one file on disk; merged they give its vocabulary. Raises OSError where the disk does."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "runs"
        self._kept_path = folder / "kept"  # for each word of the runs: which of the words that are kept it is, or -1
        self._writer: Any = None
        self._batches: list[dict[int, int]] = []  # of each run: its parts, and where they are among all batches
        self._starts = [0]  # of batches, in words
        self._places = np.zeros(0, np.int32)  # of the words that are kept

    def __len__(self) -> int:
        return len(self._batches)

    def add(self, table: WordTable) -> None:
        """Write the next run."""
        if self._writer is None:
            self._writer = pa.ipc.new_file(str(self._path), RUN_SCHEMA)
        batches = {}
        for part, batch in table.parts():
            self._writer.write_batch(batch)
            batches[part] = len(self._starts) - 1
            self._starts.append(self._starts[-1] + batch.num_rows)
        self._batches.append(batches)

    def merge(self, min_count: int, memory: int) -> tuple[Vocabulary, int]:
        """Return the words that occur `min_count` times in all runs together, and how many different ones there were.

        Raises InputError if they need more than `memory` bytes.
        """
        self._writer.close()
        words = [pa.array([], pa.large_binary())]
        counts = [np.zeros(0, np.int64)]
        size = types = used = 0
        with pa.OSFile(str(self._path)) as file, self._kept_path.open("wb") as kept_file:
            reader = pa.ipc.open_file(file)
            for part in range(PARTS):
                batches = [run[part] for run in self._batches if part in run]
                if not batches:
                    continue
                table, ids = merged_tables(map(reader.get_batch, batches))
                kept = np.flatnonzero(table.counts[: table.size] >= min_count)
                numbers = np.full(table.size, -1, np.int32)
                numbers[kept] = np.arange(size, size + kept.size)
                for batch, own in zip(batches, ids, strict=True):
                    kept_file.seek(4 * self._starts[batch])
                    kept_file.write(numbers[own].data)
                size, types = size + kept.size, types + table.size
                if kept.size:
                    words.append(table.words().take(pa.array(kept)))
                    counts.append(table.counts[kept])
                    used += words[-1].nbytes + counts[-1].nbytes
                if used > memory:
                    raise InputError(
                        f"there are more words that occur {min_count} times or more than fit into {show_memory(memory)} of "
                        f"memory ({size:,} in {part + 1} of {PARTS} parts); raise --min-count or --memory"
                    )
        vocabulary, self._places = sorted_table(words, counts)
        return vocabulary, types

    def numbers(self, run: int) -> NDArray[np.int32]:
        """Return the place in the merged vocabulary of each word of a run, -1 if it is left out."""
        batches = list(self._batches[run].values())
        start, end = self._starts[batches[0]], self._starts[batches[-1] + 1]
        kept = np.fromfile(self._kept_path, np.int32, end - start, offset=4 * start)
        only = pa.ipc.IpcReadOptions(included_fields=[RUN_SCHEMA.get_field_index("number")])
        with pa.OSFile(str(self._path)) as file:
            reader = pa.ipc.open_file(file, options=only)
            order = np.concatenate([reader.get_batch(batch).column(0).to_numpy() for batch in batches])
        numbers = np.empty(kept.size, np.int32)
        numbers[order] = np.where(kept < 0, -1, self._places[kept])
        return numbers

    def close(self) -> None:
        """Delete the files."""
        if self._writer is not None:
            self._writer.close()
            self._path.unlink()
            self._kept_path.unlink(missing_ok=True)


def merged_tables(batches: Iterable[Any]) -> tuple[WordTable, list[NDArray[np.int32]]]:
    """Return a table of the words of batches of RUN_SCHEMA, with the sums of their counts, and the words of each batch."""
    table = WordTable()
    all_ids = []
    for batch in batches:
        words = batch.column("word")
        bounds = array_offsets(words)
        tokens = Tokens(as_bytes(words.buffers()[2]), bounds[:-1], bounds[1:], batch.column("hash").to_numpy())
        ids = np.empty(batch.num_rows, np.int32)
        table.number(tokens, 0, ids)
        table.counts[ids] += batch.column("count").to_numpy()  # a word is once in a run
        all_ids.append(ids)
    return table, all_ids


def sorted_table(words: list[Any], counts: list[NDArray[np.int64]]) -> tuple[Vocabulary, NDArray[np.int32]]:
    """Return words in the order of a vocabulary, and the place of each."""
    table = pa.table({"word": pa.concat_arrays(words).view(pa.large_string()), "count": np.concatenate(counts)})
    table = table.take(order := pc.sort_indices(table, [("count", "descending"), ("word", "ascending")]))
    places = np.empty(len(order), np.int32)
    places[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    return Vocabulary(table["word"].combine_chunks(), table["count"].to_numpy()), places


def _longer(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Return a copy with zeros behind it, (size,)."""
    longer = np.zeros(size, array.dtype)  # costs no memory until it is written to
    longer[: array.size] = array
    return longer
