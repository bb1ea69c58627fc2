"""Fuzz targets: the readers of text, JSON and tables, on streams that come in pieces of any size."""

import bz2
import gzip
import io
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

import pyarrow as pa
from fuzz_inputs import CODECS, PACKINGS
from fuzz_twins import (
    Line,
    as_utf8,
    decoded,
    has_surrogates,
    is_no_name,
    json_elements,
    json_lines,
    json_object,
    table_rows,
    text_lines,
    text_of,
)

from nlptools.corpus import encodings
from nlptools.corpus.byte_stream import ByteStream, chunk_stream
from nlptools.corpus.compression import content_stream
from nlptools.corpus.delimited import CsvReader, TsvReader
from nlptools.corpus.json_lines import JsonReader
from nlptools.corpus.json_values import value_lines
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.plain_text import TextReader
from nlptools.corpus.reading import Content, Reader, Reading, Wanted
from nlptools.errors import NlptoolsError

_READERS: dict[str, Callable[[Content, ReadOptions], Reader]] = {
    "text": TextReader,
    "jsonl": JsonReader,
    "json": lambda content, options: JsonReader(value_lines(content), options),
    "csv": CsvReader,
    "tsv": TsvReader,
}
_WITH_STATE = ("hz", "iso2022_jp", "utf-7")
_TEXT = pa.schema([pa.field("text", pa.large_string())])


class Found(NamedTuple):
    """What a reading gave."""

    rows: list[Any]
    bads: list[tuple[int, str, bytes]]  # line, reason, data
    error: str | None
    schema: Any


class _Noting(Reading):
    """Remembers what is rejected."""

    def __init__(self, options: ReadOptions) -> None:
        super().__init__(options)
        self.bads: list[Any] = []

    def reject(self, file: str, line: int, reason: str, data: bytes | str | None) -> None:
        self.bads.append((line, reason, data))
        super().reject(file, line, reason, data)


def one_line(error: NlptoolsError) -> str:
    """Return the message of an error, which must be one line that says something."""
    message = str(error)
    assert len(message) > 20, message
    assert "\n" not in message, message
    return message


def chunked(data: bytes, rng: Random) -> ByteStream:
    """Return a stream that comes in pieces of any size."""

    def chunks() -> Iterator[bytes]:
        at = 0
        while at < len(data):
            size = rng.choice([1, 2, 5, 20, 10_000])
            yield data[at : at + size]
            at += size

    return chunk_stream(chunks())


def read(form: str, data: bytes, rng: Random, options: ReadOptions, codec: str, records: bool) -> Found:
    """Read all of a stream in one way."""
    rows: list[Any] = []
    schema: Any = None
    reading = _Noting(options)
    with reading:
        try:
            # Python's decoders of encodings with a state read damage across a cut in another way.
            pieces = chunk_stream(iter([data])) if codec in _WITH_STATE else chunked(data, rng)
            stream, label = encodings.as_utf8(pieces, "fuzzed", codec, 100)
            content = Content(stream, "fuzzed", None if label == "UTF-8" else label)
            reader = _READERS[form](content, options)
            schema = reader.schema
            wanted = Wanted(schema, closed=True) if records else Wanted(_TEXT, required=("text",))
            for batch in reader.batches(wanted, reading):
                batch.validate(full=True)
                rows += batch.to_pylist() if records else batch.column("text").to_pylist()
        except NlptoolsError as error:
            return Found(rows, reading.bads, one_line(error), schema)
    assert reading.report.rejected.total() == len(reading.bads)
    return Found(rows, reading.bads, None, schema)


def _twice(form: str, data: bytes, rng: Random, codec: str = "utf-8", records: bool = False, **limits: Any) -> Found:
    """Read in two ways, which must find the same."""
    found = [
        read(form, data, rng, ReadOptions(batch_bytes=size, threads=threads, **limits), codec, records)
        for size, threads in ((1 << 20, 1), (rng.choice([1, 7, 30, 100]), rng.choice([1, 1, 1, 2])))
    ]
    if found[0].error is None or found[1].error is None:
        assert repr(found[0][:3]) == repr(found[1][:3])  # NaN equals itself
    else:  # how far each came does depend on the size of its blocks
        assert found[0].error == found[1].error
    return found[0]


