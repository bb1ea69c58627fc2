"""Which kind of source a user has given."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from nlptools.corpus.files import FileSource
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.paths import NoFileError
from nlptools.corpus.reading import ReadReport, Source
from nlptools.corpus.tables import ArrowDataset, ArrowSource, ArrowStream, StringSource
from nlptools.corpus.writing import check_place
from nlptools.errors import InputError, OptionError


def source_of(source: Any, options: ReadOptions) -> Source:
    """Return what reads a path, several, a table or strings; see `open_corpus`."""
    if isinstance(source, (str, Path)):
        try:
            return source_of_paths([source], options)
        except NoFileError as error:
            raise error if isinstance(source, Path) else InputError(f"{error}; give text itself as a list") from None
    if isinstance(source, (list, tuple)) and source and isinstance(source[0], Path):
        for number, path in enumerate(source, 1):
            if not isinstance(path, Path):
                raise InputError(f"item {number} of the list is {type(path).__name__}, not a Path; give only paths")
        return source_of_paths(source, options)
    if options.document_per == "file":
        raise OptionError("document_per='file' is only for text files, and the source is none; leave it out")
    if options.rejects is not None:
        check_place(options.rejects)
    if isinstance(source, (ArrowStream, ArrowDataset, pa.Array)):
        return ArrowSource(source)
    if isinstance(source, (bytes, bytearray, memoryview)) or not isinstance(source, Iterable):
        raise InputError(f"{type(source).__name__} cannot be read as a corpus; give a path, a table or strings")
    return StringSource(source)


def source_of_paths(paths: Sequence[str | Path], options: ReadOptions) -> Source:
    """Return what reads several paths, globs or directories, in that order."""
    if not paths:
        raise OptionError("no input is named; give a file, a folder, or - for standard input")
    source = FileSource([str(path) for path in paths], options)
    if options.rejects is not None:
        rejects = Path(options.rejects)
        if any(file is not None and rejects.exists() and file.samefile(rejects) for file in source.paths):
            raise OptionError(f"--rejects {rejects}: is also an input, which it would overwrite; name another file")
        check_place(rejects)
    return source


class SourceStream:
    """What is read from a source, pass by pass: the base of `Corpus` and `Records`."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.report = ReadReport()  # of the pass in progress or the last one
        self._source = source
        self._options = options
        self._begun = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

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
        """Whether it can be read more than once; a corpus that cannot has `spooled`."""
        return self._source.restartable

    def close(self) -> None:
        """Let go of open inputs, and delete a temporary copy if this is one."""
        self._source.close()

    def _begin(self) -> None:
        """Begin a pass; raises InputError if one was begun before, and the source can be read only once."""
        if self._begun and not self.restartable:
            raise InputError(f"{self.name}: can be read only once and was; save it to a file, or use corpus.spooled()")
        self._begun = True
