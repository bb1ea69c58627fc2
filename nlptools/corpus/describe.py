"""`describe_corpus`: what is in a file: its format, fields, texts and characters, in one pass."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from nlptools.corpus.attributes import Attribute, AttributeCounts
from nlptools.corpus.character_counts import CharacterCounts
from nlptools.corpus.frequent import FrequentValues
from nlptools.corpus.options import ReadOptions, Recognise
from nlptools.corpus.reading import InputFile
from nlptools.corpus.record_texts import Progress, RecordStream, RecordTexts, as_records, text_options
from nlptools.errors import InputError, OptionError

TOP = 10
"""How many of the most frequent values are told of each field."""


@dataclass(frozen=True)
class Field:
    """A column."""

    name: str
    type: str  # as Arrow calls it
    nulls: int  # records without a value
    different: int | None  # values, of lists items; None if too many to count, or no labels
    frequent: list[tuple[Any, int]]  # the most frequent ones, if any is frequent: value, count
    missed: int  # how much each of these counts may be too low


@dataclass(frozen=True)
class Texts:
    """The documents."""

    documents: int
    without_text: int  # records that have none
    characters: int
    different_characters: int
    scripts: dict[str, int]  # characters of each of `character_counts.SCRIPTS`
    shortest: int  # characters of a document; 0 if there is none
    median: int  # half of the documents are at most as long
    longest: int


@dataclass(frozen=True)
class Description:
    """What `describe_corpus` has found."""

    name: str
    files: list[InputFile]
    records: int
    bad_records: dict[str, int]  # reason -> records, most frequent first
    bad_examples: list[str]  # where the first are, "file:line: reason"
    fields: list[Field]
    texts: Texts | None  # None if no column can be taken for the text: `no_texts` says why
    no_texts: str | None = None
    attributes: list[Attribute] = field(default_factory=list)  # of triples, most frequent first
    different_attributes: int | None = None  # None if not asked for, or too many to count

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)


def describe_corpus(
    source: Any,
    *,
    text_column: str | None = None,
    group_by: str | None = None,
    recognise: Recognise | None = None,
    triples: tuple[str, str, str] | None = None,
    top: int = TOP,
    progress: Progress = None,
    **reading: Any,
) -> Description:
    """Return what is in a corpus. Memory does not grow with it.

    source: what `open_records` takes, which also takes the further options, or what it returns.
    text_column, group_by, recognise: what is a text, as in `open_corpus`; if that cannot be told, only the
        records are described.
    triples: the columns that hold the entity, the attribute and the value, if each record is an attribute of an
        entity: attributes are counted.
    top: how many of the most frequent values and attributes are returned.

    Raises InputError if the source cannot be read, OptionError if an option cannot work.
    """
    if top < 0:
        raise OptionError(f"top={top} cannot be shown; give 0 or more")
    records = as_records(source, reading)
    options = text_options(reading, text_column, group_by, recognise)
    with AttributeCounts(triples) as attributes:
        fields = [_FieldCounts(name) for name in records.schema.names]

        def observe(batch: Any) -> None:
            for counts, column in zip(fields, batch.columns, strict=True):
                counts.add(column)
            attributes.add(batch)

        texts, reason = _texts(records, options, observe, progress)
        report = records.report
        return Description(
            name=records.name,
            files=records.files,
            records=report.documents,
            bad_records=dict(report.rejected.most_common()),
            bad_examples=[f"{bad.file}:{bad.line}: {bad.reason}" for bad in report.examples],
            fields=[
                counts.found(column, report.documents, top)
                for counts, column in zip(fields, records.schema, strict=True)
            ],
            texts=texts,
            no_texts=reason,
            attributes=attributes.most_common(top),
            different_attributes=attributes.different,
        )


def _texts(
    records: RecordStream, options: ReadOptions, observe: Any, progress: Progress
) -> tuple[Texts | None, str | None]:
    """Read the records; return what their texts are, or why there are none."""
    try:
        texts = RecordTexts(records, options, observe)
    except InputError as error:
        if options.text_column is not None or options.group_by is not None:
            raise
        for batch in records.batches(progress):
            observe(batch)
        return None, str(error)
    characters = CharacterCounts()
    lengths = _Lengths()
    for documents in texts.documents(progress):
        characters.add(documents)
        lengths.add(documents)
    shortest, median, longest = lengths.found()
    return Texts(
        documents=lengths.counts.total(),
        without_text=texts.report.rejected.total(),
        characters=characters.total,
        different_characters=characters.different,
        scripts=characters.scripts(),
        shortest=shortest,
        median=median,
        longest=longest,
    ), None


class _Lengths:
    """How many documents have how many characters."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    def add(self, documents: Any) -> None:
        import pyarrow.compute as pc

        lengths, counts = np.unique(pc.utf8_length(documents).to_numpy(zero_copy_only=False), return_counts=True)
        for length, count in zip(lengths.tolist(), counts.tolist(), strict=True):
            self.counts[length] += count

    def found(self) -> tuple[int, int, int]:
        """Return the shortest, the median, and the longest."""
        if not self.counts:
            return 0, 0, 0
        lengths = sorted(self.counts)
        up_to = np.cumsum([self.counts[length] for length in lengths])
        median = lengths[int(np.searchsorted(up_to, (up_to[-1] + 1) // 2))]
        return lengths[0], median, lengths[-1]


class _FieldCounts:
    """What a column holds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._nulls = 0
        self._values = FrequentValues()

    def add(self, column: Any) -> None:
        self._nulls += column.null_count
        self._values.add(column)

    def found(self, column: Any, records: int, top: int) -> Field:
        """Return the field; its values are told if the first of them is in one record of 1000 at least, and in two."""
        frequent = self._values.most_common(top)
        if not frequent or frequent[0][1] < max(2, records / 1000):
            frequent = []
        return Field(
            name=self.name,
            type=type_name(column.type),
            nulls=self._nulls,
            different=self._values.different,
            frequent=frequent,
            missed=self._values.missed,
        )


def type_name(kind: Any) -> str:
    """Return the name of an Arrow type for people."""
    names: Iterable[tuple[Any, str]] = ((pa.large_string(), "string"), (pa.list_(pa.large_string()), "list of strings"))
    return next((name for known, name in names if kind.equals(known)), str(kind))
