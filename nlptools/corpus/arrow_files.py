"""Arrow IPC files (also Feather of version 2) and streams."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from nlptools.corpus.column_types import plain_schema
from nlptools.corpus.compression import check_ratio
from nlptools.corpus.foreign import accepted_batches, arrow_errors
from nlptools.corpus.json_lines import not_whole
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import Reading, Wanted

ARROW_MAGIC = b"ARROW1"
STREAM_MAGIC = b"\xff\xff\xff\xff"
_REMEDY = "is it whole? copy or make it again"


class ArrowReader:
    """The rows of an Arrow file or stream."""

    def __init__(self, path: Path, name: str, options: ReadOptions) -> None:
        if options.document_per == "file":
            raise not_whole(name)
        self.name = name
        self._path = path
        self._options = options
        with arrow_errors(name, _REMEDY):
            self.schema = plain_schema(_schema(path))

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        """Yield the rows; those with invalid UTF-8, or without what is required, are rejected."""
        size, given = self._path.stat().st_size, 0
        for batch in accepted_batches(self._batches(wanted), wanted, self.name, _REMEDY, reading):
            given += batch.nbytes
            check_ratio(given, size, self.name, self._options.max_ratio)
            yield batch

    def _batches(self, wanted: Wanted) -> Iterator[Any]:
        with pa.OSFile(str(self._path)) as file:
            names = self.schema.names
            chosen = [names.index(name) for name in wanted.schema.names if name in names]
            for batch in _read(file, pa.ipc.IpcReadOptions(included_fields=chosen)):
                batch.validate()
                yield batch


def _schema(path: Path) -> Any:
    with pa.OSFile(str(path)) as file:
        if file.read(len(STREAM_MAGIC)) == STREAM_MAGIC:
            file.seek(0)
            return pa.ipc.open_stream(file).schema
        file.seek(0)
        return pa.ipc.open_file(file).schema


def _read(file: Any, options: Any) -> Iterator[Any]:
    is_stream = file.read(len(STREAM_MAGIC)) == STREAM_MAGIC
    file.seek(0)
    if is_stream:
        yield from pa.ipc.open_stream(file, options=options)
        return
    reader = pa.ipc.open_file(file, options=options)
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)
