"""`convert_corpus`: a corpus from any format to any other, cleaned on the way, in bounded memory."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.deduplicate import MEMORY, FirstOccurrences, digests
from nlptools.corpus.normalise import normalise_columns
from nlptools.corpus.options import ReadOptions, Recognise
from nlptools.corpus.reading import ReadReport
from nlptools.corpus.record_texts import Progress, RecordStream, RecordTexts, as_records, text_columns, text_options
from nlptools.corpus.records import Records
from nlptools.corpus.spool import SpoolSource
from nlptools.corpus.table_files import CORPUS_FORMATS, check_output, output_format, write_batches
from nlptools.errors import InputError, OptionError
from nlptools.wording import counted


@dataclass
class Conversion:
    """What `convert_corpus` has written, and what it left out."""

    written: int = 0
    unit: str = "record"  # what was written; of a .txt file "document"
    duplicates: int = 0  # left out
    normalised: int = 0  # of those written, how many normalising changed
    without_text: int = 0  # records left out of a .txt file
    report: ReadReport = field(default_factory=ReadReport)  # of the bad records, which are left out too

    def summary(self) -> str:
        """Return one line: "1,200 records, 7 normalised, 30 duplicates left out"."""
        parts = [counted(self.written, self.unit)]
        if self.normalised:
            parts.append(f"{self.normalised:,} normalised")
        if self.duplicates:
            parts.append(f"{counted(self.duplicates, 'duplicate')} left out")
        if self.without_text:
            parts.append(f"{counted(self.without_text, 'record')} without text left out")
        return ", ".join(parts)


@dataclass(frozen=True)
class _Stage:
    """Records on their way."""

    schema: Any
    texts: Sequence[str]  # the columns of the text
    begin: Callable[[Progress], Iterator[Any]]  # begins a pass over the batches


def convert_corpus(
    source: Any,
    output: str | Path,
    *,
    columns: Sequence[str] | None = None,
    text_column: str | None = None,
    group_by: str | None = None,
    recognise: Recognise | None = None,
    deduplicate: bool = False,
    normalise: bool = False,
    memory: int = MEMORY,
    directory: str | Path | None = None,
    progress: Progress = None,
    **reading: Any,
) -> Conversion:
    """Write the records of `source` to `output`, in the format of its suffix; see `table_files.write_batches`.

    source: what `open_records` takes, which also takes the further options, or what it returns.
    columns: those to write, in that order; None: all. A .txt file gets the texts alone, a document a line, as
        `open_corpus` makes them of the text columns and `group_by`; a line break within becomes a blank.
    text_column: the columns, comma separated, that are normalised and compared; if not given they are chosen as
        in `open_corpus`.
    deduplicate: of the records whose texts are equal after normalising, write only the first; records that have
        no text at all stay.
    normalise: write the texts normalised; `nlptools.corpus.normalise` says what that changes.
    memory: bytes that finding duplicates may take. directory: where it keeps files, and a copy of a source that
        can be read only once; if not given, the system's place for temporary files.
    progress: called with the bytes on disk that were used since its last call, in each of the passes: two if
        duplicates are left out.

    Raises InputError if the source cannot be read, OptionError if options do not go together, OutputError if
    the output cannot be written.
    """
    check_output(output, CORPUS_FORMATS)
    is_text = output_format(output, CORPUS_FORMATS) == "txt"
    if is_text and columns is not None:
        raise OptionError("columns cannot be chosen for a .txt file, it has only the text; say which with text_column")
    if group_by is not None and not is_text:
        raise OptionError(f"group_by={group_by!r} makes texts of records, for a .txt file; leave it out")
    options = text_options(reading, text_column, group_by, recognise)
    if columns is not None and (
        text_column is not None or not (deduplicate or normalise)
    ):  # other columns are not read
        reading["columns"] = [*columns, *(text_column.split(",") if text_column is not None else ())]
    records = as_records(source, reading)
    done = Conversion()
    with ExitStack() as stack:
        stage = _documents(records, options, done) if is_text else _whole(records, options, normalise or deduplicate)
        if deduplicate:
            stage = _deduplicated(stage, records, FirstOccurrences(memory, directory), directory, stack, done, progress)
        if normalise:
            stage = _normalised(stage, done)
        if columns is not None:
            stage = _selected(stage, columns, records.name)
        write_batches(_counted(stage.begin(progress), done), stage.schema, output)
    done.report = records.report
    return done


def _whole(records: RecordStream, options: ReadOptions, needs_text: bool) -> _Stage:
    texts = text_columns(records, options) if needs_text else []
    return _Stage(records.schema, texts, records.batches)


def _documents(records: RecordStream, options: ReadOptions, done: Conversion) -> _Stage:
    done.unit = "document"
    schema = pa.schema([pa.field("text", pa.large_string())])
    texts = RecordTexts(records, options)

    def begin(progress: Progress) -> Iterator[Any]:
        for documents in texts.documents(progress):
            yield pa.RecordBatch.from_arrays([documents], schema=schema)
        done.without_text = texts.report.rejected.total()

    return _Stage(schema, ["text"], begin)


def _normalised(stage: _Stage, done: Conversion) -> _Stage:
    schema = normalise_columns(pa.RecordBatch.from_pylist([], stage.schema), stage.texts).schema

    def begin(progress: Progress) -> Iterator[Any]:
        for batch in stage.begin(progress):
            normal = normalise_columns(batch, stage.texts)
            done.normalised += _different(batch, normal, stage.texts)
            yield normal

    return _Stage(schema, stage.texts, begin)


def _different(batch: Any, other: Any, columns: Sequence[str]) -> int:
    """Return in how many rows the columns differ; where one is null both are."""
    import pyarrow.compute as pc

    different = np.zeros(batch.num_rows, np.bool_)
    for name in columns:
        mine, theirs = batch.column(name).cast(other.column(name).type), other.column(name)
        if pa.types.is_large_string(mine.type):
            different |= pc.not_equal(mine, theirs).fill_null(False).to_numpy(zero_copy_only=False)
        elif not mine.equals(theirs):  # Arrow does not compare lists one by one
            different |= [a != b for a, b in zip(mine.to_pylist(), theirs.to_pylist(), strict=True)]
    return int(different.sum())


def _deduplicated(
    stage: _Stage,
    records: RecordStream,
    occurrences: FirstOccurrences,
    directory: str | Path | None,
    stack: ExitStack,
    done: Conversion,
    progress: Progress,
) -> _Stage:
    """Read all once to find the duplicates; the second pass leaves them out."""
    stack.enter_context(occurrences)

    def first_pass() -> Iterator[Any]:
        for batch in stage.begin(progress):
            occurrences.add(digests(batch, stage.texts))
            yield batch

    if records.restartable:
        for _ in first_pass():
            pass
        again = stage.begin
    else:
        copy = SpoolSource(records.name, first_pass(), stage.schema, directory)
        stack.callback(copy.close)
        copy.report = records.report
        again = Records(copy, ReadOptions()).batches
    is_first = occurrences.first_rows()

    def begin(progress: Progress) -> Iterator[Any]:
        row = 0
        for batch in again(progress):
            if row + batch.num_rows > len(is_first):
                break
            keep = is_first[row : row + batch.num_rows] | _without_text(batch, stage.texts)
            done.duplicates += batch.num_rows - int(keep.sum())
            yield batch.filter(pa.array(keep))
            row += batch.num_rows
        else:
            if row == len(is_first):
                return
        raise InputError(f"{records.name}: was changed while it was read; run it again")

    return _Stage(stage.schema, stage.texts, begin)


def _without_text(batch: Any, columns: Sequence[str]) -> NDArray[np.bool_]:
    """Say of each row whether all these columns are null; shape (N,)."""
    nulls = [batch.column(name).is_null().to_numpy(zero_copy_only=False) for name in columns]
    return np.asarray(np.logical_and.reduce(nulls))


def _selected(stage: _Stage, columns: Sequence[str], name: str) -> _Stage:
    for column in columns:
        if column not in stage.schema.names:
            known = ", ".join(map(repr, stage.schema.names[:20]))
            raise InputError(f"{name}: no column {column!r}; its columns are {known}: name these")
    chosen = list(dict.fromkeys(columns))
    schema = pa.schema([stage.schema.field(column) for column in chosen])
    return _Stage(schema, chosen, lambda progress: (batch.select(chosen) for batch in stage.begin(progress)))


def _counted(batches: Iterator[Any], done: Conversion) -> Iterator[Any]:
    for batch in batches:
        done.written += batch.num_rows
        yield batch
