"""Which kind of source a user has given."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from nlptools.corpus.files import FileSource
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import Source
from nlptools.corpus.tables import ArrowDataset, ArrowSource, ArrowStream, StringSource
from nlptools.corpus.writing import check_place
from nlptools.errors import InputError, OptionError


def source_of(source: Any, options: ReadOptions) -> Source:
    """Return what reads a path, several, a table or strings; see `open_corpus`."""
    if isinstance(source, (str, Path)):
        return source_of_paths([source], options)
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


def begin(source: Source, begun: bool) -> None:
    """Raise InputError if the source was begun before and can be read only once."""
    if begun and not source.restartable:
        raise InputError(f"{source.name}: can be read only once and was; save it to a file, or use corpus.spooled()")
