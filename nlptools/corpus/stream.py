"""`open_corpus`: what a user has, as a stream of Arrow record batches that can be read again and again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from nlptools.corpus.files import FileSource
from nlptools.corpus.reading import Reading, ReadOptions, ReadReport, Source, array_offsets, text_bytes
from nlptools.corpus.spool import SpoolSource
from nlptools.corpus.tables import ArrowSource, ArrowStream, StringSource
from nlptools.corpus.writing import check_place
from nlptools.errors import InputError, OptionError

BATCH_SCHEMA = pa.schema(
    [
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("document", pa.int64(), nullable=False),  # from 0, consecutive over the whole corpus
    ]
)


class Corpus:
    """A stream of documents. Made by `open_corpus`; read it with `for batch in corpus`."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.report = ReadReport()  # of the pass in progress or the last one
        self._source = source
        self._options = options
        self._begun = False

    def __repr__(self) -> str:
        return f"<Corpus {self.name}>"

    @property
    def name(self) -> str:
        """What to call it in messages: "corpus.txt", "3 files", "standard input", "Table"."""
        return self._source.name

    @property
    def size(self) -> int | None:
        """Bytes on disk of all inputs, compressed as they are; None if not known."""
        return self._source.size

    @property
    def restartable(self) -> bool:
        """Whether it can be read more than once; if not see `spooled`."""
        return self._source.restartable

    def __iter__(self) -> Iterator[Any]:
        return self.batches()

    def batches(self, progress: Callable[[int], object] | None = None) -> Iterator[Any]:
        """Yield the corpus from its beginning in record batches of BATCH_SCHEMA, each about `batch_bytes`.

        progress is called with the bytes on disk that were used since its last call; over a whole pass they
        add up to `size`. For tables and strings, whose size is not known, the bytes are those of the text
        in memory. Raises InputError if the input cannot be used, holds no text at all, or was read before
        and can only be once; under `strict` BadRecordError at the first bad record.
        """
        if self._begun and not self.restartable:
            raise InputError(f"{self.name}: can be read only once and was; save it to a file, or use corpus.spooled()")
        self._begun = True
        with Reading(self._options, progress) as reading:
            self.report = report = reading.report
            blank = True
            for text in _sized(self._source.documents(reading), self._options.batch_bytes):
                blank = blank and _is_blank(text)
                first = report.documents
                report.documents += len(text)
                report.text_bytes += text_bytes(text)
                numbers = pa.array(np.arange(first, report.documents, dtype=np.int64))
                yield pa.RecordBatch.from_arrays([text, numbers], schema=BATCH_SCHEMA)
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
        return Corpus(copy, replace(self._options, rejects=None))

    def close(self) -> None:
        """Delete the temporary copy, if this is one."""
        self._source.close()

    def __enter__(self) -> "Corpus":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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


CorpusInput = str | Path | Sequence[Path] | ArrowStream | Iterable[str] | Corpus


def open_corpus(
    source: CorpusInput,
    *,
    text_column: str | None = None,
    document_per: str = "line",
    strict: bool = False,
    rejects: str | Path | None = None,
    max_line_bytes: int = ReadOptions.max_line_bytes,
    batch_bytes: int = ReadOptions.batch_bytes,
) -> Corpus:
    """Return the documents of `source` as a restartable stream of Arrow record batches.

    source: a path, a glob, a directory, "-" for standard input, or a list of Path; anything that speaks the
        Arrow C stream interface; any other iterable of str, each a document; a Corpus is returned as it is.
        Files hold UTF-8, as plain text (a document for each line) or JSON lines, also as .gz or .zst.
    text_column: the column of JSON lines or of a table that holds the text; if not given it is "text", or the
        only column with strings.
    document_per: "line", or "file" for text files that are one document each, line ends included.
    strict: stop at the first bad record. Otherwise bad records are counted in `Corpus.report`.
    rejects: file to which every pass writes the bad records whole, as JSON lines.
    max_line_bytes: a longer line (or file, if that is a document) is an error.
    batch_bytes: about how much text a batch holds.

    Raises InputError if something is missing or unreadable, OptionError if options cannot work.
    """
    if isinstance(source, Corpus):
        return source
    options = ReadOptions(
        text_column=text_column,
        document_per=document_per,
        strict=strict,
        rejects=rejects,
        max_line_bytes=max_line_bytes,
        batch_bytes=batch_bytes,
    )
    if isinstance(source, (str, Path)):
        return open_paths([source], options)
    if isinstance(source, (list, tuple)) and source and isinstance(source[0], Path):
        for number, path in enumerate(source, 1):
            if not isinstance(path, Path):
                raise InputError(f"item {number} of the list is {type(path).__name__}, not a Path; give only paths")
        return open_paths(source, options)
    if document_per == "file":
        raise OptionError("document_per='file' is only for text files, and the source is none; leave it out")
    if isinstance(source, (ArrowStream, pa.Array)):
        return _opened(ArrowSource(source, text_column), options)
    if isinstance(source, (bytes, bytearray, memoryview)) or not isinstance(source, Iterable):
        raise InputError(f"{type(source).__name__} cannot be read as a corpus; give a path, a table or strings")
    strings: Iterable[Any] = source
    return _opened(StringSource(strings), options)


def open_paths(paths: Sequence[str | Path], options: ReadOptions | None = None) -> Corpus:
    """Return the documents of several paths, globs or directories, in that order; see `open_corpus`."""
    if not paths:
        raise OptionError("no input is named; give a file, a folder, or - for standard input")
    options = options or ReadOptions()
    source = FileSource([str(path) for path in paths], options.document_per)
    if options.rejects is not None:
        rejects = Path(options.rejects)
        if any(file is not None and rejects.exists() and file.samefile(rejects) for file in source.files):
            raise OptionError(f"--rejects {rejects}: is also an input, which it would overwrite; name another file")
    return _opened(source, options)


def _opened(source: Source, options: ReadOptions) -> Corpus:
    if options.rejects is not None:
        check_place(options.rejects)
    return Corpus(source, options)
