"""A corpus in files, or on standard input."""

import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from nlptools.corpus.byte_stream import STDIN, ByteStream, content_stream, raw_stream
from nlptools.corpus.json_lines import is_json_lines, not_whole, read_json_lines
from nlptools.corpus.paths import FORMATS, expand, name_parts
from nlptools.corpus.plain_text import read_text
from nlptools.corpus.reading import Reading
from nlptools.corpus.sniffing import check_text
from nlptools.errors import InputError

Reader = Callable[[ByteStream, str, Reading], Iterator[Any]]

READERS: dict[str, Reader] = {"text": read_text, "JSON lines": read_json_lines}
"""The formats: name -> documents from a byte stream. Another needs a line here and one in `paths.FORMATS`."""


class FileSource:
    """Files in a fixed order; `None` among them is standard input."""

    def __init__(self, paths: Sequence[str], document_per: str) -> None:
        self.files: list[Path | None] = []
        for path in paths:
            self.files += [None] if path == "-" else expand(path)
        if self.files.count(None) > 1:
            raise InputError("-: standard input is named twice but can be read only once; name it once")
        for file in self.files:
            form = None if file is None else FORMATS.get(name_parts(file.name)[0])
            if document_per == "file" and form == "JSON lines":
                raise not_whole(str(file))
        self.name = f"{len(self.files)} files"
        if len(self.files) == 1:
            self.name = STDIN if self.files[0] is None else str(self.files[0])
        sizes = [_regular_size(file) for file in self.files]
        known = [size for size in sizes if size is not None]
        self.restartable = len(known) == len(sizes)
        self.size = sum(known) if self.restartable else None
        if self.size == 0:
            raise InputError(f"{self.name}: is empty; give a file with text in it")

    def documents(self, reading: Reading) -> Iterator[Any]:
        """Yield the documents of all files."""
        for file in self.files:
            with ExitStack() as stack:
                yield from _read(_open(file, stack), STDIN if file is None else str(file), reading)

    def close(self) -> None:
        """Do nothing: the files are the user's."""


def _regular_size(file: Path | None) -> int | None:
    """Return the size in bytes, None for a pipe or a device: they can be read only once."""
    if file is None:
        return None
    status = file.stat()
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _open(file: Path | None, stack: ExitStack) -> IO[bytes]:
    if file is None:
        stdin: IO[bytes] | None = getattr(sys.stdin, "buffer", None)
        if stdin is None:
            raise InputError(f"{STDIN}: is closed; name a file, or pipe text in")
        return stdin
    try:
        return stack.enter_context(file.open("rb"))
    except OSError as error:
        raise InputError(f"{file}: cannot be opened ({error.strerror}); check that it is still there") from error


def _read(file: IO[bytes], name: str, reading: Reading) -> Iterator[Any]:
    suffix, compression = name_parts("" if name == STDIN else name)
    raw = raw_stream(file.read, name)
    content = content_stream(raw, name, compression)
    check_text(content, name)
    form = FORMATS.get(suffix)
    if form is None:
        form = "JSON lines" if is_json_lines(content, reading.options.max_line_bytes) else "text"
    reported = 0
    for array in READERS[form](content, name, reading):
        reading.advance(raw.taken - reported)
        reported = raw.taken
        yield array
    reading.advance(raw.taken - reported)
