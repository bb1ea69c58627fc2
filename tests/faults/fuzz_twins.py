"""What the readers should find, in plain Python that shares no code with them."""

import codecs
import csv
import io
import json
import re
from typing import Any, NamedTuple

BLANK = b" \t\r"


class Line(NamedTuple):
    """A record: where it is, and what it says; None if it is bad."""

    number: int
    value: Any


def text_lines(data: bytes) -> list[Line]:
    """Return the lines of a text."""
    lines = data.split(b"\n")
    ended = [line.removesuffix(b"\r") for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return [Line(number, decoded(line)) for number, line in enumerate(ended, 1)]


def decoded(line: bytes) -> str | None:
    """Return valid UTF-8 as text, else None."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def json_lines(data: bytes) -> list[Line]:
    """Return the objects of JSON lines."""
    lines = enumerate(data.split(b"\n"), 1)
    return [Line(number, json_object(line)) for number, line in lines if line.strip(BLANK)]


def json_object(line: bytes, max_depth: int = 64) -> dict[str, Any] | None:
    """Return the object in a line, None if there is none that may be used."""
    try:
        record = json.loads(line.decode("utf-8"), parse_int=whole_number)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and _depth(record) <= max_depth else None


def whole_number(digits: str) -> float:
    """Return an integer, as a float if it has very many digits."""
    return int(digits) if len(digits) < 4000 else float(digits)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def text_of(record: Any) -> str | None:
    """Return the text of a record, None if it has none that may be used."""
    text = record.get("text") if isinstance(record, dict) else None
    return text if isinstance(text, str) and not has_surrogates(text) else None


def has_surrogates(text: str) -> bool:
    """Say whether a text is no valid Unicode."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def json_elements(data: bytes) -> list[Any] | None:
    """Return the elements of an array of JSON, or objects and arrays one after another; None if it is neither."""
    try:
        text = data.decode("utf-8").strip(" \t\r\n")
        if text.startswith("["):
            elements = json.loads(text, parse_int=whole_number)
            return elements if isinstance(elements, list) else None
        values = []
        while text:
            value, end = json.JSONDecoder(parse_int=whole_number).raw_decode(text)
            if not isinstance(value, (dict, list)):
                return None
            values.append(value)
            text = text[end:].lstrip(" \t\r\n")
    except (ValueError, RecursionError):
        return None
    return values


class Row(NamedTuple):
    """A row of a table in text."""

    number: int  # of its first line
    cells: list[bytes]
    closed: bool  # whether all its quotes are
    size: int  # in bytes


def table_rows(data: bytes, delimiter: bytes, longest: int = 1 << 30) -> list[Row]:
    """Return the rows, as RFC 4180 has them; a cell that is not quoted as a whole is as it is written.

    A quote that is not closed before the row has more than `longest` bytes costs one line.
    """
    quoted = re.compile(rb'"((?:[^"]|"")*+)"')
    follows = re.compile(delimiter + rb"|\n|\r?\Z|\r\n")
    written = re.compile(rb"[^\n" + delimiter + rb"]*")
    rows = []
    at, line = 0, 1
    while at < len(data):
        start, cells, closed = at, [], True
        while True:
            found = quoted.match(data, at)
            if data[at : at + 1] == b'"' and (found is None or found.end() > start + longest):
                closed = False
                cells.append(b"")
                at = (data + b"\n").index(b"\n", at)
            elif found is not None and follows.match(data, found.end()):
                cells.append(found[1].replace(b'""', b'"'))
                at = found.end() + (data[found.end() : found.end() + 1] == b"\r")
            else:
                cell = written.match(data, at)
                assert cell is not None
                at = cell.end()
                cells.append(cell[0].removesuffix(b"\r") if data[at : at + 1] == b"\n" else cell[0])
            if data[at : at + 1] != delimiter:
                break
            at += 1
        raw = data[start:at]
        if raw not in (b"", b"\r"):
            rows.append(Row(line, cells, closed, len(raw)))
        line += raw.count(b"\n") + 1
        at += 1
    return rows


def is_no_name(cell: str) -> bool:
    """Say whether a cell is a number, but no year, or a date, so that its row has no names of columns."""
    digits = cell[1:] if cell[:1] in ("+", "-") else cell
    year = len(cell) == 4 and cell.isdecimal() and cell[:2] in ("19", "20")
    return digits[:1].isdecimal() and all(c.isdecimal() or c in ".,:/- " for c in digits) and not year


def module_rows(data: bytes, delimiter: str) -> list[list[str]] | None:
    """Return the rows as the csv module reads them; None where it does not, or has other rules than we."""
    text = decoded(data)
    if text is None or "\r" in text.replace("\r\n", "\n") or "\0" in text:
        return None
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return [row for row in rows if row]


def as_utf8(data: bytes, codec: str) -> bytes:
    """Return data of another encoding as UTF-8, with bytes that are not valid UTF-8 for those that are no text."""
    return data.decode(codec, "fuzz.mark").encode("utf-8", "surrogatepass")


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udc80" * (error.end - error.start), error.end


codecs.register_error("fuzz.mark", _mark)
