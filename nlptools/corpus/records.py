"""`open_records`: what a user has, as a stream of Arrow record batches with all its columns."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from nlptools.corpus.column_types import unified
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import InputFile, Inspected, Reading, Source, Wanted
from nlptools.corpus.sources import SourceStream, source_of, source_of_paths
from nlptools.errors import InputError, OptionError


class Records(SourceStream):
    """A stream of records. Made by `open_records`; read it with `for batch in records`."""

    def __init__(self, source: Source, options: ReadOptions, columns: Sequence[str] | None = None) -> None:
        super().__init__(source, options)
        self._columns = None if columns is None else list(columns)
        if columns is not None and (not columns or isinstance(columns, str)):
            raise OptionError(f"columns={columns!r}: give a list with at least one name, or None for all columns")

    @property
    def files(self) -> list[InputFile]:
        """What each input is."""
        return [inspected.file for inspected in self._inspected]

    @cached_property
    def schema(self) -> Any:
        """The columns, in the order they come in the inputs, or as they were asked for.

        Of Parquet and Arrow it is that of the file, with one type for strings (large_string) and one for lists
        of them; of JSON what the first records, 1 MiB of them, hold: large_string, list<large_string>, bool,
        int64, double; a field with anything else, or with a mixture, is its JSON as large_string. CSV and TSV
        have only large_string. Inputs without a column have nulls there.
        """
        found = [(inspected.file.name, inspected.schema) for inspected in self._inspected]
        if self._columns is None:
            schema = unified(found)
            if not schema.names:
                raise InputError(f"{self.name}: its records have no fields; give records with some")
            return schema
        known = list(dict.fromkeys(name for _, schema in found for name in schema.names))
        for column in self._columns:
            if column not in known:
                raise InputError(
                    f"{self.name}: no column {column!r}; its columns are {', '.join(map(repr, known[:20]))}: name these"
                )
        schema = unified((name, _part(schema, self._columns)) for name, schema in found)
        return pa.schema([schema.field(column) for column in dict.fromkeys(self._columns)])

    @cached_property
    def _inspected(self) -> list[Inspected]:
        return self._source.inspect(self._options)

    def __iter__(self) -> Iterator[Any]:
        return self.batches()

    def batches(self, progress: Callable[[int], object] | None = None) -> Iterator[Any]:
        """Yield the records from the beginning in record batches of `schema`; `report.documents` counts them.

        A record that does not fit the schema, or has a field unknown to it while all columns are asked for, is
        rejected. progress is called with the bytes on disk that were used since its last call. Raises
        InputError if the input cannot be used, or was read before and can only be once; under `strict`
        BadRecordError at the first bad record.
        """
        wanted = Wanted(self.schema, closed=self._columns is None)
        self._begin()
        with Reading(self._options, progress) as reading:
            self.report = reading.report
            for reader in self._source.readers(reading):
                for batch in reader.batches(wanted, reading):
                    reading.report.documents += batch.num_rows
                    if batch.num_rows:
                        yield batch


def _part(schema: Any, columns: Sequence[str]) -> Any:
    return pa.schema([field for field in schema if field.name in columns])


def open_records(source: Any, *, columns: Sequence[str] | None = None, **options: Any) -> Records:
    """Return the records of `source`, with all their columns, as a stream of Arrow record batches.

    source: what `open_corpus` takes. columns: those to read, in that order; None: all. options: the fields of
    `ReadOptions`, as in `open_corpus`; those that say what is text are not looked at.

    Raises InputError if something is missing or unreadable, OptionError if options cannot work.
    """
    chosen = ReadOptions(**options)
    return Records(source_of(source, chosen), chosen, columns)


def open_record_paths(
    paths: Sequence[str | Path], options: ReadOptions, columns: Sequence[str] | None = None
) -> Records:
    """Return the records of several paths, globs or directories, in that order; see `open_records`."""
    return Records(source_of_paths(paths, options), options, columns)
