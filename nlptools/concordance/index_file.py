"""The index file of a concordance: an Arrow IPC file with a batch of one row for each block of text, which is mapped.

docs/formats.md says to users what is in it. A question touches few pages of a large file, so each page has a checksum of
its own, which is compared when the page is first used.
"""

import ast
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.array_file import cell_bytes, metadata_checksum
from nlptools.corpus.writing import atomic_file
from nlptools.errors import InputError, reason_of

SUFFIX = ".kwic"
EDGE = 0xFF  # stands before, between and behind documents; UTF-8 has no such byte
DEPTH = 32  # by how many bytes the positions are sorted
POSITION_BYTES = 3  # little-endian

_FORMAT = b"concordance 1"
_CHECKSUM = b"crc32"
_PAGE_BITS = 13
_CELLS = ("text", "positions", "documents")
_NUMBERS = ("begin", "end", "first_document", "document_offset")
_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.large_binary(), nullable=False) for name in (*_CELLS, "checksums")),
        *(pa.field(name, pa.int64(), nullable=False) for name in _NUMBERS),
    ]
)
_REMEDY = "make it again with `nlptools concordance WORD INPUT... --index FILE`"


@dataclass(frozen=True)
class Block:
    """Some whole documents, or a piece of one that is too long, with a margin of text on both sides.

    text: UTF-8 with an EDGE before, between and behind the documents, or around the piece.
    positions: (characters, 3) uint8; where the characters of text[begin:end] begin, sorted by the DEPTH bytes there.
    documents: uint32; where each document, or the piece, begins in the text.
    first_document: the number of the first; document_offset: what of it, in bytes, lies before the text.
    """

    text: NDArray[np.uint8]
    positions: NDArray[np.uint8]
    documents: NDArray[np.uint32]
    begin: int
    end: int
    first_document: int
    document_offset: int


def write_index(path: Path, identity: str | None, blocks: Iterable[Block]) -> None:
    """Write the blocks of a corpus; the file appears under its name only when it is whole.

    identity: of the corpus, None if it is not in files.
    """
    metadata = {b"nlptools": _FORMAT, b"identity": (identity or "").encode()}
    metadata[_CHECKSUM] = metadata_checksum(metadata)
    documents = 0
    with atomic_file(path) as file, pa.ipc.new_file(file, _SCHEMA.with_metadata(metadata)) as writer:
        number = 0
        for block in blocks:
            _write_block(writer, block, number, metadata[_CHECKSUM])
            documents = block.first_document + block.documents.size
            number += 1
        nothing = np.empty(0, np.uint8)
        end = Block(nothing, nothing, nothing.view(np.uint32), 0, 0, documents, 0)
        _write_block(writer, end, number, metadata[_CHECKSUM])


def _write_block(writer: Any, block: Block, number: int, header: bytes) -> None:
    cells = [np.ascontiguousarray(getattr(block, name)).reshape(-1).view(np.uint8) for name in _CELLS]
    checksums = np.array([checksum for cell in cells for checksum in _page_checksums(cell)], "<u4").view(np.uint8)
    numbers = [int(getattr(block, name)) for name in _NUMBERS]
    arrays = []
    for cell in (*cells, checksums):
        buffers = [None, pa.py_buffer(np.array([0, cell.size])), pa.py_buffer(cell)]
        arrays.append(pa.Array.from_buffers(pa.large_binary(), 1, buffers))
    batch = pa.RecordBatch.from_arrays([*arrays, *(pa.array([value]) for value in numbers)], schema=_SCHEMA)
    checksum = _block_checksum(header, number, [cell.size for cell in cells], numbers, checksums)
    writer.write_batch(batch, custom_metadata={_CHECKSUM: checksum})


def _page_checksums(cell: NDArray[np.uint8]) -> Iterable[int]:
    return (zlib.crc32(cell[at : at + (1 << _PAGE_BITS)].data) for at in range(0, cell.size, 1 << _PAGE_BITS))