def _expect(form: str, data: bytes) -> list[Line] | None:
    """Return what a twin finds; None if this can be no such file at all."""
    if form == "text":
        return text_lines(data)
    if form == "jsonl":
        lines = json_lines(data)
        usable = not lines or any(line.value is not None for line in lines)
        return [Line(line.number, text_of(line.value)) for line in lines] if usable else None
    rows = table_rows(data, b"," if form == "csv" else b"\t")
    if not rows:
        return []
    first = [decoded(cell) for cell in rows[0].cells]
    if None in first or not rows[0].closed:
        return None
    if any(is_no_name(name) for name in first if name):
        return []
    names = [name or str(number) for number, name in enumerate(first, 1)]
    if len(set(names)) < len(names):
        return None
    expected = []
    for row in rows[1:]:
        cells = [decoded(cell) for cell in row.cells]
        good = row.closed and len(cells) == len(names) and None not in cells
        value = cells[names.index("text")] if good and "text" in names else None
        expected.append(Line(row.number, value if good else None))
    return expected if "text" in names else []


def _compare(form: str, data: bytes, found: Found, places: bool = True) -> None:
    expected = _expect(form, data)
    assert (found.error is None) == (expected is not None), found.error
    if expected is None or (form in ("csv", "tsv") and not expected):
        return
    assert found.rows == [line.value for line in expected if line.value is not None]
    bad = [line.number for line in expected if line.value is None]
    assert [line for line, _, _ in found.bads] == bad
    if form in ("text", "jsonl") and places:
        lines = data.split(b"\n")
        assert [raw for _, _, raw in found.bads] == [lines[number - 1] for number in bad]


def documents(form: str) -> Callable[[bytes, Random], None]:
    """Return the target that reads the text of a format: text, jsonl, csv, tsv."""

    def target(data: bytes, rng: Random) -> None:
        _compare(form, data.removeprefix(b"\xef\xbb\xbf"), _twice(form, data, rng))

    return target


def array(data: bytes, rng: Random) -> None:
    """Read a JSON array: what json reads is read; what it does not has an error, or a bad record."""
    found = _twice("json", data, rng)
    twin = json_elements(data.removeprefix(b"\xef\xbb\xbf"))
    if twin is None:
        assert found.error is not None or found.bads
        return
    usable = [isinstance(value, dict) and json_object(_dumped(value)) is not None for value in twin]
    if twin and not any(usable):
        assert found.error is not None
        return
    assert found.error is None
    texts = [text_of(value) if good else None for value, good in zip(twin, usable, strict=True)]
    assert found.rows == [text for text in texts if text is not None]
    assert [line for line, _, _ in found.bads] == [number for number, text in enumerate(texts, 1) if text is None]


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def records(data: bytes, rng: Random) -> None:
    """Read all fields of JSON lines, with the types that the reader has found out."""
    found = _twice("jsonl", data, rng, records=True)
    lines = json_lines(data.removeprefix(b"\xef\xbb\xbf"))
    if found.schema is not None and not found.schema.names:
        return  # records without fields, which open_records refuses
    if found.error is not None:
        assert lines
        assert not any(line.value is not None for line in lines)
        return
    rows = [(line.number, _typed(line.value, found.schema)) for line in lines]
    assert repr(found.rows) == repr([row for _, row in rows if row is not None])
    assert [line for line, _, _ in found.bads] == [number for number, row in rows if row is None]


def _typed(record: Any, schema: Any) -> Any:
    if record is None or not set(record) <= set(schema.names):
        return None
    row = {}
    for field in schema:
        value = record.get(field.name)
        if value is not None:
            value = _as_json(value) if field.metadata else _as_type(value, field.type)
            if value is None or has_surrogates(str(value)):
                return None
        row[field.name] = value
    return row


