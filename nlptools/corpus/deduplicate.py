"""Which records of a corpus repeat an earlier one, in bounded memory.

A record is known by a 128-bit BLAKE2b digest of its normalised text: among 10⁹ different texts the odds that
any two share one are 1 to 10²⁰. Digests and row numbers that do not fit into memory go to files, parted by the
leading byte; equal digests meet in one file, each of which fits into memory, or is parted again by the next
byte.
"""

import tempfile
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.normalise import is_list, normalise_array
from nlptools.errors import OutputError

MEMORY = 256 << 20
"""How many bytes `FirstOccurrences` takes, at most, if nothing else is said."""

_PARTS, _BYTES = 256, 8  # into how many files, by how many bytes of a digest one after another
RECORD = np.dtype([("high", "<u8"), ("low", "<u8"), ("row", "<u8")])
_WORK = 4  # copies of the records while they are sorted

# No byte of UTF-8, so that different records never make the same key.
_NULL, _END_OF_ITEM, _END_OF_COLUMN = b"\xff", b"\xfe", b"\xfd"


def digests(batch: Any, columns: Sequence[str]) -> NDArray[np.void]:
    """Return the digest of each of the N rows of a record batch, by the normalised text of `columns`.

    Shape (N,), of the fields high and low, uint64. Null is a text of its own, unlike the empty one.
    """
    keys = [_keys(normalise_array(batch.column(name))) for name in columns]
    joined = keys[0] if len(keys) == 1 else map(_END_OF_COLUMN.join, zip(*keys, strict=True))
    data = b"".join([blake2b(key, digest_size=16).digest() for key in joined])
    return np.frombuffer(data, np.dtype([("high", "<u8"), ("low", "<u8")]))


def _keys(array: Any) -> list[bytes]:
    if not is_list(array.type):
        keys: list[bytes] = array.cast(pa.large_binary()).fill_null(_NULL).to_pylist()
        return keys
    return [_NULL if texts is None else b"".join(map(_item, texts)) for texts in array.to_pylist()]


def _item(text: str | None) -> bytes:
    return (_NULL if text is None else text.encode()) + _END_OF_ITEM


class FirstOccurrences:
    """Finds the first row of each digest; a context manager, for it may keep files.

    memory: bytes that the records being sorted may take. directory: where the files lie, the system's place
    for temporary files if not given. Raises OutputError if nothing can be written there.
    """

    def __init__(self, memory: int = MEMORY, directory: str | Path | None = None) -> None:
        self.rows = 0  # added so far
        self._capacity = max(memory // (_WORK * RECORD.itemsize), 1)
        self._directory = directory
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._waiting: list[NDArray[np.void]] = []
        self._waiting_rows = 0

    def __enter__(self) -> "FirstOccurrences":
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, digests: NDArray[np.void]) -> None:
        """Take the digests of the next rows, shape (N,)."""
        records = np.empty(len(digests), RECORD)
        records["high"], records["low"] = digests["high"], digests["low"]
        records["row"] = np.arange(self.rows, self.rows + len(digests))
        self.rows += len(digests)
        self._waiting.append(records)
        self._waiting_rows += len(digests)
        if self._waiting_rows >= self._capacity:
            self._spill()

    def firsts(self) -> Iterator[NDArray[np.void]]:
        """Yield the records of the first rows, in any order, in arrays of RECORD; once, after the last `add`."""
        if self._folder is None:
            yield self._take_waiting()
            return
        self._spill()
        folder = Path(self._folder.name)
        for part in range(_PARTS):
            yield from self._firsts_in(folder / f"{part:02x}", depth=1)

    def first_rows(self) -> NDArray[np.bool_]:
        """Say of each row whether it is the first of its digest; shape (rows,), of a file if there are files.

        Call it once, after the last `add`; the array is good until the block ends.
        """
        first: NDArray[np.bool_]
        try:
            if self._folder is None:
                first = np.zeros(self.rows, np.bool_)
            else:
                first = np.memmap(Path(self._folder.name, "first"), np.bool_, "w+", shape=(self.rows,))
        except OSError as error:
            raise self._no_room(error) from error
        for records in self.firsts():
            first[records["row"].astype(np.int64)] = True
        return first

    def _take_waiting(self) -> NDArray[np.void]:
        waiting, self._waiting, self._waiting_rows = self._waiting, [], 0
        return _first_of_each(np.concatenate(waiting) if waiting else np.empty(0, RECORD))

    def _spill(self) -> None:
        try:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(
                    prefix="nlptools-", dir=self._directory, ignore_cleanup_errors=True
                )
            _append_parts(self._take_waiting(), Path(self._folder.name), "", depth=0)
        except OSError as error:
            raise self._no_room(error) from error

    def _firsts_in(self, file: Path, depth: int) -> Iterator[NDArray[np.void]]:
        """Yield the first records of one file, in which all digests have the same `depth` leading bytes."""
        if not file.exists():
            return
        if file.stat().st_size <= self._capacity * RECORD.itemsize or depth == _BYTES:
            yield _first_of_each(np.fromfile(file, RECORD))
            file.unlink()
            return
        try:
            for records in _pieces(file, self._capacity):
                _append_parts(_first_of_each(records), file.parent, file.name, depth)
        except OSError as error:
            raise self._no_room(error) from error
        file.unlink()
        for part in range(_PARTS):
            yield from self._firsts_in(file.with_name(f"{file.name}{part:02x}"), depth + 1)

    def _no_room(self, error: OSError) -> OutputError:
        place = self._directory or tempfile.gettempdir()
        return OutputError(
            f"{place}: no room for temporary files ({error.strerror or error}); "
            "name a folder elsewhere with the environment variable TMPDIR"
        )


def _first_of_each(records: NDArray[np.void]) -> NDArray[np.void]:
    """Return, by digest, the first record of each digest; records come in the order of their rows."""
    if len(records) == 0:
        return records
    by_digest = np.lexsort((records["low"], records["high"]))  # stable
    high, low = records["high"][by_digest], records["low"][by_digest]
    is_new = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    firsts: NDArray[np.void] = records[by_digest[np.concatenate([[True], is_new])]]
    return firsts


def _append_parts(records: NDArray[np.void], folder: Path, prefix: str, depth: int) -> None:
    """Append records, sorted by digest, to the files of their byte number `depth`."""
    parts = (records["high"] >> np.uint64(8 * (_BYTES - 1 - depth))) & np.uint64(_PARTS - 1)
    bounds = np.searchsorted(parts, np.arange(_PARTS + 1))
    for part, (start, stop) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
        if start < stop:
            with Path(folder, f"{prefix}{part:02x}").open("ab") as file:
                records[start:stop].tofile(file)


def _pieces(file: Path, rows: int) -> Iterator[NDArray[np.void]]:
    with file.open("rb") as stream:
        while len(records := np.fromfile(stream, RECORD, rows)):
            yield records
