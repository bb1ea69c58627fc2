"""Parquet files: only the wanted columns are read, row groups in parallel."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from nlptools.corpus.column_types import is_string, plain_schema
from nlptools.corpus.compression import check_ratio
from nlptools.corpus.foreign import ROWS, accepted_batches, arrow_errors, rows_at_once
from nlptools.corpus.json_lines import not_whole
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import Reading, Wanted
from nlptools.threads import in_order

PARQUET_MAGIC = b"PAR1"
_REMEDY = "is it whole? copy or make it again"
_AT_ONCE = 64 << 20  # a row group beyond that is read in pieces, not beside others


class ParquetReader:
    """The rows of a Parquet file."""

    def __init__(self, path: Path, name: str, options: ReadOptions) -> None:
        if options.document_per == "file":
            raise not_whole(name)
        self.name = name
        self._path = path
        self._options = options
        self._taken = 0
        with arrow_errors(name, _REMEDY):
            self._metadata, self.schema = _opened(path)

    def taken(self) -> int:
        """Return how many bytes of the file were used so far."""
        return self._taken

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        """Yield the rows; those with invalid UTF-8, or without what is required, are rejected."""
        size, given = self._path.stat().st_size, 0
        self._taken = 0
        for batch in accepted_batches(self._batches(wanted), wanted, self.name, _REMEDY, reading):
            given += batch.nbytes
            check_ratio(given, size, self.name, self._options.max_ratio)
            yield batch

    def _batches(self, wanted: Wanted) -> Iterator[Any]:
        size = self._path.stat().st_size
        read: Iterator[Iterable[Any]]
        columns = [name for name in wanted.schema.names if name in self.schema.names]
        groups = range(self._metadata.num_row_groups)
        if all(self._metadata.row_group(group).total_byte_size <= _AT_ONCE for group in groups):
            read = in_order(lambda group: list(self._group(group, columns)), groups, self._options.workers)
        else:
            read = (self._group(group, columns) for group in groups)
        for batches in read:
            yield from batches
            self._taken += size // len(groups)

    def _group(self, number: int, columns: list[str]) -> Iterator[Any]:
        import pyarrow.parquet as pq

        group = self._metadata.row_group(number)
        size, given, found = self._path.stat().st_size, 0, 0
        rows = max(1, group.num_rows * self._options.batch_bytes // max(1, group.total_byte_size))
        with pa.OSFile(str(self._path)) as file:
            rows = min(rows, self._rows_at_once(file, number, columns))
            parquet = pq.ParquetFile(file, metadata=self._metadata, page_checksum_verification=True)
            for batch in parquet.iter_batches(rows, row_groups=[number], columns=columns, use_threads=False):
                given += batch.nbytes
                check_ratio(given, size, self.name, self._options.max_ratio)
                found += batch.num_rows
                yield batch
        if found != group.num_rows:
            raise pa.ArrowInvalid(f"row group {number} holds {found} rows, not {group.num_rows} as it says")

    def _rows_at_once(self, file: Any, number: int, columns: list[str]) -> int:
        """Return how many rows to read at a time, so that one long string to which many refer does no harm."""
        import pyarrow.parquet as pq

        strings = [name for name in columns if is_string(self.schema.field(name).type)]
        if not strings:
            return ROWS
        parquet = pq.ParquetFile(file, metadata=self._metadata, read_dictionary=strings)
        first = next(parquet.iter_batches(1, row_groups=[number], columns=strings, use_threads=False), None)
        return ROWS if first is None else rows_at_once(first)


def _opened(path: Path) -> tuple[Any, Any]:
    import pyarrow.parquet as pq  # here, because it takes its time to import

    with pa.OSFile(str(path)) as file:
        parquet = pq.ParquetFile(file)
        return parquet.metadata, plain_schema(parquet.schema_arrow)
