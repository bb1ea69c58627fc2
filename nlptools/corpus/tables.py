"""A corpus in memory: Arrow tables and streams, and Python strings."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from nlptools.corpus.column_types import plain_schema
from nlptools.corpus.foreign import accepted_batches, arrow_errors
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.plain_text import TEXT_SCHEMA
from nlptools.corpus.reading import LONE_SURROGATE, InputFile, Inspected, Reader, Reading, Wanted, text_bytes
from nlptools.errors import InputError

ITEMS = 1 << 12
"""How many strings of an iterable become one batch, at most."""

_REMEDY = "check what made it"


@runtime_checkable
class ArrowStream(Protocol):
    """Whatever speaks the Arrow C stream interface: tables of pyarrow, polars, pandas, duckdb, ..."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


@runtime_checkable
class ArrowDataset(Protocol):
    """A pyarrow Dataset: it reads only the columns that are asked for."""

    schema: Any

    def scanner(self, **options: Any) -> Any:
        """Return what reads it."""


class ArrowSource:
    """A table, a stream of record batches, a dataset, or a column alone; its own reader."""

    def __init__(self, table: Any) -> None:
        self.name = type(table).__name__
        self.size: int | None = None
        self.restartable = not isinstance(table, pa.RecordBatchReader)
        self._table = pa.chunked_array([table]) if isinstance(table, pa.Array) else table
        self._begun: Any = None  # a stream of which only the schema was looked at
        with arrow_errors(self.name, _REMEDY):
            if not isinstance(table, ArrowDataset):
                self._begun = _stream(self._table)
            self.schema = plain_schema((table if self._begun is None else self._begun).schema)

    def readers(self, reading: Reading) -> Iterator[Reader]:
        """Yield this."""
        yield self

    def inspect(self, options: ReadOptions) -> list[Inspected]:
        """Return what the table is."""
        return [Inspected(InputFile(self.name, "table"), self.schema)]

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        """Yield the rows; those with invalid UTF-8, or without what is required, are rejected."""
        for batch in accepted_batches(self._stream(wanted), wanted, self.name, _REMEDY, reading):
            reading.advance(sum(text_bytes(c) for c in batch.columns if c.type == pa.large_string()))
            yield batch

    def _stream(self, wanted: Wanted) -> Iterator[Any]:
        if isinstance(self._table, ArrowDataset):
            yield from self._table.scanner(columns=wanted.schema.names).to_reader()
            return
        stream, self._begun = self._begun or _stream(self._table), None
        yield from stream

    def identity(self) -> None:
        """Return None: it is gone with this process."""

    def close(self) -> None:
        """Do nothing: the table is the caller's."""


def _stream(table: ArrowStream) -> Any:
    """Return the record batches of a table; of a column alone, those of a table that has only it."""
    if isinstance(table, pa.RecordBatchReader):
        return table
    try:
        return pa.RecordBatchReader.from_stream(table)
    except pa.ArrowInvalid:
        return pa.table({"text": pa.chunked_array(table)}).to_reader()


class StringSource:
    """Python strings, each a document; its own reader."""

    def __init__(self, strings: Iterable[Any]) -> None:
        self.name = type(strings).__name__
        self.size: int | None = None
        self.restartable = iter(strings) is not strings
        self.schema = TEXT_SCHEMA
        self._strings = strings

    def readers(self, reading: Reading) -> Iterator[Reader]:
        """Yield this."""
        yield self

    def inspect(self, options: ReadOptions) -> list[Inspected]:
        """Return what the strings are."""
        return [Inspected(InputFile(self.name, "strings"), self.schema)]

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        """Yield the strings; raises InputError at an item that is not one."""
        texts: list[str] = []
        characters = done = 0
        for text in self._strings:
            if not isinstance(text, str):
                place = f"{self.name}, item {done + len(texts) + 1}"
                raise InputError(f"{place}: is {type(text).__name__}, not str; give one str for each document")
            texts.append(text)
            characters += len(text)
            if len(texts) == ITEMS or characters >= reading.options.batch_bytes:
                yield self._accepted(texts, done, wanted, reading)
                done += len(texts)
                texts, characters = [], 0
        yield self._accepted(texts, done, wanted, reading)

    def _accepted(self, texts: list[str], before: int, wanted: Wanted, reading: Reading) -> Any:
        try:
            array = pa.array(texts, pa.large_string())
        except UnicodeEncodeError:
            good = []
            for number, text in enumerate(texts, before + 1):
                if any("\ud800" <= character <= "\udfff" for character in text):
                    reading.reject(self.name, number, LONE_SURROGATE, text)
                else:
                    good.append(text)
            array = pa.array(good, pa.large_string())
        reading.advance(text_bytes(array))
        return pa.RecordBatch.from_arrays([array], schema=wanted.schema)

    def identity(self) -> None:
        """Return None: it is gone with this process."""

    def close(self) -> None:
        """Do nothing: the strings are the caller's."""
