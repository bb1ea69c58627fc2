"""JSON lines: an object for each line, one of its strings is the document.

A kernel takes the strings of all lines that are plainly fine. Every other line goes to Python's `json`,
which decides: the kernel never accepts what `json` would refuse or read differently (the tests compare
them).
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from nlptools.corpus.byte_stream import ByteStream, line_blocks
from nlptools.corpus.reading import LONE_SURROGATE, NOT_UTF8, Reading, choose_column, large_strings
from nlptools.corpus.sniffing import HEAD_BYTES, first_lines
from nlptools.errors import InputError, OptionError

FIRST_RECORDS = 100
"""How many records are looked at to learn the columns."""

# An integer may have more digits than Python likes to convert; no number is of interest here.
_decoder = json.JSONDecoder(parse_int=lambda digits: 0)


_SPACES = b" \t\r\n"


class _BadRecord(Exception):  # noqa: N818  # a reason on its way, not an error
    pass


def read_json_lines(stream: ByteStream, name: str, reading: Reading) -> Iterator[Any]:
    """Yield the strings of the text column as large_string arrays; blank lines are no records."""
    from nlptools.corpus._kernels import read_strings  # here, because numba takes its time to import

    options = reading.options
    if options.document_per == "file":
        raise not_whole(name)
    column = _find_column(first_lines(stream, options.max_line_bytes), name, options.text_column)
    plain_key = json.dumps(column, ensure_ascii=False) == f'"{column}"'
    key = np.frombuffer(column.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    for block in line_blocks(stream, name, options.batch_bytes, options.max_line_bytes):
        if not plain_key:  # the kernel compares keys as they are written
            yield from _read_slowly(block.data, column, name, block.before, reading)
            continue
        data = np.frombuffer(block.data, dtype=np.uint8)
        out = np.empty(data.size, dtype=np.uint8)
        offsets = np.empty(block.lines + 1, dtype=np.int64)
        doubtful = np.empty((block.lines, 4), dtype=np.int64)  # costs no memory until it is written to
        _, accepted, doubts = read_strings(data, key, out, offsets, doubtful)
        array = large_strings(offsets[: accepted + 1], out[: offsets[accepted]])
        done = 0
        for line, start, end, position in doubtful[:doubts].tolist():
            rescued = list(_read_slowly(block.data[start:end], column, name, block.before + line, reading))
            if rescued:
                yield array[done:position]
                yield from rescued
                done = position
        yield array[done:]


def is_json_lines(stream: ByteStream, max_line_bytes: int) -> bool:
    """Say whether the first line that is not blank is a JSON object; takes nothing from the stream."""
    if not stream.peek(HEAD_BYTES).lstrip(_SPACES).startswith(b"{"):
        return False
    try:
        _record(next(line for line in first_lines(stream, max_line_bytes) if line.strip(_SPACES)))
    except (_BadRecord, StopIteration):
        return False
    return True


def not_whole(name: str) -> OptionError:
    """Return the error that a JSON lines file cannot be one document."""
    return OptionError(f"{name}: document_per='file' is only for text, JSON lines hold many documents; leave it out")


def _read_slowly(lines: bytes, column: str, name: str, before: int, reading: Reading) -> Iterator[Any]:
    texts = []
    for number, line in enumerate(lines.split(b"\n"), before + 1):
        if line.strip(_SPACES):
            try:
                texts.append(_text(line, column))
            except _BadRecord as bad:
                reading.reject(name, number, str(bad), line)
    if texts:
        yield pa.array(texts, pa.large_string())


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = _decoder.decode(line.strip(_SPACES).decode("utf-8"))
    except UnicodeDecodeError:
        raise _BadRecord(NOT_UTF8) from None
    except (ValueError, RecursionError):
        raise _BadRecord("not valid JSON") from None
    if not isinstance(record, dict):
        raise _BadRecord("not a JSON object")
    return record


def _text(line: bytes, column: str) -> str:
    record = _record(line)
    if column not in record:
        raise _BadRecord(f"no column {column!r}")
    text = record[column]
    if text is None:
        raise _BadRecord(f"column {column!r} is null")
    if not isinstance(text, str):
        raise _BadRecord(f"column {column!r} is not a string")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _BadRecord(LONE_SURROGATE) from None
    return text


def _find_column(lines: list[bytes], name: str, wanted: str | None) -> str:
    columns: dict[str, bool] = {}  # name -> some record has a string there
    records = looked_at = 0
    for line in lines:
        if records == FIRST_RECORDS or looked_at == 10 * FIRST_RECORDS:
            break
        if line.strip(_SPACES):
            looked_at += 1
            try:
                record = _record(line)
            except _BadRecord:
                continue
            records += 1
            for column, value in record.items():
                columns[column] = columns.get(column, False) or isinstance(value, str)
    if looked_at and not records:
        raise InputError(
            f"{name}: none of the first {looked_at} lines is a JSON object, as JSON lines need. "
            f"Turn a JSON array into that with: jq -c '.[]'"
        )
    if not records:  # blank so far
        return wanted or "text"
    strings = [column for column, is_string in columns.items() if is_string]
    return choose_column(list(columns), strings, wanted, name)
