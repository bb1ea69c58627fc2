"""Files of known corpora: records with the names and types that their cards give, whatever the file calls them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlptools.errors import InputError

if TYPE_CHECKING:
    from nlptools.corpus.reading import InputFile, ReadReport
    from nlptools.corpus.record_texts import Progress, RecordStream
    from nlptools_corpora.card import Card

DELIMITED = ("CSV", "TSV")
HEAD_BYTES = 1 << 20
"""How much is looked at to see whether there is a line of names."""


class KnownRecords:
    """Records of the corpus of `card`; the columns that are its fields have their names and types."""

    def __init__(self, records: "RecordStream", card: "Card") -> None:
        import pyarrow as pa

        self.card = card
        self._records = records
        self._fields = {
            column: field for field, column in (card.columns(records.schema.names, bare=True) or {}).items()
        }
        types = card.schema
        self.schema = pa.schema(
            [types.field(self._fields[field.name]) if field.name in self._fields else field for field in records.schema]
        )

    def renamed(self, columns: str) -> str:
        """Return columns of the file, comma separated, by the names that they have here."""
        return ",".join(self._fields.get(column, column) for column in columns.split(","))

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return self._records.name

    @property
    def size(self) -> int | None:
        """Bytes on disk of all inputs, None if not known."""
        return self._records.size

    @property
    def restartable(self) -> bool:
        """Whether it can be read more than once."""
        return self._records.restartable

    @property
    def files(self) -> "list[InputFile]":
        """What each input is."""
        return self._records.files

    @property
    def report(self) -> "ReadReport":
        """What the pass in progress, or the last one, has read."""
        return self._records.report

    def __iter__(self) -> Iterator[Any]:
        return self.batches()

    def batches(self, progress: "Progress" = None) -> Iterator[Any]:
        """Yield the records from the beginning in record batches of `schema`."""
        import pyarrow as pa

        for batch in self._records.batches(progress):
            columns = [
                _typed(array, before, after)
                for array, before, after in zip(batch.columns, batch.schema, self.schema, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _typed(array: Any, before: Any, after: Any) -> Any:
    """Return a column in the type of the card: JSON becomes what it says, one string a list of one."""
    import pyarrow as pa

    from nlptools.corpus.column_types import is_json_text, is_string

    if pa.types.is_list(after.type):
        if not is_string(before.type):
            return array.cast(after.type)
        return pa.array([_as_list(text) for text in array.to_pylist()], after.type)
    if is_json_text(before):
        return pa.array([_as_string(text) for text in array.to_pylist()], after.type)
    return array.cast(after.type)


def _as_list(text: str | None) -> list[str] | None:
    value = _parsed(text)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return None if value is None else [text if isinstance(value, list) else str(value)] if text else []


def _as_string(text: str | None) -> str | None:
    value = _parsed(text)
    return value if isinstance(value, str) else text


def _parsed(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return text


def open_records_of(card: "Card", source: Any, reading: dict[str, Any]) -> "RecordStream":
    """Return the records of `source`, a file of `card`'s corpus: with a line of names, or without if it has none.

    Raises InputError if it has neither the names nor the number of columns.
    """
    from nlptools.corpus import open_records

    if card.bare and reading.get("header", True):
        bare = open_records(source, **{**reading, "header": False, "rejects": None, "strict": False})
        if bare.restartable and all(file.format in DELIMITED for file in bare.files):
            reading = {**reading, "header": card.columns(_first_row(bare)) is not None}
    records: RecordStream = open_records(source, **reading)
    names = records.schema.names
    if card.columns(names, bare=True) is None:
        raise InputError(
            f"{records.name}: is not like {card.title}, with the fields {', '.join(card.fields)}; "
            f"its columns are {', '.join(names)}"
        )
    return records


def _first_row(records: "RecordStream") -> list[str]:
    first = next(iter(records.batches()), None)
    return [] if first is None else [column[0].as_py() for column in first.columns]


def lacks_names(path: str | Path, delimiter: str, card: "Card", max_ratio: int) -> bool:
    """Say whether a CSV or TSV file is of `card`'s corpus and begins with a record in place of a line of names.

    It is taken for that if there are as many columns as the card has fields, something in the first line stands in its
    column again, which the name of a column would not, and most attributes are not ASCII, such as 出生地. Looked at is
    the first MiB, as bytes: what reads records would bring in the kernels.
    """
    if not card.bare or card.attributes is None:
        return False
    lines = [line.split(delimiter.encode()) for line in _first_lines(Path(path), max_ratio)]
    if not lines or len(lines[0]) != len(card.fields):
        return False
    if card.columns([cell.decode("utf-8-sig", "replace") for cell in lines[0]]) is not None:
        return False
    columns = list(zip(*(cells for cells in lines if len(cells) == len(card.fields)), strict=True))
    attributes = columns[list(card.fields).index(card.attributes[1])]
    return any(column[0] in column[1:] for column in columns) and (
        2 * sum(attribute.isascii() for attribute in attributes) < len(attributes)
    )


def _first_lines(path: Path, max_ratio: int) -> list[bytes]:
    from nlptools.corpus.byte_stream import raw_stream
    from nlptools.corpus.compression import content_stream
    from nlptools.corpus.paths import name_parts

    with path.open("rb") as file:
        raw = raw_stream(file.read, str(path))
        content, _ = content_stream(raw, str(path), name_parts(path.name)[1], max_ratio)
        return content.peek(HEAD_BYTES).splitlines()[:-1]
