"""`open_dated`: documents with the day each is of."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.column_types import is_string
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import Inspected, Reader, Reading, ReadReport, Source, Wanted
from nlptools.corpus.sources import source_of, source_of_paths
from nlptools.corpus.stream import Corpus
from nlptools.errors import InputError, OptionError

NO_DAY = np.datetime64("NaT", "D")

_SEPARATED = r"^\s*(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?(?:[T\s].*)?$"
_PLAIN = r"^\s*(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:[T\s].*)?$"


class DatedCorpus:
    """Documents and their days. Made by `open_dated`; records whose date cannot be read are bad records."""

    def __init__(self, source: Source, column: str, options: ReadOptions) -> None:
        if options.group_by is not None:
            raise OptionError(f"group_by={options.group_by!r} joins records of different dates: leave it out")
        self._days: list[NDArray[np.datetime64]] = []
        self._source, self._column, self._options = source, column, options
        self._corpus = Corpus(_DatedSource(source, column, self._days.append), options)

    def __repr__(self) -> str:
        return f"<DatedCorpus {self.name}>"

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return self._corpus.name

    @property
    def size(self) -> int | None:
        """Bytes on disk of all inputs, compressed as they are; None if not known."""
        return self._corpus.size

    @property
    def report(self) -> ReadReport:
        """What the pass in progress, or the last one, has read."""
        return self._corpus.report

    def batches(self, progress: Callable[[int], object] | None = None) -> Iterator[tuple[Any, NDArray[np.datetime64]]]:
        """Yield texts, a large_string array, and their days, datetime64[D], (N,); see `Corpus.batches`."""
        self._days.clear()
        for batch in self._corpus.batches(progress):
            days = np.concatenate(self._days)
            self._days[:] = [days[batch.num_rows :]]
            yield batch.column("text"), days[: batch.num_rows]

    def texts(self) -> Corpus:
        """Return the same documents as a corpus, without their days."""
        return Corpus(_DatedSource(self._source, self._column, lambda _: None), self._options)


def open_dated(source: Any, date_column: str = "date", **options: Any) -> DatedCorpus:
    """Return the documents of `source`, whose days stand in a column of it.

    source, options: as in `open_corpus`; strings alone have no dates. A date is one of Arrow (a timestamp counts by its own
    time zone), or begins with 2024-01-31, 2024/1/31, 2024.1.31, 2024年1月31日 or 20240131; what follows a T or a blank, such as
    a time of day, is not looked at.
    Raises InputError if there is no such column, or if it cannot hold dates.
    """
    chosen = ReadOptions(**options)
    return DatedCorpus(source_of(source, chosen), date_column, chosen)


def open_dated_paths(paths: Sequence[str | Path], date_column: str, options: ReadOptions) -> DatedCorpus:
    """Return the documents of several paths, globs or directories, in that order; see `open_dated`."""
    return DatedCorpus(source_of_paths(paths, options), date_column, options)


class _DatedSource:
    """A source whose records have a date that can be read; on_days takes the days of each batch before it comes."""

    def __init__(self, source: Source, column: str, on_days: Callable[[NDArray[np.datetime64]], object]) -> None:
        self.name, self.size, self.restartable = source.name, source.size, source.restartable
        self.close = source.close
        self._source, self._column, self._on_days = source, column, on_days

    def identity(self) -> str | None:
        found = self._source.identity()
        return None if found is None else f"{found}\0date={self._column}"

    def inspect(self, options: ReadOptions) -> list[Inspected]:
        return self._source.inspect(options)

    def readers(self, reading: Reading) -> Iterator[Reader]:
        for reader in self._source.readers(reading):
            yield _DatedReader(reader, self._column, self._on_days)


class _DatedReader:
    def __init__(self, reader: Reader, column: str, on_days: Callable[[NDArray[np.datetime64]], object]) -> None:
        self.name = reader.name
        self._reader, self._column, self._on_days = reader, column, on_days
        if column not in reader.schema.names:
            known = ", ".join(map(repr, reader.schema.names[:20])) or "none"
            raise InputError(f"{self.name}: no column {column!r}; its columns are {known}: name one with --date-column")
        self._field = reader.schema.field(column)
        if not _may_be_a_date(self._field.type):
            raise InputError(
                f"{self.name}: column {column!r} is {self._field.type}, which is no date; name another --date-column"
            )
        others = [field for field in reader.schema if field.name != column]
        self.schema = pa.schema(others if any(is_string(field.type) for field in others) else reader.schema)

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        names = wanted.schema.names
        fields = [*wanted.schema, *([] if self._column in names else [self._field])]
        place = f"{self.name} (records)"  # readers do not tell the line of a record that is good
        row = 0
        for batch in self._reader.batches(Wanted(pa.schema(fields), wanted.required), reading):
            days = read_days(batch.column(self._column))
            good = ~np.isnat(days)
            for bad in np.flatnonzero(~good).tolist():
                (record,) = batch.slice(bad, 1).to_pylist()
                reason = "no date" if record[self._column] in (None, "") else "not a date"
                reading.reject(place, row + bad + 1, f"{reason} in column {self._column!r}", str(record))
            row += batch.num_rows
            self._on_days(days[good])
            yield batch.select(names).filter(pa.array(good))


def _may_be_a_date(kind: Any) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_integer(kind) or is_string(kind))


def read_days(column: Any) -> NDArray[np.datetime64]:
    """Return the days that N values of an Arrow array stand for, datetime64[D], (N,); NaT where there is none.

    >>> read_days(pa.array(["2024-02-29T08:00", "2023/2/29", "20240131"])).astype(str).tolist()
    ['2024-02-29', 'NaT', '2024-01-31']
    """
    import pyarrow.compute as pc  # here, because it takes its time to import

    if pa.types.is_timestamp(column.type):
        column = pc.floor_temporal(column if column.type.tz is None else pc.local_timestamp(column), unit="day")
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return np.asarray(column.cast(pa.timestamp("s")).to_numpy(zero_copy_only=False)).astype("datetime64[D]")
    texts = column.cast(pa.large_string())
    days = np.full(len(texts), NO_DAY)
    for pattern in (_SEPARATED, _PLAIN):
        found = pc.extract_regex(texts, pattern)
        here = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
        year, month, day = (np.asarray(part.cast(pa.int64())) for part in found.take(pa.array(here)).flatten())
        months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
        dates = months.astype("datetime64[D]") + (day - 1)
        real = (year > 0) & (month >= 1) & (month <= 12) & (day >= 1) & (dates.astype("datetime64[M]") == months)
        days[here] = np.where(real, dates, NO_DAY)
    return days