def _as_json(value: Any) -> str | None:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return None


def _as_type(value: Any, kind: Any) -> Any:
    if kind == pa.large_string():
        return value if isinstance(value, str) else None
    if pa.types.is_list(kind):
        good = isinstance(value, list) and all(isinstance(text, str) and not has_surrogates(text) for text in value)
        return value if good else None
    if kind == pa.bool_():
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if kind == pa.int64():
        return value if isinstance(value, int) and -(2**63) <= value < 2**63 else None
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def limits(data: bytes, rng: Random) -> None:
    """Read with narrow limits, records or text: it does not matter in which blocks."""
    form = ("text", "jsonl", "json", "csv", "tsv")[data[0] % 5] if data else "text"
    narrow: dict[str, Any] = {"max_line_bytes": rng.choice([1, 10, 40]), "max_depth": rng.choice([1, 2, 3])}
    header = rng.random() < 0.5
    found = _twice(form, data[1:], rng, records=rng.random() < 0.5, header=header, **narrow)
    content, longest = data[1:].removeprefix(b"\xef\xbb\xbf"), narrow["max_line_bytes"]
    if form == "json":
        return
    if form in ("text", "jsonl"):
        sizes = [len(line) for line in content.split(b"\n")]
    else:
        rows = table_rows(content, b"," if form == "csv" else b"\t", longest)
        sizes = [row.size for row in rows]
        if found.error is None:
            assert len(found.rows) + len(found.bads) in (len(rows), len(rows) - header)
    if found.error is None or "--max-line-bytes" in found.error:
        assert any(size > longest for size in sizes) == (found.error is not None)


def encoded(data: bytes, rng: Random) -> None:
    """Read text, JSON lines or CSV in another encoding; the first byte says which."""
    codec, form = CODECS[data[0] % len(CODECS)] if data else "utf-8", rng.choice(["text", "jsonl", "csv"])
    found = _twice(form, data[1:], rng, codec)
    if found.error is not None and "another --encoding" in found.error:
        return  # the codec has given up
    twin = data[1:] if codec.startswith("utf-8") else as_utf8(data[1:], codec)
    _compare(form, twin.removeprefix(b"\xef\xbb\xbf"), found, places=False)


def guessed(data: bytes, rng: Random) -> None:
    """Find out the encoding."""
    try:
        stream, label = encodings.as_utf8(chunked(data, rng), "fuzzed", None, rng.choice([10, 100, 1 << 16]))
    except NlptoolsError as error:
        one_line(error)
        return
    out = b"".join(iter(lambda: stream.read(50), b""))
    if label == "UTF-8":
        assert out == data.removeprefix(b"\xef\xbb\xbf")
    else:
        codec = {"Big5": "big5hkscs"}.get(label, label)
        marked = re.sub(rb"\xed[\xb0-\xb3][\x80-\xbf]", b"\xed\xb2\x80", out)
        assert marked == as_utf8(data, codec).removeprefix(b"\xef\xbb\xbf")


_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.decompress,
    "bz2": bz2.decompress,
    "xz": lzma.decompress,
    "zst": lambda data: bytes(pa.CompressedInputStream(io.BytesIO(data), "zstd").read()),
}
_PROMISED = dict(zip(PACKINGS, ("gzip", "bzip2", "xz", "zstd"), strict=True))


def compressed(data: bytes, rng: Random) -> None:
    """Decompress; the first byte says what."""
    packing = PACKINGS[data[0] % 4] if data else "gz"
    try:
        raw = chunked(data[1:], rng)
        stream, _ = content_stream(raw, "fuzzed", _PROMISED[packing], 1000)
        out = b"".join(iter(lambda: stream.read(rng.choice([1, 100, 1 << 16])), b""))
    except NlptoolsError as error:
        one_line(error)
        out = None
    try:
        twin: bytes | None = _UNPACK[packing](data[1:])
    except (OSError, EOFError, ValueError, lzma.LZMAError, pa.ArrowException, zlib.error):
        twin = None
    if out is not None and data[1:]:
        assert out == twin
