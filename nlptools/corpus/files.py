"""A corpus in files, or on standard input: opening them, and finding out what they are."""

import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from nlptools.corpus.arrow_files import ARROW_MAGIC, STREAM_MAGIC, ArrowReader
from nlptools.corpus.byte_stream import STDIN, ByteStream, raw_stream
from nlptools.corpus.compression import content_stream
from nlptools.corpus.delimited import CsvReader, TsvReader
from nlptools.corpus.encodings import as_utf8
from nlptools.corpus.json_lines import JsonReader, is_json_object, not_whole
from nlptools.corpus.json_values import value_lines
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.parquet_files import PARQUET_MAGIC, ParquetReader
from nlptools.corpus.paths import FORMATS, expand, name_parts
from nlptools.corpus.plain_text import TextReader
from nlptools.corpus.reading import Content, InputFile, Inspected, Reader, Reading, Wanted
from nlptools.corpus.sniffing import HEAD_BYTES, binary_kind, check_text, table_format
from nlptools.corpus.spool import spooled_file
from nlptools.corpus.zip_members import ZIP_MAGIC, CountedFile, open_members
from nlptools.errors import InputError

_STREAM_READERS: dict[str, Callable[[Content, ReadOptions], Reader]] = {
    "text": TextReader,
    "JSON lines": JsonReader,
    "JSON": lambda content, options: JsonReader(value_lines(content), options),
    "CSV": CsvReader,
    "TSV": TsvReader,
}
_FILE_READERS: dict[str, Callable[[Path, str, ReadOptions], Reader]] = {"Parquet": ParquetReader, "Arrow": ArrowReader}
_MAGIC = {PARQUET_MAGIC: "Parquet", ARROW_MAGIC: "Arrow", STREAM_MAGIC: "Arrow"}
_CHOICES = {
    "text": "text",
    "jsonl": "JSON lines",
    "json": "JSON",
    "csv": "CSV",
    "tsv": "TSV",
    "parquet": "Parquet",
    "arrow": "Arrow",
}


_SPACES = b" \t\r\n"
_LONG_LINE = 1 << 20  # a first line that is longer is not looked at whole


@dataclass
class _Input:
    """An open input."""

    reader: Reader
    file: InputFile
    taken: Callable[[], int]  # bytes on disk that were used so far


class FileSource:
    """Files in a fixed order; `None` among them is standard input."""

    def __init__(self, paths: Sequence[str], options: ReadOptions) -> None:
        self.paths: list[Path | None] = []
        for path in paths:
            self.paths += [None] if path == "-" else expand(path)
        if self.paths.count(None) > 1:
            raise InputError("-: standard input is named twice but can be read only once; name it once")
        for file in self.paths:
            form = None if file is None else FORMATS.get(name_parts(file.name)[0])
            if options.document_per == "file" and form not in (None, "text") and options.input_format != "text":
                raise not_whole(str(file))
        self.name = f"{len(self.paths)} files"
        if len(self.paths) == 1:
            self.name = STDIN if self.paths[0] is None else str(self.paths[0])
        sizes = [_regular_size(file) for file in self.paths]
        known = [size for size in sizes if size is not None]
        self.restartable = len(known) == len(sizes)
        self.size = sum(known) if self.restartable else None
        if self.size == 0:
            raise InputError(f"{self.name}: is empty; give a file with text in it")
        self._kept: dict[int, tuple[ExitStack, _Input | _Archive]] = {}  # inspected, and to be read only once

    def readers(self, reading: Reading) -> Iterator[Reader]:
        """Yield the readers of all inputs."""
        for number, file in enumerate(self.paths):
            stack, found = self._opened(number, reading.options)
            with stack:
                progress = _Progress(reading, _regular_size(file))
                for opened in _inputs(found, reading.options):
                    yield _Advancing(opened, progress)
                progress.finish()

    def inspect(self, options: ReadOptions) -> list[Inspected]:
        """Return what each input is; what can be read only once stays open."""
        inspected = []
        for number, file in enumerate(self.paths):
            stack, found = self._opened(number, options)
            with stack:
                inspected += [Inspected(opened.file, opened.reader.schema) for opened in _inputs(found, options)]
                if _regular_size(file) is None:
                    self._kept[number] = (stack.pop_all(), found)
        return inspected

    def identity(self) -> str | None:
        """Return the paths, sizes and times of change of all files; None if one is a pipe."""
        if not self.restartable:
            return None
        seen = [(file, file.stat()) for file in self.paths if file is not None]
        return repr([(str(file.resolve()), status.st_size, status.st_mtime_ns) for file, status in seen])

    def close(self) -> None:
        """Let go of what was inspected but not read."""
        for stack, _ in self._kept.values():
            stack.close()
        self._kept.clear()

    def _opened(self, number: int, options: ReadOptions) -> tuple[ExitStack, "_Input | _Archive"]:
        if number in self._kept:
            return self._kept.pop(number)
        stack = ExitStack()
        try:
            return stack, _look_into(self.paths[number], stack, options)
        except BaseException:
            stack.close()
            raise


def _inputs(found: "_Input | _Archive", options: ReadOptions) -> Iterator[_Input]:
    return found.inputs(options) if isinstance(found, _Archive) else iter([found])


