"""JSON lines: an object for each line.

A kernel finds the values of all lines that are plainly fine. Every other line goes to Python's `json`, which
decides: the kernel never accepts what `json` would refuse or read differently (the tests compare them).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.byte_stream import Block, line_blocks
from nlptools.corpus.column_types import STRINGS, batch_of, is_json_text, json_text
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import LONE_SURROGATE, Bad, Content, Reading, Wanted
from nlptools.corpus.sniffing import first_lines
from nlptools.errors import InputError, OptionError
from nlptools.threads import in_order

HEAD_BYTES = 1 << 20
"""How much is looked at to learn the columns."""

_SPACES = b" \t\r\n"
_CELLS = 1 << 20  # values that are found at a time, at most
_KINDS = {pa.large_string(): 0, STRINGS: 1, pa.int64(): 2, pa.float64(): 3, pa.bool_(): 4}
_JSON = 5
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)')  # whole, or up to the end; one pass, without a way back
_DIGITS = 4000  # an integer may have more digits than Python likes to convert

_decoder = json.JSONDecoder(parse_int=lambda digits: int(digits) if len(digits) <= _DIGITS else float(digits))
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


class _BadRecord(Exception):  # noqa: N818  # a reason on its way, not an error
    pass


class JsonReader:
    """The records of JSON lines; of a JSON array or a series of objects, when made into lines."""

    def __init__(self, content: Content, options: ReadOptions) -> None:
        """Learn the columns from the first records; raises InputError if there is none among many lines."""
        if options.document_per == "file":
            raise not_whole(content.name)
        self.name = content.name
        self._content = content
        self._options = options
        self.schema = _inferred(first_lines(content.stream, options.max_line_bytes, HEAD_BYTES), self.name, options)

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        """Yield the records in batches; blank lines are no records."""
        options = self._options
        fields = [field for field in wanted.schema if field.name in self.schema.names or field.type in _KINDS]
        fields = fields or [pa.field("", pa.large_string())]  # so that records are counted
        parser = _Parser(replace(wanted, schema=pa.schema(fields)), options.max_depth, self._content.invalid)
        blocks = line_blocks(self._content.stream, self.name, options.batch_bytes, options.max_line_bytes)
        for batches, bads in in_order(parser, blocks, options.workers):
            reading.reject_all(self._content, bads)
            for batch in batches:
                yield batch_of(dict(zip(batch.schema.names, batch.columns, strict=True)), batch.num_rows, wanted.schema)


def is_json_object(line: bytes) -> bool:
    """Say whether a line is a JSON object."""
    try:
        _record(line, 64, "")
    except _BadRecord:
        return False
    return True


def not_whole(name: str) -> OptionError:
    """Return the error that a file of records cannot be one document."""
    return OptionError(
        f"{name}: document_per='file' is only for text, and this file holds many documents; leave it out"
    )


class _Parser:
    """Turns blocks of lines into record batches; may be used by several threads."""

    def __init__(self, wanted: Wanted, max_depth: int, invalid: str) -> None:
        self._wanted = wanted
        self._max_depth = max_depth
        self._invalid = invalid
        names = wanted.schema.names
        # As the names are most often written; where they are not, a record is doubtful.
        keys = [json.dumps(name, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass") for name in names]
        self._keys = np.frombuffer(b"".join(keys), dtype=np.uint8)
        self._key_starts = np.cumsum([0, *map(len, keys)], dtype=np.int64)
        kinds = [_JSON if is_json_text(field) else _KINDS[field.type] for field in wanted.schema]
        self._kinds = np.array(kinds, dtype=np.int64)
        self._required = np.array([names.index(name) for name in wanted.required], dtype=np.int64)

    def __call__(self, block: Block) -> tuple[list[Any], list[Bad]]:
        """Return the records of a block, and what is bad."""
        from nlptools.corpus._kernels import find_values  # here, because numba takes its time to import

        wanted = self._wanted
        data = np.frombuffer(block.data, dtype=np.uint8)
        room = min(block.lines, max(1, _CELLS // max(1, len(self._kinds))))
        doubtful = np.empty((room, 4), dtype=np.int64)  # costs no memory until it is written to
        batches: list[Any] = []
        bads: list[Bad] = []
        position, before = 0, block.before
        while position < data.size:
            spans = np.empty((room, len(self._kinds), 2), dtype=np.int64)
            position, lines, accepted, doubts = find_values(
                data,
                position,
                self._keys,
                self._key_starts,
                self._kinds,
                self._required,
                wanted.closed,
                self._max_depth,
                spans,
                doubtful,
            )
            columns = [_column(data, spans[:accepted], number, field) for number, field in enumerate(wanted.schema)]
            batch = pa.RecordBatch.from_arrays(columns, schema=wanted.schema)
            done = 0
            for rows, place in self._rescued(block.data, doubtful[:doubts].tolist(), before, bads):
                batches += [batch[done:place], rows]
                done = place
            batches.append(batch[done:])
            before += lines
        return [batch for batch in batches if batch.num_rows], bads

    def _rescued(
        self, data: bytes, doubtful: list[list[int]], before: int, bads: list[Bad]
    ) -> Iterator[tuple[Any, int]]:
        """Yield the records that Python takes, and how many others come before them."""
        rows: list[list[Any]] = []
        place = 0
        for line, start, end, accepted in doubtful:
            if rows and accepted > place:
                yield self._rows(rows), place
                rows = []
            place = accepted
            try:
                rows.append(self._row(data[start:end]))
            except _BadRecord as bad:
                bads.append(Bad(before + line + 1, str(bad), data[start:end]))
        if rows:
            yield self._rows(rows), place

    def _rows(self, rows: list[list[Any]]) -> Any:
        schema = self._wanted.schema
        columns = [pa.array([row[k] for row in rows], field.type) for k, field in enumerate(schema)]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _row(self, line: bytes) -> list[Any]:
        """Return the values of a record; raises _BadRecord."""
        wanted = self._wanted
        record = _record(line, self._max_depth, self._invalid)
        if wanted.closed:
            for name in record:
                if name not in wanted.schema.names:
                    raise _BadRecord(f"unknown field {name!r}")
        if wanted.required and all(record.get(name) is None for name in wanted.required):
            raise _BadRecord(_why_empty(record, wanted.required))
        return [
            _value(record.get(field.name), field, kind) for field, kind in zip(wanted.schema, self._kinds, strict=True)
        ]


def _why_empty(record: dict[str, Any], required: tuple[str, ...]) -> str:
    if len(required) > 1:
        return f"no text in columns {', '.join(map(repr, required))}"
    return f"column {required[0]!r} is null" if required[0] in record else f"no column {required[0]!r}"


def _value(value: Any, field: Any, kind: int) -> Any:
    """Return the value as the column takes it; raises _BadRecord if it does not fit."""
    if value is None:
        return None
    if kind == _JSON:
        return _dumped(value)
    fits = {
        0: isinstance(value, str),
        1: isinstance(value, list) and all(isinstance(text, str) for text in value),
        2: isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63,
        3: isinstance(value, (int, float)) and not isinstance(value, bool),
        4: isinstance(value, bool),
    }[kind]
    if not fits:
        raise _BadRecord(f"column {field.name!r} is not {_SAID[kind]}")
    if kind == 3:
        return _as_float(value)
    for text in value if kind == 1 else [value] if kind == 0 else []:
        _check_surrogates(text)
    return value


_SAID = {0: "a string", 1: "a list of strings", 2: "a 64-bit integer", 3: "a number", 4: "true or false"}


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _dumped(value: Any) -> str:
    try:
        text = _encoder.encode(value)
    except ValueError:
        raise _BadRecord("a number out of range") from None
    _check_surrogates(text)
    return text


def _check_surrogates(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _BadRecord(LONE_SURROGATE) from None


def _record(line: bytes, max_depth: int, invalid: str) -> dict[str, Any]:
    try:
        text = line.strip(_SPACES).decode("utf-8")
    except UnicodeDecodeError:
        raise _BadRecord(invalid) from None
    if _depth(line) > max_depth:
        raise _BadRecord(f"nested deeper than {max_depth}")
    try:
        record = _decoder.decode(text)
    except ValueError:
        raise _BadRecord("not valid JSON") from None
    except RecursionError:
        raise _BadRecord("nested too deep") from None
    if not isinstance(record, dict):
        raise _BadRecord("not a JSON object")
    return record


def _depth(line: bytes) -> int:
    """Return how deep brackets are nested, outside of strings."""
    depth = deepest = 0
    for bracket in re.findall(rb"[\[{}\]]", _STRING.sub(b"", line)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _column(data: NDArray[np.uint8], spans: NDArray[np.int64], number: int, field: Any) -> Any:
    """Return the column of which the kernel has found the values; spans: (R, K, 2)."""
    from nlptools.corpus._kernels import copy_lists, copy_strings, copy_values

    size = int((spans[:, number, 1] - spans[:, number, 0]).sum())  # of the values as they are written
    valid = np.empty(len(spans), dtype=np.uint8)
    out = np.empty(size, dtype=np.uint8)
    offsets = np.empty(len(spans) + 1, dtype=np.int64)
    if field.type == STRINGS:
        strings = np.empty(size // 3 + len(spans) + 1, dtype=np.int64)
        lists = np.empty(len(spans) + 1, dtype=np.int32)
        count = copy_lists(data, spans, number, out, strings, lists, valid)
        values = _strings(strings[: count + 1], out, None)
        return pa.ListArray.from_buffers(STRINGS, len(spans), [_bitmap(valid), pa.py_buffer(lists)], children=[values])
    if field.type == pa.large_string() and not is_json_text(field):
        copy_strings(data, spans, number, out, offsets, valid)
        return _strings(offsets, out, valid)
    copy_values(data, spans, number, out, offsets, valid)
    return _converted(_strings(offsets, out, valid), field)


def _strings(offsets: NDArray[np.int64], out: NDArray[np.uint8], valid: NDArray[np.uint8] | None) -> Any:
    """Return the strings; valid: None if all are."""
    data = pa.py_buffer(out[: offsets[-1]])
    return pa.LargeStringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets), data, None if valid is None else _bitmap(valid)
    )


def _bitmap(valid: NDArray[np.uint8]) -> Any:
    return None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))


def _converted(values: Any, field: Any) -> Any:
    """Return numbers, truth values or JSON texts from how they are written."""
    import pyarrow.compute as pc  # here, because it takes its time to import

    if is_json_text(field):
        texts = [None if value is None else _encoder.encode(_decoder.decode(value)) for value in values.to_pylist()]
        return pa.array(texts, pa.large_string())
    return pc.equal(values, "true") if field.type == pa.bool_() else values.cast(field.type)


def _inferred(lines: list[bytes], name: str, options: ReadOptions) -> Any:
    """Return the columns of the records in the lines: text if all lines are blank."""
    kinds: dict[str, dict[str, None]] = {}  # column -> the kinds of its values, in the order they come
    records = looked_at = 0
    for line in lines:
        if line.strip(_SPACES):
            looked_at += 1
            try:
                record = _record(line, options.max_depth, "")
            except _BadRecord:
                continue
            records += 1
            for column, value in record.items():
                kinds.setdefault(column, {}).update(dict.fromkeys(_kinds_of(value)))
    if looked_at and not records:
        found = "the first line is no" if looked_at == 1 else f"none of the first {looked_at:,} lines is a"
        raise InputError(f"{name}: {found} JSON object, as JSON lines need; say what it is with --input-format")
    if not records:  # blank so far
        return pa.schema([pa.field(options.text_column or "text", pa.large_string())])
    return pa.schema([_field(column, list(seen)) for column, seen in kinds.items() if _is_name(column)])


def _is_name(column: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in column)


def _kinds_of(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true or false"]
    if isinstance(value, str):
        return ["string"]
    if isinstance(value, int):
        return ["integer" if -(2**63) <= value < 2**63 else "long integer"]
    if isinstance(value, float):
        return ["number"]
    return ["list"] if isinstance(value, list) and all(isinstance(text, str) for text in value) else ["other"]


def _field(column: str, kinds: list[str]) -> Any:
    types = {"string": pa.large_string(), "list": STRINGS, "integer": pa.int64(), "true or false": pa.bool_()}
    if not kinds:
        return pa.field(column, pa.large_string())
    if set(kinds) <= {"integer", "number"}:
        return pa.field(column, pa.int64() if kinds == ["integer"] else pa.float64())
    if len(kinds) == 1 and kinds[0] in types:
        return pa.field(column, types[kinds[0]])
    return json_text(column, kinds)
