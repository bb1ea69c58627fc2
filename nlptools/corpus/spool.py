"""Copies on disk: of a corpus that can be read only once, and of bytes that must be read in any order."""

import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa

from nlptools.corpus.byte_stream import ByteStream, raw_stream
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import InputFile, Inspected, Reader, Reading, ReadReport, Wanted
from nlptools.errors import InputError, OutputError

COPY_BYTES = 1 << 20


def spooled_file(content: ByteStream, stack: ExitStack) -> Path:
    """Return a temporary file with the rest of `content`, deleted with the stack."""
    path = _temporary_file(None)
    stack.callback(path.unlink, missing_ok=True)
    with path.open("wb") as file:
        while chunk := content.read(COPY_BYTES):
            try:
                file.write(chunk)
            except OSError as error:
                raise _no_room(None, error) from error
    return path


def _temporary_file(directory: str | Path | None) -> Path:
    try:
        handle, path = tempfile.mkstemp(prefix="nlptools-", dir=directory)
    except OSError as error:
        raise _no_room(directory, error) from error
    os.close(handle)
    return Path(path)


class SpoolSource:
    """The batches of a corpus in a temporary Arrow stream file, deleted on `close` or with this object."""

    restartable = True

    def __init__(self, name: str, batches: Iterator[Any], schema: Any, directory: str | Path | None) -> None:
        self.name = name
        self.schema = schema
        self.report = ReadReport()  # what the first reading rejected; set by the corpus
        self._path = _temporary_file(directory)
        self._delete = weakref.finalize(self, self._path.unlink, missing_ok=True)
        try:
            with self._path.open("wb") as file:
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

    def readers(self, reading: Reading) -> Iterator[Reader]:
        """Yield this: it is its own reader."""
        yield self

    def inspect(self, options: ReadOptions) -> list[Inspected]:
        """Return what the copy is."""
        return [Inspected(InputFile(self.name, "table"), self.schema)]

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        """Yield the records as they were copied; what was rejected then is reported again."""
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
                yield batch.select(wanted.schema.names)
            reading.advance(raw.taken - reported)

    def identity(self) -> None:
        """Return None: it is gone with this process."""

    def close(self) -> None:
        """Delete the copy."""
        self._delete()


def _no_room(directory: str | Path | None, error: OSError) -> OutputError:
    place = directory or tempfile.gettempdir()
    return OutputError(f"{place}: no temporary copy can be written here ({error.strerror}); give another directory")