class _Progress:
    """How far a file was read."""

    def __init__(self, reading: Reading, size: int | None) -> None:
        self._reading = reading
        self._size = size
        self._reported = 0

    def reach(self, taken: int) -> None:
        """Say that so many bytes were used; never more than there are."""
        reached = max(taken if self._size is None else min(taken, self._size), self._reported)
        self._reading.advance(reached - self._reported)
        self._reported = reached

    def finish(self) -> None:
        """Say that all was read."""
        if self._size is not None:
            self.reach(self._size)


class _Advancing:
    """A reader that tells after each batch how far it has come."""

    def __init__(self, opened: _Input, progress: _Progress) -> None:
        self.name = opened.reader.name
        self.schema = opened.reader.schema
        self._opened = opened
        self._progress = progress

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        """Yield what the reader does."""
        for batch in self._opened.reader.batches(wanted, reading):
            self._progress.reach(self._opened.taken())
            yield batch
        self._progress.reach(self._opened.taken())


def _regular_size(file: Path | None) -> int | None:
    """Return the size in bytes, None for a pipe or a device: they can be read only once."""
    if file is None:
        return None
    try:
        status = file.stat()
    except OSError as error:
        raise _cannot_open(file, error) from error
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _cannot_open(file: Path, error: OSError) -> InputError:
    return InputError(f"{file}: cannot be opened ({error.strerror}); check that it is still there")


def _open(file: Path | None, stack: ExitStack) -> IO[bytes]:
    if file is None:
        stdin: IO[bytes] | None = getattr(sys.stdin, "buffer", None)
        if stdin is None:
            raise InputError(f"{STDIN}: is closed; name a file, or pipe text in")
        return stdin
    try:
        return stack.enter_context(file.open("rb"))
    except OSError as error:
        raise _cannot_open(file, error) from error


@dataclass
class _Archive:
    """A zip archive in a file."""

    path: Path
    name: str

    def inputs(self, options: ReadOptions) -> Iterator[_Input]:
        """Yield its members; each is open until the next one is asked for."""
        with ExitStack() as stack:
            archive = CountedFile(_open(self.path, stack))
            for member in open_members(archive, self.name, options):
                with ExitStack() as inner:
                    promised = name_parts(member.name)[1]
                    content, packed = content_stream(member.stream, member.name, promised, options.max_ratio)
                    about = InputFile(member.name, "", packed or "zip", None, member.size)
                    yield _input(content, about, None, lambda: archive.taken, inner, options)


def _look_into(file: Path | None, stack: ExitStack, options: ReadOptions) -> _Input | _Archive:
    """Open a file; what is opened is closed with the stack."""
    name = STDIN if file is None else str(file)
    size = _regular_size(file)
    raw = raw_stream(_open(file, stack).read, name)
    promised = None if file is None else name_parts(file.name)[1]
    content, compression = content_stream(raw, name, promised, options.max_ratio)
    path = file if size is not None and compression is None else None
    if content.peek(4).startswith(ZIP_MAGIC):
        return _Archive(path or spooled_file(content, stack), name)
    return _input(content, InputFile(name, "", compression, None, size), path, lambda: raw.taken, stack, options)


def _input(
    content: ByteStream,
    about: InputFile,
    path: Path | None,
    taken: Callable[[], int],
    stack: ExitStack,
    options: ReadOptions,
) -> _Input:
    """Return the input whose decompressed bytes are `content`; path: of the file that holds just these, if any."""
    name = about.name
    suffix, _ = name_parts("" if name == STDIN else name)
    head = content.peek(512)
    chosen = None if options.input_format is None else _CHOICES[options.input_format]
    binary = next((form for magic, form in _MAGIC.items() if head.startswith(magic)), None)
    promised = chosen or FORMATS.get(suffix)
    if binary is None and promised in _FILE_READERS:
        if not head:
            raise InputError(f"{name}: is empty, so it is no {promised} file; make it again, or leave it out")
        raise InputError(f"{name}: is not {promised}, as its name says; rename the file to what it is")
    if binary is not None:
        form, label = binary, None
        reader = _FILE_READERS[form](path or spooled_file(content, stack), name, options)
        if isinstance(reader, ParquetReader) and path is not None:
            taken = reader.taken
    else:
        kind = binary_kind(head)
        if kind is not None:
            raise InputError(f"{name}: looks binary, like {kind}; give text, or extract the text first")
        content, label = as_utf8(content, name, options.encoding, HEAD_BYTES)
        check_text(content, name)
        form = chosen or _text_format(content, promised)
        reader = _STREAM_READERS[form](Content(content, name, None if label == "UTF-8" else label), options)
    file = InputFile(name, form, about.compression, label, about.bytes)
    return _Input(reader, file, taken)


def _text_format(content: ByteStream, promised: str | None) -> str:
    """Return the format of a text, from what its name promises, if anything, and how it begins."""
    if promised in ("CSV", "TSV"):
        return promised
    start = content.peek(HEAD_BYTES).lstrip(_SPACES)
    if start.startswith(b"[") and (promised in ("JSON", "JSON lines") or start[1:].lstrip(_SPACES).startswith(b"{")):
        return "JSON"
    if start.startswith(b"{"):
        line, _, rest = content.peek(_LONG_LINE).lstrip(_SPACES).partition(b"\n")
        if is_json_object(line):
            return "JSON lines"
        endless = len(line) > HEAD_BYTES and not rest and start[1:].lstrip(_SPACES).startswith(b'"')
        if promised == "JSON" or line.strip() == b"{" or (endless and promised != "JSON lines"):
            return "JSON"
    return promised or table_format(content) or "text"