def _block_checksum(
    header: bytes, number: int, sizes: list[int], numbers: list[int], checksums: NDArray[np.uint8]
) -> bytes:
    """Return the checksum of all that is known of a block before its pages: none can take the place of another."""
    told = b"%s %s" % (header, " ".join(map(str, [number, *sizes, *numbers])).encode())
    return b"%08x" % zlib.crc32(checksums.data, zlib.crc32(told))


Ranks = Sequence[int] | NDArray[np.int64]


class Pages:
    """Bytes of an index file; a page of them is checked before its first use."""

    def __init__(self, data: NDArray[np.uint8], checksums: NDArray[np.uint32], path: Path) -> None:
        self.size = data.size
        self._data = data
        self._checksums = checksums
        self._checked = bytearray(checksums.size)
        self._path = path

    def array(self, begin: int = 0, end: int | None = None) -> NDArray[np.uint8]:
        """Return the bytes from begin to end as they lie in the file; raises InputError if they are damaged."""
        end = self.size if end is None else end
        self.check(range(begin >> _PAGE_BITS, ((end - 1) >> _PAGE_BITS) + 1))
        return self._data[begin:end]

    def take(self, begins: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the bytes at begins[i] + places[j], the first or the last byte where that is outside; (N, places).

        places: ascending, from the first to the last less than a page.
        """
        found = begins.astype(np.int32)[:, None] + places.astype(np.int32)
        np.clip(found, 0, self.size - 1, out=found)
        pages = found[:, [0, -1]] >> _PAGE_BITS
        unchecked = np.frombuffer(self._checked, np.uint8)[pages] == 0
        self.check(np.unique(pages[unchecked]).tolist())
        return self._data[found]

    def check(self, pages: Iterable[int]) -> None:
        """Raise InputError if one of these pages is damaged."""
        for page in pages:
            if not self._checked[page]:
                content = self._data[page << _PAGE_BITS : (page + 1) << _PAGE_BITS]
                if zlib.crc32(content.data) != self._checksums[page]:
                    raise damaged(self._path)
                self._checked[page] = 1


class IndexBlock:
    """A block in an index file; see `Block`."""

    def __init__(self, cells: Sequence[Pages], numbers: Sequence[int], path: Path) -> None:
        self.text, self.positions, self._documents = cells
        self.begin, self.end, self.first_document, self.document_offset = numbers
        self._path = path
        self._starts: NDArray[np.uint32] | None = None

    @property
    def characters(self) -> int:
        """How many positions there are."""
        return self.positions.size // POSITION_BYTES

    def damaged(self) -> InputError:
        """Return the error for what is not as it should be."""
        return damaged(self._path)

    def positions_at(self, ranks: Ranks) -> NDArray[np.int64]:
        """Return the positions with these ranks in the sorted order; raises InputError if they cannot be."""
        if isinstance(ranks, range):
            raw = self.positions.array(POSITION_BYTES * ranks.start, POSITION_BYTES * ranks.stop)
            raw = raw.reshape(-1, POSITION_BYTES)
        else:
            begins = POSITION_BYTES * np.asarray(ranks, np.int64)
            raw = self.positions.take(begins, np.arange(POSITION_BYTES))
        found: NDArray[np.int64] = raw.astype(np.int64) @ np.array([1, 1 << 8, 1 << 16])
        if found.size and not self.begin <= found.min() <= found.max() < self.end:
            raise self.damaged()
        return found

    def document_starts(self) -> NDArray[np.uint32]:
        """Return where the documents begin; raises InputError if they cannot be there."""
        if self._starts is None:
            starts = self._documents.array().view("<u4")
            if not (
                starts.size and starts[0] == 1 and starts[-1] < self.text.size and np.all(starts[1:] > starts[:-1])
            ):
                raise self.damaged()
            self._starts = starts
        return self._starts


class IndexFile:
    """The blocks of an index file, mapped into memory.

    identity: of the corpus it was made of; "" if that was not in files. documents: how many it had.
    Raises InputError if the file is no index, or damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise InputError(f"{path}: there is no such file; check the path")
        try:
            self._file = pa.memory_map(os.fspath(path))
            self._reader = pa.ipc.open_file(self._file)
            metadata = self._reader.schema.metadata or {}
        except (OSError, ValueError, pa.ArrowException) as error:
            raise InputError(
                f"{path}: cannot be read as a concordance index ({reason_of(error)}); {_REMEDY}"
            ) from error
        if metadata.get(b"nlptools") != _FORMAT or not self._reader.schema.equals(_SCHEMA):
            raise InputError(f"{path}: is an Arrow file, but no concordance index of this version; {_REMEDY}")
        if metadata.get(_CHECKSUM) != metadata_checksum(metadata) or not self._reader.num_record_batches:
            raise damaged(path)
        self.identity = metadata[b"identity"].decode()
        self._header = metadata[_CHECKSUM]
        self._blocks: dict[int, IndexBlock] = {}
        self.documents = self._block(len(self)).first_document

    def __len__(self) -> int:
        """Return how many blocks there are; one more, without text, ends the file."""
        return int(self._reader.num_record_batches) - 1

    def __getitem__(self, number: int) -> IndexBlock:
        """Return a block; raises InputError if it is damaged or the file was closed, IndexError if there is none."""
        if self._file.closed:
            raise InputError(f"{self.path}: the concordance was closed; open it again")
        if not 0 <= number < len(self):
            raise IndexError(number)
        if number not in self._blocks:
            self._blocks[number] = self._block(number)
        return self._blocks[number]

    def close(self) -> None:
        """Close the file."""
        self._blocks.clear()
        self._file.close()

    def changed_input(self) -> str | None:
        """Return the path of an input that is there, but not as it was when the index was made; None if there is none."""
        if not self.identity:
            return None
        for path, size, time in ast.literal_eval(self.identity.partition("\0")[0]):
            if Path(path).exists():
                status = Path(path).stat()
                if (status.st_size, status.st_mtime_ns) != (size, time):
                    return str(path)
        return None

    def _block(self, number: int) -> IndexBlock:
        try:
            return self._read_block(number)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise damaged(self.path) from error

    def _read_block(self, number: int) -> IndexBlock:
        """Return a block; raises ValueError if it is not what its checksum says."""
        batch, metadata = self._reader.get_batch_with_custom_metadata(number)
        batch.validate(full=True)
        if batch.num_rows != 1 or any(column.null_count for column in batch.columns):
            raise ValueError
        *cells, checksums = (cell_bytes(batch.column(name)) for name in (*_CELLS, "checksums"))
        numbers = [batch.column(name)[0].as_py() for name in _NUMBERS]
        told = _block_checksum(self._header, number, [cell.size for cell in cells], numbers, checksums)
        pages = [-(-cell.size >> _PAGE_BITS) for cell in cells]
        if metadata is None or metadata.get(_CHECKSUM) != told or 4 * sum(pages) != checksums.size:
            raise ValueError
        ends = np.split(checksums.view("<u4"), np.cumsum(pages)[:-1])
        block = IndexBlock([Pages(c, own, self.path) for c, own in zip(cells, ends, strict=True)], numbers, self.path)
        if number == len(self):
            if any(cell.size for cell in cells):
                raise ValueError
        elif not _is_sound(block):
            raise ValueError
        return block


def _is_sound(block: IndexBlock) -> bool:
    """Say whether a block has an edge on both sides, so that nothing that follows the text runs out of it."""
    size = block.text.size
    if size < 2 or not 1 <= block.begin <= block.end < size:
        return False
    return bool(block.text.array(0, 1)[0] == block.text.array(size - 1, size)[0] == EDGE)


def damaged(path: str | Path) -> InputError:
    """Return the error for an index that is not what it should be."""
    return InputError(f"{path}: is damaged; {_REMEDY}")
