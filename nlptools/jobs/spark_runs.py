"""Sorted rows on their way through Spark: cut by ranges of characters, packed into bytes, kept on disk, read again."""

import os
import struct
import tempfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.ngrams.rows import Layout, Rows, Translation
from nlptools.text.characters import class_table

CHUNK_ROWS = 1 << 17
"""Rows that are packed together: a plane of bytes is then a block of zstd, with a code of its own."""

_HEADER = struct.Struct("<4Q")  # rows, planes of heads, of tails, of counts
_SIZE = struct.Struct("<Q")  # of an alphabet


def pack_rows(rows: Rows) -> bytes:
    """Return rows as bytes: differences of heads, tails, counts, the bytes of each number apart; zstd."""
    heads = np.diff(rows.heads, prepend=np.uint64(0))
    columns = [_planes(column) for column in (heads, rows.tails, rows.counts.astype(np.uint64))]
    header = _HEADER.pack(rows.heads.size, *(len(planes) for planes in columns))
    data = b"".join(plane.tobytes() for planes in columns for plane in planes)
    packed: bytes = pa.compress(data, "zstd", asbytes=True)
    return header + packed


def unpack_rows(data: bytes) -> Rows:
    """Return the rows of `pack_rows`; counts are int64."""
    size, *planes = _HEADER.unpack_from(data)
    raw = pa.decompress(memoryview(data)[_HEADER.size :], size * sum(planes), "zstd")
    raw = np.frombuffer(raw, np.uint8).reshape(sum(planes), size)
    heads, tails, counts = (_number(part, size) for part in np.split(raw, np.cumsum(planes)[:-1]))
    return Rows(np.cumsum(heads, dtype=np.uint64), tails[: size if planes[1] else 0], counts.astype(np.int64))


def _planes(numbers: NDArray[np.uint64]) -> list[NDArray[np.uint8]]:
    """Return the lowest bytes of all numbers, the second lowest, and so on, as many as the largest has; one at least."""
    if not numbers.size:
        return []
    most = max(1, (int(numbers.max()).bit_length() + 7) // 8)
    return [(numbers >> np.uint64(8 * plane)).astype(np.uint8) for plane in range(most)]


def _number(planes: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    numbers = np.zeros(size, np.uint64)
    for plane, values in enumerate(planes):
        numbers |= values.astype(np.uint64) << np.uint64(8 * plane)
    return numbers


def range_bounds(sample: str, ranges: int, order: int) -> list[str]:
    """Return where new ranges begin, so that each has about as much of a sample; fewer than `ranges`.

    A bound is one character or, if n-grams have more, two: the first n-gram of a range, if it occurs.
    Without a sample the ranges divide the code points of Han.
    """
    points = np.frombuffer(sample.encode("utf-32-le"), np.uint32)
    letters = class_table()[points] != 0
    following = (
        np.append(points[1:] * letters[1:], np.uint32(0)) if order > 1 and points.size else np.zeros_like(points)
    )
    pairs = np.sort(points[letters].astype(np.uint64) << np.uint64(32) | following[letters])
    if not pairs.size:
        pairs = np.arange(0x4E00, 0xA000, dtype=np.uint64) << np.uint64(32)
    cuts = np.unique(pairs[[pairs.size * r // ranges for r in range(1, ranges)]]).tolist()
    return [chr(pair >> 32) + (chr(pair & _LOW) if pair & _LOW else "") for pair in cuts]


_LOW = 0xFFFFFFFF


def cut_by_range(rows: Rows, layout: Layout, bounds: Sequence[str]) -> list[Rows]:
    """Return the rows of each of the ranges that begin at `bounds`, and of the one before."""
    cuts = [0, *(rows_below(rows, _least_head(layout, bound)) for bound in bounds), rows.heads.size]
    return [rows.slice(lo, hi) for lo, hi in zip(cuts[:-1], cuts[1:], strict=True)]


def _least_head(layout: Layout, bound: str) -> int:
    """Return the head from which on rows do not come before a bound."""
    head = 0
    for place, character in enumerate(bound, 1):
        index = bisect_left(layout.characters, character)
        head += (index + 1) << layout.bits * (layout.head_length - place)
        if character not in layout.code_of:
            break
    return head


def rows_below(rows: Rows, head: int) -> int:
    """Return how many rows have a smaller head; a number beyond 64 bits is greater than all."""
    return rows.heads.size if head >= 1 << 64 else int(np.searchsorted(rows.heads, np.uint64(head)))


def pack_run(layout: Layout, rows: Iterable[Rows]) -> Iterator[bytes]:
    """Yield a run as chunks of bytes: its alphabet, then its rows, in order."""
    yield pack_characters(layout.characters)
    for part in rows:
        yield from pack_pieces(part)


def pack_pieces(rows: Rows) -> Iterator[bytes]:
    """Yield rows as chunks of up to CHUNK_ROWS."""
    for start in range(0, rows.heads.size, CHUNK_ROWS):
        yield pack_rows(rows.slice(start, start + CHUNK_ROWS))


def pack_characters(characters: str) -> bytes:
    """Return an alphabet as bytes."""
    data = characters.encode()
    packed: bytes = pa.compress(data, "zstd", asbytes=True)
    return _SIZE.pack(len(data)) + packed


def unpack_characters(data: bytes) -> str:
    """Return the alphabet of a run from its first chunk."""
    (size,) = _SIZE.unpack_from(data)
    characters: bytes = pa.decompress(data[_SIZE.size :], size, "zstd", asbytes=True)
    return characters.decode()


Places = list[tuple[int, tuple[int, int]]]
"""Of chunks: the partition they are for, and the place in a spool."""


class PackedRun(NamedTuple):
    """A run in a spool; yields its rows as a reader of a count file does."""

    layout: Layout
    spool: "Spool"
    places: list[tuple[int, int]]

    def __iter__(self) -> Iterator[Any]:
        return (unpack_rows(self.spool.read(*place)) for place in self.places)


class Spool:
    """Chunks of bytes in a temporary file without a name; a context manager."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="nlptools-")  # noqa: SIM115
        self._size = 0

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, data: bytes) -> tuple[int, int]:
        """Keep a chunk; return its place."""
        self._file.write(data)
        self._file.flush()
        self._size += len(data)
        return self._size - len(data), len(data)

    def read(self, start: int, size: int) -> bytes:
        """Return the chunk of a place; for several threads."""
        return os.pread(self._file.fileno(), size, start)


class WithOther(Translation):
    """A translation of rows with the code of what is too rare to be told."""

    def __init__(self, source: Layout, target: Layout) -> None:
        super().__init__(source, target)
        if source.other is not None and target.other is not None and not self._same:
            code_of = np.zeros(source.other + 1, np.uint32)
            code_of[: self._code_of.size] = self._code_of
            code_of[source.other] = target.other
            self._code_of = code_of
