"""The documents in a stream of records, for those who look at the records as well."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from nlptools.corpus.foreign import accepted_batches
from nlptools.corpus.options import ReadOptions, Recognise
from nlptools.corpus.reading import InputFile, Reading, ReadReport, Wanted
from nlptools.corpus.text_columns import TextColumns

Progress = Callable[[int], object] | None


class RecordStream(Protocol):
    """What `open_records` returns, or something that can be read like it."""

    @property
    def name(self) -> str:
        """What to call it in messages."""

    @property
    def size(self) -> int | None:
        """Bytes on disk of all inputs, None if not known."""

    @property
    def schema(self) -> Any:
        """The Arrow schema of all batches."""

    @property
    def restartable(self) -> bool:
        """Whether it can be read more than once."""

    @property
    def files(self) -> list[InputFile]:
        """What each input is."""

    @property
    def report(self) -> ReadReport:
        """What the pass in progress, or the last one, has read."""

    def batches(self, progress: Progress = None) -> Iterator[Any]:
        """Yield the records from the beginning."""


def as_records(source: Any, reading: dict[str, Any]) -> RecordStream:
    """Return `source` if it is a stream of records, else what `open_records` makes of it with these options."""
    if isinstance(source, (str, bytes)) or not (hasattr(type(source), "files") and hasattr(type(source), "batches")):
        from nlptools.corpus.records import open_records

        return open_records(source, **reading)
    stream: RecordStream = source
    return stream


def text_options(
    reading: dict[str, Any], text_column: str | None, group_by: str | None, recognise: Recognise | None
) -> ReadOptions:
    """Return how texts are made of records that `open_records` reads with the options `reading`."""
    kept = {name: value for name, value in reading.items() if name not in ("columns", "rejects")}
    return ReadOptions(**kept, text_column=text_column, group_by=group_by, recognise=recognise)


def text_columns(records: RecordStream, options: ReadOptions) -> list[str]:
    """Return the columns of the text. Raises InputError, listing the columns there are, if none can be taken."""
    return TextColumns(_Observed(records), options).columns


class RecordTexts:
    """The documents in records. Raises InputError if no column can be taken for the text.

    observe: called with each batch of the records.
    """

    def __init__(
        self, records: RecordStream, options: ReadOptions, observe: Callable[[Any], object] | None = None
    ) -> None:
        self.report = ReadReport()  # of the records without text
        self._reader = _Observed(records, observe)
        self._options = options
        self._columns = TextColumns(self._reader, options)

    def documents(self, progress: Progress = None) -> Iterator[Any]:
        """Yield the documents as large_string arrays."""
        with Reading(self._options) as reading:
            self.report = reading.report
            self._reader.progress = progress
            yield from self._columns.documents(reading)


class _Observed:
    """Records as a reader; all columns are read, and the wanted ones handed on."""

    def __init__(self, records: RecordStream, observe: Callable[[Any], object] | None = None) -> None:
        self.name = records.name
        self.schema = records.schema
        self.progress: Progress = None
        self._records = records
        self._observe = observe

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        for batch in self._records.batches(self.progress):
            if self._observe is not None:
                self._observe(batch)
            yield from accepted_batches([batch], wanted, self.name, "check what made it", reading)
