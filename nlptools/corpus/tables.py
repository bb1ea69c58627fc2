"""A corpus in memory: Arrow tables and streams, and Python strings."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from nlptools.corpus.reading import LONE_SURROGATE, NOT_UTF8, Reading, choose_column, text_bytes
from nlptools.errors import InputError

ROWS = 1 << 16
"""How many rows of a table become one array, at most."""

ITEMS = 1 << 12
"""How many strings of an iterable become one array, at most."""


@runtime_checkable
class ArrowStream(Protocol):
    """Whatever speaks the Arrow C stream interface: tables of pyarrow, polars, pandas, duckdb, ..."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


class ArrowSource:
    """The text column of a table, or of a stream of record batches."""

    def __init__(self, table: Any, text_column: str | None) -> None:
        self.name = type(table).__name__
        self.size: int | None = None
        self.restartable = not isinstance(table, pa.RecordBatchReader)
        self._table = pa.chunked_array([table]) if isinstance(table, pa.Array) else table
        if isinstance(table, (pa.Table, pa.RecordBatch, pa.RecordBatchReader)):
            _text_column(table.schema, text_column, self.name)  # a wrong column is better said early

    def documents(self, reading: Reading) -> Iterator[Any]:
        """Yield the strings of the column; nulls and invalid UTF-8 are rejected."""
        row = 0
        try:
            batches = _reader(self._table)
            column = _text_column(batches.schema, reading.options.text_column, self.name)
            for batch in batches:
                for start in range(0, batch.num_rows, ROWS):
                    array = batch.column(column)[start : start + ROWS].cast(pa.large_string())
                    yield self._accepted(array, row + start, reading)
                row += batch.num_rows
        except pa.ArrowException as error:
            raise InputError(f"{self.name}: cannot be read as an Arrow stream ({error}); check what made it") from error

    def _accepted(self, array: Any, before: int, reading: Reading) -> Any:
        if array.null_count:
            for row in np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)).tolist():
                reading.reject(self.name, before + row + 1, "null in the text column", None)
        try:
            array.validate(full=True)
        except pa.ArrowInvalid:
            texts = []
            for row, data in enumerate(array.cast(pa.large_binary()).to_pylist(), before + 1):
                try:
                    texts += [] if data is None else [data.decode("utf-8")]
                except UnicodeDecodeError:
                    reading.reject(self.name, row, NOT_UTF8, data)
            array = pa.array(texts, pa.large_string())
        reading.advance(text_bytes(array))
        return array.drop_null()

    def close(self) -> None:
        """Do nothing: the table is the caller's."""


def _reader(table: ArrowStream) -> Any:
    """Return the record batches of a table; of a column alone, those of a table that has only it."""
    if isinstance(table, pa.RecordBatchReader):
        return table
    try:
        return pa.RecordBatchReader.from_stream(table)
    except pa.ArrowInvalid:
        return pa.table({"text": pa.chunked_array(table)}).to_reader()


def _text_column(schema: Any, wanted: str | None, name: str) -> int:
    strings = [field.name for field in schema if _is_string(field.type)]
    column = choose_column(list(schema.names), strings, wanted, name)
    if schema.names.count(column) > 1:
        raise InputError(f"{name}: has {schema.names.count(column)} columns named {column!r}; give each its own name")
    kind = schema.field(column).type
    if not _is_string(kind):
        raise InputError(f"{name}: column {column!r} is {kind}, not a string; cast it, or name another --text-column")
    index: int = schema.get_field_index(column)
    return index


def _is_string(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


class StringSource:
    """Python strings, each a document."""

    def __init__(self, strings: Iterable[Any]) -> None:
        self.name = type(strings).__name__
        self.size: int | None = None
        self.restartable = iter(strings) is not strings
        self._strings = strings

    def documents(self, reading: Reading) -> Iterator[Any]:
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
                yield self._accepted(texts, done, reading)
                done += len(texts)
                texts, characters = [], 0
        yield self._accepted(texts, done, reading)

    def _accepted(self, texts: list[str], before: int, reading: Reading) -> Any:
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
        return array

    def close(self) -> None:
        """Do nothing: the strings are the caller's."""
