"""A copy of a corpus on disk, for what can be read only once."""

import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from nlptools.corpus.byte_stream import raw_stream
from nlptools.corpus.reading import Reading, ReadReport
from nlptools.errors import InputError, OutputError


class SpoolSource:
    """The batches of a corpus in a temporary Arrow stream file, deleted on `close` or with this object."""

    restartable = True

    def __init__(self, name: str, batches: Iterator[Any], schema: Any, directory: str | Path | None) -> None:
        self.name = name
        self.report = ReadReport()  # what the first reading rejected; set by the corpus
        try:
            handle, path = tempfile.mkstemp(prefix="nlptools-", suffix=".arrows", dir=directory)
        except OSError as error:
            raise _no_room(directory, error) from error
        self._path = Path(path)
        self._delete = weakref.finalize(self, self._path.unlink, missing_ok=True)
        try:
            with os.fdopen(handle, "wb") as file:
                self._write(file, batches, schema, directory)
        except BaseException:
            self._delete()
            raise
        self.size: int | None = self._path.stat().st_size

    @staticmethod
    def _write(file: Any, batches: Iterator[Any], schema: Any, directory: str | Path | None) -> None:
        with pa.ipc.new_stream(file, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            for batch in batches:
                try:
                    writer.write_batch(batch)
                except OSError as error:
                    raise _no_room(directory, error) from error

    def documents(self, reading: Reading) -> Iterator[Any]:
        """Yield the documents as they were copied; what was rejected then is reported again."""
        reading.report.rejected.update(self.report.rejected)
        reading.report.examples.extend(self.report.examples)
        try:
            file = self._path.open("rb")
        except OSError as error:
            raise InputError(
                f"{self.name}: its temporary copy is gone (was the corpus closed?); open it again"
            ) from error
        with file:
            raw = raw_stream(file.read, str(self._path))
            reported = 0
            for batch in pa.ipc.open_stream(pa.PythonFile(raw, mode="r")):
                reading.advance(raw.taken - reported)
                reported = raw.taken
                yield batch.column("text")
            reading.advance(raw.taken - reported)

    def close(self) -> None:
        """Delete the copy."""
        self._delete()


def _no_room(directory: str | Path | None, error: OSError) -> OutputError:
    place = directory or tempfile.gettempdir()
    return OutputError(f"{place}: no temporary copy can be written here ({error.strerror}); give another directory")
