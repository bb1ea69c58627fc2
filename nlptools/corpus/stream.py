"""`open_corpus`: what a user has, as a stream of Arrow record batches that can be read again and again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from nlptools.corpus.options import DocumentPer, InputFormat, ReadOptions, Recognise
from nlptools.corpus.reading import Reading, Source, array_offsets, text_bytes
from nlptools.corpus.sources import SourceStream, source_of, source_of_paths
from nlptools.corpus.spool import SpoolSource
from nlptools.corpus.tables import ArrowDataset, ArrowSource, ArrowStream
from nlptools.corpus.text_columns import TextColumns
from nlptools.errors import InputError

BATCH_SCHEMA = pa.schema(
    [
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("document", pa.int64(), nullable=False),  # from 0, consecutive over the whole corpus
    ]
)


class Corpus(SourceStream):
    """A stream of documents. Made by `open_corpus`; read it with `for batch in corpus`."""

    def identity(self) -> str | None:
        """Return what tells this input from another, and how it is read; None if it is not in files.

        Two readings with equal identities give the same documents, as far as paths, sizes and times of files tell.
        """
        source = self._source.identity()
        return None if source is None else f"{source}\0{self._options.identity()}"

    def __iter__(self) -> Iterator[Any]:
        return self.batches()

    def batches(self, progress: Callable[[int], object] | None = None, names: bool = False) -> Iterator[Any]:
        """Yield the corpus from its beginning in record batches of BATCH_SCHEMA, each about `batch_bytes`.

        progress is called with the bytes on disk that were used since its last call; over a whole pass they
        add up to `size`. For tables and strings, whose size is not known, the bytes are those of the text
        in memory. names: add a column `name`, large_string: what the input calls the document, which is its
        value of `group_by`, or its file under document_per="file"; null for others.
        Raises InputError if the input cannot be used, holds no text at all, or was read before
        and can only be once; under `strict` BadRecordError at the first bad record.
        """
        self._begin()
        called = _Names()
        with Reading(self._options, progress, called.add if names else None) as reading:
            self.report = report = reading.report
            blank = True
            for text in _sized(_documents(self._source, reading), self._options.batch_bytes):
                blank = blank and _is_blank(text)
                first = report.documents
                report.documents += len(text)
                report.text_bytes += text_bytes(text)
                numbers = pa.array(np.arange(first, report.documents, dtype=np.int64))
                batch = pa.RecordBatch.from_arrays([text, numbers], schema=BATCH_SCHEMA)
                yield batch.append_column("name", called.take(len(text))) if names else batch
            if blank and report.rejected:
                raise InputError(f"{self.name}: no record could be used: {report.summary()}; check the input")
            if blank:
                raise InputError(f"{self.name}: is empty; give text that holds more than white space")

    def spooled(self, directory: str | Path | None = None, progress: Callable[[int], object] | None = None) -> "Corpus":
        """Return a corpus that can be read again: this one if it can, else a temporary copy on disk.

        The copy lies in `directory` (default: the system's for temporary files) until the corpus that is
        returned is closed, left as a context manager, or forgotten.
        """
        if self.restartable:
            return self
        copy = SpoolSource(self.name, self.batches(progress), BATCH_SCHEMA, directory)
        copy.report = self.report
        return Corpus(copy, ReadOptions(batch_bytes=self._options.batch_bytes))

    def __enter__(self) -> "Corpus":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Names:
    """Names of documents that wait for their texts."""

    def __init__(self) -> None:
        self._waiting: list[Any] = []
        self.add = self._waiting.append

    def take(self, size: int) -> Any:
        """Return the next names; nulls if there were never any."""
        if not self._waiting:
            return pa.nulls(size, pa.large_string())
        names = self._waiting[0] if len(self._waiting) == 1 else pa.concat_arrays(self._waiting)
        self._waiting[:] = [names[size:]]
        return names[:size]


def _documents(source: Source, reading: Reading) -> Iterator[Any]:
    for reader in source.readers(reading):
        yield from TextColumns(reader, reading.options).documents(reading)


def _is_blank(array: Any) -> bool:
    import pyarrow.compute as pc  # here, because it takes its time to import

    return not pc.any(pc.not_equal(pc.utf8_trim_whitespace(array), "")).as_py()


def _sized(arrays: Iterator[Any], batch_bytes: int) -> Iterator[Any]:
    """Join small arrays and cut large ones, to between a half of and twice `batch_bytes` where possible.

    A document weighs its bytes and one more, as in a file.
    """
    waiting: list[Any] = []
    weight = 0
    for array in arrays:
        for piece in _pieces(array, batch_bytes):
            waiting.append(piece)
            weight += text_bytes(piece) + len(piece)
            if 2 * weight >= batch_bytes:
                yield waiting[0] if len(waiting) == 1 else pa.concat_arrays(waiting)
                waiting, weight = [], 0
    if waiting:
        yield waiting[0] if len(waiting) == 1 else pa.concat_arrays(waiting)


def _pieces(array: Any, batch_bytes: int) -> Iterator[Any]:
    if text_bytes(array) + len(array) <= 2 * batch_bytes:
        if len(array):
            yield array
        return
    offsets = array_offsets(array)
    weights = offsets - offsets[0] + np.arange(len(offsets))
    start = 0
    while start < len(array):
        fits = int(np.searchsorted(weights, weights[start] + batch_bytes, side="right")) - 1
        end = max(start + 1, fits)
        yield array[start:end]
        start = end


CorpusInput = str | Path | Sequence[Path] | ArrowStream | ArrowDataset | Iterable[str] | Corpus


def open_corpus(
    source: CorpusInput,
    *,
    text_column: str | None = None,
    group_by: str | None = None,
    document_per: DocumentPer = "line",
    encoding: str | None = None,
    input_format: InputFormat | None = None,
    header: bool = True,
    strict: bool = False,
    rejects: str | Path | None = None,
    max_line_bytes: int = ReadOptions.max_line_bytes,
    max_ratio: int = ReadOptions.max_ratio,
    max_depth: int = ReadOptions.max_depth,
    max_members: int = ReadOptions.max_members,
    batch_bytes: int = ReadOptions.batch_bytes,
    threads: int | None = None,
    recognise: Recognise | None = None,
) -> Corpus:
    """Return the documents of `source` as a restartable stream of Arrow record batches.

    source: a path, a glob, a directory, "-" for standard input, or a list of Path; anything that speaks the
        Arrow C stream interface, or a pyarrow Dataset; any other iterable of str, each a document; a Corpus is
        returned as it is. Files are text, JSON lines, JSON, CSV, TSV, Parquet or Arrow, plain, compressed (gzip,
        bzip2, xz, zstd) or in a zip archive; what they are is found out where the name does not tell.
    text_column: the column that holds the text, or several, comma separated, whose texts are joined by a line
        break; so are the strings of a column of lists. If not given it is "text", or what `recognise` says, or
        the only column with strings.
    group_by: consecutive records of a file that are equal in this column are one document, joined likewise.
    document_per: "line", or "file" for text files that are one document each, line ends included.
    encoding: of text, JSON, CSV and TSV; if not given it is found out: UTF-8, UTF-16, UTF-32, GB18030 or Big5.
    input_format: "text", "jsonl", "json" (an array of objects, or objects one after another), "csv", "tsv",
        "parquet" or "arrow", if it is not to be found out.
    header: whether CSV and TSV begin with the names of the columns; if not these are "1", "2", …
    strict: stop at the first bad record. Otherwise bad records are counted in `Corpus.report`.
    rejects: file to which every pass writes the bad records whole, as JSON lines.
    max_line_bytes: a longer line or record (or file, or group, if that is a document) is an error.
    max_ratio: more bytes than this from one compressed byte are an error, beyond 64 MiB; 0 allows any.
    max_depth: a JSON record that is nested deeper is a bad record.
    max_members: a zip archive with more members is an error.
    batch_bytes: about how much text a batch holds.
    threads: how many threads read; if not given all processors, at most 8. The result does not depend on it.
    recognise: given the names of the columns, returns the text_column of a known corpus, None for others.

    Raises InputError if something is missing or unreadable, OptionError if options cannot work.
    """
    if isinstance(source, Corpus):
        return source
    options = ReadOptions(
        text_column=text_column,
        group_by=group_by,
        document_per=document_per,
        encoding=encoding,
        input_format=input_format,
        header=header,
        strict=strict,
        rejects=rejects,
        max_line_bytes=max_line_bytes,
        max_ratio=max_ratio,
        max_depth=max_depth,
        max_members=max_members,
        batch_bytes=batch_bytes,
        threads=threads,
        recognise=recognise,
    )
    found = source_of(source, options)
    if isinstance(found, ArrowSource):
        TextColumns(found, options)  # a wrong column is better said early
    return Corpus(found, options)


def open_paths(paths: Sequence[str | Path], options: ReadOptions | None = None) -> Corpus:
    """Return the documents of several paths, globs or directories, in that order; see `open_corpus`."""
    options = options or ReadOptions()
    return Corpus(source_of_paths(paths, options), options)
