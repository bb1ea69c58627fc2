"""The count file: an Arrow IPC file of sorted rows, with what they mean in its metadata.

Columns: `head` uint64, `tail` uint64 (only where the order needs it), `count` uint32 or uint64. The rows lie in record
batches, each with a checksum of its buffers, its place and the metadata, so that no damage goes unseen.
docs/formats.md says the same to users.
"""

import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.array_file import metadata_checksum
from nlptools.errors import InputError, reason_of
from nlptools.ngrams import _merge_kernels
from nlptools.ngrams.rows import Layout, Rows, batched

_FORMAT = b"ngram counts 1"
_CHECKSUM = b"crc32"


@dataclass(frozen=True)
class Totals:
    """What was counted; totals add.

    characters: windows, one for each character. documents: of the corpus. fingerprint: sum of the hashes of all documents
    modulo 2^64, the same in whatever order, format or number of files they came.
    """

    characters: int
    documents: int
    fingerprint: int

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.characters + other.characters,
            self.documents + other.documents,
            (self.fingerprint + other.fingerprint) % (1 << 64),
        )


NOTHING = Totals(0, 0, 0)


def write_counts(path: Path, layout: Layout, totals: Totals, rows: Iterable[Rows], to_disk: bool = False) -> None:
    """Write rows, that come in order, to a new count file; to_disk: see to it that they are on disk."""
    metadata = _to_metadata(layout, totals)
    schema = _schema(layout, pa.uint32() if totals.characters < 1 << 32 else pa.uint64()).with_metadata(metadata)
    with path.open("wb") as file:
        writer = pa.ipc.new_file(file, schema)
        for number, (batch, is_last) in enumerate(_with_last(batched(rows))):
            columns = [batch.heads, batch.tails, batch.counts.astype(schema.types[-1].to_pandas_dtype())]
            columns = [column for column in columns if column.size]
            arrays = [pa.array(column) for column in columns]
            checksum = _checksum(columns, metadata[_CHECKSUM], number, is_last)
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema), custom_metadata={_CHECKSUM: checksum})
        writer.close()
        if to_disk:
            file.flush()
            os.fsync(file.fileno())


def _with_last(batches: Iterator[Rows]) -> Iterator[tuple[Rows, bool]]:
    """Yield each batch, and whether it is the last."""
    batch = next(batches, None)
    while batch is not None:
        following = next(batches, None)
        yield batch, following is None
        batch = following


def _schema(layout: Layout, counts: pa.DataType) -> pa.Schema:
    words = ["head", "tail"] if layout.tail_length else ["head"]
    return pa.schema([*((word, pa.uint64()) for word in words), ("count", counts)])


def _checksum(columns: list[NDArray[Any]], header: bytes, number: int, is_last: bool) -> bytes:
    """Return the checksum of a batch: not of its buffers alone, so that no other batch can take its place."""
    crc = zlib.crc32(b"%s %d %d" % (header, number, is_last))
    for column in columns:
        crc = zlib.crc32(np.ascontiguousarray(column).data.cast("B"), crc)
    return b"%08x" % crc


def _to_metadata(layout: Layout, totals: Totals) -> dict[bytes, bytes]:
    metadata = {
        b"nlptools": _FORMAT,
        b"order": b"%d" % layout.order,
        b"bits": b"%d" % layout.bits,
        b"min_count": b"%d" % layout.min_count,
        b"characters": b"%d" % totals.characters,
        b"documents": b"%d" % totals.documents,
        b"fingerprint": b"%016x" % totals.fingerprint,
        b"alphabet": layout.characters.encode(),
    }
    return {**metadata, _CHECKSUM: metadata_checksum(metadata)}


class CountReader(Sequence[Rows]):
    """The rows of a count file, a batch at a time.

    map: map the file into memory, so that rows are not copied; else each batch is read when it is asked for.
    Raises InputError if the file is no count file, or damaged.
    """

    def __init__(self, path: str | Path, map: bool = False) -> None:
        self.path = Path(path)
        try:
            self._file = pa.memory_map(os.fspath(path)) if map else pa.OSFile(os.fspath(path))
        except (OSError, ValueError, pa.ArrowException) as error:
            raise self._no_count_file(error) from error
        try:
            self._reader = pa.ipc.open_file(self._file)
            self.layout, self.totals = _from_schema(self._reader.schema)
            if bool(len(self)) != bool(self.totals.characters):
                raise ValueError("there are no rows, or too many")
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            self._file.close()
            raise self._no_count_file(error) from error
        self._checked: set[int] = set()

    def __len__(self) -> int:
        """Return how many batches there are."""
        return int(self._reader.num_record_batches)

    def __getitem__(self, index: Any) -> Rows:  # type: ignore[override]  # no slices
        """Return the rows of a batch."""
        try:
            batch, metadata = self._reader.get_batch_with_custom_metadata(index)
            batch.validate()  # else a column may be said to be longer than its buffer
            columns = [column.to_numpy(zero_copy_only=True) for column in batch.columns]
        except (OSError, ValueError, pa.ArrowException) as error:
            raise self._damaged(index) from error
        rows = Rows(columns[0], columns[1] if len(columns) == 3 else np.empty(0, np.uint64), columns[-1])
        if index not in self._checked:
            header, is_last = self._reader.schema.metadata[_CHECKSUM], index == len(self) - 1
            checksum = _checksum(columns, header, index, is_last)
            if metadata is None or metadata.get(_CHECKSUM) != checksum or not self._is_valid(rows):
                raise self._damaged(index)
            self._checked.add(index)
        return rows

    def _is_valid(self, rows: Rows) -> bool:
        """Say whether rows are in order and have no codes but those of the layout: the kernels rely on it."""
        layout = self.layout
        other = layout.other or 0
        valid = _merge_kernels.are_valid(
            rows.heads, rows.tails, layout.order, layout.bits, len(layout.characters), other
        )
        return bool(rows.heads.size and valid)

    def __iter__(self) -> Iterator[Rows]:
        for index in range(len(self)):
            yield self[index]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _no_count_file(self, error: Exception) -> InputError:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else reason_of(error)
        return InputError(f"{self.path}: cannot be read as a count file ({reason}); {_REMEDY}")

    def _damaged(self, index: int) -> InputError:
        return InputError(f"{self.path}: is damaged (batch {index} of {len(self)}); {_REMEDY}")


_REMEDY = "give a file that `nlptools count` wrote, or count again"


def _from_schema(schema: pa.Schema) -> tuple[Layout, Totals]:
    """Return what the rows mean; raises KeyError or ValueError if it is not told, or not in our way."""
    values = schema.metadata or {}
    if values.get(b"nlptools") != _FORMAT:
        raise ValueError("it is another kind of Arrow file")
    if values.get(_CHECKSUM) != metadata_checksum(values):
        raise ValueError("its metadata are damaged")
    layout = Layout(values[b"alphabet"].decode(), int(values[b"order"]), int(values[b"min_count"]))
    totals = Totals(int(values[b"characters"]), int(values[b"documents"]), int(values[b"fingerprint"], 16))
    known = [_schema(layout, counts) for counts in (pa.uint32(), pa.uint64())]
    if not any(schema.equals(one) for one in known) or _to_metadata(layout, totals) != values:
        raise ValueError("its columns or metadata are not those of a count file")
    if list(layout.characters) != sorted(set(layout.characters)):
        raise ValueError("its alphabet is not sorted")
    if min(layout.order, layout.min_count) < 1 or layout.tail_length > 64 // layout.bits:
        raise ValueError("its order or min_count cannot be")
    return layout, totals
