"""One pass over a corpus: its options, what it counts, and what it does with records that cannot be used."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.byte_stream import ByteStream
from nlptools.corpus.encodings import unescaped
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.writing import atomic_file
from nlptools.errors import BadRecordError, OutputError
from nlptools.wording import counted

EXAMPLES = 5
"""How many rejected records a report remembers of each reason."""

NOT_UTF8 = "not valid UTF-8"
LONE_SURROGATE = "lone surrogate"


@dataclass(frozen=True)
class Wanted:
    """What a pass asks of a reader."""

    schema: Any  # the columns, with their types
    required: tuple[str, ...] = ()  # at least one of these columns must have a value
    closed: bool = False  # a field that is not in the schema makes a record bad


@dataclass(frozen=True)
class Content:
    """The bytes of one input, decompressed and as UTF-8."""

    stream: ByteStream
    name: str  # for messages
    encoding: str | None = None  # what they were transcoded from, None if they were UTF-8

    @property
    def invalid(self) -> str:
        """Why a record is bad whose bytes are not valid."""
        return f"not valid {self.encoding or 'UTF-8'}"


class Bad(NamedTuple):
    """A record that cannot be used."""

    line: int  # from 1
    reason: str
    data: bytes


@dataclass(frozen=True)
class RejectedRecord:
    """Where a record was that could not be used, and why."""

    file: str
    line: int  # from 1; of a table the row, of an iterable the item
    reason: str


@dataclass
class ReadReport:
    """What one pass has read so far."""

    documents: int = 0  # accepted
    text_bytes: int = 0  # UTF-8 bytes of the accepted documents
    rejected: Counter[str] = field(default_factory=Counter)  # reason -> records
    examples: list[RejectedRecord] = field(default_factory=list)  # the first few of each reason

    def summary(self) -> str:
        """Return one line: `1,200 documents, 3 rejected (2 not valid UTF-8: a.txt:7, a.txt:9; 1 …)`."""
        line = counted(self.documents, "document")
        if self.rejected:
            reasons = []
            for reason, count in self.rejected.most_common():
                places = ", ".join(f"{e.file}:{e.line}" for e in self.examples if e.reason == reason)
                reasons.append(f"{count:,} {reason}: {places}{', …' if count > EXAMPLES else ''}")
            line += f", {self.rejected.total():,} rejected ({'; '.join(reasons)})"
        return line


class Reading:
    """The state of one pass; readers tell it what they reject and how far they have come."""

    def __init__(
        self,
        options: ReadOptions,
        progress: Callable[[int], object] | None = None,
        on_names: Callable[[Any], object] | None = None,
    ) -> None:
        self.options = options
        self.on_names = on_names  # takes the names of documents before their texts come, if they have names
        self.report = ReadReport()
        self._progress = progress
        self._writing = ExitStack()
        self._rejects: IO[bytes] | None = None

    def __enter__(self) -> "Reading":
        if self.options.rejects is not None:
            self._rejects = self._writing.enter_context(atomic_file(self.options.rejects))
        return self

    def __exit__(self, *failure: Any) -> None:
        """Put the rejects in their place; after a failure only if there are some."""
        if self.report.rejected:
            failure = (None, None, None)
        self._writing.__exit__(*failure)

    def advance(self, size: int) -> None:
        """Say that `size` more bytes of the input have been used."""
        if self._progress is not None and size:
            self._progress(size)

    def reject(self, file: str, line: int, reason: str, data: bytes | str | None) -> None:
        """Count a record that cannot be used; under `strict` raise BadRecordError."""
        self.report.rejected[reason] += 1
        if self.report.rejected[reason] <= EXAMPLES:
            self.report.examples.append(RejectedRecord(file, line, reason))
        if self._rejects is not None:
            self._write(self._rejects, {"file": file, "line": line, "reason": reason, "text": _shown(data)})
        if self.options.strict:
            raise BadRecordError(f"{file}, line {line}: {reason}; mend it, or leave out --strict to count it and go on")

    def reject_all(self, content: Content, bads: Iterable[Bad]) -> None:
        """Reject several records of an input."""
        for bad in bads:
            data = bad.data if content.encoding is None else unescaped(bad.data)
            self.reject(content.name, bad.line, bad.reason, data)

    def _write(self, rejects: IO[bytes], record: dict[str, Any]) -> None:
        # A path may hold bytes that are not UTF-8; Python keeps them as lone surrogates.
        line = json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            rejects.write(line)
        except OSError as error:
            raise OutputError(
                f"{self.options.rejects}: rejected records cannot be written here ({error.strerror}); "
                "give another --rejects"
            ) from error


def _shown(data: bytes | str | None) -> str | None:
    if data is None:
        return None
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    return data.decode("utf-8", "backslashreplace")


class Reader(Protocol):
    """The records of one input, while it is open."""

    name: str
    schema: Any  # of all its columns

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        """Yield the accepted records in order, as record batches of `wanted.schema`."""


@dataclass(frozen=True)
class InputFile:
    """What an input is."""

    name: str
    format: str  # "text", "JSON lines", "JSON", "CSV", "TSV", "Parquet", "Arrow"; "strings" or "table" in memory
    compression: str | None = None
    encoding: str | None = None  # of text
    bytes: int | None = None  # on disk, None if not known


class Inspected(NamedTuple):
    """What was found out about an input before it is read."""

    file: InputFile
    schema: Any


class Source(Protocol):
    """What a corpus is read from. Files, tables and iterables of strings each have their own."""

    name: str  # for messages
    size: int | None  # bytes on disk, None if not known
    restartable: bool  # whether it can be read more than once

    def readers(self, reading: Reading) -> Iterator[Reader]:
        """Yield the reader of each input in turn; it is open until the next one is asked for."""

    def inspect(self, options: ReadOptions) -> list[Inspected]:
        """Return what each input is; it can be read after that as before."""

    def identity(self) -> str | None:
        """Return what tells this source from another in a later process; None if nothing does."""

    def close(self) -> None:
        """Delete what was kept on disk for this source, if anything."""


def array_offsets(array: Any) -> NDArray[np.int64]:
    """Return where each of the N strings of a large_string array begins, and the end; shape (N + 1,)."""
    if len(array) == 0:
        return np.zeros(1, dtype=np.int64)
    offsets: NDArray[np.int64] = np.frombuffer(array.buffers()[1], dtype=np.int64)
    return offsets[array.offset : array.offset + len(array) + 1]


def text_bytes(array: Any) -> int:
    """Return how many bytes of UTF-8 a large_string array holds."""
    offsets = array_offsets(array)
    return int(offsets[-1] - offsets[0])


def large_strings(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> Any:
    """Return the large_string array of these offsets, shape (N + 1,), and UTF-8 data; nothing is copied."""
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
