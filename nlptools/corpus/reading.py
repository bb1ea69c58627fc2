"""One pass over a corpus: its options, what it counts, and what it does with records that cannot be used."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.errors import BadRecordError, InputError, OptionError, OutputError

EXAMPLES = 5
"""How many rejected records a report remembers of each reason."""

NOT_UTF8 = "not valid UTF-8"
LONE_SURROGATE = "lone surrogate"


@dataclass(frozen=True)
class ReadOptions:
    """How a corpus is read; the same names as the arguments of `open_corpus`."""

    text_column: str | None = None  # None: "text", or the only column of strings
    document_per: str = "line"  # "line" or "file"
    strict: bool = False  # stop at the first bad record
    rejects: str | Path | None = None  # where bad records are written whole, as JSON lines
    max_line_bytes: int = 256 << 20  # a longer line (document_per="file": file) is an error
    batch_bytes: int = 8 << 20  # about how much text one batch holds

    def __post_init__(self) -> None:
        if self.document_per not in ("line", "file"):
            raise OptionError(f"document_per={self.document_per!r} is not known; choose 'line' or 'file'")
        for name in ("max_line_bytes", "batch_bytes"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name}={getattr(self, name)} leaves no room for text; give at least 1")


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
        """Return one line: `1200 documents, 3 rejected (2 not valid UTF-8: a.txt:7, a.txt:9; 1 …)`."""
        line = f"{self.documents} documents"
        if self.rejected:
            reasons = []
            for reason, count in self.rejected.most_common():
                places = ", ".join(f"{e.file}:{e.line}" for e in self.examples if e.reason == reason)
                reasons.append(f"{count} {reason}: {places}{', …' if count > EXAMPLES else ''}")
            line += f", {self.rejected.total()} rejected ({'; '.join(reasons)})"
        return line


class Reading:
    """The state of one pass; sources tell it what they reject and how far they have come."""

    def __init__(self, options: ReadOptions, progress: Callable[[int], object] | None = None) -> None:
        self.options = options
        self.report = ReadReport()
        self._progress = progress
        self._rejects: IO[str] | None = None

    def __enter__(self) -> "Reading":
        if self.options.rejects is not None:
            try:
                self._rejects = Path(self.options.rejects).open("w", encoding="utf-8", newline="\n")
            except OSError as error:
                raise _no_rejects(self.options.rejects, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._rejects is not None:
            self._rejects.close()

    def advance(self, size: int) -> None:
        """Say that `size` more bytes of the input have been used."""
        if self._progress is not None and size:
            self._progress(size)

    def reject(self, file: str, line: int, reason: str, text: bytes | str | None) -> None:
        """Count a record that cannot be used; under `strict` raise BadRecordError."""
        if self.options.strict:
            raise BadRecordError(f"{file}, line {line}: {reason}; mend it, or leave out --strict to count it and go on")
        self.report.rejected[reason] += 1
        if self.report.rejected[reason] <= EXAMPLES:
            self.report.examples.append(RejectedRecord(file, line, reason))
        if self._rejects is not None and self.options.rejects is not None:
            if isinstance(text, str):
                text = text.encode("utf-8", "surrogatepass")
            shown = None if text is None else text.decode("utf-8", "backslashreplace")
            record = {"file": file, "line": line, "reason": reason, "text": shown}
            # A path may hold bytes that are not UTF-8; Python keeps them as lone surrogates.
            whole = json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
            try:
                self._rejects.write(whole + "\n")
            except OSError as error:
                raise _no_rejects(self.options.rejects, error) from error


def _no_rejects(path: str | Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: rejected records cannot be written here ({error.strerror}); give another --rejects")


class Source(Protocol):
    """What a corpus is read from. Files, tables and iterables of strings each have their own."""

    name: str  # for messages
    size: int | None  # bytes on disk, None if not known
    restartable: bool  # whether `documents` can be called more than once

    def documents(self, reading: Reading) -> Iterator[Any]:
        """Yield the accepted documents, in order, as Arrow arrays of large_string without nulls."""

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


def choose_column(names: list[str], strings: list[str], wanted: str | None, source: str) -> str:
    """Return the column that holds the text: the wanted one, else "text", else the only one with strings.

    names: all columns; strings: those that hold strings. Raises InputError, listing the columns, if none
    fits.
    """
    if wanted is not None:
        if wanted in names:
            return wanted
        raise InputError(
            f"{source}: no column {wanted!r}; its columns are {_listed(names)}: name one with --text-column"
        )
    if "text" in strings:
        return "text"
    if len(strings) == 1:
        return strings[0]
    reason = "more than one column holds strings" if strings else "no column holds strings"
    raise InputError(f"{source}: {reason}; its columns are {_listed(names)}: name one with --text-column")


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return (shown or "none") + (f" and {len(names) - 20} more" if len(names) > 20 else "")
