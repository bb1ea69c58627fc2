"""What the toolkit knows of a corpus: one card for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nlptools.errors import InputError, OptionError
from nlptools_corpora.known import KnownRecords, open_records_of

if TYPE_CHECKING:
    from nlptools.corpus import Corpus


@dataclass(frozen=True)
class WrittenSample:
    """What `write_sample` wrote."""

    rows: int
    planted: dict[str, int]  # invented word -> times it was planted; most frequent first, then by word


class SampleWriter(Protocol):
    """Writes a sample to `path`, in the format of its suffix, and the words planted in it to `gold`."""

    def __call__(
        self, path: str | Path, rows: int = ..., seed: int = ..., gold: str | Path | None = None
    ) -> WrittenSample:
        """Return the number of rows and the planted words, as written."""


@dataclass(frozen=True)
class Card:
    """A corpus: what is in it, who published it, how to read it, and how to get a sample like it.

    We neither ship nor fetch the corpus. What is not known of it is said to be unknown.
    """

    name: str  # as typed: `nlptools corpus sample NAME`
    title: str
    description: str
    fields: Mapping[str, str]  # field of a record -> what it holds
    texts: Mapping[str, str]  # what can be taken for the text -> the fields, comma separated; the default first
    key: str  # the fields, comma separated, that make two records the same
    signs: tuple[tuple[str, ...], ...]  # a file that has all fields of one of these holds this corpus
    size: str
    published: str
    format: str  # of the published file
    licence: str  # of the published corpus
    sample: str  # what a sample is made of, and its licence
    write_sample: SampleWriter
    gold_words: Callable[[], list[str]]  # the invented words that a sample may hold
    lists: tuple[str, ...] = ()  # fields that hold lists of strings; the others hold strings
    other_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # field -> how else files call it
    attributes: tuple[str, str, str] | None = None  # the fields of entity, attribute and value, if these are triples
    bare: bool = False  # whether a CSV or TSV file of it may have no line of names

    @property
    def schema(self) -> Any:
        """The fields with their Arrow types: large_string, or list<large_string>."""
        import pyarrow as pa

        kinds = {name: pa.list_(pa.large_string()) if name in self.lists else pa.large_string() for name in self.fields}
        return pa.schema(kinds.items())

    def columns(self, names: list[str], bare: bool = False) -> dict[str, str] | None:
        """Return which column of a file holds which field, of those found; None if the file is of another corpus.

        names: the columns of the file. bare: that it is known to be of this corpus if the columns have no names, that
        is, they are called 1, 2, …
        """
        if bare and self.bare and names == self._numbers():
            return dict(zip(self.fields, names, strict=True))
        lower = {name.strip().lower(): name for name in names}
        found = {}
        for name in self.fields:
            column = next((lower[other] for other in (name, *self.other_names.get(name, ())) if other in lower), None)
            if column is not None:
                found[name] = column
        return found if any(found.keys() >= set(sign) for sign in self.signs) else None

    def records(self, source: Any, **reading: Any) -> KnownRecords:
        """Return the records of a file of this corpus, with the fields' names and types.

        source, reading: as for `nlptools.open_records`. Raises InputError if it is not like this corpus.
        """
        return KnownRecords(open_records_of(self, source, reading), self)

    def open(self, source: Any, text: str | None = None, group_by: str | None = None, **reading: Any) -> "Corpus":
        """Return the texts of a file of this corpus.

        text: a key of `texts`, the first if not given. group_by: a field; consecutive records that are equal there
        are one document. source, reading: as for `nlptools.open_corpus`. Raises OptionError if there is no such
        text, InputError if the source is not like this corpus.
        """
        from nlptools.corpus import open_corpus

        records = open_records_of(self, source, reading)
        names = records.schema.names
        reading["text_column"] = self.text_column(names, text)
        if group_by is not None:
            reading["group_by"] = self._columns_of(names, group_by)
        if records.restartable:
            return open_corpus(source, **{**reading, "header": names != self._numbers()})
        import pyarrow as pa

        return open_corpus(pa.RecordBatchReader.from_batches(records.schema, records.batches()), **reading)

    def key_column(self, names: list[str]) -> str:
        """Return the columns of a file, comma separated, that make two records the same, of those it has."""
        columns = self.columns(names, bare=True) or {}
        return ",".join(columns[name] for name in self.key.split(",") if name in columns)

    def text_column(self, names: list[str], text: str | None = None) -> str:
        """Return the columns of a file, comma separated, that hold the text.

        text: a key of `texts`, the first if not given. Raises OptionError if there is no such key, InputError if the
        file lacks a column.
        """
        text = next(iter(self.texts)) if text is None else text
        if text not in self.texts:
            raise OptionError(f"text={text!r} is not known of {self.name}; choose one of {', '.join(self.texts)}")
        return self._columns_of(names, self.texts[text])

    def numbered(self, names: str | None) -> str | None:
        """Return field names, comma separated, as they are called in a file without names: "entity,value" → "1,3"."""
        if names is None:
            return None
        numbers = dict(zip(self.fields, self._numbers(), strict=True))
        return ",".join(numbers.get(name, name) for name in names.split(","))

    def _numbers(self) -> list[str]:
        """Return the names of the columns of a file that has none."""
        return [str(place) for place, _ in enumerate(self.fields, 1)]

    def _columns_of(self, names: list[str], fields: str) -> str:
        columns = self.columns(names, bare=True) or {}
        for name in fields.split(","):
            if name not in columns:
                raise InputError(f"no column {name!r}, as {self.title} has; the columns are {', '.join(names)}")
        return ",".join(columns[name] for name in fields.split(","))
